"""`pause` and `resume`: services that are left alone while somebody debugs them."""

import click

from . import tables, target
from .arguments import json_option, profile_option, required_services


@click.command
@required_services
@profile_option
@json_option
@click.pass_context
def pause(context: click.Context, services: tuple[str, ...], as_json: bool) -> None:
    r"""Leave SERVICES alone: nobody asks whether they are well, and no save restarts them.

    So a breakpoint in an inspector costs nothing. A debugger that attaches by ptrace (gdb, strace) is noticed, and
    has the same effect without this. Orders still count, and a service that ends is started again as always.

    \b
    Examples:
      aura-stack pause backend
      aura-stack pause 'work*'

    \b
    Keys of --json, one object for each service:
      service, changed (whether it was not paused before)
    """
    found = target.engine(context.obj).call("pause", services=list(services))
    if as_json:
        tables.print_json(found)
        return
    for one in found:
        click.echo(f"{one['service']} {'paused' if one['changed'] else 'is paused already'}")


@click.command
@required_services
@profile_option
@json_option
@click.pass_context
def resume(context: click.Context, services: tuple[str, ...], as_json: bool) -> None:
    r"""Look after SERVICES again; what was saved meanwhile is told, and `restart` takes it over.

    \b
    Examples:
      aura-stack resume backend

    \b
    Keys of --json, one object for each service:
      service, changed (whether it was paused)
    """
    found = target.engine(context.obj).call("resume", services=list(services))
    if as_json:
        tables.print_json(found)
        return
    for one in found:
        click.echo(f"{one['service']} {'resumed' if one['changed'] else 'was not paused'}")
