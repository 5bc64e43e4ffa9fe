"""The listening sockets that are held for services, so that clients wait while one run follows another.

A socket is opened before the first run of a service that asks for it, and every run of it gets the same one. Whoever
connects while no run accepts waits in the kernel's queue. So that a dead service refuses instead of letting everybody
hang, a socket is closed when the service is stopped or has failed for good, and once there was no ready run for
`PATIENCE` seconds and none is on its way.

One socket hears IPv4 and IPv6: it is bound to all addresses (`::`), and on Linux to the loopback device as well
(SO_BINDTODEVICE, socket(7)), so nobody from elsewhere gets in unless the definition says `host: any`. Where that
cannot be done it is bound to 127.0.0.1.

Whether a service takes its socket is not known before a run has accepted from it. A wrapper may have lost it
(`npm run` passes no descriptors on), and a server that knows nothing of sockets finds its port taken. So when a run
failed before it was ready and none ever has accepted, the one that policy starts next gets none (a *trial*). If that
one becomes ready, the service has none from then on, which is told; if it does not, that was not the reason.
"""

# `_socket` is what the `socket` module wraps; this runs before the first service is spawned, and 3 ms are saved.
import _socket
import errno
import fcntl
import os
import sys
from collections.abc import Callable
from enum import Enum, auto

from aura_stack.stack.model import Host, Mode, Port, Service

from .delivery import Held, asks_by_word
from .verdict import NotExecutable, Verdict

PATIENCE = 10.0  # seconds without a ready run after which clients are refused
BACKLOG = 4096  # connections that may wait; the kernel has a limit of its own (net.core.somaxconn)
SPARE = 4  # further descriptors of a socket, for servers that close theirs and listen again
_HIGH = 64  # descriptors from here on: none of them is one of the numbers they get in a run


class Fitness(Enum):
    """Whether a service takes the sockets that are held for it."""

    UNKNOWN = auto()
    TAKES = auto()
    DOES_NOT = auto()


class Sockets:
    """Those of one service.

    Args:
        service: one that asks for them.
        now: monotonic seconds.
    """

    def __init__(self, service: Service, now: Callable[[], float]) -> None:
        self.fitness = Fitness.UNKNOWN
        self.trial = False
        """Whether the next run gets none, to see whether they are what keeps it from getting ready."""
        self.held: tuple[Held, ...] = ()
        self._now = now
        self._closes_at = 0.0
        self._ready: set[int] = set()
        self._service = service

    def redefine(self, service: Service) -> None:
        """The service is defined anew: with another command it may take them after all."""
        before, self._service = self._service, service
        if (before.command, before.handover) != (service.command, service.handover):
            self.fitness, self.trial = Fitness.UNKNOWN, False
            self.close()

    @property
    def ports(self) -> frozenset[int]:
        """The numbers that are held now."""
        return frozenset(one.port for one in self.held)

    def give(self) -> tuple[Held, ...]:
        """What the next run gets, opened if need be; nothing where it cannot take any.

        Raises:
            NotExecutable: a port is not to be had.
        """
        trial, self.trial = self.trial, False
        if self._service.handover.mode is Mode.STOP_FIRST or self.fitness is Fitness.DOES_NOT or trial:
            self.close()
            return ()
        if self.ports != _numbers(self._service):
            self.close()
            self._open()
        return self.held

    def are_shared(self, service: Service) -> bool:
        """Whether the next run of the service, so defined, gets what the current one has, and takes it."""
        same = service.command == self._service.command and self.ports == _numbers(service)
        return same and self.fitness is Fitness.TAKES and bool(self._ready)

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
        _close(self.held)
        self.held = ()

    # --- what becomes of runs ---

    def got_ready(self, run: int, *, with_sockets: bool) -> bool:
        """A run is ready; the answer is whether that shows that the service does not take sockets."""
        if with_sockets:
            self._ready.add(run)
            self.fitness = Fitness.TAKES
            return False
        shown = self.fitness is Fitness.UNKNOWN and self._service.handover.mode is not Mode.STOP_FIRST
        self.fitness = Fitness.DOES_NOT if shown else self.fitness
        return shown

    def lost(self) -> bool:
        """A run has shown that it did not get them; the answer is whether that is news."""
        news = self.fitness is not Fitness.DOES_NOT
        self.fitness = Fitness.DOES_NOT
        return news

    def ended(self, run: int) -> bool:
        """The main process of a run has ended; the answer is whether it was ready: now nobody may be serving."""
        if run not in self._ready:
            return False
        self._ready.discard(run)
        if not self._ready:
            self._closes_at = self._now() + PATIENCE
        return True

    @property
    def may_try_without(self) -> bool:
        """Whether a run that failed before it was ready may have done so because of its sockets."""
        can = self._service.command is not None and not asks_by_word(self._service.command.argv)
        return bool(self.held) and self.fitness is Fitness.UNKNOWN and can

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
