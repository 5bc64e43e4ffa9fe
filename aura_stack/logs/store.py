"""The record of a stack: plain bytes per stream, an index over all, appended and never rewritten.

`<service>.out.log` and `<service>.err.log` hold exactly what was printed, so `tail -f` and `grep` work; after 16 MB,
at the end of a line, such a file gets a number and a new one is begun (see segments). The index holds one entry for
each chunk (see framing and index), `streams` names the streams, a line each. Bytes are written before the entry that
names them, so a reader never meets an entry without its bytes. What an engine that was killed has left without
entries is entered by the next one.

Who deletes the folder while the stack runs (`git clean -fdx`) gets a new record at the next event: see `number`.
"""

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress

from aura_stack.system.bulk import Mover, write_all

from . import index, segments
from .framing import ENTRY, EVENTS, Kind
from .lives import Lives
from .retention import Retention
from .segments import STREAMS, Live, Table, read_streams

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC  # and not O_APPEND: splice(2) would refuse
_MODE = 0o644
_PART = 1 << 18  # bytes of one entry, at the most, for what is entered later
_HELD = 4096  # entries that wait while the disk takes none


class _File:
    """The live file of a stream."""

    __slots__ = ("descriptor", "name", "path", "segment", "size", "stream")

    def __init__(self, stream: int, name: str, path: str, live: Live) -> None:
        self.stream = stream
        self.name = name
        self.path = path
        self.descriptor = os.open(path, _FLAGS, _MODE)
        self.segment = live.number
        self.size = live.size  # at least; where we left it, or found it last


