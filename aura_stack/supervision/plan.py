"""Who may go on: what a service that is wanted up still waits for, and what holds one that is wanted down."""

from collections.abc import Mapping

from aura_stack.frozen import Frozen
from aura_stack.stack.model import Condition, Service

from .lifecycle import ALIVE, State, Status, Wanted

Statuses = Mapping[str, Status]


class Clear(Frozen):
    """Nothing is in the way."""


CLEAR = Clear()


class Held(Frozen):
    """These are in the way, for now: (service, what is asked of it)."""

    by: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return ", ".join(f"{name} to be {what}" for name, what in self.by)


class Hopeless(Frozen):
    """This one is in the way and will not move by itself: `words` says what became of it."""

    service: str
    words: str


def may_start(service: Service, statuses: Statuses) -> Clear | Held | Hopeless:
    """Whether what `service` depends on has come far enough; external services are not in `statuses`."""
    held = []
    for name, condition in service.depends_on.items():
        status = statuses.get(name)
        if status is None or met(condition, status):
            continue
        if _lost(status):
            words = status.verdict.words if status.verdict else str(status.state)
            return Hopeless(name, words)
        held.append((name, str(condition)))
    return Held(tuple(held)) if held else CLEAR


def outdated(service: Service, seen: Mapping[str, int], statuses: Statuses) -> str:
    """Which of those that it follows has come far enough with a later run than it was started on; "" for none.

    Args:
        service: one that runs.
        seen: the runs that the services it follows had when it was started.
        statuses: of all services of ours.
    """
    for name in service.follows:
        status = statuses.get(name)
        if status and name in seen and status.run > seen[name] and met(service.depends_on[name], status):
            return name
    return ""


def may_end(name: str, dependents: Mapping[str, tuple[str, ...]], statuses: Statuses) -> Clear | Held:
    """Whether everything that depends on `name`, and is to stop as well, is gone."""
    held = tuple(
        (other, "stopped")
        for other in dependents.get(name, ())
        if statuses[other].wanted is Wanted.DOWN and statuses[other].state in ALIVE
    )
    return Held(held) if held else CLEAR


def met(condition: Condition, status: Status) -> bool:
    """Whether a dependency has come as far as it must."""
    if status.state is State.COMPLETED:
        return True  # a task that succeeded was started and is, in the only sense it can be, ready
    if condition is Condition.COMPLETED:
        return False
    if condition is Condition.READY:
        return status.state is State.READY
    return status.state in (State.STARTING, State.READY)


def _lost(status: Status) -> bool:
    if status.state is State.FAILED:
        return True
    return status.state is State.STOPPED and status.wanted is Wanted.DOWN
