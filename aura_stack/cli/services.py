"""`restart` and `status`: services of a running stack."""

import time
from typing import Any

import click

from aura_stack.errors import AuraError, ExitCode

from . import target
from .words import duration, table

_HEAD = ("NAME", "STATE", "PID", "UPTIME", "RESTARTS", "ADDRESS")


@click.command
@click.argument("services", nargs=-1)
@click.pass_context
def restart(context: click.Context, services: tuple[str, ...]) -> None:
    r"""End the SERVICES' runs, start new ones, and wait until they are ready; no name means all.

    What depends on them is left alone.

    \b
    Example:
      aura-stack restart backend
    """
    engine = target.engine(context)
    began = time.monotonic()
    outcomes = engine.call("restart", services=list(services))
    took = duration(time.monotonic() - began)
    failed = [f"{one['service']}: {one['words']}" for one in outcomes if not one["ok"]]
    for one in outcomes:
        if one["ok"]:
            click.echo(f"{one['service']} restarted, {one['words']} after {took}")
    if failed:
        raise AuraError("\n".join(failed), "aura-stack logs shows what they printed")


@click.command
@click.pass_context
def status(context: click.Context) -> None:
    r"""Show every service of the running stack.

    \b
    Example:
      aura-stack status
    """
    views = target.engine(context).call("status")
    rows = [_HEAD, *(_row(view) for view in views)]
    for line in table(rows):
        click.echo(line)
    if any(view["state"] == "failed" for view in views):
        context.exit(ExitCode.FAILED)


def _row(view: dict[str, Any]) -> tuple[str, ...]:
    running = view["pid"] != 0
    return (
        view["service"],
        view["state"],
        str(view["pid"]) if running else "-",
        duration(view["seconds"]) if running else "-",
        str(view["restarts"]),
        view["address"] or "-",
    )
