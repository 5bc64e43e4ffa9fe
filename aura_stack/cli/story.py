"""Why something happened: what was saved or ordered before a restart, what was changed just before a crash."""

from aura_stack.frozen import NamedTuple
from aura_stack.messages import events

from .tables import duration
from .words import named

_ORDERED = "asked to"

JUST_BEFORE = 10.0  # seconds before a crash in which what was changed may have to do with it


class Mark(NamedTuple):
    """Something happened that parts what a service printed before from what it prints then."""

    service: str
    text: str


class Crash(NamedTuple):
    """A run ended by itself, and not as it should: what to say of it beside how."""

    service: str
    run: int
    changed: str


class _Known:
    """What is known of one service."""

    def __init__(self) -> None:
        self.why = ""  # it is started again
        self.begun = False  # there was a run of it
        self.saved: tuple[float, str] | None = None


class Story:
    """What has happened so far."""

    def __init__(self) -> None:
        self._services: dict[str, _Known] = {}
        self._stopping = False

    def see(self, event: events.Event, time: float) -> Mark | Crash | None:
        """Take an event into account, `time` in seconds since 1970; the answer is what it means beside."""
        match event:
            case events.Saved(service, files):
                known = self._of(service)
                known.saved = (time, f"{named(files)} changed")
                known.why = known.saved[1]
            case events.StackStopping():
                self._stopping = True
            case events.Stopping(service):
                known = self._of(service)
                known.why = known.why or _ORDERED
                known.begun = True  # also where we have seen only the last of it
            case events.Stopped(service) | events.Failed(service) | events.Completed(service):
                self._of(service).why = ""  # it is down: a later start is no restart
                self._of(service).begun = False
            case events.Exited(service, run, _, code, words, fine):
                known = self._of(service)
                known.why = f"it {words}"
                known.begun = True
                if code != 0 and not fine and not self._stopping:
                    return Crash(service, run, _changed(known, time))
            case events.Started(service):
                return self._started(service, event.why, beside=bool(event.beside))
        return None

    def _started(self, service: str, why: str, *, beside: bool) -> Mark | None:
        known = self._of(service)
        if why and known.why == _ORDERED:
            known.why = f"it {why}"
        text = f"{service} restarted" + (f": {known.why}" if known.why else "")
        begun, known.begun, known.why = known.begun or beside, True, ""
        return Mark(service, text) if begun else None

    def _of(self, service: str) -> _Known:
        return self._services.setdefault(service, _Known())


def _changed(known: _Known, time: float) -> str:
    if known.saved is None or time - known.saved[0] > JUST_BEFORE:
        return ""
    return f"{known.saved[1]} {duration(max(time - known.saved[0], 0))} before"
