"""The socket on which one run says by itself that it is ready (sd_notify(3)).

Each run has a socket of its own, so no run can speak for another. On Linux the kernel tells who sent a datagram
(SCM_CREDENTIALS, unix(7)), and what comes from a process that is not of the run is dropped. Who has gone before
we could look counts as one of the run, since `systemd-notify` says its word and ends: the way to the socket is
open to its user alone. Elsewhere nobody tells, and nothing is dropped.

It is read until the run is over, ready or not: nobody who has more to say may be held up by a full queue.
"""

# `_socket` is what the `socket` module wraps; this runs before the first service is spawned, and 3 ms are saved.
import _socket
import contextlib
import os
import struct
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aura_stack.system.places import RUN_SOCKET

from . import notice
from .notice import Notice

if TYPE_CHECKING:
    import asyncio

_SIZE = 4096  # bytes of a datagram, as systemd has it; a longer one is dropped
_AT_ONCE = 64  # datagrams before others get their turn
_CREDENTIALS = struct.Struct("=iII")  # pid, uid and gid: struct ucred of unix(7)
_DESCRIPTORS = 253  # that may come along at most (SCM_MAX_FD): all are closed
_RANDOM = 4  # bytes of the name: nobody takes another run's by guessing

IsOurs = Callable[[int], bool]
"""Whether the process of that pid is of the run, or has gone."""


class NotifySocket:
    """A bound socket, its file, and what has been said on it so far.

    Args:
        folder: where the file is made, with mode 0600; it has to be closed to other users.
        watchdog: within so many seconds the run has to say WATCHDOG=1 again and again; 0 for never.

    Raises:
        OSError: it cannot be made.
    """

    def __init__(self, folder: str, watchdog: float = 0.0) -> None:
        self.path = os.path.join(folder, f"{RUN_SOCKET}{os.urandom(_RANDOM).hex()}")
        self._socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_DGRAM)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.listeners: list[Callable[[Notice], None]] = []
        """Told of everything that the run says and that means something."""
        self.ready = False
        self.status = ""
        self.main = 0
        """The process that the run said is its main one, 0 for none."""
        self.period = watchdog
        """Seconds between two WATCHDOG=1, by the definition or as the run said last."""
        self.leaving = self.lost = False
        """Whether it said that it is stopping, and that it wants to be ended."""
        try:
            self._bind()
        except OSError:
            self._socket.close()
            raise

    def _bind(self) -> None:
        self._socket.setblocking(False)
        os.set_inheritable(self._socket.fileno(), False)
        if sys.platform == "linux":
            self._socket.setsockopt(_socket.SOL_SOCKET, _socket.SO_PASSCRED, 1)
        self._socket.bind(self.path)
        os.chmod(self.path, 0o600)

    @property
    def variables(self) -> dict[str, str]:
        """What tells the run where to speak, and how often it has to (sd_watchdog_enabled(3))."""
        often = {"WATCHDOG_USEC": str(round(self.period * 1_000_000))} if self.period else {}
        return {"NOTIFY_SOCKET": self.path, **often}

    def attach(self, loop: "asyncio.AbstractEventLoop", is_ours: IsOurs) -> None:
        """Read what comes, and what came before."""
        self._loop = loop
        loop.add_reader(self._socket.fileno(), self._read, is_ours)

    def close(self) -> None:
        """The end of socket and file."""
        if self._loop:
            self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)

    def _read(self, is_ours: IsOurs) -> None:
        for _ in range(_AT_ONCE):
            try:
                self._take(is_ours)
            except BlockingIOError:
                return

    def _take(self, is_ours: IsOurs) -> None:
        room = _socket.CMSG_SPACE(_CREDENTIALS.size) + _socket.CMSG_SPACE(4 * _DESCRIPTORS)
        data, extras, flags, _ = self._socket.recvmsg(_SIZE, room, getattr(_socket, "MSG_CMSG_CLOEXEC", 0))
        sender = _sender(extras)
        said = notice.read(b"" if flags & _socket.MSG_TRUNC else data)
        if said.says_nothing or (sender is not None and not is_ours(sender)):
            return
        self.ready = self.ready or said.ready
        self.status = self.status if said.status is None else said.status
        self.main = said.main or self.main
        self.period = said.period or self.period
        self.leaving, self.lost = self.leaving or said.leaving, self.lost or said.lost
        for listener in tuple(self.listeners):
            listener(said)


def _sender(extras: list[tuple[int, int, bytes]]) -> int | None:
    """The pid of who sent it, None where nobody tells; descriptors that came along are closed.

    So BARRIER=1, whose sender waits for that, is answered, and FDSTORE=1 leaves nothing open here.
    """
    sender: int | None = None
    for level, kind, data in extras:
        if level != _socket.SOL_SOCKET:
            continue
        if kind == _socket.SCM_RIGHTS:
            whole = len(data) - len(data) % 4
            for (descriptor,) in struct.iter_unpack("=i", data[:whole]):
                os.close(descriptor)
        elif sys.platform == "linux" and kind == _socket.SCM_CREDENTIALS:
            sender = _pid(data)
    return sender


def _pid(data: bytes) -> int | None:
    fields: tuple[Any, ...] = _CREDENTIALS.unpack_from(data)
    return int(fields[0]) or None  # 0: from outside of our pid namespace
