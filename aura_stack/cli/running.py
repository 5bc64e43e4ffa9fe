"""What is asked of a running stack all day, status and orders: asked, printed, and turned into an exit code.

Nothing here knows how a command line is parsed, so that the parser need not be loaded: see `quick`.
"""

import os
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from aura_stack.errors import AuraError, ExitCode

from . import tables, target
from .settings import Settings

if TYPE_CHECKING:
    from aura_stack.control.client import Client

LONG = 1.0  # seconds of stopping that are worth a word
_DOWN = ("failed", "backoff")  # it ended, and not because somebody wanted that
UP = ("ready", "completed")
AT_REST = ("stopped", "completed", "failed")
"""The states in which a service is there, and those in which it is down."""

_COLOURS = {"failed": 31, "ready": 0, "completed": 0, "stopped": 90}  # SGR (ECMA-48); all others are yellow
_YELLOW = 33


def status(settings: Settings, services: Sequence[str], *, as_json: bool) -> int:
    """Print the table of services; 1 if one has failed."""
    engine = target.engine(settings)
    views = engine.call("status", services=list(services), usage=True)
    failed = [view for view in views if view["state"] == "failed"]
    if as_json or any(view["state"] in _DOWN or view["stale"] for view in views):
        add_reasons(engine, views)
    if as_json:
        tables.print_json(views)
    else:
        coloured = target.coloured(settings)
        head, *rows = tables.table(tables.status_rows(views))
        lines = [head]
        for view, row in zip(views, rows, strict=True):
            lines.append(_painted(view["state"], row) if coloured else row)
            lines += [f"  {below}" for below in _below(view)]
        if trouble := next((view["logs_lost"] for view in views if view["logs_lost"]), None):
            lines.append(trouble)
        if reader := next((view["held_back_for"] for view in views if view["held_back_for"]), None):
            lines.append(f"output is held back: {reader} has left 1 GB of it unread")
        tables.print_lines(lines)
    return int(ExitCode.FAILED) if failed else 0


def order(
    settings: Settings,
    verb: str,
    services: Sequence[str],
    *,
    as_json: Any = False,
    wait: Any = True,
    timeout: Any = None,
    **params: Any,
) -> int:
    """Give an order for services of a running stack, and print what came of it.

    Args:
        settings: the global flags.
        verb: start, stop or restart.
        services: names and patterns.
        wait: until it has been carried out.
        timeout: seconds for that, None for as long as it takes.
        as_json: whether programs read the answer.
        params: what else the method takes.

    Raises:
        AuraError: it could not be given, or not carried out, or (exit code 124) not in time.
    """
    engine = target.engine(settings)
    services = list(services) or [f"@{name}" for name in settings.profiles]
    if verb == "restart":
        params["since"] = _typed()  # a run that began later has seen all that was saved before the order
    began = time.monotonic()
    with patience(settings, services, timeout, done=AT_REST if verb == "stop" else UP):
        outcomes = engine.call(verb, patience=timeout, services=list(services), wait=wait, **params)
    took = time.monotonic() - began
    if as_json:
        tables.print_json(outcomes)
    elif wait and not outcomes:
        tables.print_lines([f"nothing is up, so there is nothing to {verb}"])
    else:
        said = (_said(verb, one, took, services) for one in outcomes if one["ok"])
        tables.print_lines(line for line in said if line)
    if failed := [one for one in outcomes if not one["ok"]]:
        _fail(settings, engine, failed)
    return 0


def scale(
    settings: Settings, counts: Mapping[str, int], *, as_json: bool, wait: bool, timeout: float | None
) -> int:
    """Bring services to so many replicas, and print what came and went."""
    engine = target.engine(settings)
    with patience(settings, list(counts), timeout, done=UP):
        outcomes = engine.call("scale", patience=timeout, replicas=dict(counts), wait=wait)
    if as_json:
        tables.print_json(outcomes)
    elif wait and not outcomes:
        tables.print_lines(["nothing to do"])
    else:
        tables.print_lines(
            f"{one['service']} {one['state']}"
            + (f" in {seconds}" if (seconds := tables.ready_in(one)) != "-" else "")
            for one in outcomes
            if one["ok"]
        )
    if failed := [one for one in outcomes if not one["ok"]]:
        _fail(settings, engine, failed)
    return 0


