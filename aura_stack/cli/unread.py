"""Who was told to end does not wait for ever for a reader who takes nothing: a stuck pipe, a stopped terminal.

A write that waits cannot be asked for how long. So a clock interrupts it every second (setitimer(2)): one that has
written a part returns and says so, one that has written nothing begins anew (signal(7)) and counts. It begins with an
order to us. Somebody else's order is noticed by whoever waits: until then a slower clock runs while a write does.
"""

import signal
from collections.abc import Callable

from .screen import Screen

BEAT = 1.0  # seconds
BEATS = 5
"""How many in which nothing is read, once nothing else is waited for."""
SLOW = 5.0  # seconds between two looks of a write that waits at whether somebody has ended everything


class Unread(Exception):  # noqa: N818 - nothing is wrong with us
    """Nobody reads what is written."""


class Impatience:
    """Raises `Unread` out of a write that gets nowhere, from the order to end on.

    Args:
        screen: whose writes they are.
        may_go: whether everything else has ended.
        was_ended: whether it has on somebody's order.
    """

    def __init__(
        self, screen: Screen, may_go: Callable[[], bool], was_ended: Callable[[], bool] = lambda: False
    ) -> None:
        self._screen = screen
        self._may_go = may_go
        self._was_ended = was_ended
        self._begun = False
        self._beats = 0
        self._written = 0

    def watch(self) -> None:
        """Notice from now on that there was an order which came by another way."""
        signal.signal(signal.SIGALRM, lambda *_: self.look())
        self._screen.waits = self._run

    def _run(self, on: bool) -> None:
        if not self._begun:
            signal.setitimer(signal.ITIMER_REAL, SLOW if on else 0, SLOW)

    def look(self) -> None:
        """A write has waited for long."""
        if self._screen.writing and self._was_ended():
            self.begin()

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
