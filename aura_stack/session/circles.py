"""Notices when a service's restarts go round in a circle: it writes a file that restarts it on every save.

A person saves at any moment. Who writes a file at its start does so after about the same time each time, and in
each run. So a circle is a row of restarts of which each was caused by the same file, so soon after the last one
and after so equal a time that nobody types like that; and the run has written something, as far as that can be
known. Seconds are those of any clock that only goes forward.
"""

from collections.abc import Collection, Iterable

from aura_stack.frozen import Frozen

TURNS = 8  # restarts in a row
WITHIN = 10.0  # seconds from a start to the save that ends it
_SPREAD = 0.05  # seconds between the shortest and the longest such time, at most
_SHARE = 0.12  # or that share of the shortest


class Circle(Frozen):
    """Files that a service writes itself, and how many seconds after its start."""

    files: tuple[str, ...]
    after: float


class Circles:
    """The restarts of one service by saves."""

    def __init__(self) -> None:
        self._row: list[float] = []  # seconds from a start to a save, of one turn after the other
        self._files: set[str] = set()  # those that were saved in each of these turns

    def turn(self, files: Collection[str], after: float, *, wrote: bool) -> Circle | None:
        """A save restarts the service; the answer is what goes round, if that is certain.

        Args:
            files: that were saved.
            after: seconds since the run began, or the command that was run for the last save.
            wrote: whether it may have written them.
        """
        common = self._files & set(files) if self._row else set(files)
        if after > WITHIN or not wrote:
            self._row, self._files = [], set()
        elif common and _is_even((*self._row, after)):
            self._row, self._files = [*self._row, after], common
        else:
            self._row, self._files = [after], set(files)
        if len(self._row) < TURNS:
            return None
        circle = Circle(tuple(sorted(self._files)), sum(self._row) / len(self._row))
        self._row, self._files = [], set()
        return circle

    @property
    def suspicious(self) -> bool:
        """Whether there is a row that the next turn may make longer."""
        return len(self._row) > 1


def _is_even(times: Iterable[float]) -> bool:
    found = sorted(times)
    return found[-1] - found[0] <= max(_SPREAD, _SHARE * found[0])
