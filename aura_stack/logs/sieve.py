"""Which lines are wanted: by patterns, by how loud they are, with some around them; in bulk where nothing is wanted."""

import re
from collections import deque
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import accumulate

from aura_stack.frozen import NamedTuple

from .finder import Buffer, Finder, Span, Text
from .plaintext import deceiving, plain, plain_line


class Terms(NamedTuple):
    """What lines are wanted.

    Attributes:
        grep: patterns of which one is found in the line; none for any line.
        exclude: patterns of which none is.
        level: the place in LEVELS of the least level, None for any.
        context: lines before and after that are shown, too.
    """

    grep: tuple[re.Pattern[bytes], ...] = ()
    exclude: tuple[re.Pattern[bytes], ...] = ()
    level: int | None = None
    context: int = 0

    @property
    def all(self) -> bool:
        """Whether every line is wanted."""
        return not self.grep and not self.exclude and self.level is None

    @property
    def in_bulk(self) -> bool:
        """Whether each line is wanted or not for itself, by its patterns alone."""
        return not self.all and self.level is None and not self.context


class Line(NamedTuple):
    """A line that is shown: where it begins in what was fed so far, its bytes, and whether it is wanted itself."""

    offset: int
    text: bytes
    wanted: bool


def pattern(text: str) -> re.Pattern[bytes]:
    """A pattern as it is written; re.error if it is none."""
    return re.compile(text.encode("utf-8", "surrogateescape"), re.MULTILINE)


class Bulk:
    """The wanted lines of texts, where each line is wanted or not for itself.

    Args:
        terms: which; neither a level nor lines around.
    """

    def __init__(self, terms: Terms) -> None:
        self._grep = bool(terms.grep)
        self._finders = [Finder(one) for one in terms.grep or terms.exclude]
        self._without = terms.exclude
        alone = len(terms.grep) == 1 and not self._without
        self._literal = self._finders[0].literal if alone else None

    @cached_property
    def _deceiving(self) -> re.Pattern[bytes] | None:
        return deceiving(*self._literal) if self._literal else None

    def spans(self, buffer: Buffer, begin: int, end: int) -> list[Span]:
        """Those between two places: see Finder; here their text need not be plain."""
        found = [one.by_character(buffer, begin, end) for one in self._finders]
        if None in found:
            ways = zip(self._finders, found, strict=True)
            if buffer.data.find(b"\x1b", begin, end) < 0 and buffer.data.find(b"\r", begin, end) < 0:
                found = [one.spans(buffer, begin, end) if none is None else none for one, none in ways]
            else:
                found = [one.coloured(buffer, begin, end) if none is None else none for one, none in ways]
        known = [spans for spans in found if spans is not None]
        if len(known) == len(found):
            spans, data = self._together(known, begin, end), buffer.data
            return self._less_excluded(spans, lambda start, stop: plain_line(data[start:stop]))
        return self._made_plain(bytes(buffer.data[begin:end]), buffer, begin)

    def often(self, buffer: Buffer, begin: int, end: int) -> bool:
        """Whether so many lines are wanted that `wanted` is quicker; these are some of them."""
        return self._literal is not None and self._finders[0].often(buffer, begin, end)

    def wanted(self, lines: bytes) -> bytes:
        """The wanted ones of whole lines, where nothing but a literal is asked for: each line is looked at."""
        assert self._literal
        clear = b"\x1b" not in lines or (self._deceiving and not self._deceiving.search(lines))
        text = lines if clear else plain(lines)
        # what a str contains is found in a fifth of the time that bytes take
        sought, shown = self._literal.text.decode("latin-1"), lines.decode("latin-1").split("\n")
        if text is lines and not self._literal.folded:
            kept = [line for line in shown if sought in line]
        else:
            if b"\r" in text:
                text = text.replace(b"\r\n", b"\n")
            text = text.lower() if self._literal.folded else text
            seen = text.decode("latin-1").split("\n")
            kept = [line for line, plainly in zip(shown, seen, strict=True) if sought in plainly]
        kept.append("")  # behind the last end of line, as it was before
        return "\n".join(kept).encode("latin-1")

    def _made_plain(self, raw: bytes, buffer: Buffer, begin: int) -> list[Span]:
        """Those of lines that stand there and are not plain, by a copy that is."""
        text = b"\n" + plain(raw)
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n")
        beside = buffer.beside(text)
        found = [one.spans(beside, 1, len(text)) for one in self._finders]
        # plain a second time it would be another text
        spans = self._less_excluded(self._together(found, 1, len(text)), lambda one, end: text[one:end])
        return list(_counted(spans, text, raw, begin)) if spans else []

    def _together(self, found: list[list[Span]], begin: int, end: int) -> list[Span]:
        """The lines between two places that count by what each finder has found there."""
        spans = found[0] if len(found) == 1 else sorted({span for spans in found for span in spans})
        return spans if self._grep else list(_between(spans, begin, end))

    def _less_excluded(self, spans: list[Span], line: Callable[[int, int], bytes]) -> list[Span]:
        """Those of lines that hold nothing that none may hold; `line` tells the plain text of each."""
        if not (self._grep and self._without):
            return spans
        return [span for span in spans if not any(one.search(line(*span)) for one in self._without)]


