"""Where in a text of many lines those are that hold a pattern: bytes that each of them holds are looked for first.

What is searched are the lines between two places of a buffer, an end of line before the first of them and one behind
the last. Mostly their text is plain: without colours, their ends without a carriage return. Where it is not, or that
need not be known, one or two characters of those bytes are looked for, if they are rare: colours hide no character,
and part no two unseen. Only the lines that hold them are made plain.
"""

import re
from collections.abc import Callable, Iterator
from typing import Protocol

from aura_stack.frozen import NamedTuple

from .needles import Needles, needles
from .plaintext import plain_line
from .rarest import Pair, Rarest, places, rarest, rarest_pair

Span = tuple[int, int]
"""Where a line begins and where its end of line stands; several lines that follow each other may be one span."""

Search = Callable[["bytes | bytearray"], "re.Match[bytes] | None"]
"""Whether a line is one that is wanted."""

Seen = Callable[["bytes | bytearray"], bytes]
"""What a pattern is looked for in, of a line: what `plain_line` makes of it, or the line itself where that was done."""

_NEWLINE = b"\n"
_SAMPLE = 1 << 15  # bytes of a text by which it is decided how it is searched
_LEAST = 1 << 10  # and less than that says nothing
# nanoseconds that things cost, about: what is decided by them is only how long it takes
_PATTERN = 8.0  # for each byte that a pattern is tried on
_PASS = (0.0, 0.05, 1.2, 0.4, 0.4, 0.3)  # for each byte through which a text of that length is looked for
_LONG = 0.2  # and a longer one
_BYTE = 0.05  # and one byte of it
_FOLD = 0.8  # for each byte in lower case
_HIT = 500.0  # for each place that is looked at
_TRY = 400.0  # and where the pattern is tried there
_STEP = 1000.0  # for each place whose line is looked at
_WALK = 0.4  # for each byte through which a pair is looked for
_BEGUN = 20.0  # and for each place where the first of it is
_PLAIN = 3.0  # for each byte that is made plain
_OFTEN = 1 << 11  # bytes from one to the next below which it does not pay to search quickly

_ACROSS = re.compile(  # means something else for a text of many lines than for one
    rb"\\[AZzb]|\(\?[=!<(]|\\\d"
)


class Buffer(Protocol):
    """Bytes that are searched."""

    @property
    def data(self) -> bytes | bytearray:
        """All of them."""

    def find(self, text: bytes, begin: int, end: int) -> int:
        """Where a text stands next, all of it before `end`; -1 for nowhere."""

    def beside(self, data: bytes | bytearray) -> "Buffer":
        """Other bytes, to be searched alike; whoever gives them away changes them no more."""


class Text:
    """Bytes as they are."""

    def __init__(self, data: bytes | bytearray) -> None:
        self.data = data
        self.find = data.find

    def beside(self, data: bytes | bytearray) -> "Text":
        """Other bytes."""
        return Text(data)


class Literal(NamedTuple):
    """All that a pattern says: this text stands in the line; in any case, and it is in lower case, if folded."""

    text: bytes
    folded: bool