@contextmanager
def patience(
    settings: Settings, services: Sequence[str], seconds: float | None, *, done: Collection[str]
) -> Iterator[None]:
    """Wait for an answer of the engine within; if it comes too late, say what is still not there.

    Args:
        settings: the global flags.
        services: whose.
        seconds: how long that may take.
        done: the states that are waited for.

    Raises:
        AuraError: it was too late (exit code 124).
    """
    try:
        yield
    except AuraError as error:
        if error.exit_code != ExitCode.TIMED_OUT:
            raise
        views = target.engine(settings).call("status", services=list(services), patience=2.0)
        late = "; ".join(_lateness(view) for view in views if view["state"] not in done or view["unwell"])
        hint = "what was ordered goes on; aura-stack status shows it"
        raise AuraError(f"waited {seconds:g} s: {late}", hint, ExitCode.TIMED_OUT) from error


def _lateness(view: Mapping[str, Any]) -> str:
    waits = f", waits for {view['waits_for']}" if view["waits_for"] else ""
    unwell = f", unwell: {view['unwell']}" if view["unwell"] else ""
    return f"{view['service']} is {view['state']}{waits}{unwell}"


def add_reasons(engine: "Client", views: list[dict[str, Any]]) -> None:
    """Add to what `status` answered why services failed: what they printed last stands in the record."""
    from .failed import reason  # noqa: PLC0415 - only a failure needs it

    where = engine.call("attach", own=False)
    for view in views:
        down = view["state"] in _DOWN
        stale = bool(view["stale"]) and not down
        words = reason(where["logs"], view, where["began"], built=stale) if down or stale else ""
        view["last_error"] = words or None


def _painted(state: str, row: str) -> str:
    code = _COLOURS.get(state, _YELLOW)
    return f"\x1b[{code}m{row}\x1b[0m" if code else row


def _below(view: Mapping[str, Any]) -> list[str]:
    """The lines under a service: why it is not where it is wanted, and whose process its work is."""
    lines = []
    if view["state"] in _DOWN:
        lines.append(": ".join(filter(None, (view["ended"], view["last_error"]))))
    elif view["waits_for"]:
        lines.append(f"waits for {view['waits_for']}")
    elif view["unwell"]:
        lines.append(f"unwell: {view['unwell']}")
    if view["stale"]:
        said = view["last_error"] if view["state"] not in _DOWN else None
        lines.append(": ".join(filter(None, (f"new version failed: {view['stale']}", said))))
    if view["pid"] and view["stop_command"]:
        lines.append(f"its real work is no process of ours: {view['stop_command']} ends it")
    return [line for line in lines if line]


def _typed() -> float:
    """When this command was typed, in monotonic seconds: Python takes its time until it comes here."""
    now = time.monotonic()
    if sys.platform != "linux":
        return now
    from aura_stack.system import procfs  # noqa: PLC0415 - only a restart asks, and only where there is /proc

    # the start stands there in whole ticks: up to one earlier than it was
    return min(now, now - (procfs.age(os.getpid()) or 0.0) + 1 / os.sysconf("SC_CLK_TCK"))


def _said(verb: str, outcome: Mapping[str, Any], took: float, named: Sequence[str]) -> str:
    """A line for what was done, none for a dependency to which nothing was."""
    name, ready, before = outcome["service"], outcome["ready_seconds"], outcome["before"]
    if verb == "stop":
        return f"{name} stopped" if before not in AT_REST else f"{name} was not running"
    if verb == "start" and before in UP and outcome["state"] == before:
        return f"{name} is up already" if name in named or not named else ""
    if ready is None:
        return f"{name} {verb}ed, {outcome['state']}"
    with_stop = verb == "restart" and took - ready > LONG
    return f"{name} {verb}ed, ready in {tables.duration(ready)}" + (
        f" ({tables.duration(took)} with its stop)" if with_stop else ""
    )


def _fail(settings: Settings, engine: "Client", failed: list[dict[str, Any]]) -> None:
    """Say why not, with the last lines of each."""
    from aura_stack.logs.render import Style  # noqa: PLC0415 - only a failure needs them

    from .failed import last_words, sentence  # noqa: PLC0415 - likewise

    style = Style([one["service"] for one in failed], colour=target.coloured(settings, 2))
    sys.stdout.flush()
    try:
        where = engine.call("attach", own=False)
        for one in failed:
            sys.stderr.buffer.write(last_words(where["logs"], one, style, where["began"]))
    except AuraError:  # the stack ended with them: what it printed is still in its logs
        pass
    sys.stderr.flush()
    raise AuraError("\n".join(map(sentence, failed)), "aura-stack logs shows all that was printed")
