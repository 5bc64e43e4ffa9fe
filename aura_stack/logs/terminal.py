"""Merged logs for one reader: pieces of a record in, whole prefixed lines out."""

from .follow import Piece
from .framing import Kind, Lines
from .render import Style, prefixed


class Merger:
    """Turns the pieces of all streams into text of whole lines.

    Args:
        style: the prefixes.
    """

    def __init__(self, style: Style) -> None:
        self._style = style
        self._lines: dict[tuple[str, str, int], Lines] = {}

    def text(self, piece: Piece) -> bytes:
        """What to print for a piece of a service's stream; often nothing, until its line is whole."""
        key = (piece.service, piece.stream, piece.run)
        if piece.kind is Kind.END:
            lines = self._lines.pop(key, None)
            whole = lines.finish() if lines else b""
        else:
            if key not in self._lines:
                self._lines[key] = Lines()
            whole = self._lines[key].feed(piece.data)
        return self._prefixed(piece.service, whole)

    def release(self, service: str) -> bytes:
        """What is unfinished in the streams of a service, as it is; it is not waited for any more."""
        mine = [key for key in self._lines if key[0] == service]
        return b"".join(self._lines.pop(key).finish()[:-1] for key in mine)

    def finish(self) -> bytes:
        """What is unfinished in all streams, ended."""
        pieces = [
            self._prefixed(service, whole)
            for (service, _, _), lines in self._lines.items()
            if (whole := lines.finish())
        ]
        self._lines = {}
        return b"".join(pieces)

    def _prefixed(self, service: str, lines: bytes) -> bytes:
        if b"\r\n" in lines:  # what went through a terminal ends its lines so
            lines = lines.replace(b"\r\n", b"\n")
        return prefixed(lines, self._style.log(service)) if lines else b""