def _between(spans: list[Span], begin: int, end: int) -> Iterator[Span]:
    """What is left of the lines between two places."""
    for start, stop in spans:
        if begin < start:
            yield begin, start - 1
        begin = stop + 1
    if begin < end:
        yield begin, end - 1


def _counted(spans: list[Span], text: bytes, raw: bytes, begin: int) -> Iterator[Span]:
    """The same lines, found again by counting them.

    Args:
        spans: in the text.
        text: an end of line and those of `raw` without what was left out.
        raw: lines.
        begin: where those stand.
    """
    places = [begin, *accumulate((len(line) + 1 for line in raw.split(b"\n")), initial=begin)][1:]
    number, at = 0, 1
    for start, stop in spans:
        number += text.count(b"\n", at, start)
        following = number + text.count(b"\n", start, stop) + 1
        yield places[number], places[following] - 1
        number, at = following, stop + 1


class Sieve:
    """The lines of one stream that are wanted.

    Args:
        terms: which.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._bulk = Bulk(terms) if terms.in_bulk else None
        self._before: deque[Line] = deque(maxlen=terms.context)
        self._after = 0  # lines that are still shown for the sake of an earlier one
        if terms.level is not None:
            from . import levels  # noqa: PLC0415 - 5 ms, which most need not wait for

            self._levels = levels
        self._loud = False  # whether the last line was as loud as asked for
        self.offset = 0
        """Bytes that were fed."""

    def feed(self, block: bytes) -> list[Line]:
        """The wanted lines of the next block, which ends with an end of line."""
        begin, self.offset = self.offset, self.offset + len(block)
        if not block:
            return []
        if self._bulk:
            return list(self._found(block, begin))
        if not self._terms.context and not self._may_hold(block):
            self._loud = False
            return []
        return list(self._each(block, begin))

    def _may_hold(self, block: bytes) -> bool:
        """Whether there may be a wanted line at all, or one that goes on where a wanted one ended."""
        if self._terms.level is None or self._loud:
            return True
        return self._levels.CANDIDATES[self._terms.level].search(block) is not None

    def _found(self, block: bytes, begin: int) -> Iterator[Line]:
        assert self._bulk
        for start, stop in self._bulk.spans(Text(b"\n" + block), 1, len(block) + 1):
            offset = begin + start - 1
            for line in block[start - 1 : stop - 1].split(b"\n"):
                yield Line(offset, line, wanted=True)
                offset += len(line) + 1

    def _each(self, block: bytes, begin: int) -> Iterator[Line]:
        offset = begin
        for text in block.split(b"\n")[:-1]:
            line = Line(offset, text, wanted=self._wants(text))
            offset += len(text) + 1
            if line.wanted:
                yield from self._before
                self._before.clear()
                self._after = self._terms.context
                yield line
            elif self._after:
                self._after -= 1
                yield line
            else:
                self._before.append(line)

    def _wants(self, line: bytes) -> bool:
        text = plain_line(line)
        if self._terms.level is not None:
            level = self._levels.level_of(text)
            if level is not None:
                self._loud = level >= self._terms.level
            elif not self._levels.goes_on(text):
                self._loud = self._levels.LEVELS.index("info") >= self._terms.level
            if not self._loud:
                return False
        if self._terms.grep and not any(one.search(text) for one in self._terms.grep):
            return False
        return self._passes(text)

    def _passes(self, text: bytes) -> bool:
        return not any(one.search(text) for one in self._terms.exclude)
