"""The last lines of a record, found from its end: how long the record is does not matter."""

import os
from collections.abc import Callable, Iterator
from itertools import islice

from .follow import Follower, Piece
from .framing import ENTRY, EVENTS, Entry, Kind, unpack
from .store import read_streams

BATCH = 256  # entries read at once
LONGEST = 1 << 16  # bytes that are looked at for the beginning of a line


def last_pieces(
    directory: str,
    count: int,
    wanted: Callable[[str, str], bool],
    end: int | None = None,
    begin: int = 0,
) -> list[Piece]:
    """The pieces that hold the last `count` lines, and perhaps some more before them, in the order of arrival.

    Args:
        directory: of the record.
        count: lines.
        wanted: whether the stream of that name of that service counts; the service of events is "".
        end: where in the index to begin going back (bytes); at its end, if not given.
        begin: where in the index to stop going back.
    """
    follower = Follower(directory)
    try:
        names = read_streams(os.path.join(directory, "streams"))
        split = [("", "events") if number == EVENTS else _split(name) for number, name in enumerate(names)]
        streams = {number for number, name in enumerate(split) if wanted(*name)}
        found: list[Piece] = []
        first: dict[int, tuple[int, Entry]] = {}  # of each stream: where in `found`, and its entry
        lines = 0
        entries = _backwards(os.path.join(directory, "index"), begin, end)
        for entry in entries:
            if lines > count:
                break
            if entry.stream in streams:
                if entry.length:
                    first[entry.stream] = (len(found), entry)
                found.append(follower.piece(entry))
                lines += found[-1].data.count(b"\n")
        for number, begun in _begun(follower, first, entries):
            found[number] = found[number]._replace(data=begun + found[number].data)
    finally:
        follower.close()
    return found[::-1]


def last_lines(
    directory: str, count: int, wanted: Callable[[str, str], bool], run: int | None = None, begin: int = 0
) -> list[bytes]:
    """The last lines of streams, without their ends, in the order of arrival; an unfinished one counts.

    Args:
        directory: of the record.
        count: lines.
        wanted: whether the stream of that name of that service counts.
        run: only what this run printed.
        begin: where in the index to stop going back: runs are numbered anew by every engine.
    """
    rests: dict[tuple[str, int], bytes] = {}
    found: list[bytes] = []
    for piece in last_pieces(directory, count + 1, wanted, begin=begin):
        if run not in (None, piece.run):
            continue
        key = (piece.stream, piece.run)
        *whole, rest = (rests.pop(key, b"") + piece.data).split(b"\n")
        found += whole
        if piece.kind is Kind.END:
            found += filter(None, [rest])
        else:
            rests[key] = rest
    found += filter(None, rests.values())
    return found[-count:]


def _begun(
    follower: Follower, first: dict[int, tuple[int, Entry]], earlier: Iterator[Entry]
) -> Iterator[tuple[int, bytes]]:
    """The beginnings of lines in whose middle the first entries of streams begin.

    Args:
        follower: reads the bytes.
        first: by stream, a number to give back, and its first entry.
        earlier: the entries before those, backwards; not more than some are looked at.
    """
    wanted = dict(first)
    for entry in islice(earlier, BATCH * 16):
        if entry.stream not in wanted:
            continue
        number, after = wanted.pop(entry.stream)
        if entry.kind is Kind.BYTES and entry.run == after.run:  # another run's rest is no part of this line
            size = min(entry.length, LONGEST)
            tail = follower.piece(entry._replace(offset=entry.offset + entry.length - size, length=size)).data
            yield number, tail[tail.rfind(b"\n") + 1 :]
        if not wanted:
            return


def _backwards(index: str, last: int, end: int | None) -> Iterator[Entry]:
    descriptor = os.open(index, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size if end is None else end
        end = size // ENTRY.size * ENTRY.size
        while end > last:
            begin = max(last, end - BATCH * ENTRY.size)
            yield from reversed(unpack(os.pread(descriptor, end - begin, begin)))
            end = begin
    finally:
        os.close(descriptor)


def _split(name: str) -> tuple[str, str]:
    service, _, stream = name.removesuffix(".log").rpartition(".")
    return service, stream
