"""`list`: all stacks of this user, wherever they were started."""

import os
from typing import TYPE_CHECKING, Any

import click

from . import tables
from .arguments import json_option

if TYPE_CHECKING:
    from aura_stack.doctor.census import Known

_HEAD = ("NAME", "STATE", "SERVICES", "UPTIME", "FILE")


@click.command("list")
@click.option("--all", "dead_too", is_flag=True, help="Also stacks that died and left something.")
@json_option
def list_stacks(dead_too: bool, as_json: bool) -> None:
    r"""List the stacks of yours that run on this machine, wherever they were started.

    SERVICES are those that are ready or have completed, out of all. An engine that says nothing within a second is
    shown as not answering.

    \b
    Examples:
      aura-stack list
      aura-stack list --all --json

    \b
    Keys of --json, one object for each stack:
      name, state (starting, preparing, running, stopping, not answering, dead), file,
      ready, total, failed (numbers of services; null where the engine did not tell),
      pid (of the engine), uptime_seconds, runtime (the folder of its lock), socket,
      remark (why the engine did not tell), left (pids that a dead stack left)
    """
    from aura_stack.doctor.census import State, take  # noqa: PLC0415 - `--help` needs no socket

    found = [known for known in take(os.environ) if dead_too or known.state is not State.DEAD]
    if as_json:
        tables.print_json([_object(known) for known in found])
    elif not found:
        click.echo("no stack is running")
    else:
        home = os.path.expanduser("~")
        for line in tables.table([_HEAD, *(_row(known, home) for known in found)]):
            click.echo(line)


def _object(known: "Known") -> dict[str, Any]:
    counts, note = known.counts, known.note
    return {
        "name": note.stack or None,
        "state": str(known.state),
        "file": note.file or None,
        "ready": counts.ready if counts else None,
        "total": counts.total if counts else None,
        "failed": counts.failed if counts else None,
        "pid": known.pid or None,
        "uptime_seconds": None if known.seconds is None else round(known.seconds, 3),
        "runtime": known.runtime.directory,
        "socket": known.runtime.sockets[0] if known.runtime.sockets else None,
        "remark": known.remark or None,
        "left": list(known.left),
    }


def _row(known: "Known", home: str) -> tuple[str, ...]:
    from aura_stack.doctor.stacks import short  # noqa: PLC0415 - as above

    return (
        known.note.stack or "-",
        str(known.state),
        _services(known),
        "-" if known.seconds is None else tables.duration(known.seconds),
        short(known.note.file, home) if known.note.file else "-",
    )


def _services(known: "Known") -> str:
    counts = known.counts
    if counts is None:
        return f"{len(known.left)} left behind" if known.left else "-" if known.pid == 0 else "?"
    failed = f", {counts.failed} failed" if counts.failed else ""
    return f"{counts.ready}/{counts.total}{failed}"
