"""Finding lines in what is stored: files are searched in bulk, and only what was found is looked up in the index."""

import heapq
import os
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import zip_longest

from aura_stack.frozen import NamedTuple
from aura_stack.system.bulk import Haystack, keep_memory

from . import segments
from .blocks import SIZE, Block, blocks
from .finder import Buffer, Text
from .follow import split_name
from .framing import EVENTS
from .lookup import NOWHERE, Lookup
from .second import in_two
from .sieve import Bulk, Sieve, Terms

MUCH = 8 << 20  # bytes that are worth the loading of what finds texts faster
WORTH = 24 << 20  # and a second process
LONG = 1 << 10  # bytes of an entry that are rather looked at together, where many lines are wanted


Found = tuple[tuple[int, int], int, str, str, int, int, bytes]
"""Lines that were found, neighbours in the order of arrival; bare, as there may be millions.

The position in the index, and in its file the place, of the first; when they came (ns since 1970); the service that
printed them, on which stream, in which run of the engine of which life; they themselves, whole, with their ends.
"""


class Span(NamedTuple):
    """What of the record is looked at: positions in the index, and runs if not all."""

    begin: int = 0
    end: int | None = None
    since: int = 0
    """The moment before which nothing is looked at (ns since 1970); it only saves work."""
    run: Callable[[str, int, int], bool] | None = None
    """Whether a run of a service counts: its name, its life and its number."""


_Hits = tuple[list[int], list["bytes | bytearray"]]
"""Wanted lines: where each stands in its file, and its bytes with their end; neighbours may be one."""


class _File(NamedTuple):
    """One file of a stream."""

    directory: str
    stream: int
    name: str
    segment: int

    def open(self) -> int | None:
        """A descriptor, None if it is gone."""
        return segments.open_segment(self.directory, self.name, self.stream, self.segment)

    @property
    def older(self) -> str:
        """Its path, once it has a number."""
        return segments.older(os.path.join(self.directory, self.name), self.segment)


def search(directory: str, wanted: Callable[[str, str], bool], terms: Terms, span: Span) -> Iterator[Found]:
    """The lines of stored streams that are wanted, in the order of arrival.

    Args:
        directory: of the record.
        wanted: whether the stream of that name of that service counts.
        terms: which lines.
        span: which part of the record.
    """
    names = segments.read_streams(directory)
    streams = [
        [_File(directory, number, file, segment) for segment in _segments(directory, number, file)]
        for number, file in enumerate(names)
        if number != EVENTS and wanted(*split_name(number, file))
    ]
    streams = [[one for one in files if not _is_older(one.older, span.since)] for files in streams]
    sizes = {file: _size(file) for files in streams for file in files}
    whole = sum(sizes.values())
    here = _Search(directory, terms, span, much=whole >= MUCH)
    if whole < WORTH or not terms.in_bulk or _processors() == 1:
        return here.merged(streams)
    ours, others = _halves(streams, sizes)
    return in_two(lambda: here.merged(ours), lambda: here.merged(others))


