"""Receipts of orders, and what settles them: whether what was ordered has come about, or no longer can."""

from collections.abc import Callable

from aura_stack.frozen import Frozen

from .lifecycle import AT_REST, State, Status, Wanted

NO_SERVICE = "is no service of the stack any more"
"""What became of an order for a service that another definition does not have."""


class Outcome(Frozen):
    """What became of an order for one service: where it is now, and how the last run came to that.

    `seconds` is how long the run took to be ready, None where it is not; `code` is what the shell would be told of
    a run that ended.
    """

    service: str
    ok: bool
    words: str
    state: State = State.STOPPED
    run: int = 0
    pid: int = 0
    seconds: float | None = None
    code: int = 0


class Ticket:
    """The receipt of an order; `outcomes` is complete once `resolved`."""

    def __init__(self, services: tuple[str, ...]) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self._open = set(services)
        self._callbacks: list[Callable[[Ticket], None]] = []

    @property
    def resolved(self) -> bool:
        """Whether there is an outcome for every service of the order."""
        return not self._open

    def then(self, callback: Callable[["Ticket"], None]) -> None:
        """Call back once, at the resolution; at once if that has been."""
        if self.resolved:
            callback(self)
        else:
            self._callbacks.append(callback)

    def settle(self, outcome: Outcome) -> None:
        """Enter one outcome; the last one resolves the ticket."""
        self.outcomes[outcome.service] = outcome
        self._open.discard(outcome.service)
        if self.resolved:
            callbacks, self._callbacks = self._callbacks, []
            for callback in callbacks:
                callback(self)


class Goal(Frozen):
    """What a ticket waits for: up, as a run of at least that number, or down; by our order or by others'.

    A patient one waits while a run that ended before it was ready is tried again.
    """

    wanted: Wanted
    run: int = 0
    others: bool = False
    patient: bool = True


def answer(status: Status, goal: Goal) -> tuple[bool, str] | None:
    """Whether an order was carried out, if that is settled, in words: orders of others may have overtaken it."""
    if goal.wanted is Wanted.DOWN:
        if status.state in AT_REST:
            return not (goal.others and status.state is State.FAILED), _words(status)
        return (False, "started again") if status.wanted is Wanted.UP and not goal.others else None
    if status.state in (State.FAILED, State.COMPLETED):
        return status.state is State.COMPLETED, _words(status)
    if status.wanted is Wanted.DOWN:
        return False, "stopped before it was ready"
    if status.state is State.BACKOFF and not goal.patient and status.next > goal.run:
        return False, f"{_words(status)}; starts again"
    return _served(status, goal) if status.state is State.READY else None


def _words(status: Status) -> str:
    return status.verdict.words if status.verdict else str(status.state)


def _served(status: Status, goal: Goal) -> tuple[bool, str] | None:
    """The same where one run serves: it need not be the one that was meant to."""
    if status.run >= goal.run:
        return True, str(status.state)
    if status.setback and status.setback.run >= goal.run:
        return False, f"the new version failed: {status.setback.verdict.words}; the old one goes on"
    return None
