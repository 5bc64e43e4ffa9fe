"""What the screen says of an event: one line each, plain words, the most telling one first."""

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
        case events.PrepareFailed(service, step, words):
            return service, f"{step} failed: {words}; nothing was started", True
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


def duration(seconds: float) -> str:
    """Seconds as people say them: `0.21 s`, `12 s`, `3 min 5 s`."""
    if seconds < 10:  # noqa: PLR2004 - below ten, hundredths matter
        return f"{seconds:.2f} s"
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def table(rows: list[tuple[str, ...]]) -> list[str]:
    """Columns as wide as their widest cell, two blanks apart; numbers are not right-aligned: pids are names."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
