"""The last thing that the end of a run waits for: that its ports can be bound again.

A process that has gone may have handed its socket on, and what a daemon runs for it is no child of ours. No event
tells of a port that becomes free, so it is asked for, at growing intervals and only while a run is ending.
"""

from collections.abc import Callable, Collection, Container, Sequence

from aura_stack.frozen import Frozen

PATIENCE = 2.0
"""Seconds after which a run counts as ended although somebody holds a port of it: that is then told."""

_FIRST, _GROWTH, _LONGEST = 0.025, 1.5, 0.25  # seconds between two looks


def _none(_: int) -> Sequence[int]:
    return ()


def _nobody(_: int, __: Collection[int]) -> str:
    return ""


class Numbers(Frozen):
    """What the room of the ports knows: whether one can be bound now, and in words who holds one.

    `stranger` is who holds one and is none of these processes, "" for nobody; `spare` are so many numbers that nobody
    has and none is declared.
    """

    is_free: Callable[[int], bool]
    holder: Callable[[int], str]
    stranger: Callable[[int, Collection[int]], str] = _nobody
    spare: Callable[[int], Sequence[int]] = _none


class Clearance:
    """The wait for the ports of one run.

    Args:
        ports: those it declared.
        numbers: asked about them.
        now: monotonic seconds at which nothing of the run was left.
    """

    def __init__(self, ports: tuple[int, ...], numbers: Numbers, now: float) -> None:
        self._ports = ports
        self._numbers = numbers
        self._until = now + PATIENCE
        self._pause = _FIRST

    def held(self, spared: Container[int]) -> list[int]:
        """The ports that cannot be bound now; `spared` are others' to bind at any moment, so no look may disturb."""
        return [port for port in self._ports if port not in spared and not self._numbers.is_free(port)]

    def pause(self, now: float) -> float | None:
        """Seconds until the next look; None once patience is over."""
        left = self._until - now
        if left <= 0:
            return None
        pause, self._pause = min(self._pause, left), min(self._pause * _GROWTH, _LONGEST)
        return pause

    def hurry(self) -> None:
        """The next look is the last."""
        self._until = 0.0
