"""What the screen says of an event: one line each, plain words, the most telling one first."""

from aura_stack.logs.render import Style
from aura_stack.messages import events

from .tables import duration


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
        case events.Redefined(changes):
            return "aura", f"the definition has changed: {'; '.join(changes)}", False
        case events.NotRedefined(mistakes):
            return "aura", f"the definition is not taken over, all goes on: {'; '.join(mistakes)}", True
        case events.Signalled(service, _, signal, pids):
            return service, f"{signal} sent to {', '.join(str(pid) for pid in pids)}", False
        case events.Started(service, _, pid, _, beside, behind) if beside:
            which = f"(pid {pid}{_at(behind)})"
            return service, f"new version started {which}; pid {beside} serves until it is ready", False
        case events.Started(service, _, pid, why, _, behind):
            return service, f"started (pid {pid}{_at(behind)})" + (f" after it {why}" if why else ""), False
        case events.SetBack(service, _, pid, words):
            return service, f"the new version failed: {words}; pid {pid} goes on serving", True
        case events.Ready(service, _, _, seconds, address):
            return service, f"ready in {duration(seconds)}" + (f" at {address}" if address else ""), False
        case events.Unwell(service, _, failures, most, words) if failures < most:
            return service, f"unwell, {failures} of {most}: {words}", True
        case events.Unwell(service, _, _, _, words):
            return service, f"unwell too often, it is ended: {words}", True
        case events.Well(service):
            return service, "well again", False
        case events.Leaving(service):
            return service, "says that it is stopping", False
        case events.Background(service, _, pid, before):
            return service, f"in the background: pid {before} has ended, pid {pid} is followed", False
        case events.LeftBehind(service, _, pids):
            return service, f"left {_pids(pids)} behind, which nothing shows to serve: ended too", False
        case events.Following(service, _, other):
            return service, f"restarts, for {other} has a new run", False
        case events.Paused(service):
            return service, "paused: nobody asks whether it is well, and no save restarts it", False
        case events.Resumed(service):
            return service, "resumed", False
        case events.Exited(service, _, pid, code, words, fine):
            return service, f"{words} (pid {pid})", code != 0 and not fine
        case events.Backoff(service, _, delay, _):
            return service, f"starts again in {duration(delay)}" if delay else "starts again", False
        case events.Completed(service):
            return service, "completed", False
        case events.Failed(service, _, code, words):
            shell = f" ({code})" if code in (126, 127) else ""
            return service, f"failed: {words}{shell}", True
        case events.Stopping(service, _, pid, signal, _, command):
            return service, f"stopping: {command}" if command else f"stopping (pid {pid}, {signal})", False
        case events.StopFailed(service, _, command, words, signal):
            return service, f"{command} failed: {words}" + (f"; {signal} sent" if signal else ""), True
        case events.Killed(service, _, pids):
            return service, f"killed {', '.join(str(pid) for pid in pids)}: would not end", True
        case events.Lingering(service, _, pids, seconds, ignores):
            deaf = f"; it ignores {ignores}" if ignores else ""
            return "aura", f"waiting for {service} ({_pids(pids)}), KILL in {seconds:.0f} s{deaf}", False
        case events.PortHeld(service, _, port, by):
            return service, f"port {port} is still held by {by}", True
        case events.Stopped(service):
            return service, "stopped", False
        case events.StackStopping(reason):
            return "aura", f"stopping all: {reason}", False
    return None


def _at(behind: int) -> str:
    return f", behind the front at {behind}" if behind else ""


def _pids(pids: tuple[int, ...], shown: int = 3) -> str:
    more = f" and {len(pids) - shown} more" if len(pids) > shown else ""
    return f"pid {', '.join(str(pid) for pid in pids[:shown])}{more}"


def named(files: tuple[str, ...], shown: int = 3) -> str:
    """The first files of a list, and how many more there are."""
    more = f" and {len(files) - shown} more" if len(files) > shown else ""
    return ", ".join(files[:shown]) + more
