"""A stored file in blocks of whole lines, as they are searched."""

import os
from collections.abc import Iterator

from .finder import Buffer, Text
from .framing import LONGEST

BLOCK = 1 << 19  # bytes that are read at once: they fit into the cache of a core
SIZE = LONGEST + BLOCK + 2
"""Bytes of a buffer for blocks."""

_NEWLINE = 0x0A

Block = tuple[int, Buffer, int, int]
"""Where it stands in the file, the buffer, and between which places of that the lines are: see Finder."""


def blocks(descriptor: int, hay: Buffer, begin: int, end: int | None, cuts: list[int]) -> Iterator[Block]:
    """The lines of a file that begin between two places, and perhaps some more.

    A block is good until the next one is asked for, and only as long as nobody else uses the buffer.

    Args:
        descriptor: of the file.
        hay: a buffer of SIZE.
        begin: a line in whose middle that is, is left out.
        end: the same of the end; None for the end of the file.
        cuts: where a line ends although no end of line stands there.
    """
    for offset, low, high in _read(descriptor, hay.data, begin, end, cuts):
        inside = [cut - offset + low for cut in cuts if offset < cut < offset + high - low]
        if not any(hay.data[cut - 1] != _NEWLINE for cut in inside):
            yield offset, hay, low, high
            continue
        lines = bytes(hay.data[low:high])
        for start, stop in zip([low, *inside], [*inside, high], strict=True):
            part = Text(b"\n" + lines[start - low : stop - low].removesuffix(b"\n") + b"\n")
            yield offset + start - low, part, 1, len(part.data)


def _read(
    descriptor: int, data: bytes | bytearray, begin: int, end: int | None, cuts: list[int]
) -> Iterator[tuple[int, int, int]]:
    """Whole lines in a buffer, with their place in the file; a last line without an end gets one."""
    view = memoryview(data)
    skips = begin > 0 and begin not in cuts and os.pread(descriptor, 1, begin - 1) != b"\n"
    rest, place = b"", begin
    while end is None or place - len(rest) < end:
        view[: len(rest) + 1] = b"\n" + rest  # others have used the buffer meanwhile
        filled = len(rest) + 1
        size = os.preadv(descriptor, [view[filled : filled + BLOCK]], place)
        high = data.rfind(b"\n", filled, filled + size) + 1
        offset, place = place - len(rest), place + size
        filled += size
        if not high:
            if size and filled < LONGEST:
                rest = bytes(view[1:filled])
                continue
            if filled == 1:
                return
            view[filled] = _NEWLINE
            high, filled = filled + 1, filled + 1
        rest = bytes(view[high:filled])
        low = 1
        if skips:
            low, skips = data.find(b"\n", 1, high) + 1, False
        if low < high:
            yield offset + low - 1, low, high
        if not size:
            return
