"""One connection that is handed on: a client, a server, and what flows between them, of which nothing is looked at.

- What is read from one side is written to the other at once. What that does not take stays here, and no more is read
  until it is gone: so a slow reader slows its writer down, and a connection costs at most `CHUNK` bytes each way.
- The end of one direction is passed on as that (shutdown(2)), and the other goes on: who has sent all of his request
  may still wait for the answer.
- A connection that is reset on one side is reset on the other.
"""

from __future__ import annotations

import _socket
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK = 64 * 1024  # bytes that are read at once
_TURNS = 4  # chunks of one direction before others have their turn
_RESET = (1).to_bytes(4, sys.byteorder) + bytes(4)  # struct linger: on, no seconds (socket(7))
_BUFFER = memoryview(bytearray(CHUNK))  # nothing stays in it

READ, WRITE = 1, 4
"""What is awaited of a socket: POLLIN and POLLOUT of poll(2), which are those of epoll(7) as well."""


class Flow:
    """One direction: what has come from `source` and is not in `sink` yet, and how far its end has come."""

    __slots__ = ("ended", "passed", "rest", "sink", "source")

    def __init__(self, source: _socket.socket, sink: _socket.socket) -> None:
        self.source = source
        self.sink = sink
        self.rest = b""
        self.ended = False  # nothing more will come
        self.passed = False  # and the sink knows

    def pump(self) -> None:
        """Move what can be moved now.

        Raises:
            OSError: one of the two is broken.
        """
        for _ in range(_TURNS):
            if self.rest:
                self.rest = _sent(self.sink, memoryview(self.rest))
            if self.rest or self.ended:
                break
            try:
                count = self.source.recv_into(_BUFFER)
            except BlockingIOError:
                break
            self.ended = not count
            self.rest = _sent(self.sink, _BUFFER[:count])
            if count < CHUNK and not self.ended:
                break  # there is hardly more, and whoever watches tells if there is
        if self.ended and not self.rest and not self.passed:
            self.passed = True
            self.sink.shutdown(_socket.SHUT_WR)


def _sent(sink: _socket.socket, data: memoryview) -> bytes:
    """What a socket did not take."""
    while data:
        try:
            data = data[sink.send(data) :]
        except BlockingIOError:
            break
    return bytes(data)


class Wire:
    """A client's connection, and the server's once there is one.

    Args:
        client: accepted.
        watch: called with a descriptor and what is awaited of it (READ, WRITE, both or 0) when that changes.
        refused: called when the server that it was to be handed to has not taken it; nothing was read of it yet.
        gone: called once when it is over.
    """

    def __init__(
        self,
        client: _socket.socket,
        watch: Callable[[Wire, int, int], None],
        refused: Callable[[Wire], None],
        gone: Callable[[Wire], None],
    ) -> None:
        self.client = client
        self.deadline = 0.0
        """While no server takes it: when it is given up."""
        self._server: _socket.socket | None = None
        self._connecting = False
        self._watch = watch
        self._refused = refused
        self._gone = gone
        self._awaited: dict[int, int] = {}

    def join(self, server: _socket.socket, *, connected: bool) -> None:
        """Hand on to a server that is connected or about to be."""
        for each in (self.client, server):
            _set(each, _socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)  # what has come goes on at once
        self._server, self._connecting = server, not connected
        self._forth, self._back = Flow(self.client, server), Flow(server, self.client)
        self._await_all()

    def happened(self, descriptor: int, what: int) -> None:
        """Something can be read or written, or (other bits) is broken, which reading and writing show."""
        assert self._server is not None
        of_client = descriptor == self.client.fileno()
        if self._connecting:
            self._has_connected(self._server)
            return
        reading, writing = what & ~WRITE, what & ~READ
        try:
            if reading if of_client else writing:
                self._forth.pump()
            if writing if of_client else reading:
                self._back.pump()
        except OSError:
            self.reset()
            return
        if self._forth.passed and self._back.passed:
            self._end()
        else:
            self._await_all()

    def _has_connected(self, server: _socket.socket) -> None:
        if server.getsockopt(_socket.SOL_SOCKET, _socket.SO_ERROR):
            self._await(server, 0)
            server.close()
            self._server = None
            self._refused(self)
        else:
            self._connecting = False
            self._await_all()

    def _await_all(self) -> None:
        assert self._server is not None
        if self._connecting:
            self._await(self._server, WRITE)
        else:
            self._await(self.client, _wanted(self._forth, self._back))
            self._await(self._server, _wanted(self._back, self._forth))

    def _await(self, whom: _socket.socket, what: int) -> None:
        descriptor = whom.fileno()
        if self._awaited.get(descriptor, 0) != what:
            self._awaited[descriptor] = what
            self._watch(self, descriptor, what)

    def reset(self) -> None:
        """End it so that both sides see that something is wrong."""
        for each in filter(None, (self.client, self._server)):
            _set(each, _socket.SOL_SOCKET, _socket.SO_LINGER, _RESET)
        self._end()

    def _end(self) -> None:
        for each in filter(None, (self.client, self._server)):
            self._await(each, 0)
            each.close()
        self._server = None
        self._gone(self)


def _set(whom: _socket.socket, level: int, option: int, value: int | bytes) -> None:
    try:
        whom.setsockopt(level, option, value)
    except OSError:
        return  # macOS refuses it once the other side has gone, which shows by itself


def _wanted(outward: Flow, inward: Flow) -> int:
    """What is awaited of the socket that one flow comes from and the other goes to."""
    reading = READ if not (outward.ended or outward.rest) else 0
    return reading | (WRITE if inward.rest else 0)
