"""The engine's side of the front: starts it, tells it where clients are handed on to, and replaces it when it dies.

The front is executed when it is to serve the first socket, and ends with us. What it was told is kept here, so that a
new one is told all of it. The sockets are ours: whoever comes meanwhile waits in their queues. What went through one
that died is cut.
"""

# `_socket` is what the `socket` module wraps, and all that is needed of it
import _socket
import fcntl
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from aura_stack.frozen import NamedTuple
from aura_stack.messages import events

from .process import Children, Gift, judge, spawn
from .verdict import NotExecutable

if TYPE_CHECKING:
    import asyncio

STEADY = 5.0  # seconds after which its end is no reason to wait with the next one
PATIENCE = 0.5  # seconds that somebody waits for it to have done what it was told
_FIRST, _LONGEST = 0.05, 5.0  # seconds before a new one where one after the other dies, from the second on
_HIGH = 64  # see process.Gift


class _Socket:
    """One that it serves: our descriptor, and the port that clients are handed on to, 0 for none."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.port = 0


class _Waiting(NamedTuple):
    """What is called once so many lines were carried out."""

    lines: int
    act: Callable[[], None]
    timer: "asyncio.TimerHandle"


class Front:
    """The front of one stack.

    Args:
        argv: what is executed.
        children: tell of its end.
        publish: the direct path of facts to the record.
        null: a descriptor of /dev/null.
        now: monotonic seconds.
    """

    def __init__(
        self,
        argv: Sequence[str],
        children: Children,
        publish: Callable[[events.Event], None],
        null: int,
        now: Callable[[], float],
    ) -> None:
        self._argv = argv
        self._children = children
        self._publish = publish
        self._null = null
        self._now = now
        self.pid = 0
        """Its number; 0 while there is none."""
        self._sockets: dict[int, _Socket] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._channel: _socket.socket | None = None
        self._next: asyncio.Handle | None = None  # the start of another one
        self._began = 0.0
        self._short = 0  # how many in a row did not live long
        self._lines = 0  # that this one was sent
        self._heard = b""
        self._waiting: list[_Waiting] = []

    def attach(self, loop: "asyncio.AbstractEventLoop") -> None:
        """There is an event loop now; before, no run was ready that anybody could be handed on to."""
        self._loop = loop
        if self._sockets:
            self._start()

    # --- what it is told ---

    def listen(self, key: int, descriptor: int) -> None:
        """Serve a socket from now on, of which `key` is the port; clients wait until `direct` says for whom.

        One that it serves already goes on as it is.
        """
        if key in self._sockets:
            return
        self._sockets[key] = _Socket(descriptor)
        if self._channel:
            self._say(b"listen %d\n" % key, descriptor)
        elif self._loop and not self._next:
            self._start()

    def direct(self, key: int, port: int) -> None:
        """Hand the clients of a socket on to this port from now on; 0: to nobody, they wait."""
        told = self._sockets.get(key)
        if told and told.port != port:
            told.port = port
            self._say(b"to %d %d\n" % (key, port))

    def close(self, key: int) -> None:
        """Let go of a socket: whoever waits there is sent away; whoever was handed on goes on."""
        if told := self._sockets.pop(key, None):
            _refuse(told.descriptor)
            self._say(b"close %d\n" % key)

    def when_done(self, act: Callable[[], None]) -> None:
        """Call this once all that it was told is carried out, or cannot be waited for any longer."""
        if self._loop is None or not self._channel:
            act()  # there is none, so none hands anybody on
            return
        waiting = _Waiting(self._lines, act, self._loop.call_later(PATIENCE, self._give_up, act))
        self._waiting.append(waiting)

    def end(self) -> None:
        """Let it end: nothing is to be served any more."""
        self._sockets.clear()
        self._hang_up()
        if self._next:
            self._next.cancel()

    # --- its life ---

    def _start(self) -> None:
        assert self._loop is not None
        self._next = None
        self._began, self._lines, self._heard = self._now(), 0, b""
        try:
            ours, its = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_STREAM)
            given = fcntl.fcntl(its.fileno(), fcntl.F_DUPFD_CLOEXEC, _HIGH)
        except OSError as error:  # no descriptors left
            self._lost(f"cannot be started: {(error.strerror or str(error)).lower()}")
            return
        try:
            self.pid = spawn(self._argv, {}, "/", (self._null, self._null, 2), Gift((given,)))
        except NotExecutable as error:
            ours.close()
            self._lost(f"cannot be executed: {error.verdict.words}")
            return
        finally:
            its.close()
            os.close(given)
        ours.setblocking(False)
        self._channel = ours
        self._children.adopt(self.pid, self._ended)
        self._loop.add_reader(ours.fileno(), self._hear)
        for key, told in self._sockets.items():
            self._say(b"listen %d\n" % key, told.descriptor)
            if told.port:
                self._say(b"to %d %d\n" % (key, told.port))

    def _ended(self, status: int) -> None:
        pid, self.pid = self.pid, 0
        self._hang_up()
        if self._sockets:  # else nobody needs it
            self._lost(f"(pid {pid}) {_passive(judge(status).words)}")

    def _lost(self, words: str) -> None:
        """There is none, and one is needed."""
        assert self._loop is not None
        steady = self._now() - self._began >= STEADY
        self._short = 0 if steady else self._short + 1
        pause = min(_FIRST * 2 ** (self._short - 2), _LONGEST) if self._short > 1 else 0.0
        then = f"another one follows in {pause:g} s" if pause else "another one takes its place"
        text = f"the front {words}: connections through it are cut, new ones wait; {then}"
        self._publish(events.Notice(text, alarm=True))
        self._next = self._loop.call_later(pause, self._start)

    # --- the channel ---

    def _say(self, line: bytes, descriptor: int | None = None) -> None:
        """Where it is not there, a new one is told all."""
        if not self._channel:
            return
        given = [] if descriptor is None else [descriptor.to_bytes(4, sys.byteorder)]
        rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, each) for each in given]
        try:
            self._channel.sendmsg([line], rights)
        except BlockingIOError:  # thousands of lines unread: it hangs
            os.kill(self.pid, signal.SIGKILL)  # our child, not waited for yet
        except ConnectionError:
            return  # it is just ending
        self._lines += 1

    def _hear(self) -> None:
        """How many lines it has carried out."""
        assert self._channel is not None
        try:
            data = self._channel.recv(4096)
        except (BlockingIOError, ConnectionError):
            return
        if not data:
            self._hang_up()
            return
        *whole, self._heard = (self._heard + data).split(b"\n")
        if whole:
            self._carried_out(int(whole[-1]))

    def _carried_out(self, lines: int) -> None:
        done = [one for one in self._waiting if one.lines <= lines]
        self._waiting = [one for one in self._waiting if one.lines > lines]
        for one in done:
            one.timer.cancel()
            one.act()

    def _give_up(self, act: Callable[[], None]) -> None:
        self._waiting = [one for one in self._waiting if one.act is not act]
        act()

    def _hang_up(self) -> None:
        """One that is not there hands nobody on."""
        if self._channel:
            assert self._loop is not None
            self._loop.remove_reader(self._channel.fileno())
            self._channel.close()
            self._channel = None
        self._carried_out(self._lines)


def _refuse(descriptor: int) -> None:
    """Have a socket listen no more, whoever else has it as well: the front closes its own a moment later."""
    listener = _socket.socket(fileno=os.dup(descriptor))
    try:
        listener.shutdown(_socket.SHUT_RDWR)
    except OSError:
        return  # macOS cannot do it: there the front's close(2) is what ends it
    finally:
        listener.close()


def _passive(words: str) -> str:
    return words if words.startswith("exited") else f"was {words}"
