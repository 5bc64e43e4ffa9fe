"""`list`: all stacks of this user, wherever they were started."""

import os
from typing import TYPE_CHECKING, Any

import click

from aura_stack.errors import AuraError, ExitCode

from . import tables
from .arguments import json_option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aura_stack.doctor.census import Known
    from aura_stack.ports.leases import Lease

_HEAD = ("NAME", "STATE", "SERVICES", "UPTIME", "PORTS", "FILE")


@click.command("list")
@click.option("--all", "dead_too", is_flag=True, help="Also stacks that died and left something.")
@json_option
def list_stacks(dead_too: bool, as_json: bool) -> None:
    r"""List the stacks of yours that run on this machine, wherever they were started.

    SERVICES are those that are ready or have completed, out of all. An engine that says nothing within a second is
    shown as not answering. A port that is another one than the file says is shown with that: 4012 (for 4010).

    \b
    Examples:
      aura-stack list
      aura-stack list --all --json

    \b
    Keys of --json, one object for each stack:
      name, state (starting, preparing, running, stopping, not answering, dead), file,
      ready, total, failed (numbers of services; null where the engine did not tell),
      pid (of the engine), uptime_seconds, runtime (the folder of its lock), socket,
      remark (why the engine did not tell), left (pids that a dead stack left),
      ports (service, key, written: the number in the file, number: the one it has here)
    """
    from aura_stack.doctor.census import State, take  # noqa: PLC0415 - `--help` needs no socket

    found = [known for known in take(os.environ) if dead_too or known.state is not State.DEAD]
    had = _leases()
    if as_json:
        tables.print_json([_object(known, had) for known in found])
    elif not found:
        click.echo("no stack is running")
    else:
        home = os.path.expanduser("~")
        for line in tables.table([_HEAD, *(_row(known, had, home) for known in found)]):
            click.echo(line)


def _leases() -> "Mapping[str, Lease]":
    """What each stack that runs has, by the name of its runtime folder."""
    from aura_stack.ports.register import Register, is_living  # noqa: PLC0415 - as above
    from aura_stack.system import places  # noqa: PLC0415 - as above

    every = Register(places.leases(os.environ)).leases()
    return {lease.id: lease for lease in every if is_living(lease)}


def _object(known: "Known", had: "Mapping[str, Lease]") -> dict[str, Any]:
    lease = had.get(known.runtime.name)
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
        "ports": [one.fields() for one in lease.given] if lease else [],
    }


def _row(known: "Known", had: "Mapping[str, Lease]", home: str) -> tuple[str, ...]:
    from aura_stack.doctor.stacks import short  # noqa: PLC0415 - as above

    return (
        known.note.stack or "-",
        str(known.state),
        _services(known),
        "-" if known.seconds is None else tables.duration(known.seconds),
        _ports(had.get(known.runtime.name)),
        short(known.note.file, home) if known.note.file else "-",
    )


def _ports(lease: "Lease | None") -> str:
    shown = [tables.port(one.number, one.written) for one in lease.given] if lease else []
    return ", ".join(shown) or "-"


def _services(known: "Known") -> str:
    counts = known.counts
    if counts is None:
        return f"{len(known.left)} left behind" if known.left else "-" if known.pid == 0 else "?"
    failed = f", {counts.failed} failed" if counts.failed else ""
    return f"{counts.ready}/{counts.total}{failed}"


def stop_all(grace: float | None, *, as_json: bool) -> int:
    """Stop every stack of this user that runs, all at the same time; 1 if one could not be asked.

    Args:
        grace: seconds before KILL, None for each service's own.
        as_json: whether programs read what came of it.
    """
    from aura_stack.doctor.census import State, take  # noqa: PLC0415 - as above
    from aura_stack.session.lock import wait_until_free  # noqa: PLC0415 - as above

    found = [known for known in take(os.environ) if known.state is not State.DEAD]
    asked = [(known, _ask_to_stop(known, grace)) for known in found]
    home = os.path.expanduser("~")
    if not (found or as_json):
        click.echo("no stack is running")
    for known, refusal in asked:
        if not refusal:
            wait_until_free(known.runtime.lock)
        if not as_json:
            click.echo(f"{_called(known, home)}: {refusal or 'all stopped'}", err=bool(refusal))
    if as_json:
        tables.print_json([_stopped(known, refusal) for known, refusal in asked])
    return int(ExitCode.FAILED) if any(refusal for _, refusal in asked) else 0


def _stopped(known: "Known", refusal: str) -> dict[str, Any]:
    return {
        "stack": known.note.stack or None,
        "file": known.note.file or None,
        "ok": not refusal,
        "words": refusal or None,
    }


def _ask_to_stop(known: "Known", grace: float | None) -> str:
    """Why it could not be asked; "" if it stops now."""
    from aura_stack.control.client import connect  # noqa: PLC0415 - as above
    from aura_stack.doctor.census import State  # noqa: PLC0415 - as above

    if known.state is State.SILENT:
        return f"not stopped: {known.remark} (pid {known.pid})"
    try:
        for path in known.runtime.sockets:
            engine = connect(path, known.note.file)
            engine.call(
                "shutdown", reason="aura-stack down --all", **({} if grace is None else {"grace": grace})
            )
            engine.close()
    except AuraError as error:
        return "" if error.exit_code == ExitCode.NOT_RUNNING else f"not stopped: {error.message}"
    return ""


def _called(known: "Known", home: str) -> str:
    from aura_stack.doctor.stacks import short  # noqa: PLC0415 - as above

    where = f" in {short(os.path.dirname(known.note.file), home)}" if known.note.file else ""
    return f"{known.note.stack or known.runtime.name}{where}"
