"""Merged logs for one reader: pieces of a record in, whole prefixed lines out."""

from itertools import chain

from .follow import Piece
from .framing import Kind, Lines
from .render import Style, ends_prefixed

Buffers = list[bytes | memoryview]
"""What to write one after the other: nothing of it is copied until then."""


class Merger:
    """Turns the pieces of all streams into text of whole lines.

    Args:
        style: the prefixes.
    """

    def __init__(self, style: Style) -> None:
        self._style = style
        self._lines: dict[tuple[str, str, int], Lines] = {}

    def parts(self, piece: Piece) -> Buffers:
        """What to print for a piece of a service's stream; often nothing, until its line is whole."""
        key = (piece.service, piece.stream, piece.run)
        begun = b""
        if piece.kind is Kind.END:
            lines = self._lines.pop(key, None)
            whole = lines.finish() if lines else b""
        else:
            if key not in self._lines:
                self._lines[key] = Lines()
            begun, whole = self._lines[key].cut(piece.data)
        return self._prefixed(piece.service, begun, whole)

    def text(self, piece: Piece) -> bytes:
        """The same in one."""
        return b"".join(self.parts(piece))

    def release(self, service: str) -> bytes:
        """What is unfinished in the streams of a service, as it is; it is not waited for any more."""
        mine = [key for key in self._lines if key[0] == service]
        return b"".join(self._lines.pop(key).finish()[:-1] for key in mine)

    def finish(self) -> bytes:
        """What is unfinished in all streams, ended."""
        parts = [self._prefixed(key[0], b"", lines.finish()) for key, lines in self._lines.items()]
        self._lines = {}
        return b"".join(chain.from_iterable(parts))

    def _prefixed(self, service: str, begun: bytes, lines: bytes) -> Buffers:
        if not lines:
            return []
        if begun.endswith(b"\r") and lines.startswith(b"\n"):
            begun = begun[:-1]
        if b"\r" in lines:  # what went through a terminal ends its lines so
            lines = lines.replace(b"\r\n", b"\n")
        return [self._style.log(service) + begun, ends_prefixed(lines, self._style.log(service))]
