"""Where bytes of the stored files stand in the index: what was found by searching files is put in its place so.

The entries of one file of a stream follow each other in the index as its bytes do in the file, between those of
all other streams. So a place is found by halving over the files of the index first, then by guessing over the entries
in one.
Entries of one stream are found among all others by the column of their numbers, as bytes of which one is looked for.
"""

import struct
import sys
from array import array
from bisect import bisect_right
from itertools import pairwise

from . import index
from .framing import ENTRY, Kind

_STREAM, _KIND = 12, 14  # where in an entry the lowest byte of its stream stands, and that of its kind
_NAMED = struct.Struct("<HHII")  # stream, kind, segment and offset of an entry, from there on
_WORDS = ENTRY.size // 4  # numbers of 32 bits, of which the stream and the kind share one
_OFTEN = 256  # places that are looked up in one file of the index before all of it is read
_DENSE = 1 / 1024  # rows for each byte from which on places are looked for as they are
_NEAR = 24  # rows before and behind a guess where it is looked for
_GUESSES = 12  # before a row is found by halving
_HELD = 16  # files of the index that are kept in memory

Place = tuple[int, int]
"""A file of a stream, and where in it."""

NOWHERE = (1 << 32, 0)
"""Behind all places."""


_BYTES, _END = int(Kind.BYTES), int(Kind.END)


Spot = tuple[int, int, int, int, int, int]
"""An entry: its position in the index, time, run, life, length; and where in the file the next of its stream begins.

Bare numbers, as there may be millions.
"""


