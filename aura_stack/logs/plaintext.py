"""Text without what a terminal would act upon, which is what patterns are looked for in."""

import re

ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
"""Control sequences of a terminal (ECMA-48, 5.3 and 5.4), and the window titles of xterm."""

_SGR = re.compile(rb"\x1b\[[0-9;:]*m")  # how text looks
_KNOWN = 8  # sequences that are known by heart


def plain(text: bytes) -> bytes:
    """Text without them; as many lines as before."""
    return ESCAPES.sub(b"", text) if b"\x1b" in text else text


class Stripper:
    """Does the same to much text, whose colours are mostly the same few."""

    def __init__(self) -> None:
        self._known: list[bytes] = []

    def stripped(self, text: bytes) -> bytes:
        """Text without control sequences."""
        rest = text
        for known in self._known:
            rest = rest.replace(known, b"")
        while (at := rest.find(b"\x1b")) >= 0:
            found = _SGR.match(rest, at)
            if not found or len(self._known) == _KNOWN:
                return plain(text)
            self._known.append(found[0])
            rest = rest.replace(found[0], b"")
        return rest
