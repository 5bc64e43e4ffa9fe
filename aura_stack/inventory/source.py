"""One file that is read: its bytes and its text, and where things stand in it."""

import re
from bisect import bisect_right
from functools import cached_property

from aura_stack.errors import Place

from .findings import Confidence, Finding, Form, Language

BOM = b"\xef\xbb\xbf"
_LONGEST_EXPRESSION = 90
_BLANKS = re.compile(r"\s+")


class Source:
    """A file.

    Args:
        path: from the project's folder, with slashes.
        data: its content.
        language: how it is read.
        aside: why what is found in it counts for nothing, or "".
    """

    def __init__(self, path: str, data: bytes, language: Language, aside: str = "") -> None:
        self.path = path
        self.data = data
        self.language = language
        self.aside = aside

    @cached_property
    def text(self) -> str:
        """The content as text; a byte that is no UTF-8 is kept as a lone surrogate."""
        return self.data.decode("utf-8", "surrogateescape")

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer(rb"\r\n|[\n\r]", self.data))]

    def offset(self, characters: int) -> int:
        """The offset in bytes of a character of the text."""
        if len(self.text) == len(self.data):
            return characters
        return len(self.text[:characters].encode("utf-8", "surrogateescape"))

    def place(self, offset: int) -> Place:
        """Line and column, in characters, of what begins at an offset in bytes."""
        line = bisect_right(self._starts, offset)
        before = self.data[self._starts[line - 1] : offset].removeprefix(BOM)
        return Place(self.path, line, len(before.decode("utf-8", "replace")) + 1)

    def line_around(self, start: int, end: int) -> str:
        """The line in which something stands, without what indents it."""
        line = bisect_right(self._starts, start)
        stop = self._starts[line] if line < len(self._starts) else len(self.data)
        begin = self._starts[line - 1]
        # of a long line, what is near
        near = self.data[
            max(begin, start - _LONGEST_EXPRESSION) : min(max(stop, end), end + _LONGEST_EXPRESSION)
        ]
        return near.decode("utf-8", "ignore")

    def finding(
        self,
        number: int,
        confidence: Confidence,
        form: Form,
        span: tuple[int, int],
        *,
        shown: tuple[int, int] | None = None,
        outer: tuple[int, int] | None = None,
        what: str = "",
        names: tuple[str, ...] = (),
        variable: str = "",
        own: bool = False,
        weak: bool = False,
        aside: str = "",
        barrier: str = "",
    ) -> Finding:
        """A finding in this file; `span` and `outer` as offsets in bytes, `shown` is what to show for it."""
        if shown:
            expression = self.data[shown[0] : min(shown[1], shown[0] + 4 * _LONGEST_EXPRESSION)].decode(
                "utf-8", "replace"
            )
        else:
            expression = self.line_around(*span)
        return Finding(
            self.place(span[0]),
            number,
            one_line(expression),
            confidence,
            form,
            self.language,
            *span,
            outer or span,
            what,
            names,
            variable,
            own,
            weak,
            self.aside or aside,
            barrier,
        )


def one_line(text: str) -> str:
    """A text on one line, cut where it is long, with nothing in it that moves a cursor."""
    flat = _BLANKS.sub(" ", text.strip("\ufeff")).strip()
    flat = "".join(character if character.isprintable() else "�" for character in flat)
    return flat if len(flat) <= _LONGEST_EXPRESSION else flat[: _LONGEST_EXPRESSION - 1] + "…"
