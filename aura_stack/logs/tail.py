"""The last lines of a record, found from its end: how long the record is does not matter."""

import os
from collections.abc import Callable, Iterator

from .follow import Follower, Piece
from .framing import ENTRY, EVENTS, Entry, Kind, unpack
from .store import read_streams

BATCH = 256  # entries read at once
LONGEST = 1 << 16  # bytes that are looked at for the beginning of a line


def last_pieces(
    directory: str, count: int, wanted: Callable[[str, str], bool], end: int | None = None
) -> list[Piece]:
    """The pieces that hold the last `count` lines, and perhaps some more before them, in the order of arrival.

    Args:
        directory: of the record.
        count: lines.
        wanted: whether the stream of that name of that service counts; the service of events is "".
        end: where in the index to begin going back (bytes); at its end, if not given.
    """
    follower = Follower(directory)
    try:
        names = read_streams(os.path.join(directory, "streams"))
        split = [("", "events") if number == EVENTS else _split(name) for number, name in enumerate(names)]
        streams = {number for number, name in enumerate(split) if wanted(*name)}
        found: list[Piece] = []
        first: dict[int, tuple[int, Entry]] = {}  # of each stream: where in `found`, and its entry
        lines = 0
        for entry in _backwards(os.path.join(directory, "index"), end):
            if lines > count:
                break
            if entry.stream in streams:
                if entry.length:
                    first[entry.stream] = (len(found), entry)
                found.append(follower.piece(entry))
                lines += found[-1].data.count(b"\n")
        for number, entry in first.values():
            found[number] = found[number]._replace(data=_begun(follower, entry) + found[number].data)
    finally:
        follower.close()
    return found[::-1]


def last_lines(
    directory: str, count: int, wanted: Callable[[str, str], bool], run: int | None = None
) -> list[bytes]:
    """The last lines of streams, without their ends, in the order of arrival; an unfinished one counts.

    Args:
        directory: of the record.
        count: lines.
        wanted: whether the stream of that name of that service counts.
        run: only what this run printed.
    """
    rests: dict[str, bytes] = {}
    found: list[bytes] = []
    for piece in last_pieces(directory, count + 1, wanted):
        if piece.kind is Kind.BYTES and run in (None, piece.run):
            *whole, rests[piece.stream] = (rests.get(piece.stream, b"") + piece.data).split(b"\n")
            found += whole
    found += filter(None, rests.values())
    return found[-count:]


def _begun(follower: Follower, entry: Entry) -> bytes:
    """The beginning of the line in whose middle an entry begins; empty if it begins with one."""
    size = min(entry.offset, LONGEST)
    before = follower.piece(entry._replace(offset=entry.offset - size, length=size)).data
    return before[before.rfind(b"\n") + 1 :]


def _backwards(index: str, end: int | None) -> Iterator[Entry]:
    descriptor = os.open(index, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size if end is None else end
        end = size // ENTRY.size * ENTRY.size
        while end:
            begin = max(0, end - BATCH * ENTRY.size)
            yield from reversed(unpack(os.pread(descriptor, end - begin, begin)))
            end = begin
    finally:
        os.close(descriptor)


def _split(name: str) -> tuple[str, str]:
    service, _, stream = name.removesuffix(".log").rpartition(".")
    return service, stream