class Store:
    """The one writer of a record.

    Args:
        directory: where the files are.
        events: the file of the stream of events.
        wake: called after every entry.
        create: makes the directory, where it is not there.
        retention: what is kept; the defaults, if not given.

    Raises:
        OSError: the files cannot be written.
    """

    def __init__(
        self,
        directory: str,
        events: str,
        wake: Callable[[], None],
        create: Callable[[], None],
        retention: Retention | None = None,
    ) -> None:
        self._directory = directory
        self._events = os.path.relpath(events, directory)
        self._wake = wake
        self._create = create
        self.retention = retention or Retention()
        self._mover = Mover()
        self.trouble = ""
        """What keeps the record from being whole, in words; "" for nothing. Who follows it is told."""
        self.renewals = 0
        """How often the files have been deleted under this store, and begun anew."""
        self.broken_off: int | None = None
        """When the engine before this one was killed, at the earliest (ns since 1970); None if it ended in order."""
        self._begin()

    def _begin(self) -> None:
        self._create()
        adopts = not index.exists(self._directory)
        self._index = index.Writer(self._directory)
        self._lives = Lives(self._directory, time.time_ns(), self._index.position)
        self._life = self._lives.now.number
        self._table = Table(self._directory)
        self._streams = os.path.join(self._directory, STREAMS)
        self._names = read_streams(self._directory)
        self._numbers = {name: number for number, name in enumerate(self._names)}
        self._files: dict[int, _File] = {}
        self._pending: list[list[int]] = []  # what flush is to enter: entries whose length may still grow
        if not self._names:
            self.stream(self._events)
        before = self._lives.before
        if before and not before.ended:
            self._repair()
        elif adopts and self._names:
            self._enter_rests({}, {})

    @property
    def number(self) -> int:
        """Which record this is: another one each time the files have been deleted."""
        return self._lives.now.record

    @property
    def position(self) -> int:
        """Where the index ends now: a follower that begins there sees only what is new."""
        return self._index.position

    def stream(self, file: str) -> int:
        """The number of the stream kept in `file` (relative to the directory); a new one is entered."""
        if file not in self._numbers:
            self.expect([file])
        number = self._numbers[file]
        if number in self._files and not os.path.exists(self._files[number].path):
            self._forget(number)  # somebody has deleted it: what comes now is to be seen
        return number

    def expect(self, files: Iterable[str]) -> None:
        """Enter the streams kept in these files, at once for all that are new; see `stream`."""
        new = [file for file in files if file not in self._numbers]
        if not new:
            return
        self.renew_if_deleted()
        with open(self._streams, "ab") as table:
            table.write(b"".join(os.fsencode(file) + b"\n" for file in new))
        for file in new:
            self._numbers[file] = len(self._names)
            self._names.append(file)

    # --- what comes ---

    def take(self, pipe: int, stream: int, run: int, most: int) -> int:
        """Move a chunk of at most so many bytes from a pipe to a stream; its entry waits for `flush`.

        Returns:
            How many bytes there were, 0 at the end of the pipe.

        Raises:
            BlockingIOError: there are none now.
            OSError: the disk does not take them.
        """
        file = self._files.get(stream)
        offset = self._end_of(file) if file else 0
        # many say nothing up to their end, and need no file; and near the end of one a place to part it is looked for
        if file is None or offset + most >= self.retention.size or not self._mover.splices:
            data = os.read(pipe, most)
            if data:
                self.add(stream, run, data)
            return len(data)
        try:
            size = self._mover.move(pipe, file.descriptor, most)
        except BlockingIOError:
            raise
        except OSError:
            os.ftruncate(file.descriptor, offset)  # a part without an entry would stand there for nobody
            raise
        if size:
            file.size = offset + size
            self._pend(time.time_ns(), run, file, Kind.BYTES, offset, size)
        return size

    def add(self, stream: int, run: int, data: bytes) -> None:
        """Add a chunk to a stream, as `take` does; OSError when the disk does not take it."""
        file = self._files.get(stream) or self._open(stream)
        offset = self._end_of(file)
        if offset + len(data) < self.retention.size:
            self._write(file, offset, run, data)
            return
        cut = data.rfind(b"\n") + 1
        if not cut and offset + len(data) >= self.retention.size + segments.SLACK:
            cut = len(data)
        self._write(file, offset, run, data[:cut] if cut else data)
        if cut:
            self._rotate(file)
        if 0 < cut < len(data):
            file = self._files[stream]
            self._write(file, self._end_of(file), run, data[cut:])

    def append(self, stream: int, run: int, data: bytes) -> None:
        """Add a chunk to a stream and enter it; OSError when the disk does not take it."""
        self.add(stream, run, data)
        self.flush()

    def end(self, stream: int, run: int) -> None:
        """Enter that a run has printed its last on a stream; there is nothing to enter where nothing ever was."""
        if stream not in self._files and stream not in self._table.live:
            return
        file = self._files.get(stream) or self._open(stream)
        self._pend(time.time_ns(), run, file, Kind.END, self._end_of(file), 0)
        self.flush()

    def flush(self) -> None:
        """Enter what was taken, and wake whoever looks; OSError when the disk does not take it."""
        if not self._pending:
            return
        pending, self._pending, before = self._pending, [], self._index.position
        try:
            self._table.settle()  # an entry of a file that the table does not know would be taken for another's
            if self._index.write(b"".join([ENTRY.pack(*entry) for entry in pending])):
                self._table.set_all(
                    {number: Live(file.segment, file.size) for number, file in self._files.items()}
                )
                self._forget_old_entries()
        except OSError:
            # the bytes are there: their entries follow once there is room again
            done = (self._index.position - before) // ENTRY.size
            self._pending = pending[done:][-_HELD:]
            raise
        finally:
            self._wake()

    # --- events ---

    def event(self, line: bytes) -> None:
        """Add one event, a line."""
        self.renew_if_deleted()
        self.append(EVENTS, 0, line)

    @property
    def events_end(self) -> tuple[int, int]:
        """Where the stream of events ends: its live file's number, and how long that is."""
        file = self._files.get(EVENTS) or self._open(EVENTS)
        return file.segment, self._end_of(file)

    def read_events(self, place: tuple[int, int], count: int) -> tuple[bytes, tuple[int, int]]:
        """Whole lines of the stream of events from a place on, and the place behind them."""
        file = self._files.get(EVENTS) or self._open(EVENTS)
        segment, offset = place
        if segment >= file.segment:
            data = os.pread(file.descriptor, count, offset)
            whole = data[: data.rfind(b"\n") + 1]
            return whole, (segment, offset + len(whole))
        descriptor = segments.open_segment(self._directory, file.name, EVENTS, segment)
        data = b""
        if descriptor is not None:
            data = os.pread(descriptor, count, offset)
            os.close(descriptor)
        whole = data[: data.rfind(b"\n") + 1]
        return (whole, (segment, offset + len(whole))) if whole else self.read_events((segment + 1, 0), count)

    # --- the end, and what somebody removes ---

    def close(self) -> None:
        """Close the files: this life has ended in order."""
        try:
            self._table.set_all(
                {number: Live(file.segment, self._end_of(file)) for number, file in self._files.items()}
            )
            self._lives.end()
        except OSError:  # a full disk, or no folder any more: the next one repairs what it finds
            pass
        for file in self._files.values():
            os.close(file.descriptor)
        self._index.close()

    def clear(self, services: Collection[str] | None) -> int:
        """Remove what services, or all of them, have printed; what comes later begins anew.

        Returns:
            How many bytes were removed.

        Raises:
            OSError: the disk takes nothing, even now that there is more room.
        """
        freed = 0
        for number, name in enumerate(self._names):
            service = name.removesuffix(".log").rpartition(".")[0]
            if number == EVENTS or (services is not None and service not in services):
                continue
            file = self._files.get(number) or self._open(number)
            freed += sum(_size_and_time(path)[0] for path in segments.files(file.path))
            with suppress(
                OSError
            ):  # of a full disk, which is why somebody clears; what it owes follows below
                if self._end_of(file):
                    self._rotate(file)
            for old in segments.numbers(file.path):
                _remove(segments.older(file.path, old))
            self.retention.forget(number)
        self._table.settle()
        self.flush()
        return freed

    def renew_if_deleted(self) -> None:
        """Begin again where the files were; streams keep their numbers, since pipes that are open know them."""
        if not self._index.deleted:
            return
        names, files, old = self._names, self._files, self._index
        self.renewals += 1
        self._begin()
        self.retention.renewed()
        old.close()
        for file in files.values():
            os.close(file.descriptor)
        self.expect(names)

    # --- files ---

    def _open(self, stream: int) -> _File:
        self.renew_if_deleted()
        name = self._names[stream]
        path = os.path.join(self._directory, name)
        live = self._table.live.get(stream, Live())
        file = self._files[stream] = _File(stream, name, path, live)
        self._end_of(file)
        return file

    def _forget(self, stream: int) -> None:
        """The live file has been deleted: the next one has another number."""
        file = self._files.pop(stream)
        os.close(file.descriptor)
        self._table.set(stream, Live(file.segment + 1))

    def _end_of(self, file: _File) -> int:
        """Where the file ends, and stands from now on. One that somebody has shortened is another one from here on."""
        end = os.lseek(file.descriptor, 0, os.SEEK_END)
        if end < file.size:
            file.segment += 1
            self._table.set(file.stream, Live(file.segment))
        file.size = end
        return end

    def _write(self, file: _File, offset: int, run: int, data: bytes) -> None:
        try:
            size = write_all(file.descriptor, data)
        except OSError:
            os.ftruncate(file.descriptor, offset)
            raise
        file.size = offset + size
        self._pend(time.time_ns(), run, file, Kind.BYTES, offset, size)

    def _pend(self, now: int, run: int, file: _File, kind: Kind, offset: int, size: int) -> None:
        """Let an entry wait for `flush`, as a part of the last one where it goes on there."""
        stream, segment = file.stream, file.segment
        if self._pending:
            last = self._pending[-1]
            if last[1:5] == [run, stream, kind, segment] and last[5] + last[6] == offset and size:
                last[6] += size
                return
        self._pending.append([now, run, stream, kind, segment, offset, size, self._life])

    def _rotate(self, file: _File) -> None:
        """Go on in a new file; the old one gets its number, and the oldest goes."""
        with suppress(FileNotFoundError):  # somebody has deleted it
            os.rename(file.path, segments.older(file.path, file.segment))
        os.close(file.descriptor)
        live = Live(file.segment + 1)
        self._files[file.stream] = _File(file.stream, file.name, file.path, live)
        try:
            self._table.set(file.stream, live)
            self.flush()  # so that the position is the one behind its last entry
        finally:
            self.retention.rotated(file.stream, file.path, file.segment, file.size, self.position)

    def _forget_old_entries(self) -> None:
        """Remove the oldest files of the index, when all that their entries name is gone."""
        known = index.numbers(self._directory)
        for count, number in enumerate(known[:-1]):
            named = index.newest_files(self._directory, number)
            if len(known) - count <= index.KEPT and any(
                segment >= self._oldest(stream) for stream, segment in named.items()
            ):
                return
            _remove(index.path(self._directory, number))

    def _oldest(self, stream: int) -> int:
        """The number of the oldest file of a stream."""
        return min(segments.numbers(self._path(stream)), default=self._table.live.get(stream, Live()).number)

    def _path(self, stream: int) -> str:
        return os.path.join(self._directory, self._names[stream])

    # --- after a crash ---

    def _repair(self) -> None:
        """Enter what the engine before this one had written and not entered, and end what it had not ended."""
        known = index.numbers(self._directory)
        ends: dict[int, tuple[int, int]] = {}
        open_runs: dict[int, dict[int, None]] = {}
        latest = 0
        reader = index.Reader(self._directory)
        for number in known[-2:]:
            entries, _ = reader.read(number * index.SEGMENT, index.SEGMENT)
            for entry in entries:
                latest = max(latest, entry.time)
                ends[entry.stream] = (entry.segment, entry.offset + entry.length)
                runs = open_runs.setdefault(entry.stream, {})
                runs.pop(entry.run, None)
                if entry.kind is Kind.BYTES and entry.stream != EVENTS:
                    runs[entry.run] = None
        reader.close()
        self.broken_off = latest
        self._enter_rests(ends, open_runs)

    def _enter_rests(self, ends: dict[int, tuple[int, int]], open_runs: dict[int, dict[int, None]]) -> None:
        """Enter what stands in files behind the last entry of each.

        Args:
            ends: of streams, the file and the place in it behind the last entry.
            open_runs: of streams, the runs that had not ended, the latest last.
        """
        for stream in range(len(self._names)):
            path = self._path(stream)
            noted = self._table.live.get(stream, Live())
            segment, offset = max(ends.get(stream, (0, 0)), (noted.number, noted.size))
            runs = open_runs.get(stream, {})
            for number, file in _from(path, segment):
                size, when = _size_and_time(file)
                if file == path and number == segment and size < offset:
                    # it has lost its end with the machine's power: nothing else may come to stand there
                    os.rename(path, segments.older(path, segment))
                    self._table.set(stream, Live(segment + 1))
                    continue
                begin = offset if number == segment else 0
                for place in range(begin, size, _PART):
                    count = min(_PART, size - place)
                    run = next(reversed(runs), 0)
                    self._pending.append(
                        [when, run, stream, Kind.BYTES, number, place, count, self._life - 1]
                    )
                if number > noted.number or size > noted.size:
                    self._table.set(stream, Live(number, size))
            for run in runs:
                self._pending.append(
                    [time.time_ns(), run, stream, Kind.END, segment, offset, 0, self._life - 1]
                )
        self.flush()


def _from(path: str, segment: int) -> Iterator[tuple[int, str]]:
    """The files of a stream from a number on; the live one has the next after those that are numbered."""
    numbers = segments.numbers(path)
    for number in numbers:
        if number >= segment:
            yield number, segments.older(path, number)
    if os.path.exists(path):
        yield max([segment, *(number + 1 for number in numbers)]), path


def _size_and_time(path: str) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_size, found.st_mtime_ns


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):  # somebody else was quicker
        os.unlink(path)
