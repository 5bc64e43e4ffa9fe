"""`start`, `stop`, `restart` and `kill`: orders for services of a running stack."""

import click

from aura_stack.errors import ExitCode

from . import running, tables, target
from .arguments import (
    json_option,
    profile_option,
    required_services,
    scale_argument,
    seconds_option,
    services_argument,
)

_wait = click.option(
    "--wait/--no-wait", default=True, help="Wait until it is done, or come back at once.", show_default=True
)
_timeout = seconds_option("--wait-timeout", help="Give up waiting after so long, with 124; the order stands.")


@click.command
@services_argument
@_wait
@_timeout
@profile_option
@click.option("--no-deps", is_flag=True, help="Only the named SERVICES, not what they depend on.")
@json_option
@click.pass_context
def start(
    context: click.Context,
    services: tuple[str, ...],
    wait: bool,
    wait_timeout: float | None,
    no_deps: bool,
    as_json: bool,
) -> None:
    r"""Start SERVICES of a running stack with what they depend on; no name means all.

    \b
    Examples:
      aura-stack start frontend
      aura-stack start --no-wait 'work*'

    \b
    Keys of --json, one object for each service:
      service, ok, words, before (its state then), state, run, pid, ready_seconds,
      address, exit_code (null while it runs)
    """
    given = {"wait": wait, "timeout": wait_timeout, "as_json": as_json, "dependencies": not no_deps}
    context.exit(running.order(context.obj, "start", services, **given))


@click.command
@services_argument
@_wait
@_timeout
@profile_option
@click.option("--with-dependents", is_flag=True, help="Also what depends on them.")
@seconds_option("--stop-timeout", help="Seconds before KILL, instead of each service's own.")
@json_option
@click.pass_context
def stop(
    context: click.Context,
    services: tuple[str, ...],
    wait: bool,
    wait_timeout: float | None,
    with_dependents: bool,
    stop_timeout: float | None,
    as_json: bool,
) -> None:
    r"""Stop SERVICES and leave the rest of the stack running; no name means all.

    They stay down until `start`, `restart` or `up` names them; `down` ends the stack.

    \b
    Examples:
      aura-stack stop frontend
      aura-stack stop --with-dependents gateway

    \b
    Keys of --json, one object for each service:
      service, ok, words, before (its state then), state, run, pid, ready_seconds,
      address, exit_code (null while it runs)
    """
    grace = {} if stop_timeout is None else {"grace": stop_timeout}
    given = {"wait": wait, "timeout": wait_timeout, "as_json": as_json, "dependents": with_dependents}
    context.exit(running.order(context.obj, "stop", services, **given, **grace))


@click.command
@services_argument
@_wait
@_timeout
@profile_option
@click.option("--with-dependents", is_flag=True, help="Also what depends on them.")
@seconds_option("--stop-timeout", help="Seconds before KILL, instead of each service's own.")
@click.option("--hard", is_flag=True, help="Kill what runs of them at once.")
@json_option
@click.pass_context
def restart(
    context: click.Context,
    services: tuple[str, ...],
    wait: bool,
    wait_timeout: float | None,
    with_dependents: bool,
    stop_timeout: float | None,
    hard: bool,
    as_json: bool,
) -> None:
    r"""End the SERVICES' runs, start new ones, and wait until they are ready; no name means all that are up.

    Steps that prepare them run first if their inputs changed. What depends on them is left alone, unless it says
    `restart: true` of them. Of several orders at once one restart comes, and all of them are answered.

    \b
    Examples:
      aura-stack restart backend
      aura-stack restart --no-wait
      aura-stack restart --hard worker

    \b
    Keys of --json, one object for each service:
      service, ok, words, before (its state then), state, run, pid, ready_seconds,
      address, exit_code (null while it runs)
    """
    if hard and stop_timeout is not None:
        raise click.UsageError("--hard leaves no time, so --stop-timeout means nothing beside it", context)
    grace = {"grace": 0.0} if hard else {} if stop_timeout is None else {"grace": stop_timeout}
    given = {"wait": wait, "timeout": wait_timeout, "as_json": as_json, "dependents": with_dependents}
    context.exit(running.order(context.obj, "restart", services, **given, **grace))


@click.command
@scale_argument
@_wait
@_timeout
@profile_option
@json_option
@click.pass_context
def scale(
    context: click.Context, scale: dict[str, int], wait: bool, wait_timeout: float | None, as_json: bool
) -> None:
    r"""Run more or fewer of services of a running stack: `worker=3` means worker, worker-2 and worker-3.

    Each has ports of its own, from the range of the first. What comes is waited for, what goes is stopped first.

    \b
    Examples:
      aura-stack scale worker=3
      aura-stack scale worker=0 web=2 --no-wait

    \b
    Keys of --json, one object for each service that came or went:
      service, ok, words, before (its state then, null for one that came), state, run,
      pid, ready_seconds, address, exit_code (null while it runs)
    """
    context.exit(running.scale(context.obj, scale, as_json=as_json, wait=wait, timeout=wait_timeout))


@click.command
@required_services
@click.option("-s", "--signal", "name", default="TERM", show_default=True, help="Its name or number.")
@profile_option
@click.option("--main-only", is_flag=True, help="Only the main process, not what it has started.")
@json_option
@click.pass_context
def kill(
    context: click.Context, services: tuple[str, ...], name: str, main_only: bool, as_json: bool
) -> None:
    r"""Send a signal to all processes of SERVICES; what ends by it is restarted as its policy says.

    \b
    Examples:
      aura-stack kill -s HUP backend
      aura-stack kill -s KILL --main-only backend

    \b
    Keys of --json, one object for each service:
      service, pids
    """
    engine = target.engine(context.obj)
    found = engine.call("signal", services=list(services), signal=name, main_only=main_only)
    if as_json:
        tables.print_json(found)
    else:
        for one in found:
            pids = ", ".join(str(pid) for pid in one["pids"])
            click.echo(f"{one['service']}: {pids or 'not running'}")
    if not any(one["pids"] for one in found):
        context.exit(ExitCode.NOT_RUNNING)
