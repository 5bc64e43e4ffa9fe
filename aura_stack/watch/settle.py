"""When a save is over: out of what is seen of files, one moment at which everything has been saved.

An editor that saves one file may cut it off and fill it, write it twice, move it aside and put another in its
place. A tool may write a thousand files. In between, a file may be missing, empty or half there, and whoever
looked then would see a change that nobody meant. So nothing is told before the files are calm:

1. The first real change is told at once: one file that was closed after writing, and holds something else.
2. What was seen of any other file begins its wait anew. `WAITS` says how long it is, by what was seen last and by
   what the file holds now. One that is gone or empty may be about to come back, one of which it is not known
   whether its writer has finished may be growing: 150 ms.
3. Such a file is looked at a second time when its wait is over. If it holds something else, it waits again.
4. A file that holds what it held before all this is forgotten. So a touch, a save without a change, and a file
   that came and went are nothing.
5. Files for which the same one asks make a group, also by way of a file for which two ask. A group is told at
   once, when each of its files has waited long enough and, the larger it is, the longer nothing has been seen of
   any (`QUIET`). What follows something that was told a moment ago (`FOLLOWS`) waits for quiet as well, so it is
   told once, however many files come one by one. Where that has happened, the next first change waits, too.
6. Whoever goes on writing is not waited for longer than `BOUND`: then all that is other than before is told.

Seconds are those of any clock that only goes forward; they are handed in.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from types import MappingProxyType

from aura_stack.frozen import NamedTuple

FIRST = 0.001  # seconds after the last sight of any file of a group, until they are looked at
BOUND = 2.0  # seconds after the first sight, however much is still seen
QUIET = ((10, 0.100), (2, 0.030), (1, 0.0))  # so many changed files: so many seconds of quiet
FOLLOWS = 0.5  # seconds after something was told, for which what begins belongs to it
AFTERWARDS = 0.050  # seconds of quiet, at least, behind what follows


class Seen(Enum):
    """What happened to a file, as far as whoever saw it can say."""

    WRITTEN = "written"  # its writer closed it, or it was moved here: it is whole
    MADE = "made"  # it is there, or other than before; whether its writer has finished is unknown
    GONE = "gone"  # removed, or moved away


class Found(Enum):
    """What a file holds, compared with what it held before the save."""

    SAME = "same"
    OTHER = "other"
    NEW = "new"  # it was not there before
    EMPTY = "empty"
    MISSING = "missing"


_SLOW = 0.150

WAITS: Mapping[tuple[Seen, Found], float] = MappingProxyType(
    {
        (Seen.WRITTEN, Found.OTHER): FIRST,
        (Seen.WRITTEN, Found.NEW): 0.050,  # it may be the other half of a safe write, and have its name soon
        (Seen.WRITTEN, Found.EMPTY): _SLOW,
        (Seen.WRITTEN, Found.MISSING): _SLOW,
        (Seen.MADE, Found.OTHER): _SLOW,
        (Seen.MADE, Found.NEW): _SLOW,
        (Seen.MADE, Found.EMPTY): _SLOW,
        (Seen.MADE, Found.MISSING): _SLOW,
        (Seen.GONE, Found.OTHER): _SLOW,
        (Seen.GONE, Found.NEW): _SLOW,
        (Seen.GONE, Found.EMPTY): _SLOW,
        (Seen.GONE, Found.MISSING): _SLOW,
    }
)
"""Seconds since a file was last seen, until what it holds counts."""

_WHOLE = frozenset({(Seen.WRITTEN, Found.OTHER), (Seen.WRITTEN, Found.NEW)})  # no second look


class Look(NamedTuple):
    """A file that is to be looked at; `number` tells whether it was seen again since."""

    path: str
    number: int


class Over(NamedTuple):
    """A file whose save is over: what it holds, who asks for it, and when that was looked at."""

    path: str
    content: str
    keys: frozenset[str]
    looked: float


class _File:
    """A file that was seen and is not settled yet."""

    __slots__ = ("asked", "content", "found", "last", "looked", "number", "seen", "sure")

    def __init__(self, seen: Seen, now: float, number: int) -> None:
        self.seen, self.last, self.number = seen, now, number
        self.looked = now
        self.found: Found | None = None  # nobody has looked since
        self.content = ""
        self.asked = self.sure = False


class _Batch:
    """The files for which exactly the same ones ask."""

    def __init__(self, keys: frozenset[str]) -> None:
        self.keys = keys
        self.files: dict[str, _File] = {}
        self.first = self.last = 0.0
        self.unknown = 0  # files at which nobody has looked since they were seen

    def put(self, path: str, file: _File) -> None:
        if not self.files:
            self.first = file.last
        self.last = file.last
        self.drop(path)
        self.files[path] = file
        self.unknown += 1

    def drop(self, path: str) -> None:
        file = self.files.pop(path, None)
        if file and file.found is None:
            self.unknown -= 1


_Group = list[_Batch]


class Settle:
    """All files that were seen and are not settled yet."""

    def __init__(self) -> None:
        self._batches: dict[frozenset[str], _Batch] = {}
        self._homes: dict[str, _Batch] = {}  # by file
        self._count = 0
        self._told: dict[str, float] = {}  # when something was told last, by who asks
        self._in_rows: set[str] = set()  # who asks for files that come one by one

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._homes

    def __contains__(self, path: str) -> bool:
        return path in self._homes

    def sight(self, path: str, seen: Seen, keys: frozenset[str], now: float) -> None:
        """Something happened to a file.

        Args:
            path: names it.
            seen: what happened.
            keys: who asks for it, at least one; the same ones every time.
            now: when.
        """
        home = self._homes.get(path)
        if home is None:
            home = self._homes[path] = self._batches.setdefault(keys, _Batch(keys))
        self._count += 1
        home.put(path, _File(seen, now, self._count))

    def looks(self, now: float) -> list[Look]:
        """What is to be looked at now; each look is to be answered by `answer`."""
        found = []
        for group in self._groups():
            if now >= self._moment(group):
                for path, file in _files(group):
                    if not file.sure and not file.asked:
                        file.asked, file.looked = True, now
                        found.append(Look(path, file.number))
        return found

    def answer(self, look: Look, found: Found, content: str, now: float) -> None:
        """What a look found; of a file that was seen again since, it means nothing.

        Args:
            look: which.
            found: compared with before the save.
            content: a word that is the same exactly when the content is.
            now: when.
        """
        home = self._homes.get(look.path)
        file = home.files[look.path] if home else None
        if home is None or file is None or file.number != look.number:
            return
        if found is Found.SAME:
            self._drop(look.path)
            return
        if file.found is None:
            home.unknown -= 1
            file.sure = (file.seen, found) in _WHOLE
        elif content == file.content:
            file.sure = True
        else:  # it is being written
            file.last = home.last = now
        file.found, file.content, file.asked = found, content, False

    def settled(self, now: float) -> list[Over]:
        """The saves that are over; they are forgotten here."""
        over: list[Over] = []
        for group in self._groups():
            looked_at = not any(batch.unknown for batch in group)
            late = looked_at and now >= _bound(group)
            if late or (
                looked_at and now >= self._moment(group) and all(file.sure for _, file in _files(group))
            ):
                over += [
                    Over(path, file.content, batch.keys, file.looked)
                    for batch in group
                    for path, file in batch.files.items()
                ]
                self._note(group, now)
        for each in over:
            self._drop(each.path)
        return over

    def moment(self) -> float | None:
        """When to ask for looks and for what is settled again; None while nothing is waited for but answers."""
        moments = [
            self._moment(group)
            for group in self._groups()
            if not any(file.asked for _, file in _files(group))
        ]
        return min(moments, default=None)

    def _moment(self, group: _Group) -> float:
        """When something is to be done about a group: to look, or to tell."""
        last = max(batch.last for batch in group)
        calm = last + FIRST
        if not any(batch.unknown for batch in group):
            number = sum(len(batch.files) for batch in group)
            quiet = next(quiet for least, quiet in QUIET if number >= least)
            if self._follows(group) or not self._in_rows.isdisjoint(_keys(group)):
                quiet = max(quiet, AFTERWARDS)
            waits = (file.last + WAITS[file.seen, file.found] for _, file in _files(group) if file.found)
            calm = max(last + quiet, *waits)
        return min(calm, _bound(group))

    def _follows(self, group: _Group) -> bool:
        """Whether it began so soon behind something told that it belongs to that."""
        first = min(batch.first for batch in group)
        return any(first - self._told.get(key, -FOLLOWS) < FOLLOWS for key in _keys(group))

    def _note(self, group: _Group, now: float) -> None:
        """Remember when it was told, and whether it came in a row."""
        keys = _keys(group)
        if self._follows(group):
            self._in_rows |= keys
        elif sum(len(batch.files) for batch in group) == 1:
            self._in_rows -= keys
        self._told |= dict.fromkeys(keys, now)

    def _drop(self, path: str) -> None:
        home = self._homes.pop(path)
        home.drop(path)
        if not home.files:
            del self._batches[home.keys]

    def _groups(self) -> list[_Group]:
        groups: list[_Group] = []
        for batch in self._batches.values():
            mine, apart = [batch], []
            for group in groups:
                if any(other.keys & batch.keys for other in group):
                    mine += group
                else:
                    apart.append(group)
            groups = [*apart, mine]
        return groups


def _files(group: _Group) -> Iterator[tuple[str, _File]]:
    for batch in group:
        yield from batch.files.items()


def _bound(group: _Group) -> float:
    return min(batch.first for batch in group) + BOUND


def _keys(group: _Group) -> set[str]:
    return {key for batch in group for key in batch.keys}


MISSING = "missing"
EMPTY = "empty"
"""What a file holds, where that means more than being the same as before or another."""


def compared(before: str, now: str) -> Found:
    """What a file holds, in the words of `contents`, compared with what it held."""
    if now == before:
        return Found.SAME
    if now == MISSING:
        return Found.MISSING
    if now == EMPTY:
        return Found.EMPTY
    return Found.NEW if before == MISSING else Found.OTHER
