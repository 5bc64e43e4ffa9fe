"""The shape of the record: what one entry of the index says, and where lines end in a stream of bytes.

The index is the spine of the record: one entry of 32 bytes for every chunk, in the order of arrival, over all
streams. Who reads it from some position on, and the bytes that each entry names, has merged everything in the
order in which it came. Events are a stream like any other, so they stand between the log lines where they
happened.
"""

import struct
from enum import IntEnum

from aura_stack.frozen import NamedTuple

ENTRY = struct.Struct("<QIHHIIII")
"""time (ns since 1970), run, stream (its line in the table of streams), kind, segment, offset, length, life."""

EVENTS = 0
"""The number of the stream of events; the others follow in the order in which they first appeared."""

LONGEST = (1 << 20) + (1 << 16)
"""Bytes of the longest line that is kept whole; a longer one is shown in parts, so that memory stays bounded."""


class Kind(IntEnum):
    """What an entry stands for."""

    BYTES = 0  # a chunk of the stream
    END = 1  # the run's last writer has closed the stream


class Entry(NamedTuple):
    """One entry of the index: `length` bytes came at `time` from `run`.

    They stand at `offset` of the stream's file number `segment`. `life` counts the engines that wrote the record, since
    each numbers its runs anew.
    """

    time: int
    run: int
    stream: int
    kind: Kind
    segment: int
    offset: int
    length: int
    life: int = 0

    def pack(self) -> bytes:
        """The 32 bytes."""
        return ENTRY.pack(*self)

    def joins(self, other: "Entry") -> bool:
        """Whether `other` goes on exactly where this one ends, so that both can be read at once."""
        return (
            (self.stream, self.run, self.segment, self.life)
            == (other.stream, other.run, other.segment, other.life)
            and self.kind is Kind.BYTES is other.kind
            and self.offset + self.length == other.offset
        )

    def joined(self, other: "Entry") -> "Entry":
        """This entry and one that it joins, as one."""
        return self._replace(length=self.length + other.length)


_KINDS = tuple(Kind)


def unpack(data: bytes) -> list[Entry]:
    """The entries in whole multiples of 32 bytes; a rest is left out, an entry being written."""
    whole = len(data) - len(data) % ENTRY.size
    return [
        Entry(time, run, stream, _KINDS[kind], *rest)
        for time, run, stream, kind, *rest in ENTRY.iter_unpack(data[:whole])
    ]


class Lines:
    """Cuts a stream into whole lines, in bulk: what is unfinished waits for the rest.

    Args:
        limit: bytes after which an unfinished line is passed on as it is, so that memory stays bounded.
    """

    def __init__(self, limit: int = LONGEST) -> None:
        self._limit = limit
        self._rest = bytearray()

    @property
    def rest(self) -> bytes:
        """What is unfinished."""
        return bytes(self._rest)

    def feed(self, data: bytes) -> bytes:
        """The whole lines that `data` completes, as one piece; empty when it completes none."""
        begun, whole = self.cut(data)
        return begun + whole

    def cut(self, data: bytes) -> tuple[bytes, bytes]:
        """The same in two: what had begun the first of these lines earlier, and the rest of them."""
        end = data.rfind(b"\n") + 1
        if not end:
            self._rest += data
            return b"", self.finish() if len(self._rest) >= self._limit else b""
        begun = bytes(self._rest)
        self._rest = bytearray(data[end:])
        return begun, data[:end]

    def finish(self) -> bytes:
        """What is unfinished, with an end of line put to it; empty when nothing is."""
        if not self._rest:
            return b""
        rest, self._rest = self._rest, bytearray()
        rest += b"\n"
        return bytes(rest)
