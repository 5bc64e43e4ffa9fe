"""The record of a stack: plain bytes per stream, an index over all, appended and never rewritten.

`<service>.out.log` and `<service>.err.log` hold exactly what was printed, so `tail -f` and `grep` work. `index`
holds one entry for each chunk (see framing), `streams` names the streams, a line each. Bytes are written before
the entry that names them, so a reader never meets an entry without its bytes.

Who deletes the folder while the stack runs (`git clean -fdx`) gets a new record at the next event: see `number`.
"""

import errno
import os
import time
from collections.abc import Callable

from .framing import ENTRY, EVENTS, Entry, Kind

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
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
        self.number = 0
        """Counts the records of this store: one more each time the files have been deleted under it."""
        self._begin()

    def _begin(self) -> None:
        self._create()
        self.number += 1
        self._index = os.open(os.path.join(self._directory, "index"), _FLAGS, _MODE)
        size = os.fstat(self._index).st_size
        if size % ENTRY.size:  # a crash in the middle of an entry
            os.ftruncate(self._index, size - size % ENTRY.size)
        self._table = os.path.join(self._directory, "streams")
        self._names = read_streams(self._table)
        self._files: dict[int, tuple[int, int]] = {}  # number → descriptor, size
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
            descriptor = os.open(self._table, _FLAGS, _MODE)
            with os.fdopen(descriptor, "ab") as table:
                table.write(os.fsencode(file) + b"\n")
            self._names.append(file)
        return self._names.index(file)

    def append(self, stream: int, run: int, data: bytes) -> None:
        """Add a chunk to a stream; OSError when the disk does not take it."""
        descriptor, size = self._files.get(stream) or self._open(stream)
        try:
            written = os.write(descriptor, data)
            while written < len(data):  # a disk that fills up takes a part, then says why
                written += os.write(descriptor, memoryview(data)[written:])
        except OSError:
            os.ftruncate(
                descriptor, size
            )  # a part without an entry would put all that follows in the wrong place
            raise
        self._files[stream] = (descriptor, size + written)
        self._enter(Entry(time.time_ns(), run, stream, Kind.BYTES, size, written))

    def end(self, stream: int, run: int) -> None:
        """Enter that a run has printed its last on a stream."""
        _, size = self._files.get(stream) or self._open(stream)
        self._enter(Entry(time.time_ns(), run, stream, Kind.END, size, 0))

    def event(self, line: bytes) -> None:
        """Add one event, a line."""
        self.renew_if_deleted()
        self.append(EVENTS, 0, line)

    @property
    def events_size(self) -> int:
        """Bytes of the stream of events."""
        return (self._files.get(EVENTS) or self._open(EVENTS))[1]

    def read_events(self, position: int, count: int) -> bytes:
        """Bytes of the stream of events from a position on."""
        descriptor, _ = self._files.get(EVENTS) or self._open(EVENTS)
        return os.pread(descriptor, count, position)

    def close(self) -> None:
        """Close the files."""
        for descriptor, _ in self._files.values():
            os.close(descriptor)
        os.close(self._index)

    def renew_if_deleted(self) -> None:
        """Begin again where the files were; streams keep their numbers, since pipes that are open know them."""
        if os.fstat(self._index).st_nlink:
            return
        names, old = self._names, [self._index, *(descriptor for descriptor, _ in self._files.values())]
        self._begin()
        for descriptor in old:
            os.close(descriptor)
        for name in names:
            self.stream(name)

    def _open(self, stream: int) -> tuple[int, int]:
        self.renew_if_deleted()
        descriptor = os.open(os.path.join(self._directory, self._names[stream]), _FLAGS, _MODE)
        self._files[stream] = (descriptor, os.fstat(descriptor).st_size)
        return self._files[stream]

    def _enter(self, entry: Entry) -> None:
        if os.write(self._index, entry.pack()) < ENTRY.size:  # a full disk
            size = os.fstat(self._index).st_size
            os.ftruncate(self._index, size - size % ENTRY.size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._wake()


def read_streams(table: str) -> list[str]:
    """The files of the streams, by number; a line that is still being written is left out."""
    try:
        with open(table, "rb") as file:
            lines = file.read().split(b"\n")[:-1]
    except FileNotFoundError:
        return []
    return [os.fsdecode(line) for line in lines]
