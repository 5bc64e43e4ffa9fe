"""Reading a record for a terminal, which may be slower than what is printed: a flood never hides who is quiet.

Two positions in the record. The *front* goes to its end in every turn and hands over what has come, in the order of
arrival. A service of which more comes in one turn than its share is *late* from there on: the front passes over it,
and a second follower, the *back*, hands over what the late ones printed, a share each turn, between those of all
others. So a quiet service waits for one share at the most, and nothing is held in memory but counts.

Who is late and too far behind loses its place: the back is given up, and what was between the two is a gap, which is
counted and told; only the last of it is handed over, since that is what somebody who looks wants to know. Then all
are at the front again. Everything is still in the record.
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from .follow import Follower, Piece
from .framing import Kind

SHARE = 256 << 10  # bytes of one service that are handed over in one turn of the front
SLICE = 64 << 10  # bytes of those who are late that are handed over between two turns of the front
FAR = 8 << 20  # bytes behind from which a late service loses its place
OLD = 2_000_000_000  # nanoseconds, the same
KEPT = 16 << 10  # bytes of what is passed over that are handed over after all
MOST = 64 << 20  # bytes that the front reads before anybody looks at anything else


class Gap(NamedTuple):
    """What of a service was passed over; of "" what had been removed from the record before it could be read."""

    service: str
    size: int
    lines: int


class _Count:
    """How much of a service has been handed over, and passed by each of the two; the end of a stream counts 1."""

    def __init__(self) -> None:
        self.shown = self.front = self.back = 0
        self.late = False
        self.lines = 0  # ends of lines between the front and what was handed over
        self.cut: set[str] = set()  # streams in which the front stands within a line
        self.last: deque[tuple[bool, Piece]] = (
            deque()
        )  # what the front passed last, and whether within a line
        self._size = 0  # of that

    def pass_over(self, piece: Piece) -> None:
        """The front has passed a piece of one who is late."""
        self.front += _units(piece)
        self.lines += piece.data.count(b"\n")
        within = piece.stream in self.cut
        (self.cut.discard if piece.data.endswith(b"\n") or not piece.data else self.cut.add)(piece.stream)
        if len(piece.data) > KEPT:
            within, piece = True, piece._replace(data=piece.data[-KEPT:])
        self.last.append((within, piece))
        self._size += len(piece.data)
        while self._size - len(self.last[0][1].data) >= KEPT:
            self._size -= len(self.last.popleft()[1].data)

    def last_words(self) -> list[Piece]:
        """The last whole lines that the front passed, and what is unfinished behind them, less what was shown."""
        while self._size > self.front - self.shown:
            within, piece = self.last.popleft()
            self._size -= len(piece.data)
            if (left := self.front - self.shown - self._size) > 0:
                self.last.appendleft((True, piece._replace(data=piece.data[-left:])))
                break
        seen: set[str] = set()
        found = []
        for within, piece in self.last:
            data = piece.data
            if within and piece.stream not in seen:
                end = data.find(b"\n") + 1
                if not end and data:
                    continue
                data = data[end:]
            seen.add(piece.stream)
            found.append(piece._replace(data=data))
        self.cut -= seen  # what follows goes on where these end
        return found

    def catch_up(self) -> None:
        """It is at the front again."""
        self.late, self.lines, self._size = False, 0, 0
        self.cut.clear()
        self.last.clear()


class Lanes:
    """The two readers of one record.

    Args:
        directory: of the record.
        position: where in the index to begin.
        now: nanoseconds since 1970, as the record has them.
        exempt: whether a service is never late: it has the terminal to itself.
        wanted: whether the stream of that name of that service is read at all; the service of events is "".
    """

    def __init__(
        self,
        directory: str,
        position: int,
        now: Callable[[], int],
        exempt: Callable[[str], bool],
        wanted: Callable[[str, str], bool] | None = None,
    ) -> None:
        self._directory = directory
        self._wanted = wanted
        self._now = now
        self._exempt = exempt
        self._front = Follower(directory, position, wanted)
        self._back: Follower | None = None
        self._reading: Iterator[Piece] = iter(())
        self._left: Piece | None = None  # what the back has read and not handed over
        self._counts: dict[str, _Count] = {}
        self._torn: set[tuple[str, str]] = (
            set()
        )  # streams whose next bytes are the rest of a line that is lost
        self.behind = False
        """Whether there is more than was handed over in this turn."""

    @property
    def position(self) -> int:
        """How far the front has come in the index."""
        return self._front.position

    def close(self) -> None:
        """Close the files."""
        self._front.close()
        if self._back:
            self._back.close()

    def turn(self) -> Iterator[Piece | Gap]:
        """What has come for everybody, then a slice of what the late ones have printed."""
        spent: dict[str, int] = {}
        read, self.behind = 0, False
        before = self._front.position
        for piece in self._front.read():
            yield from self._passed(piece, before, spent)
            before = self._front.position
            read += len(piece.data)
            if read >= MOST:
                self.behind = True
                break
        yield from self._missed(spent)
        if self._back is not None:
            yield from self._from_the_back(at_the_end=not self.behind)
            self.behind = self.behind or self._back is not None

    def give_up(self) -> Iterator[Piece | Gap]:
        """Nobody is late any more: what they printed is passed over, but for the last of it."""
        for service, count in self._counts.items():
            if count.late and (size := count.front - count.shown) > 0:
                last = count.last_words()
                lost = size - sum(len(piece.data) for piece in last)
                lines = count.lines - sum(piece.data.count(b"\n") for piece in last)
                if lost > 0:
                    yield Gap(service, lost, max(lines, 0))
                yield from last
                self._torn |= {(service, stream) for stream in count.cut}
                count.shown = count.front
            if count.late:
                count.catch_up()
        self._end_the_back()

    # --- the front ---

    def _passed(self, piece: Piece, before: int, spent: dict[str, int]) -> Iterator[Piece]:
        name = piece.service
        if not name:
            yield piece
            return
        count = self._counts.setdefault(name, _Count())
        spent[name] = spent.get(name, 0) + len(piece.data)
        if self._exempt(name):
            count.shown = max(count.shown, count.front)
            count.catch_up()
        elif not count.late and spent[name] > SHARE:
            self._fall_behind(count, before)
        if count.late:
            count.pass_over(piece)
            return
        fresh = _beyond(piece, count.front, count.shown)
        count.front += _units(piece)
        if fresh:
            count.shown = count.front
            yield from self._mended(fresh)

    def _missed(self, spent: dict[str, int]) -> Iterator[Piece | Gap]:
        """What either of the two found removed: counts of it would never agree again."""
        missed, self._front.missed = self._front.missed, 0
        if self._back:
            missed += self._back.missed
        if missed:
            yield from self.give_up()
            yield Gap("", missed, 0)
            flooding = [name for name, size in spent.items() if size > SHARE]
            self._torn |= {(name, stream) for name in flooding for stream in ("out", "err")}

    def _fall_behind(self, count: _Count, before: int) -> None:
        if self._back is None:
            self._back = Follower(self._directory, before, self._wanted)
            self._reading = self._back.read()
            for one in self._counts.values():
                one.back = one.front
        count.late = True

    # --- the back ---

    def _from_the_back(self, *, at_the_end: bool) -> Iterator[Piece | Gap]:
        assert self._back is not None
        if self._pending() > FAR:
            if at_the_end:
                yield from self.give_up()
            return
        handed = 0
        for piece in self._sliced():
            count = self._counts.get(piece.service)
            if count is None:
                continue
            fresh = _beyond(piece, count.back, count.shown)
            count.back += _units(piece)
            if not count.late or not fresh:
                continue
            if at_the_end and self._now() - piece.time > OLD and self._pending() > KEPT:
                yield from self.give_up()
                return
            count.shown = count.back
            count.lines -= fresh.data.count(b"\n")
            yield from self._mended(fresh)
            handed += len(fresh.data)
            if handed >= SLICE or not self._pending():
                break
        if not self._pending():
            list(self.give_up())

    def _sliced(self) -> Iterator[Piece]:
        """What the back comes to, in pieces of a slice at the most."""
        assert self._back is not None
        while True:
            piece, self._left = self._left, None
            if piece is None:
                piece = next(self._reading, None)
            if piece is None:
                self._reading = self._back.read()
                return
            if len(piece.data) > SLICE:
                self._left = piece._replace(data=piece.data[SLICE:])
                piece = piece._replace(data=piece.data[:SLICE])
            yield piece

    def _pending(self) -> int:
        return sum(max(count.front - count.shown, 0) for count in self._counts.values() if count.late)

    def _end_the_back(self) -> None:
        if self._back:
            self._back.close()
        self._back = self._left = None

    # --- both ---

    def _mended(self, piece: Piece) -> Iterator[Piece]:
        """A piece without the rest of a line whose beginning is lost."""
        key = (piece.service, piece.stream)
        if key in self._torn:
            end = 0 if piece.kind is Kind.END else piece.data.find(b"\n") + 1
            if end or piece.kind is Kind.END:
                self._torn.discard(key)
            elif piece.data:
                return
            piece = piece._replace(data=piece.data[end:])
        if piece.data or piece.kind is Kind.END:
            yield piece


def _units(piece: Piece) -> int:
    return 1 if piece.kind is Kind.END else len(piece.data)


def _beyond(piece: Piece, passed: int, shown: int) -> Piece | None:
    """What of a piece that begins where so much has been passed was not handed over yet."""
    known = shown - passed
    if known <= 0:
        return piece
    if known >= _units(piece):
        return None
    return piece._replace(data=piece.data[known:])
