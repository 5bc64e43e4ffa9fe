"""The record in files of limited size: what is kept, what readers see of it, and what a crash leaves."""

import errno
import os
import shutil

import pytest

from aura_stack.logs import index, lives, segments
from aura_stack.logs.follow import Follower
from aura_stack.logs.framing import ENTRY, Kind
from aura_stack.logs.retention import Retention
from aura_stack.logs.store import Store
from aura_stack.logs.tail import last_lines

SIZE, KEPT = 1000, 3


@pytest.fixture
def logs(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    return str(folder)


def opened(logs, **options):
    retention = Retention(**{"kept": KEPT, "size": SIZE, **options})
    return Store(
        logs, f"{logs}/../events.jsonl", lambda: None, lambda: os.makedirs(logs, exist_ok=True), retention
    )


def content(path):
    with open(path, "rb") as file:
        return file.read()


def read(logs, position=0):
    follower = Follower(logs, position)
    pieces = list(follower.read())
    follower.close()
    return pieces


def text(logs, service="web"):
    return b"".join(piece.data for piece in read(logs) if piece.service == service)


def lines(numbers):
    return [b"%04d %s" % (number, b"x" * 94) for number in numbers]


def fill(store, numbers, file="web.out.log", run=1):
    for line in lines(numbers):
        store.append(store.stream(file), run, line + b"\n")


def test_a_file_that_is_full_gets_a_number_and_ends_with_a_line(logs):
    store = opened(logs)
    fill(store, range(25))
    live = os.path.join(logs, "web.out.log")
    assert segments.numbers(live) == [0, 1]
    files = segments.files(live)
    assert b"".join(map(content, files)) == b"\n".join(lines(range(25))) + b"\n"
    assert all(content(file).endswith(b"\n") for file in files)
    assert text(logs) == b"\n".join(lines(range(25))) + b"\n"
    store.close()


def test_the_oldest_files_go_and_the_others_are_read_as_before(logs):
    store = opened(logs)
    fill(store, range(100))
    live = os.path.join(logs, "web.out.log")
    assert len(segments.files(live)) == KEPT
    kept = text(logs).splitlines()
    assert kept == lines(range(100 - len(kept), 100))
    assert last_lines(logs, 12, lambda service, _: service == "web") == lines(range(88, 100))
    store.close()


def test_a_line_that_does_not_end_is_parted_in_the_end(logs, monkeypatch):
    monkeypatch.setattr(segments, "SLACK", 500)
    store = opened(logs)
    for _ in range(40):
        store.append(store.stream("web.out.log"), 1, b"x" * 100)
    live = os.path.join(logs, "web.out.log")
    assert [len(content(file)) for file in segments.files(live)] == [1500, 1500, 1000]
    assert text(logs) == b"x" * 4000
    store.close()


def test_a_follower_in_the_midst_of_a_rotation_misses_nothing(logs):
    store = opened(logs)
    fill(store, range(3))
    follower = Follower(logs)
    seen = b"".join(piece.data for piece in follower.read())
    for number in range(3, 60):
        fill(store, [number])
        if number % 7 == 0:
            seen += b"".join(piece.data for piece in follower.read())
    seen += b"".join(piece.data for piece in follower.read())
    assert seen.splitlines() == lines(range(60))
    assert follower.missed == 0
    follower.close()
    store.close()


def test_a_follower_that_comes_too_late_counts_what_it_missed(logs):
    store = opened(logs)
    follower = Follower(logs)
    fill(store, range(100))
    seen = b"".join(piece.data for piece in follower.read())
    assert follower.missed + len(seen) == 100 * 100
    assert seen.splitlines() == lines(range(100 - len(seen) // 100, 100))
    follower.close()
    store.close()


def test_what_a_reader_that_must_miss_nothing_has_not_read_is_kept(logs):
    store = opened(logs, unread=5000)
    told = []
    store.retention.changed = told.append
    follower = Follower(logs)
    store.retention.reads("a", "aura-stack up (pid 7)", follower.position)
    fill(store, range(40))
    assert (text(logs).splitlines(), told) == (lines(range(40)), [])
    fill(store, range(40, 80))
    assert told == ["aura-stack up (pid 7)"] == [store.retention.blocked]
    seen = b"".join(piece.data for piece in follower.read())
    store.retention.reads("a", "aura-stack up (pid 7)", follower.position)
    assert (seen.splitlines(), follower.missed) == (lines(range(80)), 0)
    assert told[1:] == [""]
    assert len(segments.files(os.path.join(logs, "web.out.log"))) == KEPT
    follower.close()
    store.close()


def test_a_reader_that_has_gone_keeps_nothing(logs):
    store = opened(logs, unread=2000)
    store.retention.reads("a", "logs -f (pid 8)", 0)
    fill(store, range(80))
    assert store.retention.blocked
    store.retention.gone("a")
    assert not store.retention.blocked
    assert len(segments.files(os.path.join(logs, "web.out.log"))) == KEPT
    store.close()


def test_the_index_goes_with_what_it_names(logs, monkeypatch):
    monkeypatch.setattr(index, "SEGMENT", 20 * ENTRY.size)
    store = opened(logs)
    fill(store, range(200))
    numbers = index.numbers(logs)
    assert numbers[0] > 3
    assert store.position == index.end(logs) == 201 * ENTRY.size - ENTRY.size
    kept = text(logs).splitlines()
    assert kept == lines(range(200 - len(kept), 200))
    fill(store, [0], "quiet.out.log")
    fill(store, range(200, 400))
    assert text(logs, "quiet").splitlines() == lines([0])  # nothing of it was removed
    monkeypatch.setattr(index, "KEPT", 4)
    fill(store, range(400, 420))
    assert len(index.numbers(logs)) <= 5
    store.close()


def test_a_later_life_goes_on_behind_the_earlier_one(logs):
    for life in range(3):
        store = opened(logs)
        assert store.broken_off is None
        fill(store, range(life * 8, life * 8 + 8), run=1)
        store.close()
    pieces = [piece for piece in read(logs) if piece.service == "web"]
    assert b"".join(piece.data for piece in pieces).splitlines() == lines(range(24))
    assert sorted({piece.life for piece in pieces}) == [1, 2, 3]
    assert len({life.record for life in lives.read(logs)}) == 1
    assert all(life.ended for life in lives.read(logs))


def test_what_a_killed_engine_had_not_entered_is_entered_by_the_next(logs):
    store = opened(logs)
    fill(store, range(3))
    stream = store.stream("web.out.log")
    store.add(stream, 1, b"never entered, and without an end")  # flush is what the kill prevented
    store = opened(logs)
    assert store.broken_off is not None
    *_, bytes_, end = (piece for piece in read(logs) if piece.service == "web")
    assert (bytes_.data, bytes_.run, bytes_.life) == (text(logs), 1, 1)
    assert (end.kind, end.run) == (Kind.END, 1)
    fill(store, [9])
    assert text(logs).endswith(b"without an end" + lines([9])[0] + b"\n")
    store.close()
    assert opened(logs).broken_off is None


def test_a_kill_in_the_midst_of_a_rotation_mixes_up_no_files(logs):
    store = opened(logs)
    fill(store, range(5))
    live = os.path.join(logs, "web.out.log")
    os.rename(live, segments.older(live, 0))  # and neither a new live file nor a line in the table
    store = opened(logs)
    fill(store, range(5, 12))
    assert text(logs).splitlines() == lines(range(12))
    store.close()


def test_an_index_that_has_lost_its_end_is_completed_from_the_bytes(logs):
    store = opened(logs)
    fill(store, range(6))
    end = index.path(logs, 0)
    os.truncate(end, os.path.getsize(end) - 3 * ENTRY.size - 5)
    store = opened(logs)
    assert text(logs).splitlines() == lines(range(6))
    store.close()


def test_bytes_that_are_lost_are_not_taken_for_those_that_come_next(logs):
    """Power was lost: the index reached the disk, and the last bytes did not."""
    store = opened(logs)
    fill(store, range(6))
    os.truncate(os.path.join(logs, "web.out.log"), 250)
    store = opened(logs)
    fill(store, [7])
    shown = text(logs)
    assert shown.endswith(lines([7])[0] + b"\n")
    assert shown.count(b"\n") == 3
    store.close()


@pytest.mark.parametrize("whole", [True, False])
def test_a_live_file_that_somebody_empties_or_deletes_goes_on(logs, whole):
    store = opened(logs)
    fill(store, range(6))
    live = os.path.join(logs, "web.out.log")
    if whole:
        os.unlink(live)
    else:
        os.truncate(live, 0)
    fill(store, [6])
    assert content(live) == lines([6])[0] + b"\n"
    assert text(logs).splitlines() == lines([6])
    store.close()


def test_older_files_that_somebody_deletes_are_gone_and_no_other_is_taken_for_them(logs):
    store = opened(logs)
    fill(store, range(25))
    live = os.path.join(logs, "web.out.log")
    for number in segments.numbers(live):
        os.unlink(segments.older(live, number))
    kept = content(live).splitlines()
    assert text(logs).splitlines() == kept == lines(range(25 - len(kept), 25))
    store.close()


def test_clearing_removes_what_one_service_printed_and_nothing_else(logs):
    store = opened(logs)
    fill(store, range(25))
    fill(store, range(5), "api.out.log")
    assert store.clear(["web"]) == 2500
    assert text(logs) == b""
    assert text(logs, "api").splitlines() == lines(range(5))
    fill(store, [30])
    assert text(logs).splitlines() == lines([30])
    store.close()


@pytest.fixture
def full(monkeypatch):
    """Makes the disk full, so that the table takes a part of a line at the most, or empty again."""
    real = open

    class Half:
        def __init__(self, file):
            self._file = file

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self._file.close()
            raise OSError(errno.ENOSPC, "No space left on device")

        def write(self, data):
            self._file.write(data[:3])

        def tell(self):
            return 0

    def fill(on):
        opener = (
            (lambda path, mode: Half(real(path, mode)) if mode == "ab" else real(path, mode)) if on else real
        )
        monkeypatch.setattr(segments, "open", opener, raising=False)

    return fill


def test_clearing_makes_room_on_a_disk_that_is_full(logs, full):
    store = opened(logs)
    fill(store, range(25))
    fill(store, range(5), "api.out.log")
    full(True)
    with pytest.raises(OSError, match="No space"):
        store.clear(None)
    assert [os.path.getsize(path) for path in segments.files(os.path.join(logs, "web.out.log"))] == [0]
    full(False)
    fill(store, [30])
    fill(store, [31], "api.out.log")
    assert (text(logs).splitlines(), text(logs, "api").splitlines()) == (lines([30]), lines([31]))
    store.close()


def test_a_file_that_was_begun_on_a_full_disk_is_known_once_there_is_room(logs, full):
    store = opened(logs)
    fill(store, range(8))
    full(True)
    with pytest.raises(OSError, match="No space"):
        fill(store, range(8, 12))
    full(False)
    fill(store, range(12, 15))
    assert text(logs).splitlines() == lines([*range(10), *range(12, 15)])
    fill(store, range(15, 60))
    assert len(segments.files(os.path.join(logs, "web.out.log"))) == KEPT
    store.close()


def test_a_deleted_folder_makes_another_record(logs):
    store = opened(logs)
    fill(store, range(25))
    before = store.number
    shutil.rmtree(logs)
    store.event(b"{}\n")
    assert store.number != before
    fill(store, [1])
    assert text(logs).splitlines() == lines([1])
    store.close()


def test_events_are_read_on_over_the_end_of_a_file(logs):
    store = opened(logs)
    place = store.events_end
    written = []
    for number in range(30):
        written.append(b'{"kind": "%s"}' % (b"x" * (number + 40)))
        store.event(written[-1] + b"\n")
    found = []
    while True:
        data, place = store.read_events(place, 200)
        if not data:
            break
        found += data.splitlines()
    assert found == written
    store.close()


def test_the_first_entry_of_a_moment_is_found(logs, monkeypatch):
    monkeypatch.setattr(index, "SEGMENT", 16 * ENTRY.size)
    moments = iter(range(1000, 100_000, 10))
    monkeypatch.setattr("time.time_ns", lambda: next(moments))
    store = opened(logs)
    fill(store, range(50))
    entries = list(index.backwards(logs))[::-1]
    first = index.numbers(logs)[0] * index.SEGMENT
    assert first > 0
    for number in (0, 10, len(entries) - 1):
        assert index.moment(logs, entries[number].time) == first + number * ENTRY.size
        assert index.moment(logs, entries[number].time + 1) == first + (number + 1) * ENTRY.size
    assert index.moment(logs, 10**9) == store.position
    store.close()
