"""How lines look: a prefix in front of each, in the colour of its service, in bulk."""

from collections.abc import Sequence

PALETTE = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
"""SGR codes (ECMA-48) that are legible on dark and on light; red is left to what has failed."""

RESET = b"\x1b[0m"
_DIM = b"\x1b[2m"
_RED = b"\x1b[31m"


class Style:
    """The prefixes of a stack's services.

    Args:
        names: all services, in the order of the definition, so that a colour stays with its service.
        colour: whether the reader shows colours.
    """

    def __init__(self, names: Sequence[str], *, colour: bool) -> None:
        self._width = max((len(name) for name in names), default=0)
        self._colour = colour
        self._codes: dict[str, int] = {}
        for name in names:
            self._add(name)

    def log(self, name: str) -> bytes:
        """What stands before a line that a service printed."""
        return self._prefix(name, "|")

    def mark(self, name: str) -> bytes:
        """What stands before a line that we say about a service."""
        return self._prefix(name, "·")

    def dim(self, text: str) -> bytes:
        """Text that steps back."""
        return self._wrapped(_DIM, text)

    def alarm(self, text: str) -> bytes:
        """Text that steps forward."""
        return self._wrapped(_RED, text)

    def _wrapped(self, code: bytes, text: str) -> bytes:
        return code + text.encode() + RESET if self._colour else text.encode()

    def _add(self, name: str) -> None:
        self._codes[name] = PALETTE[len(self._codes) % len(PALETTE)]

    def _prefix(self, name: str, bar: str) -> bytes:
        if name not in self._codes:  # one that came while the stack was running
            self._add(name)
            self._width = max(self._width, len(name))
        text = f"{name:<{self._width}} {bar} ".encode()
        if not self._colour:
            return text
        code = self._codes[name]
        # the reset in front ends a colour that a service left open
        return RESET + b"\x1b[%dm" % code + text + RESET


def prefixed(lines: bytes, prefix: bytes) -> bytes:
    """Put a prefix in front of every line; `lines` ends with an end of line."""
    return b"".join((prefix, ends_prefixed(lines, prefix))) if prefix else lines


def ends_prefixed(lines: bytes, prefix: bytes) -> memoryview:
    """Put a prefix behind every end of line but the last; `lines` ends with an end of line.

    One pass of `bytes.replace` over everything and no copy after it, instead of an object a line.
    """
    body = lines.replace(b"\n", b"\n" + prefix)
    return memoryview(body)[: len(body) - len(prefix)]
