"""Which pipes have something: one set that the kernel keeps, or, where there is none, the event loop itself."""

import select
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio

Take = Callable[[int], int]
"""Takes a chunk from a descriptor that has something; answers how many bytes that were."""


class Ready(Protocol):
    """Calls `take` for descriptors that have something, and `done` once a turn is over."""

    def add(self, descriptor: int) -> None:
        """Watch it."""

    def remove(self, descriptor: int) -> None:
        """Watch it no more; it is still open."""

    def attach(self, loop: "asyncio.AbstractEventLoop") -> None:
        """There is an event loop now: begin."""

    def pause(self, *, on: bool) -> None:
        """Take nothing for now, or go on."""

    def close(self) -> None:
        """Watch nothing more."""


class _ByLoop:
    """The event loop watches each descriptor, and a turn is one chunk."""

    def __init__(self, take: Take, done: Callable[[], None]) -> None:
        self._take = take
        self._done = done
        self._watched: set[int] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._paused = False

    def add(self, descriptor: int) -> None:
        self._watched.add(descriptor)
        if self._loop and not self._paused:
            self._loop.add_reader(descriptor, self._turn, descriptor)

    def remove(self, descriptor: int) -> None:
        self._watched.discard(descriptor)
        if self._loop:
            self._loop.remove_reader(descriptor)

    def attach(self, loop: "asyncio.AbstractEventLoop") -> None:
        self._loop = loop
        self.pause(on=self._paused)

    def pause(self, *, on: bool) -> None:
        self._paused = on
        if self._loop is None:
            return
        for descriptor in self._watched:
            if on:
                self._loop.remove_reader(descriptor)
            else:
                self._loop.add_reader(descriptor, self._turn, descriptor)

    def close(self) -> None:
        for descriptor in tuple(self._watched):
            self.remove(descriptor)

    def _turn(self, descriptor: int) -> None:
        self._take(descriptor)
        self._done()


if sys.platform == "linux":
    import time

    TURN = 2_000_000  # ns after which the event loop has its turn, although there is more
    LITTLE = 8 << 10  # bytes of a pipe in one round that are hardly worth it
    BREATH = 0.0002  # seconds that writers then get before the next round

    class _ByEpoll:
        """All stand in one set of their own (epoll(7)), and the event loop watches that set.

        A turn goes round after round over those that have something, until none has or `TURN` is over. So a flood
        pays the loop once a turn and not once a chunk, keeps no quiet pipe waiting for longer than one round, and
        no order for longer than a turn.

        Who writes each line by itself is faster asked seldom: when rounds follow each other and each brings little,
        there is a short pause between them, in which more comes.
        """

        def __init__(self, take: Take, done: Callable[[], None]) -> None:
            self._take = take
            self._done = done
            self._set = select.epoll()
            self._watched: set[int] = set()
            self._loop: asyncio.AbstractEventLoop | None = None
            self._paused = False
            self._last = 0  # when the last turn ended

        def add(self, descriptor: int) -> None:
            self._watched.add(descriptor)
            if self._loop:
                self._set.register(descriptor, select.EPOLLIN)

        def remove(self, descriptor: int) -> None:
            self._watched.discard(descriptor)
            if self._loop:
                self._set.unregister(descriptor)

        def attach(self, loop: "asyncio.AbstractEventLoop") -> None:
            self._loop = loop
            for descriptor in self._watched:
                self._set.register(descriptor, select.EPOLLIN)
            self.pause(on=self._paused)

        def pause(self, *, on: bool) -> None:
            self._paused = on
            if self._loop and on:
                self._loop.remove_reader(self._set)
            elif self._loop:
                self._loop.add_reader(self._set, self._turn)

        def close(self) -> None:
            self.pause(on=True)
            self._set.close()

        def _turn(self) -> None:
            end = time.monotonic_ns() + TURN
            again = end - self._last < 2 * TURN
            while found := self._set.poll(0):
                taken = 0
                for descriptor, _ in found:
                    if descriptor in self._watched:  # taking from one may have ended another
                        taken += self._take(descriptor)
                if self._paused or time.monotonic_ns() > end:
                    break
                if again and 0 < taken < LITTLE * len(found):
                    time.sleep(BREATH)
                again = True
            self._done()
            self._last = time.monotonic_ns()

    def ready(take: Take, done: Callable[[], None]) -> Ready:
        """The best there is here."""
        return _ByEpoll(take, done)
else:

    def ready(take: Take, done: Callable[[], None]) -> Ready:
        """The best there is here."""
        return _ByLoop(take, done)