class Finder:
    """The lines that hold one pattern.

    Args:
        pattern: of bytes, with re.MULTILINE.
        known: what is known of it, if that was asked before.
    """

    def __init__(self, pattern: re.Pattern[bytes], known: list[Needles] | None = None) -> None:
        self._pattern = pattern
        self._known = needles(pattern) if known is None else known
        self._needles: Needles | None = max(self._known, key=_promise, default=None)
        self._chosen = not self._known
        self._often = False  # whether they stand in many lines
        self._rarest: list[Rarest] = []  # by which character each text is looked for, where that pays
        self._pairs: list[Pair] | None = None  # and by which two among colours
        self._by_line = _ACROSS.search(pattern.pattern) is not None

    def spans(self, buffer: Buffer, begin: int, end: int) -> list[Span]:
        """The lines between two places that hold it, in their order; their text is plain."""
        found = self._by_character(buffer, begin, end, bytes)
        if found is not None:
            return found
        if self._needles is None:
            return self._tried(buffer.data, begin, end)
        return self._looked(buffer, begin, end)

    def by_character(self, buffer: Buffer, begin: int, end: int) -> list[Span] | None:
        """The same whether the text is plain or not; None where no character is so rare that this would pay."""
        return self._by_character(buffer, begin, end, plain_line)

    def _by_character(self, buffer: Buffer, begin: int, end: int, seen: Seen) -> list[Span] | None:
        self._choose_once(buffer, begin, end)
        if not self._rarest:
            return None
        data = buffer.data
        spots = [places(by, data, begin, end) for by in self._rarest]
        found, steps = self._around(spots, data, begin, end, seen)
        if steps * _STEP > _FOLD * max(end - begin, _SAMPLE):  # it is rare no more
            self._rarest = []
        return found

    def often(self, buffer: Buffer, begin: int, end: int) -> bool:
        """Whether many lines hold it; these are some of them, and their text need not be plain."""
        self._choose_once(buffer, begin, end)
        return self._often

    @property
    def literal(self) -> Literal | None:
        """The text that the pattern is, if it is one."""
        for one in self._known:
            ends = b"\r" in one.texts[0] or _NEWLINE in one.texts[0]  # as lines may
            if one.exact and not one.table and len(one.texts) == 1 and not ends:
                return Literal(one.texts[0], one.folded)
        return None

    def coloured(self, buffer: Buffer, begin: int, end: int) -> list[Span] | None:
        """The same where the text is not plain; None where it is to be made so before it is searched."""
        self._choose_once(buffer, begin, end)
        if self._needles is None or self._needles.table:
            return None
        data, shift = buffer.data, begin if self._needles.folded else 0
        where = buffer.beside(self._needles.prepared(data[begin:end])).data if shift else data
        if self._pairs is None and end - begin >= _LEAST:
            sample = where[begin - shift : min(end, begin + _SAMPLE) - shift]
            self._pairs = self._chosen_pairs(bytes(sample))
        if not self._pairs:
            return None
        matches = [one.pattern.finditer(where, begin - shift, end - shift) for one in self._pairs]
        found, steps = self._around([_starts(one, shift) for one in matches], data, begin, end, plain_line)
        if steps * _STEP > _PLAIN * max(end - begin, _SAMPLE):  # they are rare no more
            self._pairs = []
        return found

    def _around(
        self, places: list[Iterator[int]], data: bytes | bytearray, begin: int, end: int, seen: Seen
    ) -> tuple[list[Span], int]:
        """The lines that hold it, as they are seen, and one of these places; and how many places these are."""
        found, steps = [], 0
        for several in places:
            last = begin - 1
            for at in several:
                steps += 1
                if at < last:  # in a line that was looked at
                    continue
                start = data.rfind(_NEWLINE, last, at) + 1
                last = data.find(_NEWLINE, at, end)
                if self._pattern.search(seen(data[start:last])):
                    found.append((start, last))
        return (found if len(places) == 1 else sorted({*found})), steps

    def _looked(self, buffer: Buffer, begin: int, end: int) -> list[Span]:
        """The lines that hold one of the texts, and the pattern, if these alone do not say so."""
        assert self._needles
        search = None if self._needles.exact else self._pattern.search
        where, shift = buffer, 0
        if self._needles.folded or self._needles.table:
            shift = begin - 1
            where = where.beside(self._needles.prepared(buffer.data[shift:end]))
        look = self._look_often if self._often else self._look
        found = [look(text, where, shift, buffer.data, begin, end, search) for text in self._needles.texts]
        return found[0] if len(found) == 1 else sorted({span for spans in found for span in spans})

    def _choose_once(self, buffer: Buffer, begin: int, end: int) -> None:
        if not self._chosen and end - begin >= _LEAST:
            self._choose(bytes(buffer.data[begin : min(end, begin + _SAMPLE)]))

    def _choose(self, sample: bytes) -> None:
        """Decide, by what is searched, what is looked for."""
        self._chosen = True
        hits = {one: _hits(one, sample) for one in self._known}
        costs = {one: _cost(one, len(sample), count) for one, count in hits.items()}
        best = min(costs, key=costs.__getitem__)
        self._needles = best if costs[best] < _PATTERN * len(sample) else None
        self._often = hits[best] * _OFTEN > len(sample)
        if self._needles and not (self._often or best.table):
            by_one = [rarest(text, sample, folded=best.folded) for text in best.texts]
            cost = sum(len(by.cases) * _BYTE * len(sample) + by.hits * _STEP for by in by_one)
            self._rarest = by_one if cost < _passes(best) * len(sample) else []

    def _chosen_pairs(self, sample: bytes) -> list[Pair]:
        """By which two characters each text is looked for in what is coloured like this; none where it does not pay."""
        assert self._needles
        found = [rarest_pair(text, sample) for text in self._needles.texts]
        pairs = [one for one in found if one is not None]
        cost = sum(_WALK * len(sample) + one.begun * _BEGUN + one.hits * _STEP for one in pairs)
        return pairs if len(pairs) == len(found) and cost < _PLAIN * len(sample) else []

    def _look(
        self,
        text: bytes,
        where: Buffer,
        shift: int,
        data: bytes | bytearray,
        begin: int,
        end: int,
        search: Search | None,
    ) -> list[Span]:
        """The lines that hold a text, which is looked for in a copy that begins `shift` bytes later."""
        find = where.find
        ahead = 1 if text.startswith(_NEWLINE) else 0
        place, last = begin - 1 - shift, end - shift
        found = []
        while (at := find(text, place, last)) >= 0:
            at += shift + ahead
            start = at if ahead else data.rfind(_NEWLINE, begin - 1, at) + 1
            stop = data.find(_NEWLINE, at, end)
            if search is None or search(data[start:stop]):
                found.append((start, stop))
            place = stop - shift
        return found

    def _look_often(
        self,
        text: bytes,
        where: Buffer,
        shift: int,
        data: bytes | bytearray,
        begin: int,
        end: int,
        search: Search | None,
    ) -> list[Span]:
        """The same, where so many lines hold it that each call counts: a pattern finds the end of its line, too."""
        rfind = data.rfind
        ahead = 1 if text.startswith(_NEWLINE) else 0
        tail = rb"(?=\n)" if text.endswith(_NEWLINE) else rb"[^\n]*"
        pattern = re.compile(re.escape(text.removesuffix(_NEWLINE)) + tail)
        found, last = [], begin - 1
        for match in pattern.finditer(where.data, begin - 1 - shift, end - shift):
            at, stop = match.span()
            start = at + 1 + shift if ahead else rfind(_NEWLINE, last, at + shift) + 1
            last = stop + shift
            if search is None or search(data[start:last]):
                found.append((start, last))
        return found

    def _tried(self, data: bytes | bytearray, begin: int, end: int) -> list[Span]:
        """The same by the pattern itself."""
        found, place, search = [], begin, self._pattern.search
        while place < end:
            at, over = place, end
            if not self._by_line:
                match = search(data, place, end)
                if not match or (at := match.start()) >= end:
                    break
                over = match.end()
            start = data.rfind(_NEWLINE, begin - 1, at) + 1
            stop = data.find(_NEWLINE, at, end)
            # found in many lines, a pattern may have been found across two
            if start < over <= stop or search(data[start:stop]):
                found.append((start, stop))
            place = stop + 1
        return found


def _starts(matches: Iterator[re.Match[bytes]], shift: int) -> Iterator[int]:
    return (match.start() + shift for match in matches)


def _promise(needles: Needles) -> tuple[int, bool]:
    return min(map(len, needles.texts)), needles.exact


def _hits(needles: Needles, sample: bytes) -> int:
    return sum(map(needles.prepared(sample).count, needles.texts))


def _cost(needles: Needles, size: int, hits: int) -> float:
    """Nanoseconds to find them in so many bytes, about."""
    return _passes(needles) * size + hits * (_HIT if needles.exact else _HIT + _TRY)


def _passes(needles: Needles) -> float:
    """Nanoseconds for each byte, about."""
    prepared = _FOLD if needles.folded or needles.table else 0.0
    return prepared + sum(_PASS[len(text)] if len(text) < len(_PASS) else _LONG for text in needles.texts)
