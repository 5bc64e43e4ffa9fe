"""Which older files of streams are kept: so many of each, and those that somebody who must miss nothing has not read.

A reader whose output is a pipe or a file is a *record*: files it has not read are kept for it, up to a limit; beyond
that nothing more is taken from the services until it has read on (`blocked`). Any other reader jumps ahead.
"""

import os
from collections.abc import Callable, Hashable

from aura_stack.frozen import Frozen

from . import segments

UNREAD = 1 << 30
"""Bytes that are kept for a reader beyond what is kept anyway."""


class _Old(Frozen):
    """An older file: its number, its size in bytes, and the position in the index behind its last entry."""

    number: int
    size: int
    position: int


class _Reader(Frozen):
    """Who must miss nothing, and how far it has read."""

    name: str
    position: int


class Retention:
    """Removes older files, and knows who has not read them.

    Args:
        kept: files of a stream, with the live one.
        unread: bytes that are kept for a reader.
        size: bytes after which a stream goes on in a new file.
    """

    def __init__(self, kept: int = segments.KEPT, unread: int = UNREAD, size: int = segments.SIZE) -> None:
        self.size = size
        self._kept = kept
        self._unread = unread
        self._old: dict[int, list[_Old]] = {}
        self._paths: dict[int, str] = {}
        self._readers: dict[Hashable, _Reader] = {}
        self.blocked = ""
        """The reader for whose sake nothing more is taken from the services; "" for none."""
        self.changed: Callable[[str], None] = _nobody
        """Called when that has changed."""

    def rotated(self, stream: int, path: str, number: int, size: int, position: int) -> None:
        """A file of a stream has got its number; its entries end before that position."""
        if stream not in self._old:
            earlier = [one for one in segments.numbers(path) if one < number]
            self._old[stream] = [_Old(one, self.size, 0) for one in earlier]
            self._paths[stream] = path
        self._old[stream].append(_Old(number, size, position))
        self._trim(stream)
        self._look()

    def reads(self, reader: Hashable, name: str, position: int) -> None:
        """A reader that must miss nothing has read as far as a position."""
        self._readers[reader] = _Reader(name, position)
        for stream in self._old:
            self._trim(stream)
        self._look()

    def gone(self, reader: Hashable) -> None:
        """It reads no more."""
        if self._readers.pop(reader, None):
            for stream in self._old:
                self._trim(stream)
            self._look()

    def forget(self, stream: int) -> None:
        """All older files of a stream have been removed."""
        self._old.pop(stream, None)

    def renewed(self) -> None:
        """The record has been deleted, and a new one is begun."""
        self._old = {}
        self._readers = {reader: one.but(position=0) for reader, one in self._readers.items()}
        self._look()

    def _trim(self, stream: int) -> None:
        old, read = self._old[stream], min((one.position for one in self._readers.values()), default=None)
        while len(old) >= self._kept and (read is None or old[0].position <= read):
            path = segments.older(self._paths[stream], old.pop(0).number)
            try:
                os.unlink(path)
            except FileNotFoundError:  # somebody else was quicker
                continue

    def _look(self) -> None:
        blocked = next(
            (one.name for one in self._readers.values() if self._behind(one.position) > self._unread), ""
        )
        if blocked != self.blocked:
            self.blocked = blocked
            self.changed(blocked)

    def _behind(self, position: int) -> int:
        """Bytes in older files that a reader at a position has not read."""
        return sum(one.size for old in self._old.values() for one in old if one.position > position)


def _nobody(_: str) -> None:
    """Nobody wants to know yet."""
