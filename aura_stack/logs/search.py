"""Finding lines in what is stored: files are searched in bulk, and only what was found is looked up in the index."""

import heapq
import os
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import NamedTuple

from . import index, segments
from .follow import split_name
from .framing import ENTRY, EVENTS, LONGEST, Entry
from .sieve import Line, Sieve, Terms
from .store import STREAMS, read_streams

BLOCK = 1 << 18  # bytes searched at once


class Found(NamedTuple):
    """A line that was found: where in the order of arrival, when (ns since 1970), who printed it, and its bytes."""

    order: tuple[int, int]
    time: int
    service: str
    stream: str
    run: int
    life: int
    line: bytes
    wanted: bool


class Span(NamedTuple):
    """What of the record is looked at: positions in the index, and runs if not all."""

    begin: int = 0
    end: int | None = None
    since: int = 0
    """The moment before which nothing is looked at (ns since 1970); it only saves work."""
    run: Callable[[str, int, int], bool] | None = None
    """Whether a run of a service counts: its name, its life and its number."""


def search(directory: str, wanted: Callable[[str, str], bool], terms: Terms, span: Span) -> Iterator[Found]:
    """The lines of stored streams that are wanted, in the order of arrival.

    Args:
        directory: of the record.
        wanted: whether the stream of that name of that service counts.
        terms: which lines.
        span: which part of the record.
    """
    names = read_streams(os.path.join(directory, STREAMS))
    places = _Places(directory, span)
    streams = []
    for number, file in enumerate(names):
        service, stream = split_name(number, file)
        if number != EVENTS and wanted(service, stream):
            streams.append(_of_stream(directory, number, file, (service, stream), terms, places))
    return heapq.merge(*streams)


class _Entries:
    """The entries of one file of a stream: where each begins in the file, and where it stands in the index."""

    def __init__(self) -> None:
        self.offsets = array("I")
        self.positions = array("Q")


class _Places:
    """Where bytes of files stand in the index; read when the first is asked for."""

    def __init__(self, directory: str, span: Span) -> None:
        self._directory = directory
        self._span = span
        self._entries: dict[tuple[int, int], _Entries] | None = None
        self._reader = index.Reader(directory)

    def of(self, stream: int, segment: int, begin: int, end: int) -> list[tuple[int, Entry]]:
        """The entries, each with its position, that name bytes of a file from `begin` to `end`."""
        if self._entries is None:
            self._entries = self._read()
        entries = self._entries.get((stream, segment))
        if entries is None:
            return []
        row = max(0, bisect_right(entries.offsets, begin) - 1)
        found = []
        while row < len(entries.offsets) and entries.offsets[row] < end:
            position = entries.positions[row]
            read, at = self._reader.read(position, 1)
            if at == position and read and read[0].offset + read[0].length > begin:
                found.append((position, read[0]))
            row += 1
        return found

    def counts(self, service: str, entry: Entry) -> bool:
        """Whether the run of an entry is looked at."""
        return self._span.run is None or self._span.run(service, entry.life, entry.run)

    def is_older(self, path: str) -> bool:
        """Whether all of a file is older than what is looked at."""
        try:
            return os.stat(path).st_mtime_ns < self._span.since
        except FileNotFoundError:
            return False

    def close(self) -> None:
        """Close the index."""
        self._reader.close()

    def _read(self) -> dict[tuple[int, int], _Entries]:
        found: dict[tuple[int, int], _Entries] = {}
        begin, end = self._span.begin, self._span.end
        for number in index.numbers(self._directory):
            position = number * index.SEGMENT
            if position + index.SEGMENT <= begin or (end is not None and position >= end):
                continue
            for _, _, stream, _, segment, offset, length, _ in index.rows(self._directory, number):
                if length and position >= begin and (end is None or position < end):
                    key = (stream, segment)
                    if key not in found:
                        found[key] = _Entries()
                    found[key].offsets.append(offset)
                    found[key].positions.append(position)
                position += ENTRY.size
        return found


def _of_stream(
    directory: str, number: int, file: str, name: tuple[str, str], terms: Terms, places: _Places
) -> Iterator[Found]:
    live = os.path.join(directory, file)
    sieve = Sieve(terms)
    for segment in _segments(directory, number, live):
        if places.is_older(segments.older(live, segment)):
            continue
        descriptor = segments.open_segment(directory, file, number, segment)
        if descriptor is None:
            continue
        try:
            begun = sieve.offset
            for block in _blocks(descriptor):
                for line in sieve.feed(block):
                    where = places.of(
                        number, segment, line.offset - begun, line.offset - begun + len(line.text) + 1
                    )
                    yield from _placed(line, line.offset - begun, where, name, terms, places)
        finally:
            os.close(descriptor)


def _placed(
    line: Line,
    offset: int,
    where: list[tuple[int, Entry]],
    name: tuple[str, str],
    terms: Terms,
    places: _Places,
) -> Iterator[Found]:
    """A line with what the index says of it; one in which a run ended without an end of line is two."""
    if not where:  # of another time
        return
    begin = 0
    for number, (position, entry) in enumerate(where):
        last = number + 1 == len(where)
        if not last and _is_same_run(entry, where[number + 1][1]):
            continue
        end = len(line.text) if last else entry.offset + entry.length - offset
        text = line.text[begin:end]
        whole = begin == 0 and last
        if places.counts(name[0], entry) and (whole or Sieve(terms).feed(text + b"\n")):
            yield Found(
                (position, offset + begin), entry.time, *name, entry.run, entry.life, text, line.wanted
            )
        begin = end


def _is_same_run(one: Entry, other: Entry) -> bool:
    return (one.run, one.life) == (other.run, other.life)


def _segments(directory: str, number: int, live: str) -> list[int]:
    older = segments.numbers(live)
    now = segments.read_table(directory).get(number, segments.Live()).number
    return sorted({*older, now})


def _blocks(descriptor: int) -> Iterator[bytes]:
    """A file in blocks of whole lines; a last line without an end gets one."""
    rest = b""
    offset = 0
    while data := os.pread(descriptor, BLOCK, offset):
        offset += len(data)
        end = data.rfind(b"\n") + 1
        if not end:
            rest += data
            if len(rest) < LONGEST:
                continue
            yield rest + b"\n"
            rest = b""
            continue
        yield rest + data[:end] if rest else data[:end]
        rest = data[end:]
    if rest:
        yield rest + b"\n"
