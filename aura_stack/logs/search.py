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
WORTH = 24 << 20  # bytes that are worth a second process


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
    files = []
    for number, file in enumerate(names):
        if number != EVENTS and wanted(*split_name(number, file)):
            mine = [_File(directory, number, file, segment) for segment in _segments(directory, number, file)]
            mine = [one for one in mine if not places.is_older(one.older)]
            files += mine
            streams.append((split_name(number, file), mine))
    helper = _Helper(files, terms)
    return heapq.merge(*(_of_stream(name, mine, terms, places, helper) for name, mine in streams))


class _File(NamedTuple):
    """One file of a stream."""

    directory: str
    stream: int
    name: str
    segment: int

    @property
    def older(self) -> str:
        """Its path, once it has a number."""
        return segments.older(os.path.join(self.directory, self.name), self.segment)

    def open(self) -> int | None:
        """A descriptor, None if it is gone."""
        return segments.open_segment(self.directory, self.name, self.stream, self.segment)


class _Helper:
    """A process that looks through the second half of the files, while we look through the first.

    It only says which of them hold anything: where that is little, as it mostly is, there is little left to do.
    """

    def __init__(self, files: list[_File], terms: Terms) -> None:
        self._waiting: list[_File] = []
        self._empty: dict[_File, bool] = {}
        self._answers = -1
        sizes = list(map(_size, files))
        whole = sum(sizes)
        if whole < WORTH or terms.context or terms.level is not None or os.cpu_count() == 1:
            return
        ours = next(number for number in range(1, len(files) + 1) if 2 * sum(sizes[:number]) >= whole)
        self._waiting = files[ours:]
        if self._waiting:
            self._fork(terms)

    def _fork(self, terms: Terms) -> None:
        self._answers, answers = os.pipe()
        self._pid = os.fork()
        if self._pid:
            os.close(answers)
            return
        code = 1
        try:
            for file in self._waiting:
                os.write(answers, b"y" if _holds(file, terms) else b"n")
            code = 0
        finally:
            os._exit(code)  # it must not go on as a second one of us

    def spares(self, file: _File) -> bool:
        """Whether there is nothing in a file for us."""
        while self._waiting and file in self._waiting:
            answer = os.read(self._answers, 1)
            if not answer:  # it was killed: we look ourselves
                self._waiting = []
                self.close()
                break
            self._empty[self._waiting.pop(0)] = answer == b"n"
            if not self._waiting:
                self.close()
        return self._empty.get(file, False)

    def close(self) -> None:
        """It is needed no more."""
        if self._answers >= 0:
            os.close(self._answers)
            os.waitpid(self._pid, 0)
            self._answers = -1


def _size(file: _File) -> int:
    descriptor = file.open()
    if descriptor is None:
        return 0
    try:
        return os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)


def _holds(file: _File, terms: Terms) -> bool:
    """Whether a file holds a line that is wanted."""
    descriptor = file.open()
    if descriptor is None:
        return True
    sieve = Sieve(terms)
    try:
        return any(sieve.feed(block) for block in _blocks(descriptor))
    finally:
        os.close(descriptor)


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
    name: tuple[str, str], files: list[_File], terms: Terms, places: _Places, helper: _Helper
) -> Iterator[Found]:
    sieve = Sieve(terms)
    for file in files:
        if helper.spares(file):
            continue
        descriptor = file.open()
        if descriptor is None:
            continue
        begun = sieve.offset
        try:
            for block in _blocks(descriptor):
                for line in sieve.feed(block):
                    offset = line.offset - begun
                    where = places.of(file.stream, file.segment, offset, offset + len(line.text) + 1)
                    yield from _placed(line, offset, where, name, terms, places)
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


def _segments(directory: str, number: int, file: str) -> list[int]:
    older = segments.numbers(os.path.join(directory, file))
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