class _Search:
    """What is looked for, and where."""

    def __init__(self, directory: str, terms: Terms, span: Span, *, much: bool) -> None:
        self._directory = directory
        self._terms = terms
        self._span = span
        self._lookup = Lookup(directory)
        self._ends = self._lookup.ends()
        self._hay: Buffer = Haystack(bytearray(SIZE)) if much else Text(bytearray(SIZE))
        if not terms.in_bulk:
            keep_memory()  # for the copies of all that is read

    def merged(self, streams: list[list[_File]]) -> Iterator[Found]:
        """The lines of files, each stream's in their order."""
        return heapq.merge(*(self._of_stream(files) for files in streams if files))

    def _of_stream(self, files: list[_File]) -> Iterator[Found]:
        number = files[0].stream
        name = split_name(number, files[0].name)
        lookup = self._lookup
        first = lookup.first(number, self._span.begin) if self._span.begin else (0, 0)
        last = NOWHERE if self._span.end is None else lookup.first(number, self._span.end)
        ends = sorted(self._ends.get(number, ()))
        way = Bulk(self._terms) if self._terms.in_bulk else Sieve(self._terms)
        for file in files:
            if not first[0] <= file.segment <= last[0]:
                continue
            begin = first[1] if file.segment == first[0] else 0
            end = last[1] if file.segment == last[0] else None
            cuts = [place for segment, place in ends if segment == file.segment]
            descriptor = file.open()
            if descriptor is None:
                continue
            try:
                for block in blocks(descriptor, self._hay, begin, end, cuts):
                    # at once: the buffer is used for other files while these are printed
                    yield from self._in_block(block, way, file, name)
            finally:
                os.close(descriptor)

    def _in_block(
        self, block: Block, way: Bulk | Sieve, file: _File, name: tuple[str, str]
    ) -> Iterator[Found]:
        """The wanted lines of a block."""
        offset, hay, low, high = block
        if isinstance(way, Sieve):
            way.offset = offset
            lines = way.feed(bytes(hay.data[low:high]))
            return self._placed(
                ([line.offset for line in lines], [line.text + b"\n" for line in lines]), file, name
            )
        if way.often(hay, low, high):
            spot = self._lookup.spot(file.stream, file.segment, offset)
            if spot and spot[4] >= LONG:
                return self._sifted(bytes(memoryview(hay.data)[low:high]), offset, way, file, name)
        spans = way.spans(hay, low, high)
        shift, data = offset - low, hay.data
        hits = [start + shift for start, _ in spans], [data[one : end + 1] for one, end in spans]
        return self._placed(hits, file, name)

    def _sifted(
        self, lines: bytes, offset: int, bulk: Bulk, file: _File, name: tuple[str, str]
    ) -> Iterator[Found]:
        """The wanted lines among these, which begin at an offset, entry by entry: where many are wanted."""
        keep_memory()
        at, size = 0, len(lines)
        while at < size:
            spot = self._lookup.spot(file.stream, file.segment, offset + at)
            if spot is None:  # of another time
                at = lines.index(b"\n", at) + 1
                continue
            position, time, run, life, _, behind = spot
            following = behind - offset
            stop = lines.index(b"\n", max(following - 1, at)) + 1 if following < size else size
            if self._counts(position, name[0], life, run):
                found = bulk.wanted(lines[at:stop])
                if found:
                    yield (position, offset + at), time, *name, run, life, found
            at = stop

    def _placed(self, hits: _Hits, file: _File, name: tuple[str, str]) -> Iterator[Found]:
        """Lines with what the index says of them, those of one entry together."""
        offsets, texts = hits
        at = 0
        while at < len(offsets):
            offset = offsets[at]
            spot = self._lookup.spot(file.stream, file.segment, offset)
            if spot is None:  # of another time
                _cut(hits, at, offset)
                at += 1
                continue
            position, time, run, life, _, following = spot
            last = at
            if at + 1 < len(offsets) and offsets[at + 1] < following:
                last = self._last_of_entry(hits, at, following)
            if offsets[last] + len(texts[last]) > following:
                _cut(hits, last, following)
            if self._counts(position, name[0], life, run):
                lines = b"".join(texts[at : last + 1])
                yield (position, offset), time, *name, run, life, lines
            at = last + 1

    def _last_of_entry(self, hits: _Hits, first: int, end: int) -> int:
        """The last of the hits that begin before a place; with lines around, of those that are neighbours."""
        offsets, texts = hits
        last = bisect_left(offsets, end, first + 1) - 1
        if not self._terms.context:
            return last
        at = first
        while at < last and offsets[at] + len(texts[at]) == offsets[at + 1]:
            at += 1
        return at

    def _counts(self, position: int, service: str, life: int, run: int) -> bool:
        """Whether the entry at a position is looked at."""
        span = self._span
        if position < span.begin or (span.end is not None and position >= span.end):
            return False
        return span.run is None or span.run(service, life, run)


def _cut(hits: _Hits, number: int, end: int) -> None:
    """Leave in a hit only lines that begin before a place; the rest becomes the next one."""
    offsets, texts = hits
    offset, text = offsets[number], texts[number]
    following = text.find(b"\n", max(end - offset - 1, 0)) + 1
    if 0 < following < len(text):
        texts[number] = text[:following]
        offsets.insert(number + 1, offset + following)
        texts.insert(number + 1, text[following:])


def _processors() -> int:
    """How many this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _halves(
    streams: list[list[_File]], sizes: dict[_File, int]
) -> tuple[list[list[_File]], list[list[_File]]]:
    """Files in two parts of about as many bytes.

    Of a stream they go to both in turns: so what either finds is wanted soon, and neither has to wait with much of it.
    """
    parts: tuple[list[list[_File]], ...] = [[] for _ in streams], [[] for _ in streams]
    taken = [0, 0]
    for of_one_age in zip_longest(*streams):
        for number, file in enumerate(of_one_age):
            if file is not None:
                part = taken.index(min(taken))
                parts[part][number].append(file)
                taken[part] += sizes[file]
    ours, others = parts
    return ours, others


def _size(file: _File) -> int:
    descriptor = file.open()
    if descriptor is None:
        return 0
    try:
        return os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)


def _is_older(path: str, since: int) -> bool:
    """Whether all of a file is older than a moment."""
    if not since:
        return False
    try:
        return os.stat(path).st_mtime_ns < since
    except FileNotFoundError:
        return False


def _segments(directory: str, number: int, file: str) -> list[int]:
    older = segments.numbers(os.path.join(directory, file))
    now = segments.read_table(directory).get(number, segments.Live()).number
    return sorted({*older, now})
