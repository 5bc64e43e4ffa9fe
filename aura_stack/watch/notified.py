"""Sees saves by what watchfiles tells, where we cannot ask the kernel ourselves, as on macOS.

What it tells is taken for a hint: that something happened to a path. It does not tell everything: not all files of a
folder that has just been made, nothing of what the kernel had to drop, nothing more once a name was no text. So
the status of all files is looked at as well, seldom; what it missed is seen then.
"""

import os
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .backend import Area, Host, Witness
from .listing import everything
from .polling import Polling, Statuses
from .settle import Seen

if TYPE_CHECKING:
    import asyncio

SELDOM = 5.0  # seconds between two looks at the status of all files
_STEP = 50  # ms of quiet that end a hint
_LONGEST = 200  # ms after which one is told in any case
_BREATH = 250  # ms after which it says that there is none


class Notified(Polling):
    """A thread waits for hints as long as this is open, one for each set of bases that are there.

    Args:
        area: where to look.
        witness: who is told of files.
        host: who is told how it goes.
        first: see `Polling`.
        period: seconds from one look at all files to the next.
    """

    def __init__(
        self, area: Area, witness: Witness, host: Host, *, first: bool, period: float = SELDOM
    ) -> None:
        super().__init__(area, witness, host, first=first, period=period)
        self._there: tuple[str, ...] = ()
        self._stop = threading.Event()

    @property
    def means(self) -> str:
        """See `Backend.means`."""
        return f"watchfiles tells of them; {super().means}"

    def begin(self, loop: "asyncio.AbstractEventLoop") -> None:
        """See `Backend.begin`; nothing is raised."""
        self._loop = loop
        self._follow()  # before the first look: what comes in between is met twice
        super().begin(loop)

    def close(self) -> None:
        """See `Backend.close`."""
        super().close()
        self._stop.set()

    def _compare(self, looked: tuple[Statuses, float]) -> None:
        super()._compare(looked)
        self._follow()

    def _follow(self) -> None:
        """Listen at the bases that are there now; they may have come, or gone, since the last look."""
        there = tuple(base for base in self._area.bases if os.path.exists(base))
        if there == self._there or self._over:
            return
        self._there = there
        self._stop.set()
        self._stop = threading.Event()
        if there:
            work = (there, self._stop)
            threading.Thread(target=self._listen, args=work, name="aside", daemon=True).start()

    def _listen(self, bases: tuple[str, ...], stop: threading.Event) -> None:
        try:
            listening = False
            for hints in _hints(bases, stop):
                if not listening:
                    self._call(self._look_again)  # for what came before it listened
                    listening = True
                if hints and not stop.is_set():
                    self._call(self._heed, hints)
        except (RuntimeError, OSError) as error:
            if not stop.is_set():
                fault = error if isinstance(error, OSError) else OSError(0, str(error))
                self._call(self._lose, fault)

    def _look_again(self) -> None:
        if not self._over:
            self.look(_nothing)

    def _call(self, function: object, *words: object) -> None:
        try:
            self._loop.call_soon_threadsafe(function, *words)  # type: ignore[arg-type]
        except RuntimeError:  # the loop is closed
            self._stop.set()

    def _lose(self, error: OSError) -> None:
        if not self._over:
            self._host.exhausted(error)

    def _heed(self, paths: set[str]) -> None:
        if self._over:
            return
        for path in sorted(paths):
            if os.path.isdir(path) and not os.path.islink(path):
                if path in self._area.bases or self._area.enters(path):
                    for inside, _ in everything(path, self._area.enters):
                        self._witness.saw(inside, Seen.MADE)
            elif os.path.lexists(path):
                self._witness.saw(path, Seen.MADE)
            else:
                self._gone(path)

    def _gone(self, path: str) -> None:
        """What was in a folder that is gone is gone with it."""
        self._witness.saw(path, Seen.GONE)
        for inside in [each for each in self._known if each.startswith(os.path.join(path, ""))]:
            self._witness.saw(inside, Seen.GONE)


def _nothing() -> None:
    """Nobody waits for it."""


def _hints(bases: tuple[str, ...], stop: threading.Event) -> Iterator[set[str]]:
    from watchfiles import watch  # noqa: PLC0415 - not there where nobody needs it

    for changes in watch(
        *bases,
        watch_filter=None,
        debounce=_LONGEST,
        step=_STEP,
        stop_event=stop,
        rust_timeout=_BREATH,
        yield_on_timeout=True,
        raise_interrupt=False,
        ignore_permission_denied=True,
    ):
        yield {path for _, path in changes}
