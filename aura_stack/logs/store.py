"""The record of a stack: plain bytes per stream, an index over all, appended and never rewritten.

`<service>.out.log` and `<service>.err.log` hold exactly what was printed, so `tail -f` and `grep` work. `index`
holds one entry for each chunk (see framing), `streams` names the streams, a line each. Bytes are written before
the entry that names them, so a reader never meets an entry without its bytes.

Who deletes the folder while the stack runs (`git clean -fdx`) gets a new record at the next event: see `number`.
"""

import os
import time
from collections.abc import Callable

from aura_stack.system.bulk import Mover, write_all

from .framing import ENTRY, EVENTS, Entry, Kind

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC  # and not O_APPEND: splice(2) would refuse
_MODE = 0o644


class Store:
    """The one writer of a record.

    Args:
        directory: where the files are.
        events: the file of the stream of events.
        wake: called after every entry.
        create: makes the directory, where it is not there.

    Raises:
        OSError: the files cannot be written.
    """

    def __init__(
        self, directory: str, events: str, wake: Callable[[], None], create: Callable[[], None]
    ) -> None:
        self._directory = directory
        self._events = os.path.relpath(events, directory)
        self._wake = wake
        self._create = create
        self._mover = Mover()
        self.number = 0
        """Counts the records of this store: one more each time the files have been deleted under it."""
        self._begin()

    def _begin(self) -> None:
        self._create()
        self.number += 1
        self._index = os.open(os.path.join(self._directory, "index"), _FLAGS | os.O_APPEND, _MODE)
        size = os.fstat(self._index).st_size
        if size % ENTRY.size:  # a crash in the middle of an entry
            os.ftruncate(self._index, size - size % ENTRY.size)
        self._table = os.path.join(self._directory, "streams")
        self._names = read_streams(self._table)
        self._files: dict[int, int] = {}  # number → descriptor
        self._pending: list[Entry] = []  # what flush is to enter
        if not self._names:
            self.stream(self._events)

    @property
    def position(self) -> int:
        """Where the index ends now: a follower that begins there sees only what is new."""
        return os.fstat(self._index).st_size

    def stream(self, file: str) -> int:
        """The number of the stream kept in `file` (relative to the directory); a new one is entered."""
        if file not in self._names:
            self.renew_if_deleted()
            descriptor = os.open(self._table, _FLAGS | os.O_APPEND, _MODE)
            with os.fdopen(descriptor, "ab") as table:
                table.write(os.fsencode(file) + b"\n")
            self._names.append(file)
        return self._names.index(file)

    def take(self, pipe: int, stream: int, run: int, most: int) -> int:
        """Move a chunk of at most so many bytes from a pipe to a stream; its entry waits for `flush`.

        Returns:
            How many bytes there were, 0 at the end of the pipe.

        Raises:
            BlockingIOError: there are none now.
            OSError: the disk does not take them.
        """
        file = self._files.get(stream) or self._open(stream)
        offset = os.lseek(file, 0, os.SEEK_END)
        try:
            size = self._mover.move(pipe, file, most)
        except BlockingIOError:
            raise
        except OSError:
            os.ftruncate(file, offset)  # a part without an entry would stand there for nobody
            raise
        if size:
            self._pend(Entry(time.time_ns(), run, stream, Kind.BYTES, offset, size))
        return size

    def add(self, stream: int, run: int, data: bytes) -> None:
        """Add a chunk to a stream, as `take` does; OSError when the disk does not take it."""
        file = self._files.get(stream) or self._open(stream)
        offset = os.lseek(file, 0, os.SEEK_END)
        try:
            size = write_all(file, data)
        except OSError:
            os.ftruncate(file, offset)
            raise
        self._pend(Entry(time.time_ns(), run, stream, Kind.BYTES, offset, size))

    def last(self, stream: int, size: int) -> bytes:
        """The last bytes of a stream."""
        file = self._files[stream]
        return os.pread(file, size, os.lseek(file, 0, os.SEEK_END) - size)

    def append(self, stream: int, run: int, data: bytes) -> None:
        """Add a chunk to a stream and enter it; OSError when the disk does not take it."""
        self.add(stream, run, data)
        self.flush()

    def end(self, stream: int, run: int) -> None:
        """Enter that a run has printed its last on a stream."""
        size = os.lseek(self._files.get(stream) or self._open(stream), 0, os.SEEK_END)
        self._pend(Entry(time.time_ns(), run, stream, Kind.END, size, 0))
        self.flush()

    def event(self, line: bytes) -> None:
        """Add one event, a line."""
        self.renew_if_deleted()
        self.append(EVENTS, 0, line)

    @property
    def events_size(self) -> int:
        """Bytes of the stream of events."""
        return os.lseek(self._files.get(EVENTS) or self._open(EVENTS), 0, os.SEEK_END)

    def read_events(self, position: int, count: int) -> bytes:
        """Bytes of the stream of events from a position on."""
        return os.pread(self._files.get(EVENTS) or self._open(EVENTS), count, position)

    def close(self) -> None:
        """Close the files."""
        for descriptor in (self._index, *self._files.values()):
            os.close(descriptor)

    def renew_if_deleted(self) -> None:
        """Begin again where the files were; streams keep their numbers, since pipes that are open know them."""
        if os.fstat(self._index).st_nlink:
            return
        names, old = self._names, [self._index, *self._files.values()]
        self._begin()
        for descriptor in old:
            os.close(descriptor)
        for name in names:
            self.stream(name)

    def flush(self) -> None:
        """Enter what was taken, and wake whoever looks; OSError when the disk does not take it."""
        if not self._pending:
            return
        data, self._pending = b"".join(map(Entry.pack, self._pending)), []
        try:
            written = os.write(self._index, data)
            while written < len(data):
                written += os.write(self._index, memoryview(data)[written:])
        except OSError:
            os.ftruncate(self._index, self.position // ENTRY.size * ENTRY.size)
            raise
        finally:
            self._wake()

    def _open(self, stream: int) -> int:
        self.renew_if_deleted()
        path = os.path.join(self._directory, self._names[stream])
        self._files[stream] = os.open(path, _FLAGS, _MODE)
        return self._files[stream]

    def _pend(self, entry: Entry) -> None:
        """Let an entry wait for `flush`, as a part of the last one where it goes on there."""
        if self._pending and self._pending[-1].joins(entry):
            entry = self._pending.pop().joined(entry)
        self._pending.append(entry)


def read_streams(table: str) -> list[str]:
    """The files of the streams, by number; a line that is still being written is left out."""
    try:
        with open(table, "rb") as file:
            lines = file.read().split(b"\n")[:-1]
    except FileNotFoundError:
        return []
    return [os.fsdecode(line) for line in lines]
