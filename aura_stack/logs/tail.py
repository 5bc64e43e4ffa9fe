"""The last lines of a record, found from its end: how long the record is does not matter."""

from collections.abc import Callable, Iterator
from itertools import islice

from . import index
from .follow import Follower, Piece, split_name
from .framing import EVENTS, Entry, Kind
from .segments import read_streams

FAR = 4096  # entries that are looked at for the beginning of a line
LONGEST = 1 << 16  # bytes that are looked at for the beginning of a line


def last_pieces(
    directory: str,
    count: int,
    wanted: Callable[[str, str], bool],
    end: int | None = None,
    begin: int = 0,
    *,
    told: bool = False,
) -> list[Piece]:
    """The pieces that hold the last `count` lines, and perhaps some more before them, in the order of arrival.

    Args:
        directory: of the record.
        count: lines.
        wanted: whether the stream of that name of that service counts; the service of events is "".
        end: where in the index to begin going back (bytes); at its end, if not given.
        begin: where in the index to stop going back.
        told: whether the events between them are among the pieces, too; they count for no lines.
    """
    follower = Follower(directory)
    try:
        names = read_streams(directory)
        streams = {number for number, name in enumerate(names) if wanted(*split_name(number, name))}
        found: list[Piece] = []
        first: dict[int, tuple[int, Entry]] = {}  # of each stream: where in `found`, and its entry
        lines = 0
        entries = index.backwards(directory, begin, end)
        for entry in entries:
            if lines > count:
                break
            if told and entry.stream == EVENTS and EVENTS not in streams:
                found.append(follower.piece(entry))
            elif entry.stream in streams:
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
    for entry in islice(earlier, FAR):
        if entry.stream not in wanted:
            continue
        number, after = wanted.pop(entry.stream)
        # another run's rest is no part of this line
        if entry.kind is Kind.BYTES and (entry.run, entry.life) == (after.run, after.life):
            size = min(entry.length, LONGEST)
            tail = follower.piece(entry._replace(offset=entry.offset + entry.length - size, length=size)).data
            yield number, tail[tail.rfind(b"\n") + 1 :]
        if not wanted:
            return
