"""Whether a program speaks of ports at all, found out faster than by reading it."""

import re
from collections.abc import Iterator

from .addresses import NUMBERED

_OTHER_WORDS = (b"import", b"export", b"report", b"support", b"viewport", b"transport")
_PORT = re.compile(rb"port|Port|PORT")
_WORD = re.compile(rb"[\w$]*")
_BEFORE = re.compile(rb"[\w$]*\Z")
_LONGEST = 60  # bytes of a name


def speaks_of_ports(data: bytes, words: tuple[bytes, ...]) -> bool:
    """Whether there is a word in a program that something found in it would have.

    Args:
        data: the program.
        words: further such words, in lower case.
    """
    lower = data.lower()
    if any(word in lower for word in words):
        return True
    for word in _OTHER_WORDS:
        lower = lower.replace(word, b"")
    return b"port" in lower or NUMBERED.search(data) is not None


def names_with_port(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the names stand that have the word in them, each once; `import` and `export` are none."""
    behind = 0
    for match in _PORT.finditer(data):
        start, end = match.span()
        if start < behind or data[max(0, start - 2) : start].lower() in {b"im", b"ex"}:
            continue
        before = _BEFORE.search(data, max(behind, start - _LONGEST), start)
        after = _WORD.match(data, end)
        behind = after.end() if after else end
        yield (before.start() if before else start), behind
