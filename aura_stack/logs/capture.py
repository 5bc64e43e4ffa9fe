"""Two pipes or a pseudo-terminal for each run, read to their end, into the store.

The end of a pipe proves that its last writer is gone, also a grandchild that outlived the main process; until
then its bytes are kept, whatever has become of the run. Pipes can be opened before there is an event loop:
they hold 64 KiB until `attach`.

A pseudo-terminal (pty(7)) is read at its other end, its master: what was printed, and the echo of what was typed.
"""

import errno
import os
import termios
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from aura_stack.frozen import Frozen, NamedTuple
from aura_stack.system.bulk import widen

from .ready import ready
from .store import Store

if TYPE_CHECKING:
    import asyncio

READ = 256 * 1024  # bytes taken from one pipe at once
FLOOD = 32 * 1024  # bytes that wait in a pipe whose writer does not stop, which is then to hold READ of them
WIDENED = 64  # pipes at once: what all pipes of a user hold together is limited (pipe(7))
SIZE = (24, 80)  # rows and columns of a terminal that nobody has given a size

Listener = Callable[[str, bytes], None]


class _Pipe(NamedTuple):
    """The reading end of a pipe, or the master of a terminal, and where its bytes go."""

    descriptor: int
    service: str
    name: str
    run: int
    stream: int
    terminal: bool


class Terminal(Frozen):
    """The master of a run's terminal: what is written to it has been typed there."""

    run: int
    master: int


