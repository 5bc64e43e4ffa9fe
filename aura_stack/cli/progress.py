"""What takes long, and for how long already: a line that is redrawn on a terminal, now and then a line elsewhere.

It follows the events and so knows what is being prepared, waited for or stopped; it is only asked when there is
nothing else to print.
"""

from collections.abc import Callable

from aura_stack.frozen import NamedTuple
from aura_stack.messages import events

from .tables import duration

PATIENCE = 1.0  # seconds before the first word on a terminal
SELDOM = 10.0  # seconds between two lines where nothing can be redrawn


class _Pending(NamedTuple):
    """Something that has begun and not ended."""

    began: float
    what: str
    deadline: float | None = None  # when KILL comes
    run: int = 0  # that is asked to end


class Progress:
    """The state of what is pending.

    Args:
        now: monotonic seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._pending: dict[str, _Pending] = {}

    @property
    def idle(self) -> bool:
        """Whether nothing is pending."""
        return not self._pending

    def see(self, event: events.Event) -> None:
        """Take an event into account."""
        match event:
            case events.Preparing(service, step, _):
                self._pending[service] = _Pending(self._now(), f"preparing {service}: {step}")
            case events.Started(service):
                self._pending[service] = _Pending(self._now(), f"waiting for {service} to be ready")
            case events.Waiting(service, what):
                began = self._pending[service].began if service in self._pending else self._now()
                self._pending[service] = _Pending(began, f"waiting for {service}: {what}")
            case events.Stopping(service, run, pid, signal, grace, command):
                deadline = self._now() + grace
                done = command or f"{signal} sent"
                what = f"waiting for {service} to end (pid {pid}, {done})"
                self._pending[service] = _Pending(self._now(), what, deadline, run)
            case events.Gone(service, run) if service in self._pending and self._pending[service].run == run:
                self._pending.pop(service)
            case events.Prepared(service) | events.PrepareFailed(service) | events.Ready(service):
                self._pending.pop(service, None)
            case events.Completed(service) | events.Failed(service) | events.Stopped(service):
                self._pending.pop(service, None)
            case events.Exited(service) | events.Backoff(service):
                self._pending.pop(service, None)

    def lines(self, patience: float = PATIENCE) -> list[str]:
        """What has been pending for longer than `patience` seconds, the longest first."""
        now = self._now()
        old = sorted((one for one in self._pending.values() if now - one.began >= patience), key=_age)
        return [_line(one, now) for one in old]


def _age(one: _Pending) -> float:
    return one.began


def _line(one: _Pending, now: float) -> str:
    text = f"{one.what}, {duration(round(now - one.began))}"
    if one.deadline is None:
        return text
    left = max(0.0, one.deadline - now)
    return f"{text}, KILL in {left:.0f} s"
