"""Where bytes of the stored files stand in the index: what was found by searching files is put in its place so.

The entries of one file of a stream follow each other in the index as its bytes do in the file, between those of
all other streams. So a place is found by halving: over the files of the index first, then over the entries in one.
Entries of one stream are found among all others by the column of their numbers, as bytes of which one is looked for.
"""

import struct
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from . import index
from .framing import ENTRY, Entry, Kind

_STREAM, _KIND = 12, 14  # where in an entry the lowest byte of its stream stands, and that of its kind
_NAMED = struct.Struct("<HHII")  # stream, kind, segment and offset of an entry, from there on
_WORDS = ENTRY.size // 4  # numbers of 32 bits, of which the stream and the kind share one
_OFTEN = 256  # places that are looked up in one file of the index before all of it is read
_HELD = 16  # files of the index that are kept in memory

Place = tuple[int, int]
"""A file of a stream, and where in it."""

NOWHERE = (1 << 32, 0)
"""Behind all places."""


_BYTES, _END = int(Kind.BYTES), int(Kind.END)
_LAST = (0, NOWHERE)  # there is no next one


class Spot(NamedTuple):
    """An entry, its position in the index, and where in the file the next one of its stream begins."""

    position: int
    entry: Entry
    following: int


class _File:
    """A file of the index."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._streams = data[_STREAM :: ENTRY.size]
        self._asked: dict[int, int] = {}
        self._known: dict[int, tuple[list[int], list[int]]] = {}
        self.rows = len(self._streams)

    def next(self, stream: int, row: int) -> tuple[int, Place]:
        """The row of the next entry that names bytes of a stream, and where they begin; behind all for none."""
        low = stream & 0xFF
        while (row := self._streams.find(low, row)) >= 0:
            found, kind, segment, offset = _NAMED.unpack_from(self._data, row * ENTRY.size + _STREAM)
            if found == stream and kind == _BYTES:
                return row, (segment, offset)
            row += 1
        return self.rows, NOWHERE

    def last_before(self, stream: int, row: int, place: Place) -> int:
        """The row of the last entry of a stream that begins before a place, or there; that at `row` does."""
        known = self._known.get(stream)
        if known is None:
            self._asked[stream] = asked = self._asked.get(stream, 0) + 1
            if asked < _OFTEN:
                return _last_before(self, stream, self.next(stream, row)[0], place)
            known = self._known[stream] = self._all_of(stream)
        rows, places = known
        return rows[bisect_right(places, place[0] << 32 | place[1]) - 1]

    def _all_of(self, stream: int) -> tuple[list[int], list[int]]:
        """The rows of all entries that name bytes of a stream, and their places as numbers."""
        words = array("I", self._data)
        if sys.byteorder == "big":
            words.byteswap()
        files, offsets = words[_STREAM // 4 + 1 :: _WORDS], words[_STREAM // 4 + 2 :: _WORDS]
        rows = [row for row, one in enumerate(words[_STREAM // 4 :: _WORDS]) if one == stream]
        return rows, [files[row] << 32 | offsets[row] for row in rows]

    def entry(self, row: int) -> Entry:
        """An entry."""
        time, run, stream, kind, *rest = ENTRY.unpack_from(self._data, row * ENTRY.size)
        return Entry(time, run, stream, Kind.END if kind == _END else Kind.BYTES, *rest)

    def ends(self) -> Iterator[Entry]:
        """The entries that say that a run has ended."""
        kinds = self._data[_KIND :: ENTRY.size]
        row = -1
        while (row := kinds.find(bytes([Kind.END]), row + 1)) >= 0:
            yield self.entry(row)


class Lookup:
    """Reads an index for whoever has places in files.

    Args:
        directory: of the record.
    """

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._numbers = index.numbers(directory)
        self._after = dict(pairwise(self._numbers))
        self._files: dict[int, _File] = {}
        self._firsts: dict[tuple[int, int], Place | None] = {}
        self._last: dict[int, tuple[int, int]] = {}  # by stream, the file and the row of what was found last
        self._next: dict[int, tuple[int, Place]] = {}  # and the row behind it, if that is in the same file

    def spot(self, stream: int, segment: int, offset: int) -> Spot | None:
        """The entry that names a byte of a file, None if there is none any more."""
        place = (segment, offset)
        number, row = self._last.get(stream, (-1, 0))
        if self._next.get(stream, _LAST)[1] <= place:  # mostly it is the one behind the last
            row, _ = self._next[stream]
            behind = self._file(number).next(stream, row + 1)
            if place < behind[1] < NOWHERE:
                return self._at(stream, place, number, row, behind)
        if number < 0 or not self._is_within(number, stream, row, place):
            number = self._file_of(stream, place)
            row = 0
            if number < 0:
                return None
        file = self._file(number)
        row = file.last_before(stream, row, place)
        return self._at(stream, place, number, row, file.next(stream, row + 1))

    def _at(self, stream: int, place: Place, number: int, row: int, behind: tuple[int, Place]) -> Spot | None:
        """What an entry says of a place, if it names it; `behind` is the next one of its stream in that file."""
        self._last[stream], self._next[stream] = (number, row), behind
        entry = self._files[number].entry(row)
        end = entry.offset + entry.length
        if entry.segment != place[0] or place[1] >= end:
            return None
        after = behind[1]
        following = after[1] if after[0] == entry.segment else end
        return Spot(number * index.SEGMENT + row * ENTRY.size, entry, following)

    def first(self, stream: int, position: int) -> Place:
        """Where the first byte of a stream stands whose entry is there in the index or later; NOWHERE for none."""
        for number in self._numbers:
            begin = number * index.SEGMENT
            if begin + index.SEGMENT <= position:
                continue
            file = self._file(number)
            row, place = file.next(stream, max(position - begin, 0) // ENTRY.size)
            if row < file.rows:
                return place
        return NOWHERE

    def ends(self) -> dict[int, set[Place]]:
        """By stream, where runs have ended."""
        found: dict[int, set[Place]] = {}
        for number in self._numbers:
            for entry in self._file(number).ends():
                found.setdefault(entry.stream, set()).add((entry.segment, entry.offset))
        return found

    def _is_within(self, number: int, stream: int, row: int, place: Place) -> bool:
        """Whether a place is named in a file of the index, at a row or later; what follows it may not be known."""
        if self._file(number).next(stream, row)[1] > place:
            return False
        later = self._after.get(number)
        if later is None:
            return True
        first = self._first(later, stream)
        return first is not None and place < first

    def _file_of(self, stream: int, place: Place) -> int:
        """The file of the index with the last entry of a stream that begins before a place, or there; or -1."""
        numbers = self._numbers
        low, high = 0, len(numbers)
        while low < high:
            middle = at = (low + high) // 2
            while at < high and (first := self._first(numbers[at], stream)) is None:
                at += 1
            if at == high or (first is not None and first > place):
                high = middle
            else:
                low = at + 1
        return numbers[low - 1] if low else -1

    def _first(self, number: int, stream: int) -> Place | None:
        """The first place of a stream that a file of the index names."""
        key = (number, stream)
        if key not in self._firsts:
            file = self._file(number)
            row, place = file.next(stream, 0)
            self._firsts[key] = place if row < file.rows else None
        return self._firsts[key]

    def _file(self, number: int) -> _File:
        if number not in self._files:
            if len(self._files) == _HELD:
                del self._files[next(iter(self._files))]
            self._files[number] = _File(index.content(self._directory, number))
        return self._files[number]


def _last_before(file: _File, stream: int, row: int, place: Place) -> int:
    """The last entry of a stream from a row on that begins before a place, or there; that at the row does."""
    step = 1
    high = file.rows
    while row + step < high:  # what is found next is mostly near
        following, begins = file.next(stream, row + step)
        if begins > place:
            high = min(row + step, file.rows)
            break
        row, step = following, step * 2
    while high - row > 1:
        middle = (row + high) // 2
        following, begins = file.next(stream, middle)
        if following >= high or begins > place:
            high = middle
        else:
            row = following
    return row
