"""Reading a record from a position of one's own on: what the face, `logs` and every later viewer do."""

import os
from collections.abc import Iterator
from typing import NamedTuple

from .framing import ENTRY, EVENTS, Entry, Kind, unpack
from .store import read_streams

BATCH = 4096  # entries read at once
CHUNK = 1 << 20  # bytes read at once, at the most


class Piece(NamedTuple):
    """What came next: `data` of a stream (`service` "" for events), or the end of a run's stream."""

    service: str
    stream: str
    run: int
    time: int
    kind: Kind
    data: bytes


class Follower:
    """A reader of a record.

    Args:
        directory: where the store keeps it.
        position: where in the index to begin.
    """

    def __init__(self, directory: str, position: int = 0) -> None:
        self.position = position
        self._directory = directory
        self._index = os.open(os.path.join(directory, "index"), os.O_RDONLY | os.O_CLOEXEC)
        self._names: list[str] = []
        self._files: dict[int, int] = {}

    def read(self) -> Iterator[Piece]:
        """Everything that has come since, merged in the order of arrival; ends where the record ends now."""
        while data := os.pread(self._index, ENTRY.size * BATCH, self.position):
            entries = unpack(data)
            if not entries:
                return
            for entry, count in _joined(entries):
                self.position += count * ENTRY.size  # before: whoever reads may stop after any piece
                yield self.piece(entry)

    def close(self) -> None:
        """Close the files."""
        for descriptor in (self._index, *self._files.values()):
            os.close(descriptor)
        self._files = {}

    def piece(self, entry: Entry) -> Piece:
        """What an entry of the index stands for."""
        name = self._name(entry.stream)
        service, _, stream = name.removesuffix(".log").rpartition(".")
        if entry.stream == EVENTS:
            service, stream = "", "events"
        data = self._bytes(entry) if entry.length else b""
        return Piece(service, stream, entry.run, entry.time, entry.kind, data)

    def _name(self, stream: int) -> str:
        if stream >= len(self._names):
            self._names = read_streams(os.path.join(self._directory, "streams"))
        return self._names[stream] if stream < len(self._names) else f"stream-{stream}.unknown.log"

    def _bytes(self, entry: Entry) -> bytes:
        if entry.stream not in self._files:
            path = os.path.join(self._directory, self._name(entry.stream))
            try:
                self._files[entry.stream] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:  # somebody has deleted it
                return b""
        return os.pread(self._files[entry.stream], entry.length, entry.offset)


def _joined(entries: list[Entry]) -> Iterator[tuple[Entry, int]]:
    """Neighbouring chunks of one stream as one entry, with how many they were."""
    first, count = entries[0], 1
    for entry in entries[1:]:
        if first.joins(entry) and first.length + entry.length <= CHUNK:
            first = first.joined(entry)
            count += 1
        else:
            yield first, count
            first, count = entry, 1
    yield first, count
