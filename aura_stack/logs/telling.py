"""Which of the last lines of a program that failed says why."""

import re
from collections.abc import Sequence

from .controls import plain

_TELLS = re.compile(
    rb"error|exception|fatal|panic|cannot|can't|could not|unable|denied|refused|not found|no such|invalid|failed"
    rb"|in use|EADDR|ENOENT|EACCES",
    re.IGNORECASE,
)
_FRAME = re.compile(rb"\s+(at |File |in )|\s*\^+\s*$")  # lines of a stack trace, and the mark below a mistake


def telling_line(lines: Sequence[bytes]) -> str:
    """The line that most likely says what went wrong, as plain text; the last one if none looks like it.

    Args:
        lines: the last ones that were printed, without their ends.
    """
    texts = [text for line in lines if (text := plain(line)).strip()]
    for text in reversed(texts):
        if _TELLS.search(text) and not _FRAME.match(text):
            return _shown(text)
    return _shown(texts[-1]) if texts else ""


def _shown(line: bytes) -> str:
    text = line.decode("utf-8", "replace").strip()
    return "".join(character if character.isprintable() else " " for character in text)
