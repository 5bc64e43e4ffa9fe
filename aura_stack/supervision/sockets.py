"""The listening sockets that are held for services, so that clients wait while one run follows another.

A socket is opened before the first run of a service that asks for it, and every run of it gets the same one. Whoever
connects while no run accepts waits in the kernel's queue. So that a dead service refuses instead of letting everybody
hang, a socket is closed when the service is stopped or has failed for good, and once there was no ready run for
`PATIENCE` seconds and none is on its way.

One socket hears IPv4 and IPv6: it is bound to all addresses (`::`), and on Linux to the loopback device as well
(SO_BINDTODEVICE, socket(7)), so nobody from elsewhere gets in unless the definition says `host: any`. Where that
cannot be done it is bound to 127.0.0.1.

How a socket is served is one of several *ways*: by the run itself, which gets it; by a front, which hands clients on to
a port of the run's own; or not at all, and the service is stopped before it starts anew. Whether a service takes its
socket is not known before a run has accepted from it. A wrapper may have lost it (`npm run` passes no descriptors
on), and a server that knows nothing of sockets finds its port taken. Nor is it known whether it listens where PORT
says. So when a run failed before it was ready, and none ever was, the one that policy starts next is served in the next
way. The way in which a run first gets ready is that of the service from then on, which is told if it is not the first
one; if none does, that was not the reason.
"""

# `_socket` is what the `socket` module wraps; this runs before the first service is spawned, and 3 ms are saved.
import _socket
import errno
import fcntl
import os
import sys
from collections.abc import Callable
from enum import Enum, auto

from aura_stack.stack.model import By, Host, Mode, Port, Service

from .delivery import Held, asks_by_word
from .verdict import NotExecutable, Verdict

PATIENCE = 10.0  # seconds without a ready run after which clients are refused
BACKLOG = 4096  # connections that may wait; the kernel has a limit of its own (net.core.somaxconn)
SPARE = 4  # further descriptors of a socket, for servers that close theirs and listen again
_HIGH = 64  # descriptors from here on: none of them is one of the numbers they get in a run


class Way(Enum):
    """How the sockets of a run are served."""

    SOCKET = auto()  # it gets them
    FRONT = auto()  # it gets ports of its own, and the front accepts
    NONE = auto()  # they are not held


def ways(service: Service) -> tuple[Way, ...]:
    """In which ways a service may be served, the first to be tried first."""
    if service.handover.mode is Mode.STOP_FIRST or service.command is None:
        return (Way.NONE,)
    match service.handover.by:
        case By.FRONT:
            return (Way.FRONT,)
        case By.SOCKET:
            return (Way.SOCKET,)
        case By.TRIED if asks_by_word(service.command.argv):
            return (Way.SOCKET,)
        case By.TRIED:
            return (Way.SOCKET, Way.FRONT, Way.NONE)