class Capture:
    """The reading ends of all pipes.

    Args:
        store: takes the bytes.
        fault: told once when the store does not take them any more (a full disk).
    """

    def __init__(self, store: Store, fault: Callable[[OSError], None]) -> None:
        self._store = store
        self._fault: Callable[[OSError], None] | None = fault
        self._pipes: dict[int, _Pipe] = {}
        self._wide: set[int] = set()  # those of them that were made to hold more
        self._terminals: dict[str, Terminal] = {}
        self._sizes: dict[str, tuple[int, int]] = {}
        self._taps: dict[tuple[str, int], Listener] = {}
        self._ready = ready(self._take_from, self._flush)

    def open(self, service: str, run: int) -> tuple[int, int]:
        """Two new pipes for a run; the answer is their writing ends, for stdout and stderr."""
        return self.open_one(service, run, "out"), self.open_one(service, run, "err")

    def open_one(self, service: str, run: int, name: str) -> int:
        """A new pipe for one stream of a run."""
        reading, writing = os.pipe()  # both close on exec (PEP 446)
        self._begin(reading, service, run, name, terminal=False)
        return writing

    def open_terminal(self, service: str, run: int) -> int:
        """A new terminal for a run; the answer is the run's end of it. What comes is the stream `out`."""
        master, end = os.openpty()
        termios.tcsetwinsize(end, self._sizes.get(service, SIZE))
        self._begin(master, service, run, "out", terminal=True)
        self._terminals[service] = Terminal(run, master)
        return end

    def terminal(self, service: str) -> Terminal | None:
        """The terminal of the service's run; None when there is none, or nobody has it open any more."""
        return self._terminals.get(service)

    def resize(self, service: str, rows: int, columns: int) -> None:
        """Give the terminal of a service, and those of its later runs, a size; a run learns of it (SIGWINCH)."""
        self._sizes[service] = (rows, columns)
        if terminal := self._terminals.get(service):
            termios.tcsetwinsize(terminal.master, (rows, columns))

    def _begin(self, reading: int, service: str, run: int, name: str, *, terminal: bool) -> None:
        os.set_blocking(reading, False)
        stream = self._store.stream(f"{service}.{name}.log")
        self._pipes[reading] = _Pipe(reading, service, name, run, stream, terminal)
        self._ready.add(reading)

    def tap(self, service: str, run: int, listener: Listener) -> None:
        """Hand every chunk of a run's streams to the listener as well, and to no earlier one."""
        self._taps[service, run] = listener

    def untap(self, service: str, run: int, listener: Listener) -> None:
        """End that, unless somebody else listens by now."""
        if self._taps.get((service, run)) == listener:
            del self._taps[service, run]

    def expect(self, services: Iterable[str]) -> None:
        """Runs of these services begin soon, many at once: say so, and the store need not learn of each by itself."""
        self._store.expect(f"{service}.{name}.log" for service in services for name in ("out", "err"))

    def attach(self, loop: "asyncio.AbstractEventLoop") -> None:
        """There is an event loop now: read."""
        self._ready.attach(loop)

    def pause(self, *, on: bool) -> None:
        """Take nothing for now, so that services wait once their pipes are full; or go on."""
        self._ready.pause(on=on)

    def drain(self, service: str = "") -> None:
        """Read what the pipes hold now, of one service or of all, and close those that are at their end.

        Who writes without a pause goes on doing so: what he writes meanwhile is not waited for.
        """
        for pipe in list(self._pipes.values()):
            if service in ("", pipe.service):
                self._empty(pipe)
        self._flush()

    def _empty(self, pipe: _Pipe) -> None:
        taken = 0
        while taken <= READ and pipe.descriptor in self._pipes and (size := self._take(pipe)):
            taken += size  # no pipe of ours holds more than READ: what was there has come by then

    def close(self) -> None:
        """Close what is open still."""
        for pipe in list(self._pipes.values()):
            self._close(pipe)
        self._ready.close()

    def _take_from(self, descriptor: int) -> int:
        return self._take(self._pipes[descriptor])

    def _flush(self) -> None:
        """Enter what was taken."""
        try:
            self._store.flush()
        except OSError as error:
            self._tell(error)

    def _take(self, pipe: _Pipe) -> int:
        """One chunk into the store; how many bytes that were.

        A disk that takes no more must not stop the services: the loss is told, once, and they go on.
        """
        if pipe.terminal or (pipe.service, pipe.run) in self._taps:
            return self._read(pipe)
        try:
            size = self._store.take(pipe.descriptor, pipe.stream, pipe.run, READ)
        except BlockingIOError:
            return 0
        except OSError as error:
            self._tell(error)
            return self._drop(pipe)
        if not size:
            self._close(pipe)
        elif size >= FLOOD and pipe.descriptor not in self._wide and len(self._wide) < WIDENED:
            self._wide.add(pipe.descriptor)
            widen(pipe.descriptor, READ)
        return size

    def _read(self, pipe: _Pipe) -> int:
        """The same, where the bytes have to pass through us: for who listens, and out of a terminal."""
        try:
            data = os.read(pipe.descriptor, READ)
        except BlockingIOError:
            return 0
        except OSError as error:
            if error.errno != errno.EIO or not pipe.terminal:
                raise
            data = b""  # so Linux says that nobody has the terminal open any more
        if not data:
            self._close(pipe)
            return 0
        try:
            self._store.add(pipe.stream, pipe.run, data)
        except OSError as error:
            self._tell(error)
        self._hear(pipe, data)
        return len(data)

    def _drop(self, pipe: _Pipe) -> int:
        """Take what the store did not, and lose it."""
        try:
            data = os.read(pipe.descriptor, READ)
        except OSError:
            return 0
        if data:
            self._hear(pipe, data)
        return len(data)

    def _hear(self, pipe: _Pipe, data: bytes) -> None:
        if listener := self._taps.get((pipe.service, pipe.run)):
            listener(pipe.name, data)

    def _tell(self, error: OSError) -> None:
        fault, self._fault = self._fault, None
        if fault:
            fault(error)

    def _close(self, pipe: _Pipe) -> None:
        self._ready.remove(pipe.descriptor)
        os.close(pipe.descriptor)
        del self._pipes[pipe.descriptor]
        self._wide.discard(pipe.descriptor)
        if self._terminals.get(pipe.service) == Terminal(pipe.run, pipe.descriptor):
            del self._terminals[pipe.service]
        try:
            self._store.end(pipe.stream, pipe.run)
        except OSError as error:
            self._tell(error)
