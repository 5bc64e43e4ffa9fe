"""Writes words, lists and comments as YAML that reads back as what was meant."""

import re
from collections.abc import Iterable, Mapping

from .words import meaning, visible

_PLAIN = re.compile(r"[A-Za-z0-9_./+^~][A-Za-z0-9_./@+=~^-]*")
_OLD_TRUTH = frozenset(
    ("y", "n", "yes", "no", "on", "off")
)  # truth values of YAML 1.1, which others still read
_FLAG = re.compile(r"--?[A-Za-z][A-Za-z0-9-]*")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_WIDTH = 118
_BYTE, _SHORT = 0xFF, 0xFFFF


def word(text: str) -> str:
    """Text that stays text: bare where nothing in it could mean anything else, otherwise in double quotes.

    Source: YAML 1.2.2, sections 5.7 (escapes) and 7.3 (flow scalars).
    """
    bare = _PLAIN.fullmatch(text) or _FLAG.fullmatch(text)
    if bare and isinstance(meaning(text), str) and text.lower() not in _OLD_TRUTH:
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code <= _BYTE else f"\\u{code:04x}" if code <= _SHORT else f"\\U{code:08x}"


def row(words: Iterable[str]) -> str:
    """A list on one line."""
    return f"[{', '.join(map(word, words))}]"


def pairs(values: Mapping[str, str]) -> str:
    """A mapping on one line; the values are YAML already."""
    return "{" + ", ".join(f"{key}: {value}" for key, value in values.items()) + "}"


def line(indent: int, text: str, *remarks: str) -> list[str]:
    """A line with its remarks behind it, or above it where there is no room."""
    lead = " " * indent
    said = "; ".join(remark for remark in map(one_line, remarks) if remark)
    if not said:
        return [f"{lead}{text}"]
    if len(lead) + len(text) + len(said) + 3 <= _WIDTH:
        return [f"{lead}{text} # {said}"]
    return [*comment(indent, said), f"{lead}{text}"]


def comment(indent: int, text: str) -> list[str]:
    """Lines of comment, broken at blanks."""
    lead = " " * indent + "# "
    lines, current = [], ""
    for part in one_line(text).split(" "):
        if current and len(lead) + len(current) + len(part) + 1 > _WIDTH:
            lines.append(lead + current)
            current = part
        else:
            current = f"{current} {part}" if current else part
    return [*lines, lead + current]


def kept(indent: int, text: str) -> list[str]:
    """What may be taken out of its comment: on one line, however long."""
    return [f"{' ' * indent}# {one_line(text)}"]


def one_line(text: str) -> str:
    """Text as it may stand in a comment: on one line, with nothing in it that does not print."""
    return visible(" ".join(text.split()))
