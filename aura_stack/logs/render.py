"""How lines look: a prefix in front of each, in the colour of its service, in bulk."""

import zlib
from collections.abc import Sequence

from .width import padded, shortened

PALETTE = (28, 30, 32, 63, 64, 67, 97, 98, 100, 130, 133, 135, 164, 168)
"""Of the 256 colours of xterm those that are legible on dark and on light: against black and against white each has a
contrast of 3.4 and more (WCAG 2, 1.4.3), and they differ in hue. Red is left to what has failed."""

WIDEST = 20
"""Columns that a name takes at the most on a terminal."""

_SEED = 1021  # of those tried the first by which the names that most stacks have get colours of their own
_DIM = b"\x1b[2m"
_RED = b"\x1b[31m"
_RESET = b"\x1b[0m"


class Style:
    """The prefixes of a stack's services.

    Args:
        names: all services; the widest makes the column.
        colour: whether the reader shows colours.
        short: whether long names are shortened, for a screen.
        prefixes: whether log lines have them at all.
    """

    def __init__(
        self, names: Sequence[str], *, colour: bool, short: bool = False, prefixes: bool = True
    ) -> None:
        self.colour = colour
        self._prefixes = prefixes
        self._widest = WIDEST if short else 0
        self._width = max((self._columns(name) for name in names), default=0)
        self._made: dict[tuple[str, str], bytes] = {}

    def log(self, name: str) -> bytes:
        """What stands before a line that a service printed."""
        return self._prefix(name, "|") if self._prefixes else b""

    def mark(self, name: str) -> bytes:
        """What stands before a line that we say about a service."""
        return self._prefix(name, "·")

    def dim(self, text: str) -> bytes:
        """Text that steps back."""
        return self._wrapped(_DIM, text)

    def alarm(self, text: str) -> bytes:
        """Text that steps forward."""
        return self._wrapped(_RED, text)

    def rule(self, name: str, text: str) -> bytes:
        """A line across the stream that says what happened to a service."""
        return self._wrapped(b"\x1b[1;38;5;%dm" % colour_of(name), f"── {text} ──") + b"\n"

    def line(self, name: str, text: bytes) -> bytes:
        """One line that a service printed, for a person."""
        from .controls import closed, safe  # noqa: PLC0415 - 1 ms, which many commands need not wait for

        return self.log(name) + closed(safe(text, colour=self.colour) + b"\n")

    def _wrapped(self, code: bytes, text: str) -> bytes:
        from .controls import plain  # noqa: PLC0415 - as above

        shown = plain(text.encode("utf-8", "backslashreplace"))  # names of files may hold anything
        return code + shown + _RESET if self.colour else shown

    def _columns(self, name: str) -> int:
        return min(len(name), self._widest or len(name))

    def _prefix(self, name: str, bar: str) -> bytes:
        if (name, bar) not in self._made:
            if self._columns(name) > self._width:  # one that came while the stack was running
                self._width, self._made = self._columns(name), {}
            self._made[name, bar] = self._make(name, bar)
        return self._made[name, bar]

    def _make(self, name: str, bar: str) -> bytes:
        shown = shortened(name, self._widest) if self._widest else name
        text = f"{padded(shown, self._width)} {bar} ".encode()
        return b"\x1b[38;5;%dm" % colour_of(name) + text + _RESET if self.colour else text


def colour_of(name: str) -> int:
    """The colour of a service: by its name alone, so it stays whatever comes and goes around it."""
    return PALETTE[zlib.crc32(name.encode(), zlib.crc32(b"%d" % _SEED)) % len(PALETTE)]


def prefixed(lines: bytes, prefix: bytes) -> bytes:
    """Put a prefix in front of every line; `lines` ends with an end of line."""
    return b"".join((prefix, ends_prefixed(lines, prefix))) if prefix else lines


def ends_prefixed(lines: bytes, prefix: bytes) -> memoryview:
    """Put a prefix behind every end of line but the last; `lines` ends with an end of line.

    One pass of `bytes.replace` over everything and no copy after it, instead of an object a line.
    """
    body = lines.replace(b"\n", b"\n" + prefix)
    return memoryview(body)[: len(body) - len(prefix)]
