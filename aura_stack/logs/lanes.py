"""Reading a record for a terminal, which may be slower than what is printed: a flood never hides who is quiet.

Two positions in the record. The *front* goes to its end in every turn and hands over what has come, in the order of
arrival. A service of which more comes in one turn than its share is *late* from there on: the front passes over it
without reading a byte, and a second follower, the *back*, hands over what the late ones printed, a slice each turn,
between that of all others. So a quiet service waits for one slice, and nothing is held in memory but counts.

Who is late and too far behind loses its place: the back is given up, and what was between the two is a gap, which is
counted and told; only the last of it is handed over, since that is what somebody who looks wants to know. Then all
are at the front again. Everything is still in the record.
"""

from collections import deque
from collections.abc import Callable, Iterator

from aura_stack.frozen import NamedTuple

from .follow import Follower, Piece
from .framing import Entry, Kind

SHARE = 128 << 10  # bytes of one service that are handed over in one turn of the front
SLICE = (
    64 << 10
)  # bytes of those who are late that are handed over between two turns of the front, at the most
LEAST = 4 << 10  # and to a terminal that is slow
SOON = 0.005  # seconds
FAR = 8 << 20  # bytes behind from which a late service loses its place
OLD = 2_000_000_000  # nanoseconds, the same
OFTEN = 100_000_000  # nanoseconds between two times that places are lost, where that never ends
KEPT = 16 << 10  # bytes of what is passed over that are handed over after all, of each service
FEW = 1 << 10  # and to a terminal that is slow, at the least
MOST = 4096  # entries that the front reads before anybody looks at anything else


class Gap(NamedTuple):
    """What of a service was passed over."""

    service: str
    size: int


