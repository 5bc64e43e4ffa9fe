"""What the screen says of an event: one line each, plain words, the most telling one first."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aura_stack.logs.render import Style
from aura_stack.messages import events


def line(event: events.Event, style: Style) -> bytes:
    """The line to print for an event, with its end; empty for one that is not worth a line."""
    said = _said(event)
    if said is None:
        return b""
    service, text, alarming = said
    shown = style.alarm(text) if alarming else style.dim(text)
    return style.mark(service) + shown + b"\n"


def _said(event: events.Event) -> tuple[str, str, bool] | None:  # noqa: C901, PLR0911, PLR0912 - a line for each kind
    """Service, text, and whether it is bad news."""
    match event:
        case events.Notice(text, alarm):
            return "aura", text, alarm
        case events.Preparing(service, step, why):
            return service, f"{step} ({why})", False
        case events.Prepared(service, step, seconds):
            return service, f"{step} done in {duration(seconds)}", False
        case events.PrepareFailed(service, step, words, then):
            return service, f"{step} failed: {words}" + (f"; {then}" if then else ""), True
        case events.Saved(service, files):
            return service, f"{named(files)} saved", False
        case events.Signalled(service, _, signal, pids):
            return service, f"{signal} sent to {', '.join(str(pid) for pid in pids)}", False
        case events.Started(service, _, pid, why):
            return service, f"started (pid {pid})" + (f" after it {why}" if why else ""), False
        case events.Ready(service, _, _, seconds, address):
            return service, f"ready in {duration(seconds)}" + (f" at {address}" if address else ""), False
        case events.Exited(service, _, pid, code, words):
            return service, f"{words} (pid {pid})", code != 0
        case events.Backoff(service, _, delay, _):
            return service, f"starts again in {duration(delay)}" if delay else "starts again", False
        case events.Completed(service):
            return service, "completed", False
        case events.Failed(service, _, code, words):
            shell = f" ({code})" if code in (126, 127) else ""
            return service, f"failed: {words}{shell}", True
        case events.Stopping(service, _, pid, signal, _):
            return service, f"stopping (pid {pid}, {signal})", False
        case events.Killed(service, _, pids):
            return service, f"killed {', '.join(str(pid) for pid in pids)}: would not end", True
        case events.Stopped(service):
            return service, "stopped", False
        case events.StackStopping(reason):
            return "aura", f"stopping all: {reason}", False
    return None


def print_json(data: object) -> None:
    """One document on standard output."""
    import json  # noqa: PLC0415 - only who prints JSON needs it

    import click  # noqa: PLC0415 - the rest of this module only makes text

    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


def named(files: tuple[str, ...], shown: int = 3) -> str:
    """The first files of a list, and how many more there are."""
    more = f" and {len(files) - shown} more" if len(files) > shown else ""
    return ", ".join(files[:shown]) + more


def duration(seconds: float) -> str:
    """Seconds as people say them: `0.21 s`, `12 s`, `3 min 5 s`."""
    if seconds < 10:  # noqa: PLR2004 - below ten, hundredths matter
        return f"{seconds:.2f} s"
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:  # noqa: PLR2004 - an hour
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 24 else f"{hours // 24} d {hours % 24} h"  # noqa: PLR2004 - a day


def size(count: int) -> str:
    """Bytes as people say them: `812 K`, `24.1 M`, `1.5 G`."""
    amount = count / 1024
    for unit in "KMG":
        if amount < 1000 or unit == "G":  # noqa: PLR2004 - three digits
            return f"{amount:.0f} {unit}" if unit == "K" or amount >= 100 else f"{amount:.1f} {unit}"  # noqa: PLR2004 - likewise
        amount /= 1024
    raise AssertionError


def ready_in(outcome: Mapping[str, Any]) -> str:
    """How an order for a service came out, for the table of those that are ready."""
    if outcome["ready_seconds"] is not None:
        return duration(outcome["ready_seconds"])
    return "-" if outcome["ok"] else "failed"


STATUS_HEAD = ("NAME", "STATE", "HEALTH", "PID", "UPTIME", "RESTARTS", "CPU", "MEMORY", "PORTS")


def status_rows(views: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """The table of services, its head first, from what the engine says of them."""
    return [STATUS_HEAD, *(_status_row(view) for view in views)]


def _status_row(view: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        view["service"],
        view["state"],
        view["health"] or "-",
        _or_dash(view["pid"], str),
        _or_dash(view["uptime_seconds"], duration),
        str(view["restarts"]),
        _or_dash(view["cpu_percent"], "{:.1f} %".format),
        _or_dash(view["memory_bytes"], size),
        ", ".join(str(port) for port in view["ports"]) or "-",
    )


def _or_dash(value: Any, say: Callable[[Any], str]) -> str:
    return "-" if value is None else say(value)


def table(rows: list[tuple[str, ...]]) -> list[str]:
    """Columns as wide as their widest cell, two blanks apart; numbers are not right-aligned: pids are names."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
