"""Who was told to end does not wait for ever for a reader who takes nothing: a stuck pipe, a stopped terminal.

A write that waits cannot be asked for how long. So a clock interrupts it every second (setitimer(2)): one that has
written a part returns and says so, one that has written nothing begins anew (signal(7)) and counts.
"""

import signal
from collections.abc import Callable

from .screen import Screen

BEAT = 1.0  # seconds
BEATS = 5
"""How many in which nothing is read, once nothing else is waited for."""


class Unread(Exception):  # noqa: N818 - nothing is wrong with us
    """Nobody reads what is written."""


class Impatience:
    """Raises `Unread` out of a write that gets nowhere, from the order to end on.

    Args:
        screen: whose writes they are.
        may_go: whether everything else has ended.
    """

    def __init__(self, screen: Screen, may_go: Callable[[], bool]) -> None:
        self._screen = screen
        self._may_go = may_go
        self._begun = False
        self._beats = 0
        self._written = 0

    def begin(self, beat: float = BEAT) -> None:
        """There was an order to end; a second one changes nothing."""
        if not self._begun:
            self._begun = True
            signal.signal(signal.SIGALRM, lambda *_: self.beat())
            signal.setitimer(signal.ITIMER_REAL, beat, beat)

    def end(self) -> None:
        """There is nothing more to write."""
        if self._begun:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def beat(self) -> None:
        """Another moment has passed.

        Raises:
            Unread: and in so many nothing was read.
        """
        screen, written = self._screen, self._written
        self._written = screen.written
        if not screen.writing or screen.written != written or not self._may_go():
            self._beats = 0
            return
        self._beats += 1
        if self._beats >= BEATS:
            raise Unread
