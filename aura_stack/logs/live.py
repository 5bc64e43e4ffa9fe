"""Merged logs on a terminal, where also a line that is not finished is seen: a prompt, a spinner, a progress bar.

- Whole lines are shown at once. What is unfinished is shown after a moment (`DELAY`), behind the prefix of its
  service, and the cursor stays there: that line is *open*. There is one at the most.
- What comes for the open line is put behind it. If it begins anew (a carriage return), it is drawn over, provided
  that it still stands in one row.
- When somebody else has to say something, the open line is broken off. What comes for it later is put behind a
  prefix of its own: nothing is shown twice.
"""

from collections.abc import Callable

from . import controls
from .follow import Piece
from .framing import Kind, Lines
from .render import Style
from .terminal import Key, Merger
from .width import fitted, width

DELAY = 0.1  # seconds before what is unfinished is shown
REOPENING = 1.0  # seconds before a progress bar that was broken off is shown again
_TO_THE_END = b"\x1b[K"  # EL: clears the rest of the row (ECMA-48, 8.3.41)


class _Begun:
    """An unfinished line."""

    def __init__(self) -> None:
        self.lines = Lines()
        self.seen: bytes | None = None  # what is on the screen of it
        self.since: float | None = None  # since when there is something that is not
        self.opened = 0.0
        self.time = 0


