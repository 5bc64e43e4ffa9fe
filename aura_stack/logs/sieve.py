"""Which lines are wanted: by patterns, by how loud they are, with some around them; in bulk where nothing is wanted."""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .levels import CANDIDATES, LEVELS, goes_on, level_of

ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
"""Control sequences of a terminal (ECMA-48, 5.3 and 5.4), and the window titles of xterm."""

_ACROSS = re.compile(
    r"\\[AZzb]|\(\?[=!<(]|\\\d"
)  # means something else for a text of many lines than for one
_SPECIAL = set(".^$*+?{}[]\\|()")


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


class Line(NamedTuple):
    """A line that is shown: where it begins in what was fed so far, its bytes, and whether it is wanted itself."""

    offset: int
    text: bytes
    wanted: bool


def pattern(text: str) -> re.Pattern[bytes]:
    """A pattern as it is written; re.error if it is none."""
    return re.compile(text.encode("utf-8", "surrogateescape"), re.MULTILINE)


def plain(text: bytes) -> bytes:
    """Text without what a terminal would act upon; as many lines as before."""
    return ESCAPES.sub(b"", text) if b"\x1b" in text else text


class Sieve:
    """The lines of one stream that are wanted.

    Args:
        terms: which.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._bulk = [_Bulk(one) for one in terms.grep]
        self._before: deque[Line] = deque(maxlen=terms.context)
        self._after = 0  # lines that are still shown for the sake of an earlier one
        self._loud = False  # whether the last line was as loud as asked for
        self.offset = 0
        """Bytes that were fed."""

    def feed(self, block: bytes) -> list[Line]:
        """The wanted lines of the next block, which ends with an end of line."""
        begin, self.offset = self.offset, self.offset + len(block)
        if not self._terms.context and not self._may_hold(block):
            self._loud = False
            return []
        if self._bulk and not self._terms.context and self._terms.level is None:
            return [
                Line(begin + start, line, wanted=True)
                for start, line in self._found(block)
                if self._passes(plain(line))
            ]
        return list(self._each(block, begin))

    def _may_hold(self, block: bytes) -> bool:
        """Whether there may be a wanted line at all, or one that goes on where a wanted one ended."""
        if self._terms.level is None or self._loud:
            return True
        return CANDIDATES[self._terms.level].search(block) is not None

    def _found(self, block: bytes) -> Iterator[tuple[int, bytes]]:
        """The lines in which one of the patterns is found, in bulk."""
        text = plain(block)
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n")
        starts = sorted({start for one in self._bulk for start in one.lines(text)})
        if text is block:
            for start in starts:
                yield start, block[start : block.index(b"\n", start)]
            return
        # the same lines, counted, in what was printed
        counted = place = at = 0
        for start in starts:
            number = counted + text.count(b"\n", at, start)
            while counted < number:
                place = block.index(b"\n", place) + 1
                counted += 1
            at = start
            yield place, block[place : block.index(b"\n", place)]

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
        text = plain(line).removesuffix(b"\r")
        if self._terms.level is not None:
            level = level_of(text)
            if level is not None:
                self._loud = level >= self._terms.level
            elif not goes_on(text):
                self._loud = LEVELS.index("info") >= self._terms.level
            if not self._loud:
                return False
        if self._terms.grep and not any(one.search(text) for one in self._terms.grep):
            return False
        return self._passes(text)

    def _passes(self, text: bytes) -> bool:
        return not any(one.search(text) for one in self._terms.exclude)


class _Bulk:
    """Finds the lines of a text that hold a pattern, without looking at each."""

    def __init__(self, pattern: re.Pattern[bytes]) -> None:
        self._pattern = pattern
        source = pattern.pattern.decode("utf-8", "surrogateescape")
        self._any_case = bool(pattern.flags & re.IGNORECASE)
        self._by_line = _ACROSS.search(source.removeprefix("(?i)")) is not None
        self._literal = literal(source.removeprefix("(?i)"))
        if self._any_case:
            self._literal = self._literal.lower()

    def lines(self, text: bytes) -> Iterator[int]:
        """Where those lines begin."""
        searched = text.lower() if self._literal and self._any_case else text
        if self._literal and self._literal not in searched:
            return
        place, end = 0, len(text)
        while place < end:
            at = self._next(searched, place)
            if at is None or at == end:
                return
            start = text.rfind(b"\n", 0, at) + 1
            stop = text.find(b"\n", at)
            stop = end if stop < 0 else stop
            # found in many lines, a pattern may have been found across two
            if self._pattern.search(text[start:stop]):
                yield start
            place = stop + 1

    def _next(self, text: bytes, place: int) -> int | None:
        """Somewhere in the next line that may hold it."""
        if self._literal:
            at = text.find(self._literal, place)
            return None if at < 0 else at
        if self._by_line:
            return place
        match = self._pattern.search(text, place)
        return match.start() if match else None


def literal(source: str) -> bytes:
    """The longest text that every match of a pattern holds; empty when none is plain to see."""
    if "|" in source or "(?" in source or "\\" in source.replace("\\.", ""):
        return b""
    best = current = ""
    depth = 0
    position = 0
    while position < len(source):
        character = source[position]
        position += 1
        if character == "\\":
            character, position = source[position], position + 1
        elif character == "[":
            closing = source.find("]", position + (2 if source[position : position + 1] == "^" else 1))
            if closing < 0:
                return b""
            position = closing + 1
            best, current = max(best, current, key=len), ""
            position = _after_quantifier(source, position)
            continue
        elif character in _SPECIAL:
            depth += (character == "(") - (character == ")")
            if character in "*?{" and current:
                current = current[:-1]
            best, current = max(best, current, key=len), ""
            if character == "{":
                position = max(position, source.find("}", position) + 1)
            continue
        if depth == 0 and character != "\n":
            current += character
    return max(best, current, key=len).encode("utf-8", "surrogateescape")


def _after_quantifier(source: str, position: int) -> int:
    if source[position : position + 1] == "{":
        return max(position, source.find("}", position) + 1)
    return position


def patterns(texts: Sequence[str]) -> tuple[re.Pattern[bytes], ...]:
    """Patterns as they are written; re.error if one is none."""
    return tuple(map(pattern, texts))
