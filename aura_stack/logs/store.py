"""The record of a stack: plain bytes per stream, an index over all, appended and never rewritten.

`<service>.out.log` and `<service>.err.log` hold exactly what was printed, so `tail -f` and `grep` work. `index`
holds one entry for each chunk (see framing), `streams` names the streams, a line each. Bytes are written before
the entry that names them, so a reader never meets an entry without its bytes.
"""

import os
import time
from collections.abc import Callable

from .framing import ENTRY, EVENTS, Entry, Kind

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
_MODE = 0o644


class Store:
    """The one writer of a record.

    Args:
        directory: where the files are; it exists.
        events: the file of the stream of events.
        wake: called after every entry.

    Raises:
        OSError: the files cannot be written.
    """

    def __init__(self, directory: str, events: str, wake: Callable[[], None]) -> None:
        self._directory = directory
        self._wake = wake
        self._index = os.open(os.path.join(directory, "index"), _FLAGS, _MODE)
        size = os.fstat(self._index).st_size
        if size % ENTRY.size:  # a crash in the middle of an entry
            os.ftruncate(self._index, size - size % ENTRY.size)
        self._table = os.path.join(directory, "streams")
        self._names = read_streams(self._table)
        self._files: dict[int, tuple[int, int]] = {}  # number → descriptor, size
        if not self._names:
            self.stream(os.path.relpath(events, directory))

    @property
    def position(self) -> int:
        """Where the index ends now: a follower that begins there sees only what is new."""
        return os.fstat(self._index).st_size

    def stream(self, file: str) -> int:
        """The number of the stream kept in `file` (relative to the directory); a new one is entered."""
        if file not in self._names:
            self._names.append(file)
            descriptor = os.open(self._table, _FLAGS, _MODE)
            with os.fdopen(descriptor, "ab") as table:
                table.write(os.fsencode(file) + b"\n")
        return self._names.index(file)

    def append(self, stream: int, run: int, data: bytes) -> None:
        """Add a chunk to a stream; OSError when the disk does not take it."""
        descriptor, size = self._files.get(stream) or self._open(stream)
        written = os.write(descriptor, data)
        while written < len(data):  # a disk that fills up takes a part, then says why
            written += os.write(descriptor, memoryview(data)[written:])
        self._files[stream] = (descriptor, size + written)
        self._enter(Entry(time.time_ns(), run, stream, Kind.BYTES, size, written))

    def end(self, stream: int, run: int) -> None:
        """Enter that a run has printed its last on a stream."""
        _, size = self._files.get(stream) or self._open(stream)
        self._enter(Entry(time.time_ns(), run, stream, Kind.END, size, 0))

    def event(self, line: bytes) -> None:
        """Add one event, a line."""
        self.append(EVENTS, 0, line)

    def close(self) -> None:
        """Close the files."""
        for descriptor, _ in self._files.values():
            os.close(descriptor)
        os.close(self._index)

    def _open(self, stream: int) -> tuple[int, int]:
        descriptor = os.open(os.path.join(self._directory, self._names[stream]), _FLAGS, _MODE)
        self._files[stream] = (descriptor, os.fstat(descriptor).st_size)
        return self._files[stream]

    def _enter(self, entry: Entry) -> None:
        os.write(self._index, entry.pack())
        self._wake()


def read_streams(table: str) -> list[str]:
    """The files of the streams, by number; a line that is still being written is left out."""
    try:
        with open(table, "rb") as file:
            lines = file.read().split(b"\n")[:-1]
    except FileNotFoundError:
        return []
    return [os.fsdecode(line) for line in lines]
