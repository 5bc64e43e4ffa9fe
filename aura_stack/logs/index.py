"""The index of a record on disk: numbered files of one size, so that a position names a file and a place in it.

A position counts bytes of entries since the record began, whatever has been removed since.
"""

import os
from collections.abc import Iterator

from aura_stack.system.bulk import write_all

from .framing import ENTRY, Entry, unpack

FOLDER = "index"
SEGMENT = 1 << 20
"""Bytes of a full file: a whole number of entries."""

KEPT = 256
"""Files of the index that are kept at the most, also when some of what they name is still there."""

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
_BATCH = 256  # entries read at once, backwards


def path(directory: str, number: int) -> str:
    """The file of that number."""
    return os.path.join(directory, FOLDER, f"{number:010}")


def numbers(directory: str) -> list[int]:
    """The files that are there, the oldest first; FileNotFoundError when there is no index."""
    return sorted(int(name) for name in os.listdir(os.path.join(directory, FOLDER)) if name.isdecimal())


def end(directory: str) -> int:
    """The position at which the index ends now; FileNotFoundError when there is none."""
    while found := numbers(directory):
        try:
            size = os.stat(path(directory, found[-1])).st_size
        except FileNotFoundError:  # its record has just been deleted
            continue
        return found[-1] * SEGMENT + size - size % ENTRY.size
    return 0


def newest_files(directory: str, number: int) -> dict[int, int]:
    """By stream, the number of the latest of its files that entries of an index file name."""
    found = rows(directory, number)
    return {stream: segment for _, _, stream, _, segment, _, length, _ in found if length}


def rows(directory: str, number: int) -> Iterator[tuple[int, int, int, int, int, int, int, int]]:
    """The entries of an index file as bare tuples, for those who look at very many; none if it is gone."""
    return ENTRY.iter_unpack(content(directory, number))


def content(directory: str, number: int) -> bytes:
    """The entries of an index file as they are stored; nothing if it is gone."""
    try:
        with open(path(directory, number), "rb") as file:
            data = file.read()
    except FileNotFoundError:
        return b""
    return data[: len(data) // ENTRY.size * ENTRY.size]


def read_into(data: bytearray, directory: str, number: int) -> int:
    """Read the entries of an index file into a buffer of SEGMENT bytes, and answer how many bytes they are."""
    try:
        with open(path(directory, number), "rb", buffering=0) as file:
            size = file.readinto(data) or 0
    except FileNotFoundError:
        return 0
    return size // ENTRY.size * ENTRY.size


def exists(directory: str) -> bool:
    """Whether there is a record."""
    return os.path.isdir(os.path.join(directory, FOLDER))


class Writer:
    """The one writer of an index.

    Attributes:
        position: where it ends.
    """

    def __init__(self, directory: str) -> None:
        self._directory = directory
        folder = os.path.join(directory, FOLDER)
        if os.path.isfile(folder):  # as it was before it had several files
            os.unlink(folder)
        os.makedirs(folder, exist_ok=True)
        self._open(max(numbers(directory), default=0))

    def _open(self, number: int) -> None:
        self._file = os.open(path(self._directory, number), _FLAGS, 0o644)
        size = os.fstat(self._file).st_size
        if size % ENTRY.size:  # a crash in the middle of an entry
            size -= size % ENTRY.size
            os.ftruncate(self._file, size)
        self.position = number * SEGMENT + size

    @property
    def number(self) -> int:
        """Of the file that is written now."""
        return self.position // SEGMENT

    @property
    def deleted(self) -> bool:
        """Whether somebody has deleted what is being written."""
        return os.fstat(self._file).st_nlink == 0

    def write(self, entries: bytes) -> bool:
        """Add whole entries, and answer whether a new file was begun.

        Raises:
            OSError: the disk does not take them; none of a file's part is half there.
        """
        rotated = False
        while entries:
            room = SEGMENT - self.position % SEGMENT
            part, entries = entries[:room], entries[room:]
            try:
                write_all(self._file, part)
            except OSError:
                os.ftruncate(self._file, self.position % SEGMENT)
                raise
            self.position += len(part)
            if len(part) == room:
                os.close(self._file)
                self._open(self.number)
                rotated = True
        return rotated

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class Reader:
    """Reads an index from any position on, while it is being written."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._number, self._file = -1, -1
        if not exists(directory):
            raise FileNotFoundError(os.path.join(directory, FOLDER))

    def read(self, position: int, count: int) -> tuple[list[Entry], int]:
        """At most so many entries; and where they begin: later than asked, where the older ones are gone."""
        while True:
            number, offset = divmod(position, SEGMENT)
            if self._open(number):
                size = min(count * ENTRY.size, SEGMENT - offset)
                return unpack(os.pread(self._file, size, offset)), position
            later = [one for one in numbers(self._directory) if one > number]
            if not later:
                return [], position
            position = later[0] * SEGMENT

    def close(self) -> None:
        """Close the file."""
        if self._file >= 0:
            os.close(self._file)
            self._number, self._file = -1, -1

    def _open(self, number: int) -> bool:
        if number == self._number:
            return True
        try:
            file = os.open(path(self._directory, number), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        self.close()
        self._number, self._file = number, file
        return True


def backwards(directory: str, begin: int = 0, last: int | None = None) -> Iterator[Entry]:
    """The entries between two positions, the latest first; as many as are still there."""
    reader = Reader(directory)
    try:
        place = end(directory) if last is None else last - last % ENTRY.size
        first = max(begin, min(numbers(directory), default=0) * SEGMENT)
        while place > first:
            start = max(first, place - _BATCH * ENTRY.size, (place - 1) // SEGMENT * SEGMENT)
            entries, found = reader.read(start, (place - start) // ENTRY.size)
            if found != start:  # removed meanwhile
                return
            yield from reversed(entries)
            place = start
    finally:
        reader.close()


def moment(directory: str, time: int) -> int:
    """The position of the first entry that is not older than a moment (ns since 1970)."""
    reader = Reader(directory)
    try:
        low, high = min(numbers(directory), default=0) * SEGMENT // ENTRY.size, end(directory) // ENTRY.size
        while low < high:
            middle = (low + high) // 2
            entries, found = reader.read(middle * ENTRY.size, 1)
            if found == middle * ENTRY.size and entries and entries[0].time < time:
                low = middle + 1
            else:
                high = middle
        return low * ENTRY.size
    finally:
        reader.close()
