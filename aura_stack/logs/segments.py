"""The files of the streams, which `streams` names: the live one by the stream's name, before it older ones by number.

`web.out.log` is being written; `web.out.log.000007` was, before it grew too long. Numbers only rise, so a file that
got one never changes again. Which number the live one will get stands in the table `segments`, a line for each
time it changed: so a reader that meets a rotation, or files that somebody deleted, takes no file for another.
"""

import os

from aura_stack.frozen import NamedTuple

SIZE = 16 << 20
"""Bytes after which a stream goes on in a new file, at the next end of a line."""

SLACK = 4 << 20
"""Bytes that are waited for that end of a line."""

KEPT = 8
"""Files of a stream that are kept, with the live one."""

STREAMS = "streams"
TABLE = "segments"
_COMPACT = 1 << 16  # bytes of a table that is written anew


class Live(NamedTuple):
    """What the table says of a stream's live file: its number, and a size that it had at least."""

    number: int = 0
    size: int = 0


def older(live: str, number: int) -> str:
    """The path of an older file, from the live one's."""
    return f"{live}.{number:06}"


def numbers(live: str) -> list[int]:
    """The numbers of the older files that are there, the oldest first."""
    folder, name = os.path.split(live)
    begins = name + "."
    try:
        found = [one[len(begins) :] for one in os.listdir(folder) if one.startswith(begins)]
    except FileNotFoundError:
        return []
    return sorted(int(one) for one in found if one.isdecimal())


def files(live: str) -> list[str]:
    """All files of a stream, the oldest first."""
    return [*(older(live, number) for number in numbers(live)), *([live] if os.path.exists(live) else ())]


def whole_lines(path: str) -> list[bytes]:
    """The lines of a table, none where there is no file; one that is still being written is left out."""
    try:
        with open(path, "rb") as file:
            return file.read().split(b"\n")[:-1]
    except FileNotFoundError:
        return []


def read_streams(directory: str) -> list[str]:
    """The live files of the streams, by number."""
    return [os.fsdecode(line) for line in whole_lines(os.path.join(directory, STREAMS))]


def read_table(directory: str) -> dict[int, Live]:
    """By the number of its stream, what is known of each live file."""
    found = {}
    for line in whole_lines(os.path.join(directory, TABLE)):
        words = line.split()
        if len(words) == 3 and all(word.isdigit() for word in words):  # noqa: PLR2004 - a crash may tear one
            stream, number, size = map(int, words)
            found[stream] = Live(number, size)
    return found


class Table:
    """The one writer of the table.

    What a full disk did not take is owed: it holds all the same, and is written once there is room.
    """

    def __init__(self, directory: str) -> None:
        self._path = os.path.join(directory, TABLE)
        self.live = read_table(directory)
        self._owed: dict[int, None] = {}
        self._torn = False  # whether the table may end in the middle of a line
        self._rewrite()

    def set(self, stream: int, live: Live) -> None:
        """Note what is true of a stream from now on."""
        self.set_all({stream: live})

    def set_all(self, live: dict[int, Live]) -> None:
        """The same of several."""
        self.live |= live
        self._owed |= dict.fromkeys(live)
        self.settle()

    def settle(self) -> None:
        """Write what is owed; OSError when the disk does not take it."""
        if not self._owed:
            return
        begin, self._torn = b"\n" if self._torn else b"", True
        with open(self._path, "ab") as file:
            file.write(begin + _lines({stream: self.live[stream] for stream in self._owed}))
            size = file.tell()
        self._owed, self._torn = {}, False
        if size > _COMPACT + 64 * len(self.live):
            self._rewrite()

    def _rewrite(self) -> None:
        new = self._path + ".new"
        with open(new, "wb") as file:
            file.write(_lines(self.live))
        os.replace(new, self._path)


def _lines(live: dict[int, Live]) -> bytes:
    return b"".join(b"%d %d %d\n" % (stream, number, size) for stream, (number, size) in live.items())


def open_segment(directory: str, file: str, stream: int, number: int) -> int | None:
    """A descriptor of a stream's file by its number, None when it is gone.

    The live file may get its number, and another one take its name, at any moment: so after it was opened the folder
    and the table are asked whether it still was that one.
    """
    live = os.path.join(directory, file)
    numbered = older(live, number)
    for _ in range(2):  # between its old name and a new live file there is a moment without one
        if (descriptor := _opened(numbered)) is not None:
            return descriptor
        if (descriptor := _opened(live)) is not None:
            break
    else:
        return None
    rotated = _opened(numbered)
    if rotated is None:
        if read_table(directory).get(stream, Live()).number == number:
            return descriptor
        rotated = _opened(numbered)
    os.close(descriptor)
    return rotated


def _opened(path: str) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