class _Count:
    """How much of a service has been handed over, and passed by each of the two; the end of a stream counts 1."""

    def __init__(self) -> None:
        self.shown = self.front = self.back = 0
        self.late = False
        self.floods = False  # it lost its place, and has not been at the front since
        self.last: deque[Entry] = deque()  # what the front passed last
        self._size = 0  # of that
        self._ends: dict[int, Entry] = {}  # by stream, the last that the front passed

    def pass_over(self, entry: Entry) -> None:
        """The front has passed something of one who is late."""
        self.front += _units(entry)
        self._ends[entry.stream] = entry
        if entry.length > KEPT:
            entry = _without(entry, entry.length - KEPT)
        self.last.append(entry)
        self._size += entry.length
        while self._size - self.last[0].length >= KEPT:
            self._size -= self.last.popleft().length

    def last_words(self, follower: Follower, most: int) -> tuple[list[Piece], set[int]]:
        """The last lines that the front passed, less what was shown; and the streams that stand within a line."""
        most = min(most, self.front - self.shown)
        while self.last and (excess := self._size - most) > 0:
            entry = self.last.popleft()
            self._size -= entry.length
            if entry.length > excess:
                self.last.appendleft(_without(entry, excess))
                break
        begun: set[int] = set()
        found = []
        for entry in self.last:
            piece = follower.piece(entry)
            if entry.stream not in begun and entry.length:
                piece = piece._replace(data=piece.data[piece.data.find(b"\n") + 1 or len(piece.data) :])
                if not piece.data:
                    continue
            begun.add(entry.stream)
            found.append(piece)
        return found, {
            stream for stream, end in self._ends.items() if stream not in begun and _cut(follower, end)
        }

    def catch_up(self) -> None:
        """It is at the front again."""
        self.late, self._size = False, 0
        self.last.clear()
        self._ends.clear()


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
        self._reading: Iterator[Entry] = iter(())
        self._left: Entry | None = None  # what the back has come to and not handed over
        self._counts: dict[str, _Count] = {}
        self._torn: set[int] = set()  # streams whose next bytes are the rest of a line that is lost
        self._unfinished: dict[
            tuple[str, str], Piece
        ] = {}  # ends of lines of which only the beginning was handed over
        self._lost = 0  # when places were lost last
        self._slice = SLICE // 4
        self.behind = False
        """Whether there is more than was handed over in this turn."""

    def took(self, seconds: float) -> None:
        """Showing what the last turn handed over took so long: slices are to take about `SOON`."""
        if seconds > 2 * SOON:
            self._slice = max(self._slice // 2, LEAST)
        elif seconds < SOON:
            self._slice = min(self._slice * 2, SLICE)

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
        self.behind = False
        before = self._front.position
        for number, entry in enumerate(self._front.entries(), 1):
            yield from self._passed(entry, before, spent)
            before = self._front.position
            if number == MOST:
                self.behind = True
                break
        if self._back is not None:
            yield from self._from_the_back(at_the_end=not self.behind)
            self.behind = self.behind or self._back is not None

    def give_up(self, most: int = KEPT) -> Iterator[Piece | Gap]:
        """Nobody is late any more: what they printed is passed over, but for the last `most` bytes of each."""
        self._lost = self._now()
        for service, count in self._counts.items():
            if count.late and (size := count.front - count.shown) > 0:
                last, torn = count.last_words(self._front, most)
                if (lost := size - sum(map(_size, last))) > 0:
                    yield from self._ended(service)
                    yield Gap(service, lost)
                for piece in last:
                    yield self._noted(piece)
                self._torn |= torn
                count.shown = count.front
                count.floods = True
            if count.late:
                count.catch_up()
        self._end_the_back()

    # --- the front ---

    def _passed(self, entry: Entry, before: int, spent: dict[str, int]) -> Iterator[Piece]:
        name, _ = self._front.name(entry)
        if not name:
            yield self._front.piece(entry)
            return
        count = self._counts.setdefault(name, _Count())
        spent[name] = spent.get(name, 0) + entry.length
        if self._exempt(name):
            count.shown = max(count.shown, count.front)
            count.catch_up()
        elif not count.late and (spent[name] > SHARE or count.floods):
            self._fall_behind(count, before)
        if count.late:
            count.pass_over(entry)
            return
        fresh = _beyond(entry, count.front, count.shown)
        count.front += _units(entry)
        if fresh:
            count.shown = count.front
            yield from self._mended(self._front.piece(fresh), fresh.stream)

    def _fall_behind(self, count: _Count, before: int) -> None:
        if self._back is None:
            self._back = Follower(self._directory, before, self._wanted)
            self._reading = self._back.entries()
            for one in self._counts.values():
                one.back = one.front
        count.late = True

    # --- the back ---

    def _from_the_back(self, *, at_the_end: bool) -> Iterator[Piece | Gap]:
        assert self._back is not None
        may_lose = at_the_end and self._now() - self._lost > OFTEN
        if may_lose and self._pending() > FAR:
            yield from self.give_up(self._few())
            return
        handed = 0
        for entry in self._sliced():
            count = self._counts.get(self._back.name(entry)[0])
            if count is None:
                continue
            fresh = _beyond(entry, count.back, count.shown)
            count.back += _units(entry)
            if not count.late or not fresh:
                continue
            if may_lose and self._now() - entry.time > OLD and self._pending() > KEPT:
                yield from self.give_up(self._few())
                return
            count.shown = count.back
            yield from self._mended(self._back.piece(fresh), fresh.stream)
            handed += fresh.length
            if handed >= self._slice or not self._pending():
                break
        if not self._pending():
            self._meet()

    def _few(self) -> int:
        """Bytes of each service that a terminal as slow as this one shows in a moment, though several are late."""
        if self._slice >= SLICE // 4:
            return KEPT
        return max(self._slice // sum(count.late for count in self._counts.values()), FEW)

    def _meet(self) -> None:
        """The back has come to where the front is."""
        for count in self._counts.values():
            if count.late:
                count.catch_up()
                count.floods = False
        self._end_the_back()

    def _sliced(self) -> Iterator[Entry]:
        """What the back comes to, in parts of a slice at the most."""
        assert self._back is not None
        while True:
            entry, self._left = self._left, None
            if entry is None:
                entry = next(self._reading, None)
            if entry is None:
                self._reading = self._back.entries()
                return
            if entry.length > self._slice:
                self._left = _without(entry, self._slice)
                entry = entry._replace(length=self._slice)
            yield entry

    def _pending(self) -> int:
        return sum(max(count.front - count.shown, 0) for count in self._counts.values() if count.late)

    def _end_the_back(self) -> None:
        if self._back:
            self._back.close()
        self._back = self._left = None

    # --- both ---

    def _mended(self, piece: Piece, stream: int) -> Iterator[Piece]:
        """A piece without the rest of a line whose beginning is lost."""
        if stream in self._torn:
            end = 0 if piece.kind is Kind.END else piece.data.find(b"\n") + 1
            if end or piece.kind is Kind.END:
                self._torn.discard(stream)
            elif piece.data:
                return
            piece = piece._replace(data=piece.data[end:])
        if piece.data or piece.kind is Kind.END:
            yield self._noted(piece)

    def _noted(self, piece: Piece) -> Piece:
        """A piece that is handed over; whether its line is whole is kept in mind."""
        key = (piece.service, piece.stream)
        if piece.kind is Kind.END or piece.data.endswith(b"\n"):
            self._unfinished.pop(key, None)
        elif piece.data:
            self._unfinished[key] = piece._replace(kind=Kind.END, data=b"")
        return piece

    def _ended(self, service: str) -> Iterator[Piece]:
        """The end of each line of a service whose rest will not come."""
        for key in [key for key in self._unfinished if key[0] == service]:
            yield self._unfinished.pop(key)


def _units(entry: Entry) -> int:
    return 1 if entry.kind is Kind.END else entry.length


def _size(piece: Piece) -> int:
    return len(piece.data)


def _without(entry: Entry, size: int) -> Entry:
    """What follows the first bytes of an entry."""
    return entry._replace(offset=entry.offset + size, length=entry.length - size)


def _cut(follower: Follower, entry: Entry) -> bool:
    """Whether a stream stands within a line behind this entry."""
    if not entry.length:
        return False
    return follower.piece(_without(entry, entry.length - 1)).data != b"\n"


def _beyond(entry: Entry, passed: int, shown: int) -> Entry | None:
    """What of an entry that begins where so much has been passed was not handed over yet."""
    known = shown - passed
    if known <= 0:
        return entry
    return None if known >= _units(entry) else _without(entry, known)
