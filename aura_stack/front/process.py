"""The front's one loop: takes orders from the engine, accepts clients, and hands them to the run that serves.

Rules:

1. The listening sockets are the engine's: it sends a descriptor of each, so that they outlive this process.
2. As long as no run serves behind a socket, nobody accepts from it: clients wait in the kernel's queue.
3. A client that was accepted and that the run does not take (it has just died) waits here, `PATIENCE` seconds at the
   most, and meanwhile nobody else is accepted.
4. The end of the engine is ours: its end of the channel is closed then, however it ends.
5. Each line of the channel is carried out before anybody is accepted, and then counted in an answer: so who has the
   answer knows that no client goes to the old place any more.

Lines are `listen KEY` (a descriptor comes along), `to KEY PORT` (0: nobody serves), `close KEY`. This module imports
next to nothing: it is executed anew whenever it dies, and what it holds is small.
"""

from __future__ import annotations

import _socket
import errno
import select
import sys
import time

from .wires import READ, Wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

CHANNEL = 3  # the descriptor on which the engine speaks
PATIENCE = 1.0  # seconds that an accepted client waits for a run that does not take it
_STEP = 0.02  # seconds between two tries
_AT_ONCE = 64  # clients that are accepted before others have their turn
_HOSTS = ((_socket.AF_INET, "127.0.0.1"), (_socket.AF_INET6, "::1"))
_CONNECTED, _CONNECTING = frozenset({0, errno.EISCONN}), frozenset({errno.EINPROGRESS, errno.EALREADY})
_FULL = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_LINE = 64 * 1024  # bytes of the channel that are read at once
_DESCRIPTOR = 4  # bytes of a C int


class Poller:
    """What can be read and written: epoll(7), or poll(2) where there is none; both give the same bits."""

    def __init__(self) -> None:
        self._known: dict[int, int] = {}
        if sys.platform == "linux":
            self._poll, self._unit = select.epoll(), 1
        else:
            self._poll, self._unit = select.poll(), 1000  # it counts milliseconds

    def watch(self, descriptor: int, what: int) -> None:
        """Await this from now on; of one for which nothing is awaited, nothing is told."""
        before = self._known.pop(descriptor, 0)
        if before and what:
            self._poll.modify(descriptor, what)
        elif what:
            self._poll.register(descriptor, what)
        elif before:
            self._poll.unregister(descriptor)
        if what:
            self._known[descriptor] = what

    def wait(self, seconds: float | None) -> list[tuple[int, int]]:
        """Descriptors with what is there for each."""
        return self._poll.poll(None if seconds is None else seconds * self._unit)


class Listener:
    """A socket that clients come to, where they are handed on to, and those that nobody takes."""

    def __init__(self, descriptor: int) -> None:
        self.socket = _socket.socket(fileno=descriptor)
        self.socket.setblocking(False)
        self.port = 0
        self.waiting: list[Wire] = []
        self.hosts = _HOSTS  # the one that answered last first


