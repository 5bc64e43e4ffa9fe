"""`why`: all that is known of one service on one screen, and what to do about it; the stack need not run."""

import os
import time
from collections.abc import Iterator, Mapping
from typing import Any

import click

from aura_stack.errors import AuraError, ExitCode
from aura_stack.messages import events
from aura_stack.messages.past import Past, past
from aura_stack.ports.owners import describe, owners
from aura_stack.ports.probe import busy
from aura_stack.reading.suggest import did_you_mean
from aura_stack.reading.words import quoted
from aura_stack.system.places import Places

from . import advice, tables, target
from .arguments import complete_service, json_option, profile_option
from .failed import has_printed, reason
from .names import written
from .reader import require_record
from .settings import Settings

_SHOWN = 5
_LATEST = 1 << 20  # bytes of events that are looked at


@click.command
@click.argument("service", shell_complete=complete_service)
@profile_option
@json_option
@click.pass_context
def why(context: click.Context, service: str, as_json: bool) -> None:
    r"""Say why SERVICE is where it is: what it waits for, how it ended, who holds its ports, and what to do.

    Of a stack that does not run, what happened last is told, and the exit code is 3.

    \b
    Examples:
      aura-stack why backend
      aura-stack why backend --json

    \b
    Keys of --json:
      service, running (whether its stack is), and, of one that runs, those of status;
      state_seconds, watched,
      needs (service, condition, state, met, ended),
      ports (name, port, behind: where it listens behind the front,
        held_by: who, while it is not up), front_pid,
      ends (time, run, words, exit_code), restarts (time, run, why),
      last_error, held_back (what it does with what it prints, if nothing has come), todo
    """
    settings: Settings = context.obj
    file, places = target.found(settings)
    engine = target.running(file, places)
    if engine:
        told = engine.call("why", service=service)
        where = engine.call("attach", own=False)
        begin = where["began"]
        account = {"running": True, **told, "ports": [_held(one, told["pid"]) for one in told["ports"]]}
    else:
        require_record(file, places)
        account = {"service": service, "running": False, "run": None, "needs": [], "ports": []}
        begin = 0
    found = _past(places, account["service"])
    if not (engine or found.known):
        raise _unknown(service, file)
    in_order = found.last is not None and found.last["kind"] in (
        "stopped",
        "completed",
    )  # of one that is down
    well = account["state"] in ("ready", "completed", "stopped") if engine else in_order
    account |= {
        "ends": found.ends[-_SHOWN:],
        "restarts": found.restarts[-_SHOWN:],
        "last_error": None if well else reason(places.logs, account, begin) or None,
    }
    if account.get("stale") and well:
        account["last_error"] = reason(places.logs, account, begin, built=True) or None
    account["held_back"] = _held_back(account, places.logs, begin)
    account["todo"] = advice.what_to_do(account)
    if as_json:
        tables.print_json(account)
    else:
        tables.print_lines(_screen(account))
    context.exit(ExitCode.OK if engine else ExitCode.NOT_RUNNING)


def _held_back(account: Mapping[str, Any], logs: str, begin: int) -> str | None:
    """What the engine knows of its command counts only where nothing has come."""
    advised: str | None = account.get("held_back")
    if not advised or not account["pid"] or has_printed(logs, account, begin):
        return None
    return advised


def _past(places: Places, service: str) -> Past:
    """What the latest events say of it."""
    try:
        with open(places.events, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(0, size - _LATEST))
            lines = file.read().splitlines(keepends=True)
    except FileNotFoundError:  # somebody has deleted it
        return past((), service)
    whole = [line for line in lines[size > _LATEST :] if line.endswith(b"\n")]
    return past(map(events.facts, whole), service)


def _unknown(service: str, file: str) -> AuraError:
    try:
        names = written(file)
    except AuraError:  # a stack file with mistakes names nobody
        names = []
    if service in names:
        words = f"{quoted(service)} has not run yet, and its stack is down"
        return AuraError(words, "aura-stack up starts it", ExitCode.NOT_RUNNING)
    return AuraError(f"there is no service {quoted(service)}", did_you_mean(service, names), ExitCode.UNKNOWN)


def _held(port: Mapping[str, Any], pid: int | None) -> dict[str, Any]:
    """The port with who holds it; while a run of the service is there, that is its own affair."""
    number = port["port"]
    try:
        taken = not pid and bool(busy([number]))
    except AuraError:  # not for us to have, nor to ask about
        taken = False
    held_by = describe(owners([number])[number][0], os.path.expanduser("~")) if taken else None
    return {**port, "held_by": held_by}


def _screen(account: advice.Account) -> Iterator[str]:
    yield f"{account['service']} is {advice.state(account)}"
    if account.get("stale"):
        yield f"  {'new version':<10} failed: {account['stale']}"
    if account.get("waits_for"):
        yield f"  waits for  {account['waits_for']}"
    if account.get("unwell"):
        yield f"  {'unwell':<10} {account['unwell']}"
    if account.get("paused"):
        yield f"  {'paused':<10} nobody asks whether it is well, until aura-stack resume {account['service']}"
    yield from _rows("needs", map(advice.need, account["needs"]))
    yield from _rows("ports", map(advice.port, account["ports"]))
    yield from _rows("ended", (f"{_moment(end)}  {end['words']}" for end in reversed(account["ends"])))
    again = (f"{_moment(one)}  run {one['run']}: {one['why']}" for one in reversed(account["restarts"]))
    yield from _rows("restarted", again)
    yield from _rows("last words", filter(None, [account["last_error"]]))
    yield from _rows("to do", account["todo"])


def _rows(head: str, lines: Iterator[str] | list[str]) -> Iterator[str]:
    """Lines behind a head of which the first alone shows it."""
    for number, line in enumerate(lines):
        yield f"  {'' if number else head:<10} {line}"


def _moment(facts: Mapping[str, Any]) -> str:
    """The time of day, with the day where that was another one."""
    then, now = time.localtime(facts["time"]), time.localtime()
    form = "%H:%M:%S" if then[:3] == now[:3] else "%Y-%m-%d %H:%M:%S"
    return time.strftime(form, then)