class Sockets:
    """Those of one service.

    Args:
        service: one that asks for them.
        now: monotonic seconds.
        closed: told of each port that is held no longer, before it is let go.
    """

    def __init__(
        self, service: Service, now: Callable[[], float], closed: Callable[[int], None] = lambda _: None
    ) -> None:
        self.way: Way | None = None
        """How its runs are served; None as long as none was ready."""
        self.held: tuple[Held, ...] = ()
        self._last = Way.NONE  # of the run that began last
        self._next: Way | None = None  # to be tried, because the last one did not get ready
        self._now = now
        self._closed = closed
        self._closes_at = 0.0
        self._ready: set[int] = set()
        self._service = service

    def redefine(self, service: Service) -> None:
        """The service is defined anew: with another command another way may do."""
        before, self._service = self._service, service
        if (before.command, before.handover) != (service.command, service.handover):
            self.way = self._next = None
            self.close()

    @property
    def ports(self) -> frozenset[int]:
        """The numbers that are held now."""
        return frozenset(one.port for one in self.held)

    def give(self) -> Way:
        """How the next run is served; where that is by sockets, they are open then.

        Raises:
            NotExecutable: a port is not to be had.
        """
        wanted, self._next = self.way or self._next, None
        self._last = wanted if wanted in self._ways else self._ways[0]
        if self._last is Way.NONE:
            self.close()
        elif self.ports != _numbers(self._service):
            self.close()
            self._open()
        return self._last

    @property
    def _ways(self) -> tuple[Way, ...]:
        return ways(self._service)

    def are_shared(self, service: Service) -> bool:
        """Whether the next run of the service, so defined, is served by the sockets of the current one, as that is."""
        same = service.command == self._service.command and self.ports == _numbers(service)
        return same and self.way not in (None, Way.NONE) and bool(self._ready)

    def _open(self) -> None:
        held: list[Held] = []
        try:
            for port in self._service.ports:
                held.append(_hold(port, self._service.handover.host))
        except OSError as error:
            _close(held)
            words = f"port {port.number} cannot be held for it: {(error.strerror or str(error)).lower()}"
            raise NotExecutable(Verdict(ok=False, words=words, code=126)) from error
        self.held = tuple(held)
        self._closes_at = self._now() + PATIENCE

    def close(self) -> None:
        """Clients are refused from now on, unless a run that has the sockets accepts them."""
        for one in self.held:
            self._closed(one.port)
        _close(self.held)
        self.held = ()

    # --- what becomes of runs ---

    def got_ready(self, run: int, way: Way) -> bool:
        """A run is ready; the answer is whether that shows that the service is not served as one would think."""
        if way is not Way.NONE:
            self._ready.add(run)
        news = self.way is None and way is not self._ways[0]
        self.way = self.way or way
        return news

    def lost(self) -> None:
        """A run has shown that it is not served in this way."""
        self.way = None
        self.try_next()

    def ended(self, run: int) -> bool:
        """The main process of a run has ended; the answer is whether it was ready: now nobody may be serving."""
        if run not in self._ready:
            return False
        self._ready.discard(run)
        if not self._ready:
            self._closes_at = self._now() + PATIENCE
        return True

    @property
    def may_try_next(self) -> bool:
        """Whether a run that failed before it was ready may have done so because of the way that it was served."""
        return self.way is None and self._last is not self._ways[-1]

    def try_next(self) -> None:
        """Have the next run served in another way than the last one."""
        every = self._ways
        place = every.index(self._last) if self._last in every else -1
        self._next = every[(place + 1) % len(every)]

    def seconds_left(self, *, alive: bool) -> float | None:
        """How long clients may still wait, below 0 for no longer; None as long as it goes on.

        Args:
            alive: whether a run lives that has the sockets: it will accept, or end.
        """
        return self._closes_at - self._now() if self.held and not self._ready and not alive else None


def _numbers(service: Service) -> frozenset[int]:
    return frozenset(port.number for port in service.ports)


def _hold(port: Port, host: Host) -> Held:
    """A listening socket for a port.

    Raises:
        OSError: it is not to be had.
    """
    listener = _listener(port.number, host)
    try:
        listener.listen(BACKLOG)
        duplicates: list[int] = []
        try:
            while len(duplicates) < 1 + SPARE:
                duplicates.append(fcntl.fcntl(listener.fileno(), fcntl.F_DUPFD_CLOEXEC, _HIGH))
        except OSError:
            for each in duplicates:
                os.close(each)
            raise
        return Held(port.key, port.number, os.fstat(listener.fileno()).st_ino, tuple(duplicates))
    finally:
        listener.close()


def _listener(number: int, host: Host) -> _socket.socket:
    for family, address in ((_socket.AF_INET6, "::"), (_socket.AF_INET, "")):
        try:
            made = _socket.socket(family, _socket.SOCK_STREAM)
        except OSError:  # a machine without IPv6
            continue
        try:
            made.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
            if family == _socket.AF_INET6:
                made.setsockopt(_socket.IPPROTO_IPV6, _socket.IPV6_V6ONLY, 0)
            if family == _socket.AF_INET6 and host is Host.LOOPBACK:
                _bind_to_loopback_device(made)
            made.bind((address or ("127.0.0.1" if host is Host.LOOPBACK else "0.0.0.0"), number))  # noqa: S104
        except OSError as error:
            made.close()
            if family == _socket.AF_INET or error.errno == errno.EADDRINUSE:
                raise
        else:
            return made
    raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))


def _bind_to_loopback_device(made: _socket.socket) -> None:
    """So that nobody from another machine gets in.

    Raises:
        OSError: that is not possible here.
    """
    if sys.platform != "linux":
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
    made.setsockopt(_socket.SOL_SOCKET, _socket.SO_BINDTODEVICE, b"lo\0")


def _close(held: "tuple[Held, ...] | list[Held]") -> None:
    for one in held:
        for descriptor in one.descriptors:
            os.close(descriptor)