class Front:
    """All of it.

    Args:
        channel: to the engine.
    """

    def __init__(self, channel: _socket.socket) -> None:
        self._channel = channel
        self._poller = Poller()
        self._acts: dict[int, Callable[[int, int], None]] = {channel.fileno(): self._listen_to_engine}
        self._poller.watch(channel.fileno(), READ)
        self._listeners: dict[str, Listener] = {}
        self._wires: set[Wire] = set()
        self._full = False  # no descriptor is left for another client
        self._said = b""  # the beginning of a line
        self._done = 0
        self._sent: list[int] = []  # descriptors that have come and were not asked for yet

    def run(self) -> None:
        """Serve until the engine has gone."""
        while self._channel.fileno() >= 0:
            for descriptor, what in self._poller.wait(_STEP if self._full or self._any_waiting() else None):
                act = self._acts.get(descriptor)
                if act:  # else an act before has closed it
                    act(descriptor, what)
            self._try_again()

    # --- the engine ---

    def _listen_to_engine(self, _: int, __: int) -> None:
        try:
            data, extra, _flags, _address = self._channel.recvmsg(_LINE, _socket.CMSG_SPACE(8 * _DESCRIPTOR))
        except ConnectionError:
            data, extra = b"", []
        for _level, _kind, given in extra:
            whole = len(given) - len(given) % _DESCRIPTOR
            self._sent += memoryview(given[:whole]).cast("i")
        if not data:
            self._channel.close()
            return
        *lines, self._said = (self._said + data).split(b"\n")
        for line in lines:
            self._obey(line.decode().split())
            self._done += 1
        self._channel.sendall(b"%d\n" % self._done)

    def _obey(self, words: list[str]) -> None:
        match words:
            case ["listen", key]:
                self._listeners[key] = Listener(self._sent.pop(0))
            case ["to", key, port]:
                self._direct(self._listeners[key], int(port))
            case ["close", key]:
                self._close(self._listeners.pop(key))

    def _direct(self, listener: Listener, port: int) -> None:
        if listener.port != port:
            listener.port, listener.hosts = port, _HOSTS
            for wire in listener.waiting:
                wire.deadline = time.monotonic() + PATIENCE
        self._open_or_not(listener)

    def _close(self, listener: Listener) -> None:
        """Whoever waits is sent away; whoever was handed on goes on."""
        self._watch_listener(listener, 0)
        listener.socket.close()
        for wire in tuple(listener.waiting):
            wire.reset()

    # --- clients ---

    def _open_or_not(self, listener: Listener) -> None:
        """Accept from a socket, or leave clients in its queue."""
        accepts = listener.port and not listener.waiting and not self._full
        self._watch_listener(listener, READ if accepts else 0)

    def _watch_listener(self, listener: Listener, what: int) -> None:
        descriptor = listener.socket.fileno()
        self._poller.watch(descriptor, what)
        self._acts[descriptor] = lambda _, __: self._accept(listener)
        if not what:
            del self._acts[descriptor]

    def _accept(self, listener: Listener) -> None:
        for _ in range(_AT_ONCE):
            try:
                descriptor, _address = listener.socket._accept()  # type: ignore[attr-defined]  # noqa: SLF001 - what socket.accept() calls
            except BlockingIOError:
                return
            except ConnectionAbortedError:  # it has gone while it was in the queue
                continue
            except OSError as error:
                if error.errno in _FULL:
                    self._fill(full=True)
                elif error.errno != errno.EINVAL:  # it listens no more, and is about to be closed
                    raise
                return
            client = _socket.socket(listener.socket.family, _socket.SOCK_STREAM, 0, descriptor)
            client.setblocking(False)
            wire = Wire(client, self._watch_wire, lambda one: self._keep(listener, one), self._forget)
            self._wires.add(wire)
            if not self._hand_on(listener, wire):
                self._keep(listener, wire)
                return

    def _hand_on(self, listener: Listener, wire: Wire) -> bool:
        """Connect a client to the run; whether there was somebody to take it."""
        for family, host in listener.hosts:
            server: _socket.socket | None = None
            try:
                server = _socket.socket(family, _socket.SOCK_STREAM)
                server.setblocking(False)
                code = server.connect_ex((host, listener.port))
                if code == errno.EINPROGRESS:  # on one machine it is done by now, unless the queue is full
                    code = server.connect_ex((host, listener.port))
            except OSError as error:  # no descriptor for it, or no IPv6 here
                code = error.errno or errno.EIO
            if server and code in _CONNECTED | _CONNECTING:
                listener.hosts = _HOSTS if host == _HOSTS[0][1] else _HOSTS[::-1]
                wire.join(server, connected=code in _CONNECTED)
                return True
            if server:
                server.close()
        return False

    def _keep(self, listener: Listener, wire: Wire) -> None:
        """Nobody has taken a client: it waits, and all others with it; behind a socket that was closed nobody will."""
        if listener.socket.fileno() < 0:
            wire.reset()
            return
        wire.deadline = wire.deadline or time.monotonic() + PATIENCE
        listener.waiting.append(wire)
        self._open_or_not(listener)

    def _any_waiting(self) -> bool:
        return any(listener.port and listener.waiting for listener in self._listeners.values())

    def _try_again(self) -> None:
        if self._full:
            self._fill(full=False)  # others may have given descriptors back; nobody tells
        for listener in self._listeners.values():
            if not (listener.port and listener.waiting):
                continue
            waiting, listener.waiting = listener.waiting, []
            while waiting and self._hand_on(listener, waiting[0]):
                waiting.pop(0)
            listener.waiting += [one for one in waiting if one.deadline > time.monotonic()]
            for one in waiting:
                if one not in listener.waiting:
                    one.reset()
            self._open_or_not(listener)

    def _watch_wire(self, wire: Wire, descriptor: int, what: int) -> None:
        self._poller.watch(descriptor, what)
        if what:
            self._acts[descriptor] = wire.happened
        else:
            self._acts.pop(descriptor, None)

    def _forget(self, wire: Wire) -> None:
        self._wires.discard(wire)
        for listener in self._listeners.values():
            if wire in listener.waiting:
                listener.waiting.remove(wire)

    def _fill(self, *, full: bool) -> None:
        self._full = full
        for listener in self._listeners.values():
            self._open_or_not(listener)


def _raise_open_files() -> None:
    """Two descriptors for each client: as many as the hard limit allows (on Linux; see `system/limits`)."""
    if sys.platform == "linux":
        import resource  # noqa: PLC0415 - macOS has another idea of it

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> None:
    """Be the front; ends when the engine does."""
    _raise_open_files()
    Front(_socket.socket(fileno=CHANNEL)).run()
