"""Reads a file that people write as text, of which every character knows its line and column."""

import re
from bisect import bisect_right

from aura_stack.errors import Place
from aura_stack.system.plain import NotAFileError, opened

from .plant import Refused

LARGEST = 1024 * 1024  # bytes

_BREAK = re.compile("\r\n|[\n\r]")


class Lines:
    """Where the characters of a text stand; LF, CR LF and CR end a line, as they do in an editor.

    Args:
        text: all of it.
        file: what it is called in places.
    """

    def __init__(self, text: str, file: str) -> None:
        self._file = file
        self._starts = [0, *(found.end() for found in _BREAK.finditer(text))]

    def place(self, offset: int) -> Place:
        """The place of the character with that offset."""
        line = bisect_right(self._starts, offset)
        return Place(self._file, line, offset - self._starts[line - 1] + 1)


def read(path: str, file: str) -> str:
    """The text of a file, without a byte order mark, every line ended by LF as in Python's text files.

    Args:
        path: which.
        file: what it is called in places.

    Raises:
        Refused: it is no file (a folder, a pipe), not UTF-8, or larger than 1 MiB.
        OSError: it cannot be read.
    """
    try:
        with opened(path) as stream:
            data = stream.read(LARGEST + 1)
    except NotAFileError as error:
        raise Refused.at(Place(file, 1, 1), error.words, error.hint) from None
    if len(data) > LARGEST:
        raise Refused.at(Place(file, 1, 1), f"the file is larger than {LARGEST:,} bytes")
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8").removeprefix("\ufeff")
        place = Lines(before, file).place(len(before))
        message = f"the byte 0x{data[error.start]:02X} is not UTF-8 text"
        raise Refused.at(place, message, "save the file as UTF-8") from None
    return _BREAK.sub("\n", text)
