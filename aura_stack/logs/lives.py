"""The engines that wrote a record, one after the other: a line when each began, and one when it ended in order."""

import os

from aura_stack.frozen import Frozen

from .segments import whole_lines

TABLE = "lives"


class Life(Frozen):
    """One engine: its number, when it began (ns since 1970) and at which position; `ended` in order.

    `record` is the same for all lives of one record, and no other's: it is known again by that.
    """

    number: int
    time: int
    position: int
    record: int
    ended: bool


def read(directory: str) -> list[Life]:
    """All that are known, the first one first; a line being written is left out."""
    found: list[Life] = []
    for line in whole_lines(os.path.join(directory, TABLE)):
        match line.split():
            case [b"began", *words] if len(words) == 4 and all(map(bytes.isdigit, words)):  # noqa: PLR2004 - see Life
                number, time, position, record = map(int, words)
                found.append(Life(number, time, position, record, ended=False))
            case [b"ended"] if found:
                found[-1] = found[-1].but(ended=True)
    return found


class Lives:
    """The one writer of the table.

    Attributes:
        now: this life.
        before: the one before it, None where this is the first.
    """

    def __init__(self, directory: str, time: int, position: int) -> None:
        self._path = os.path.join(directory, TABLE)
        known = read(directory)
        self.before = known[-1] if known else None
        record = self.before.record if self.before else int.from_bytes(os.urandom(4), "big") >> 1 | 1
        self.now = Life(self.before.number + 1 if self.before else 1, time, position, record, ended=False)
        self._write(b"".join(map(_line, known[-500:])) + _line(self.now))

    def end(self) -> None:
        """Nothing more will come of this life."""
        with open(self._path, "ab") as file:
            file.write(b"ended\n")

    def _write(self, lines: bytes) -> None:
        new = self._path + ".new"
        with open(new, "wb") as file:
            file.write(lines)
        os.replace(new, self._path)


def _line(life: Life) -> bytes:
    begun = b"began %d %d %d %d\n" % (life.number, life.time, life.position, life.record)
    return begun + b"ended\n" if life.ended else begun