class _File:
    """A file of the index."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._streams = data[_STREAM :: ENTRY.size]
        self._asked: dict[int, int] = {}
        self._known: dict[int, tuple[list[int], list[int]]] = {}
        self.rows = len(self._streams)
        self.paces: dict[int, float] = {}
        """By stream, rows for each byte, as they were found last."""

    def next(self, stream: int, row: int) -> tuple[int, Place]:
        """The row of the next entry that names bytes of a stream, and where they begin; behind all for none."""
        low = stream & 0xFF
        while (row := self._streams.find(low, row)) >= 0:
            found, kind, segment, offset = _NAMED.unpack_from(self._data, row * ENTRY.size + _STREAM)
            if found == stream and kind == _BYTES:
                return row, (segment, offset)
            row += 1
        return self.rows, NOWHERE

    def last_before(self, stream: int, row: int, begun: Place, place: Place) -> tuple[int, Place]:
        """The row of the last entry of a stream that begins before a place, or there; that at `row` does."""
        known = self._known.get(stream)
        if known is None:
            self._asked[stream] = asked = self._asked.get(stream, 0) + 1
            if asked < _OFTEN:
                return _last_before(self, stream, row, begun, place)
            known = self._known[stream] = self._all_of(stream)
        rows, places = known
        at = bisect_right(places, place[0] << 32 | place[1]) - 1
        return rows[at], (places[at] >> 32, places[at] & 0xFFFFFFFF)

    def near(self, stream: int, row: int, begun: Place, place: Place) -> int:
        """The row of the entry of a stream that begins at a place, if it is about where it should be; or -1.

        Where lines have come one by one, each that is looked up begins an entry: one search finds it.
        """
        pace = self.paces.get(stream, 0.0)
        if pace < _DENSE or begun[0] != place[0]:
            return -1
        ahead = place[1] - begun[1]
        begin = (row + max(int(ahead * pace) - _NEAR, 0)) * ENTRY.size + _STREAM
        found = self._data.find(_NAMED.pack(stream, _BYTES, *place), begin, begin + 2 * _NEAR * ENTRY.size)
        near, inside = divmod(found, ENTRY.size)
        if inside != _STREAM:
            return -1
        if near > row:
            self.paces[stream] = (near - row) / ahead
        return near

    def _all_of(self, stream: int) -> tuple[list[int], list[int]]:
        """The rows of all entries that name bytes of a stream, and their places as numbers."""
        words = array("I", self._data)
        if sys.byteorder == "big":
            words.byteswap()
        files, offsets = words[_STREAM // 4 + 1 :: _WORDS], words[_STREAM // 4 + 2 :: _WORDS]
        rows = [row for row, one in enumerate(words[_STREAM // 4 :: _WORDS]) if one == stream]
        return rows, [files[row] << 32 | offsets[row] for row in rows]

    def row(self, number: int) -> tuple[int, ...]:
        """An entry, as bare numbers."""
        return ENTRY.unpack_from(self._data, number * ENTRY.size)


class _Found:
    """What was found last of a stream.

    Attributes:
        number: of the file of the index.
        file: that file.
        row: of the entry in it.
        place: where that begins.
        behind: the row of the next one of the stream in this file, and where that begins.
        limit: where the first one of the stream in a later file begins.
    """

    __slots__ = ("behind", "file", "limit", "number", "place", "row")

    def __init__(
        self, number: int, file: _File, row: int, place: Place, behind: tuple[int, Place], limit: Place
    ) -> None:
        self.number, self.file, self.row = number, file, row
        self.place, self.behind, self.limit = place, behind, limit


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
        self._found: dict[int, _Found | None] = {}  # by stream, what was found last

    def spot(self, stream: int, segment: int, offset: int) -> Spot | None:
        """The entry that names a byte of a file, None if there is none any more."""
        place = (segment, offset)
        found = self._found.get(stream)
        if found is None or not found.place <= place < found.limit:
            found = self._found[stream] = self._enter(stream, place)
            if found is None:
                return None
        file = found.file
        if place >= found.behind[1]:  # mostly it is the one behind the last, or near
            row, begun = found.behind
            near = file.near(stream, row, begun, place)
            if near >= 0:
                row, begun = near, place
            elif place >= file.next(stream, row + 1)[1]:
                row, begun = file.last_before(stream, row, begun, place)
            found.row, found.place, found.behind = row, begun, file.next(stream, row + 1)
        time, run, _, _, file_of_stream, begun_at, length, life = file.row(found.row)
        end = begun_at + length
        if file_of_stream != segment or offset >= end:
            return None
        follows, begins = found.behind[1]
        following = begins if follows == segment else end
        position = found.number * index.SEGMENT + found.row * ENTRY.size
        return position, time, run, life, length, following

    def _enter(self, stream: int, place: Place) -> "_Found | None":
        """The file of the index where the entry of a place is to be looked for; None for none."""
        number = self._file_of(stream, place)
        if number < 0:
            return None
        file = self._file(number)
        row, begun = file.next(stream, 0)
        later = self._after.get(number)
        while later is not None and self._first(later, stream) is None:
            later = self._after.get(later)
        limit = (later is not None and self._first(later, stream)) or NOWHERE
        return _Found(number, file, row, begun, file.next(stream, row + 1), limit)

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
        data = bytearray(index.SEGMENT)
        for number in self._numbers:
            size = index.read_into(data, self._directory, number)
            kinds, row = data[_KIND : size : ENTRY.size], -1
            while (row := kinds.find(_END, row + 1)) >= 0:
                _, _, stream, _, segment, offset, _, _ = ENTRY.unpack_from(data, row * ENTRY.size)
                found.setdefault(stream, set()).add((segment, offset))
        return found

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


def _last_before(file: _File, stream: int, row: int, begun: Place, place: Place) -> tuple[int, Place]:
    """The last entry of a stream from a row on that begins before a place, or there, and where; that at the row does.

    Entries are mostly of about one length, so where the place is can be guessed, and guessed better after each look.
    """
    low, high, pace = row, file.rows, file.paces.get(stream, 0.0)
    segment, offset = begun
    for number in range(file.rows):
        if low + 1 >= high or (segment, offset) == place:
            break
        middle = (low + high) // 2
        if number < _GUESSES and segment == place[0]:
            middle = min(low + 1 + int((place[1] - offset) * pace), high - 1)
        following, begins = file.next(stream, middle)
        if following >= high or begins > place:
            high = middle
            if begins[0] == segment:
                pace = (following - low) / (begins[1] - offset)
        else:
            low, (segment, offset) = following, begins
    if low > row and segment == begun[0]:
        file.paces[stream] = (low - row) / (offset - begun[1])
    return low, (segment, offset)
