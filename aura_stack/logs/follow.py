"""Reading a record from a position of one's own on: what the face, `logs` and every later viewer do."""

import os
from collections.abc import Callable, Iterator

from aura_stack.frozen import NamedTuple

from . import index
from .framing import ENTRY, EVENTS, Entry, Kind
from .segments import open_segment, read_streams

BATCH = 1024  # entries read at once
CHUNK = 1 << 18  # bytes read at once, at the most: what is made of them passes through the cache of a core


class Piece(NamedTuple):
    """What came next: `data` of a stream (`service` "" for events), or the end of a run's stream.

    `time` is in ns since 1970. Runs are numbered anew in each `life`, by another engine.
    """

    service: str
    stream: str
    run: int
    time: int
    kind: Kind
    data: bytes
    life: int = 0


class Follower:
    """A reader of a record.

    Args:
        directory: where the store keeps it.
        position: where in the index to begin.
        wanted: whether the stream of that name of that service is read at all; the service of events is "".

    Attributes:
        position: where it goes on.
        missed: bytes of which the entries were read, and that had been removed by then.
    """

    def __init__(
        self, directory: str, position: int = 0, wanted: Callable[[str, str], bool] | None = None
    ) -> None:
        self.position = position
        self._wanted = wanted
        self.missed = 0
        self._directory = directory
        self._index = index.Reader(directory)
        self._names: list[str] = []
        self._split: dict[int, tuple[str, str]] = {}
        self._files: dict[int, tuple[int, int | None]] = {}  # stream → number of a file, its descriptor

    def read(self) -> Iterator[Piece]:
        """Everything that has come since, merged in the order of arrival; ends where the record ends now."""
        for entry in self.entries():
            yield self.piece(entry)

    def entries(self) -> Iterator[Entry]:
        """The same, before its bytes are read: see `piece`."""
        while True:
            entries, self.position = self._index.read(self.position, BATCH)
            if not entries:
                return
            for entry, count in _joined(entries):
                self.position += count * ENTRY.size  # before: whoever reads may stop after any piece
                if self._wanted is None or self._wanted(*self.name(entry)):
                    yield entry

    def close(self) -> None:
        """Close the files."""
        self._index.close()
        for _, descriptor in self._files.values():
            if descriptor is not None:
                os.close(descriptor)
        self._files = {}

    def piece(self, entry: Entry) -> Piece:
        """What an entry of the index stands for."""
        service, stream = self.name(entry)
        data = self._bytes(entry) if entry.length else b""
        return Piece(service, stream, entry.run, entry.time, entry.kind, data, entry.life)

    def name(self, entry: Entry) -> tuple[str, str]:
        """The service and the stream from which it came."""
        return self._split.get(entry.stream) or self._name(entry.stream)

    def _name(self, stream: int) -> tuple[str, str]:
        if stream >= len(self._names):
            self._names = read_streams(self._directory)
        if stream >= len(self._names):
            return f"stream-{stream}", "unknown"
        self._split[stream] = split_name(stream, self._names[stream])
        return self._split[stream]

    def _bytes(self, entry: Entry) -> bytes:
        segment, descriptor = self._files.get(entry.stream, (-1, None))
        if segment != entry.segment:
            if descriptor is not None:
                os.close(descriptor)
            self._name(entry.stream)
            file = self._names[entry.stream] if entry.stream < len(self._names) else ""
            descriptor = open_segment(self._directory, file, entry.stream, entry.segment) if file else None
            self._files[entry.stream] = (entry.segment, descriptor)
        data = os.pread(descriptor, entry.length, entry.offset) if descriptor is not None else b""
        self.missed += entry.length - len(data)
        return data


def split_name(number: int, file: str) -> tuple[str, str]:
    """The service and the stream that a file of a record is for; the service of events is ""."""
    if number == EVENTS:
        return "", "events"
    service, _, stream = file.removesuffix(".log").rpartition(".")
    return service, stream


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
