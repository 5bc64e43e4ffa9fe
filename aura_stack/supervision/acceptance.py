"""Connections that a run has accepted itself: on a socket that is held, no other answer says anything about it.

The kernel completes a connection to a held socket and queues it although nobody accepts, and in a hand-over the old
run accepts as well. So a connection counts once a process of the run that is asked has taken it out of the queue;
only then anything is sent. One that the old run has taken is closed, unused, and several are tried at once: who takes
how many of them is left to chance.
"""

import asyncio
from collections.abc import Callable

from aura_stack.frozen import NamedTuple
from aura_stack.system.processes import Address

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Taken = Callable[[Address, Address], bool | None]
"""Whether the run has taken the connection between the address that was asked and ours; None while nobody has."""

_SEVERAL = 8  # connections that are tried at once
_PATIENCE = 0.5  # seconds that one may stay in the queue
_FIRST, _GROWTH, _LONGEST = 0.001, 1.5, 0.05  # seconds between two looks


class NotTaken(Exception):  # noqa: N818 - it says what has become of the connection
    """Nobody has taken it out of the queue."""


class TakenByOther(Exception):  # noqa: N818 - as above
    """Another run has taken every one of several connections."""


class Door(NamedTuple):
    """How a run is asked that shares its ports.

    `ports` are those that are held, `taken` tells who has a connection. `is_lost` tells whether the run has found
    that it did not get the sockets.
    """

    ports: frozenset[int]
    taken: Taken
    is_lost: Callable[[], bool]

    async def connect(self, host: str, port: int) -> Stream:
        """A connection that the run has accepted.

        Raises:
            TakenByOther: another run has accepted all of several.
            NotTaken: nobody has accepted it.
            OSError: there is nothing to connect to.
        """
        for count in (1, _SEVERAL):
            if stream := await self._one_of(host, port, count):
                return stream
        raise TakenByOther

    async def _one_of(self, host: str, port: int, count: int) -> Stream | None:
        """The first of so many connections that the run takes; None where another one has taken all."""
        streams: list[Stream] = []
        found: Stream | None = None
        try:
            while len(streams) < count:
                streams.append(await asyncio.open_connection(host, port))
            found = await self._first_taken(streams, (host, port))
        finally:
            for stream in streams:
                if stream is not found:
                    stream[1].close()
        return found

    async def _first_taken(self, streams: list[Stream], near: Address) -> Stream | None:
        open_ones = list(streams)
        pause, left = _FIRST, _PATIENCE
        while open_ones:
            for stream in tuple(open_ones):
                answer = self.taken(near, stream[1].get_extra_info("sockname")[:2])
                if answer:
                    return stream
                if answer is False or stream[0].at_eof():
                    open_ones.remove(stream)
                    stream[1].close()  # at once: who serves one client after the other waits for it
            if open_ones:
                if left <= 0:
                    raise NotTaken
                await asyncio.sleep(pause)
                left, pause = left - pause, min(pause * _GROWTH, _LONGEST)
        return None