class Live(Merger):
    """Turns the pieces of all streams into what a terminal is to show.

    Args:
        style: the prefixes.
        columns: how wide the terminal is; 0 where nothing can be drawn over.
        stamps: whether each line begins with its time.
        wanted: which of the whole lines of a service and stream are to be shown.
        whole_only: whether unfinished lines of a service are not to be shown.
    """

    def __init__(
        self,
        style: Style,
        columns: Callable[[], int],
        wanted: Callable[[Piece, bytes], bytes],
        whole_only: Callable[[str, str], bool],
        *,
        stamps: bool = False,
    ) -> None:
        super().__init__(style, screen=True, stamps=stamps)
        self._columns = columns
        self._wanted = wanted
        self._whole_only = whole_only
        self._begun: dict[Key, _Begun] = {}
        self._open: Key | None = None

    def shown(self, piece: Piece, now: float) -> bytes:
        """What to write for a piece, `now` in monotonic seconds."""
        key = (piece.service, piece.stream, piece.run)
        begun = self._begun.setdefault(key, _Begun())
        begun.time = piece.time
        if piece.kind is Kind.END:
            whole = begun.lines.finish()
            del self._begun[key]
        else:
            whole = begun.lines.feed(piece.data)
        if not whole:
            begun.since = now if begun.since is None else begun.since
            return b""
        begun.since = now if begun.lines.rest else None
        if begun.seen is not None:
            return self._continued(key, begun, piece, whole)
        lines = self.dressed(piece.service, self._wanted(piece, whole), piece.time)
        return self.interrupt() + lines if lines else b""

    def due(self, now: float) -> bytes:
        """The unfinished lines whose time has come."""
        return b"".join(
            self._advance(key, begun, now)
            for key, begun in self._begun.items()
            if begun.since is not None and now >= self._moment(key, begun)
        )

    def moment(self) -> float | None:
        """When something is due next."""
        waits = (self._moment(key, begun) for key, begun in self._begun.items() if begun.since is not None)
        return min(waits, default=None)

    def interrupt(self) -> bytes:
        """What ends the open line, so that something else can be said."""
        if self._open is None:
            return b""
        seen = self._begun[self._open].seen if self._open in self._begun else b""
        self._open = None
        return (controls.RESET if b"\x1b" in (seen or b"") else b"") + b"\n"

    @property
    def open(self) -> bool:
        """Whether the cursor stands in an unfinished line."""
        return self._open is not None

    def release(self, service: str) -> bytes:
        """What is unfinished in the streams of a service, as it is; it is not waited for any more."""
        mine = [key for key in self._begun if key[0] == service]
        return b"".join(self._begun.pop(key).lines.rest for key in mine)

    def finish(self, time: int = 0) -> bytes:
        """What is unfinished in all streams, ended."""
        text = b""
        for key, begun in list(self._begun.items()):
            if rest := begun.lines.finish():
                piece = Piece(*key, time or begun.time, Kind.BYTES, b"")
                if begun.seen is not None:
                    text += self._continued(key, begun, piece, rest)
                elif rest := self.dressed(key[0], self._wanted(piece, rest), begun.time):
                    text += self.interrupt() + rest
        self._begun = {}
        return text + self.interrupt()

    # --- the unfinished ---

    def _moment(self, key: Key, begun: _Begun) -> float:
        assert begun.since is not None
        if begun.seen is None or key == self._open:
            return begun.since + DELAY
        return max(begun.since + DELAY, begun.opened + REOPENING)

    def _advance(self, key: Key, begun: _Begun, now: float) -> bytes:
        """Show what has come for an unfinished line."""
        begun.since = None
        rest = begun.lines.rest
        text = self._visible(rest[: controls.whole(rest)])
        if controls.redraws(rest):  # and will do so again: it has to stay in one row
            text = self._fitting(text, self.before(key[0], begun.time))
        if text == (begun.seen or b"") or self._whole_only(key[0], key[1]):
            return b""
        if key == self._open:
            return self._grown(begun, text, key[0])
        end = self.interrupt()
        begun.opened, self._open = now, key
        return end + self._reopened(begun, text, key[0])

    def _continued(self, key: Key, begun: _Begun, piece: Piece, whole: bytes) -> bytes:
        """What completes a line that was shown in part, and the lines behind it."""
        first, _, rest = whole.partition(b"\n")
        text = self._visible(first)
        seen = begun.seen or b""
        if key == self._open:
            out = self._grown(begun, text, key[0], over=True)
            self._open = None
            out += (controls.RESET if b"\x1b" in text else b"") + b"\n"
        elif text == seen:
            out = b""
        else:
            out = self.interrupt() + controls.closed(self._reopened(begun, text, key[0]) + b"\n")
        begun.seen = None
        more = self.dressed(key[0], self._wanted(piece, rest), piece.time) if rest else b""
        return out + (self.interrupt() + more if more else b"")

    def _visible(self, line: bytes) -> bytes:
        return controls.safe(line, colour=self._style.colour)

    def _reopened(self, begun: _Begun, text: bytes, service: str) -> bytes:
        """A line at the beginning of a row: all of it, or what follows what was seen of it."""
        seen, begun.seen = begun.seen or b"", text
        if text.startswith(seen):
            text = controls.colours(seen) + text[len(seen) :]
        return self.before(service, begun.time) + text

    def _grown(self, begun: _Begun, text: bytes, service: str, *, over: bool = False) -> bytes:
        """More of the open line, or another text in its place, which keeps to its row until the line is over."""
        seen = begun.seen or b""
        if text.startswith(seen):
            begun.seen = text
            return text[len(seen) :]
        room = self._columns() - 1
        prefix = self.before(service, begun.time)
        taken = _wide(prefix)
        if taken + _wide(seen) > room:
            begun.seen = text
            return (controls.RESET if b"\x1b" in seen else b"") + b"\n" + prefix + text
        begun.seen = text = text if over else self._fitting(text, prefix)
        return (controls.RESET if b"\x1b" in seen else b"") + b"\r" + prefix + text + _TO_THE_END

    def _fitting(self, text: bytes, prefix: bytes) -> bytes:
        """What of a text fits into a row behind a prefix."""
        room = self._columns() - 1 - _wide(prefix)
        if room < 0 or _wide(text) <= room:
            return text
        return fitted(controls.bare(text).decode("utf-8", "replace").expandtabs(), room).encode()


def _wide(text: bytes) -> int:
    """Columns that a safe text takes; its tabs count as many as they ever can."""
    return width(controls.bare(text).decode("utf-8", "replace").replace("\t", " " * 8))
