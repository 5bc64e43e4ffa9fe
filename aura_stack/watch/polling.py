"""Sees saves by looking at every file once in a while, where nobody tells of them."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from .aside import aside
from .backend import Area, Host, Witness
from .listing import Status, everything
from .settle import Seen

if TYPE_CHECKING:
    import asyncio

PERIOD = 1.0  # seconds from the end of one look to the next
AGREE = 0.02  # seconds from a look that saw a change to the next one
LONGEST = 2.0  # seconds for which a change is kept back because there are more
_REST = 10  # and at least so many times as long as the look took, so that it costs little of one processor

Statuses = dict[str, Status]


class Polling:
    """Sees saves by the status of all files, taken beside the loop.

    A look takes its time, and may meet a checkout in the middle: what it saw is told once the next look sees the same.

    Args:
        area: where to look.
        witness: who is told of files.
        host: who is told how it goes.
        first: whether what is there now is the beginning; otherwise each file may have come since.
        period: seconds from one look to the next.
    """

    def __init__(
        self, area: Area, witness: Witness, host: Host, *, first: bool, period: float = PERIOD
    ) -> None:
        self._area = area
        self._witness = witness
        self._host = host
        self._first = first
        self._period = period
        self._known: Statuses = {}
        self._seen: tuple[Statuses, float] | None = (
            None  # by the last look, not told yet; since when there is a change
        )
        self._asked: list[Callable[[], None]] = []  # who waits for the next look
        self._answered: list[Callable[[], None]] = []  # who waits for the one that goes on
        self._timer: asyncio.TimerHandle | None = None
        self._over = False

    @property
    def means(self) -> str:
        """See `Backend.means`."""
        return f"{len(self._known)} files are looked at every {self._period:g} s"

    def begin(self, loop: "asyncio.AbstractEventLoop") -> None:
        """See `Backend.begin`; nothing is raised."""
        self._loop = loop
        self._look()

    def drain(self) -> None:
        """See `Backend.drain`: nothing can be known at once."""

    def look(self, done: Callable[[], None]) -> None:
        """See `Backend.look`: a look that is going on may have passed by what was saved a moment ago."""
        self._asked.append(done)
        if self._timer:
            self._timer.cancel()
            self._timer = None
            self._look()

    def close(self) -> None:
        """See `Backend.close`."""
        self._over = True
        if self._timer:
            self._timer.cancel()

    def _look(self) -> None:
        self._timer = None
        self._answered, self._asked = self._asked, []
        aside(self._loop, self._statuses, self._compare)

    def _statuses(self) -> tuple[Statuses, float]:
        """The status of every file, and how many seconds it took."""
        began = time.monotonic()
        found = dict(each for base in self._area.bases for each in everything(base, self._area.enters))
        return found, time.monotonic() - began

    def _compare(self, looked: tuple[Statuses, float]) -> None:
        if self._over:
            return
        found, took = looked
        if self._holds_back(found):
            self._asked = self._answered + self._asked
            self._timer = self._loop.call_later(max(AGREE, took), self._look)
            return
        before, self._known = self._known, found
        if self._first:
            self._first = False
            for path, its_status in found.items():
                self._witness.met(path, its_status)
            self._host.complete()
        else:
            self._tell(before, found)
        for done in self._answered:
            done()
        pause = 0.0 if self._asked else max(self._period, _REST * took)
        self._timer = self._loop.call_later(pause, self._look)

    def _holds_back(self, found: Statuses) -> bool:
        """Whether there is a change that nobody is told of before it was seen twice."""
        now = self._loop.time()
        seen, since = self._seen or (self._known, now)
        if self._first or found == seen or now - since > LONGEST:
            self._seen = None
            return False
        self._seen = (found, since)
        return True

    def _tell(self, before: Statuses, now: Statuses) -> None:
        for path, its_status in now.items():
            if before.get(path) != its_status:
                self._witness.saw(path, Seen.MADE)
        for path in before.keys() - now.keys():
            self._witness.saw(path, Seen.GONE)
