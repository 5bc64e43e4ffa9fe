"""Text without what a terminal would act upon, which is what patterns are looked for in."""

import re
from collections.abc import Iterable

ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
"""Control sequences of a terminal (ECMA-48, 5.3 and 5.4), and the window titles of xterm."""

_SGR_HOLDS = b"\x1b[0123456789;:m"
_SGR = re.compile(rb"\x1b\[[0-9;:]*m")  # those that say how text looks: mostly there are no others


def plain(text: bytes) -> bytes:
    """Text without them; as many lines as before."""
    if b"\x1b" not in text:
        return text
    rest = b"".join(_SGR.split(text))  # half the time of a substitution
    return rest if b"\x1b" not in rest else ESCAPES.sub(b"", text)


def plain_line(line: bytes | bytearray) -> bytes:
    """One line without them, and without the carriage return of its end."""
    return plain(bytes(line)).removesuffix(b"\r")


_ONE = (
    rb"\x1b(?:\[[0-?]*+[ -/]*+[@-~]|\][^\x07\x1b\n]*+(?:\x07|\x1b\\)?+|[@-Z\\-_])"  # the same, for less time
)


def deceiving(text: bytes, folded: bool) -> re.Pattern[bytes] | None:
    """What finds all sequences because of which a text may stand in a line and not in its plain text, or the reverse.

    A text that `plain` brings together has one of these in the middle: the character before is one of the text, and so
    is the one behind. None where the text may begin within any. Those that say how text looks do not hold other
    characters.
    """
    if text[:1] in _SGR_HOLDS:
        return None
    other = rb"(?!\[[0-9;:]*+m)"
    if len(text) == 1:
        return re.compile(rb"\x1b" + other)
    before, behind = (
        [text[at : at + 1] for at in span] for span in (range(len(text) - 1), range(1, len(text)))
    )
    # the ESC is looked for fast; then comes what mostly fails
    one = _any_of(before, folded=folded), _ONE.removeprefix(rb"\x1b"), _ONE, _any_of(behind, folded=folded)
    return re.compile(rb"\x1b(?:%b|(?<=%b\x1b)%b(?:%b)*+(?=%b))" % (other, *one))


def _any_of(characters: Iterable[bytes], *, folded: bool) -> bytes:
    either = {
        one for each in characters for one in ((each, each.lower(), each.upper()) if folded else (each,))
    }
    return b"[%b]" % b"".join(map(re.escape, sorted(either)))
