"""Merged logs for one reader: pieces of a record in, whole prefixed lines out."""

from .follow import Piece
from .framing import Kind, Lines
from .render import Style, ends_prefixed, prefixed
from .stamps import stamp

Key = tuple[str, str, int]  # service, stream, run

Buffers = list[bytes | memoryview]
"""What to write one after the other: nothing of it is copied until then."""


class Merger:
    """Turns the pieces of all streams into text of whole lines.

    Args:
        style: the prefixes.
        screen: whether a terminal shows the text, which then holds nothing that harms one; to whatever else reads
            it the bytes pass as they are, unless it is shown colours.
        stamps: whether each line begins with its time.
    """

    def __init__(self, style: Style, *, screen: bool = False, stamps: bool = False) -> None:
        self._style = style
        self._safe = screen or style.colour
        self._stamps = stamps
        self._lines: dict[Key, Lines] = {}

    def parts(self, piece: Piece) -> Buffers:
        """What to print for a piece of a service's stream; often nothing, until its line is whole."""
        begun, whole = self._cut(piece)
        if not whole:
            return []
        prefix = self.before(piece.service, piece.time)
        if self._safe or not prefix:
            return [self.dressed(piece.service, begun + whole, piece.time)]
        if begun.endswith(b"\r") and whole.startswith(b"\n"):
            begun = begun[:-1]
        return [prefix + begun, ends_prefixed(_from_terminal(whole), prefix)]

    def text(self, piece: Piece) -> bytes:
        """The same in one."""
        return b"".join(self.parts(piece))

    def whole(self, piece: Piece) -> bytes:
        """The lines that a piece completes, as they were printed."""
        begun, whole = self._cut(piece)
        return begun + whole

    def dressed(self, service: str, lines: bytes, time: int) -> bytes:
        """Whole lines as they are shown: with what stands before them."""
        if not lines:
            return b""
        if self._safe:
            from .controls import closed, safe  # noqa: PLC0415 - 1 ms, which a file need not wait for

            lines = closed(safe(lines, colour=self._style.colour))
        else:
            lines = _from_terminal(lines)
        return prefixed(lines, self.before(service, time))

    def before(self, service: str, time: int) -> bytes:
        """What stands before a line."""
        return (stamp(time) if self._stamps else b"") + self._style.log(service)

    def release(self, service: str) -> bytes:
        """What is unfinished in the streams of a service, as it is; it is not waited for any more."""
        mine = [key for key in self._lines if key[0] == service]
        return b"".join(self._lines.pop(key).finish()[:-1] for key in mine)

    def finish(self, time: int = 0) -> bytes:
        """What is unfinished in all streams, ended."""
        ends = [(key[0], lines.finish()) for key, lines in self._lines.items()]
        self._lines = {}
        return b"".join(self.dressed(service, rest, time) for service, rest in ends)

    def _cut(self, piece: Piece) -> tuple[bytes, bytes]:
        """What had begun the first of the lines that a piece completes, and the rest of them."""
        key = (piece.service, piece.stream, piece.run)
        if piece.kind is Kind.END:
            lines = self._lines.pop(key, None)
            return b"", lines.finish() if lines else b""
        if key not in self._lines:
            self._lines[key] = Lines()
        return self._lines[key].cut(piece.data)


def _from_terminal(lines: bytes) -> bytes:
    """What went through a terminal ends its lines with two characters."""
    return lines.replace(b"\r\n", b"\n") if b"\r" in lines else lines
