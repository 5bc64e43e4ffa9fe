"""What a service prints, made safe for a terminal that several share: its text and colours, nothing that moves or sets.

What may stay of the control functions of ECMA-48 is SGR, which only says how text looks, and the end of a line that it
ends with. Whatever moves the cursor, clears, scrolls, sets a title or a mode, asks the terminal something or
switches its character set is left out; a carriage return within a line means that the line begins anew, as a
progress bar has it. So what is left has no byte below 0x20 but line feeds, tabs, and an ESC in front of each SGR.

Everything is done in bulk, and what plain text would not need is not done: only text with an ESC, a lone carriage
return or another control pays.
"""

import re

RESET = b"\x1b[0m"
HELD = 4096  # bytes that an unfinished sequence is waited for

_SGR = re.compile(rb"\x1b\[[0-9;:]*m")
_REST = rb"(?:\[[0-?]*[ -/]*[@-~]?|[\]PX^_][^\x07\x1b\n]*+(?:\x07|\x1b\\)|[ -/]*[0-~]?)"
"""Behind ESC: a control sequence (5.4), a control string to its end (5.6), or an escape sequence (ECMA-35)."""
_BUT_SGR = re.compile(rb"\x1b(?!\[[0-9;:]*m)" + _REST)
_ALL = re.compile(rb"\x1b" + _REST)
_BEGUN = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b\n]*\x1b?|[ -/]*)?\Z")
_HOME = re.compile(rb"\x1b\[0*1?G")  # CHA: to the first column, as a carriage return
_C1 = re.compile(
    rb"\xc2([\x80-\x9f])"
)  # U+0080 to U+009F, in which terminals see the same as in ESC @ to ESC _
_CHARACTER = re.compile(rb"[\x00-\x7f]|[\x80-\xff][\x80-\xbf]*")
_CUT = re.compile(rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z")
_DROPPED = bytes(set(range(0x20)) - set(b"\t\n\r\x1b")) + b"\x7f"
_SUSPECT = bytes(set(range(0x20)) - set(b"\t\n")) + b"\x7f"


def safe(text: bytes, *, colour: bool = True) -> bytes:
    """Whole lines, or a part of one, as any terminal may show them.

    Args:
        text: what was printed, in whole sequences (see `whole`).
        colour: whether the reader shows colours; else they are left out, too.
    """
    if not text.isascii():
        text = text.decode("utf-8", "replace").encode()
        text = _C1.sub(_as_escape, text)
    if len(text.translate(None, _SUSPECT)) == len(text):
        return text
    text = text.replace(b"\r\n", b"\n")
    if b"\x1b" in text:
        text = _HOME.sub(b"\r", text)
        text = _BUT_SGR.sub(b"", text) if colour else _ALL.sub(b"", text)
    if b"\r" in text:
        text = _overwritten(text)
    if b"\x08" in text:
        text = b"\n".join(_backspaced(line) if b"\x08" in line else line for line in text.split(b"\n"))
    return text.translate(None, _DROPPED)


def closed(lines: bytes) -> bytes:
    """Whole lines whose colours end with them."""
    return lines.replace(b"\n", RESET + b"\n") if b"\x1b" in lines else lines


def plain(text: bytes) -> bytes:
    """Text alone, on a single line."""
    return safe(text, colour=False).replace(b"\n", b" ")


def whole(text: bytes) -> int:
    """How much of an unfinished line can be shown: not half a character, half a sequence, or half an end of line."""
    begin = max(0, len(text) - HELD)
    tail = text[begin:]
    if tail.endswith(b"\r"):
        return len(text) - 1
    found = _BEGUN.search(tail) or _CUT.search(tail)
    return begin + found.start() if found and len(text) - begin - found.start() < HELD else len(text)


def redraws(line: bytes) -> bool:
    """Whether a line began anew once already, as a progress bar does."""
    return b"\r" in line[:-1] or b"\x08" in line or (b"\x1b" in line and _HOME.search(line) is not None)


def colours(text: bytes) -> bytes:
    """The colours that are on behind a safe text, as a text of their own."""
    return b"".join(_SGR.findall(text[text.rfind(RESET) + 1 :])) if b"\x1b" in text else b""


def bare(text: bytes) -> bytes:
    """A safe text without its colours."""
    return _SGR.sub(b"", text) if b"\x1b" in text else text


def _as_escape(found: "re.Match[bytes]") -> bytes:
    return b"\x1b" + bytes([found[1][0] - 0x40])


def _overwritten(text: bytes) -> bytes:
    """Lines as they stand when they are over; one that a carriage return ends is what stood before it."""
    lines = [line.rstrip(b"\r") for line in text.split(b"\n")]
    return b"\n".join([line[line.rfind(b"\r") + 1 :] for line in lines])


def _backspaced(line: bytes) -> bytes:
    """A line in which backspaces have taken back what stood before them; such a line has no colours."""
    kept: list[bytes] = []
    for character in _CHARACTER.findall(bare(line)):
        if character != b"\x08":
            kept.append(character)
        elif kept:
            kept.pop()
    return b"".join(kept)
