"""The store and its followers, on real files."""

import os

import pytest

from aura_stack.logs import index
from aura_stack.logs.follow import Follower
from aura_stack.logs.framing import ENTRY, Kind
from aura_stack.logs.render import Style
from aura_stack.logs.store import Store
from aura_stack.logs.tail import last_lines, last_pieces
from aura_stack.logs.terminal import Merger


@pytest.fixture
def record(tmp_path):
    logs = tmp_path / "logs"
    logs.mkdir()
    return str(logs), str(tmp_path / "events.jsonl")


def opened(record, wake=lambda: None):
    return Store(*record, wake, lambda: os.makedirs(record[0], exist_ok=True))


def read(record, position=0):
    follower = Follower(record[0], position)
    pieces = list(follower.read())
    follower.close()
    return pieces


def texts(pieces):
    return [(piece.service, piece.stream, piece.data) for piece in pieces]


def test_what_was_printed_stands_in_plain_files(record):
    store = opened(record)
    store.append(store.stream("web.out.log"), 1, b"one\n\xff")
    store.close()
    with open(os.path.join(record[0], "web.out.log"), "rb") as file:
        assert file.read() == b"one\n\xff"


def test_a_follower_sees_all_streams_in_the_order_of_arrival(record):
    store = opened(record)
    web, api = store.stream("web.out.log"), store.stream("api.err.log")
    store.append(web, 1, b"1")
    store.append(api, 1, b"2")
    store.event(b"{}\n")
    store.append(web, 1, b"3")
    store.close()
    assert texts(read(record)) == [
        ("web", "out", b"1"),
        ("api", "err", b"2"),
        ("", "events", b"{}\n"),
        ("web", "out", b"3"),
    ]


def test_neighbouring_chunks_of_a_stream_are_read_as_one(record):
    store = opened(record)
    web = store.stream("web.out.log")
    for _ in range(1000):
        store.append(web, 1, b"x" * 100)
    store.close()
    assert [len(piece.data) for piece in read(record)] == [100_000]


def test_a_follower_goes_on_where_it_was(record):
    store = opened(record)
    web = store.stream("web.out.log")
    store.append(web, 1, b"old")
    follower = Follower(record[0], store.position)
    store.append(web, 1, b"new")
    assert [piece.data for piece in follower.read()] == [b"new"]
    assert list(follower.read()) == []
    store.append(store.stream("late.out.log"), 1, b"stream")
    assert [piece.data for piece in follower.read()] == [b"stream"]
    follower.close()
    store.close()


def test_a_later_engine_appends_and_keeps_the_numbers_of_the_streams(record):
    for run, word in enumerate((b"first", b"second"), start=1):
        store = opened(record)
        store.stream(f"{word.decode()}.out.log")
        store.append(store.stream("web.out.log"), run, word)
        store.close()
    assert [piece.data for piece in read(record)] == [b"first", b"second"]
    assert {piece.service for piece in read(record)} == {"web"}


def test_an_entry_cut_short_by_a_crash_is_taken_away(record):
    store = opened(record)
    store.append(store.stream("web.out.log"), 1, b"kept")
    store.close()
    with open(index.path(record[0], 0), "ab") as file:
        file.write(b"\x01" * (ENTRY.size - 1))
    store = opened(record)
    store.append(store.stream("web.out.log"), 2, b"after")
    store.close()
    assert [piece.data for piece in read(record)] == [b"kept", b"after"]


def test_every_entry_wakes_whoever_looks(record):
    woken = []
    store = opened(record, lambda: woken.append(store.position))
    store.append(store.stream("web.out.log"), 1, b"x")
    store.end(store.stream("web.out.log"), 1)
    store.close()
    assert woken == [ENTRY.size, 2 * ENTRY.size]


def test_two_services_never_meet_inside_a_line(record):
    store = opened(record)
    web, api = store.stream("web.out.log"), store.stream("api.out.log")
    for stream, data in ((web, b"hel"), (api, b"good"), (web, b"lo\n"), (api, b"bye")):
        store.append(stream, 1, data)
    store.end(api, 1)
    store.close()
    merger = Merger(Style(["web", "api"], colour=False))
    shown = b"".join(merger.text(piece) for piece in read(record)) + merger.finish()
    assert shown == b"web | hello\napi | goodbye\n"
    assert [piece.kind for piece in read(record)][-1] is Kind.END


# --- the last lines, from the end ---


def of_web(service, _):
    return service == "web"


def test_the_last_lines_are_whole_whatever_the_chunks(record):
    store = opened(record)
    web, other = store.stream("web.out.log"), store.stream("other.out.log")
    for number in range(50):
        store.append(web, 1, b"line %d, first half" % number)
        store.append(other, 1, b"noise\n")
        store.append(web, 1, b", second half\n")
    for count in (1, 2, 30):
        expected = [b"line %d, first half, second half" % number for number in range(50 - count, 50)]
        assert last_lines(record[0], count, of_web) == expected
    store.close()


def test_the_unfinished_line_of_an_earlier_run_is_no_part_of_the_next_ones_first(record):
    store = opened(record)
    web = store.stream("web.out.log")
    store.append(web, 1, b"abc")
    store.end(web, 1)
    store.append(web, 2, b"def\n")
    assert last_lines(record[0], 1, of_web) == [b"def"]
    assert last_lines(record[0], 5, of_web) == [b"abc", b"def"]
    assert last_lines(record[0], 5, of_web, run=1) == [b"abc"]
    pieces = last_pieces(record[0], 0, of_web)
    assert [piece.data for piece in pieces] == [b"def\n"]
    store.close()


def test_what_an_earlier_engine_wrote_is_not_looked_at_where_that_is_not_wanted(record):
    store = opened(record)
    store.append(store.stream("web.err.log"), 1, b"Error: from last week\n")
    store.close()
    store = opened(record)
    began = store.position
    assert last_lines(record[0], 5, of_web, run=1, begin=began) == []
    store.append(store.stream("web.err.log"), 1, b"Error: from today\n")
    assert last_lines(record[0], 5, of_web, run=1, begin=began) == [b"Error: from today"]
    store.close()


def test_a_part_of_a_chunk_that_a_full_disk_did_not_take_leaves_no_trace(record, monkeypatch):
    store = opened(record)
    web = store.stream("web.out.log")
    store.append(web, 1, b"one\n")
    write, calls = os.write, []

    def full(descriptor, data):
        calls.append(data)
        if len(calls) == 1:
            return write(descriptor, bytes(data)[:2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        store.append(web, 1, b"lost\n")
    monkeypatch.undo()
    store.append(web, 1, b"two\n")
    assert texts(read(record)) == [("web", "out", b"one\ntwo\n")]
    store.close()


def test_a_stream_on_which_nothing_is_printed_makes_no_file(tmp_path, record):
    store = opened(record)
    silent, reading, writing = store.stream("web.err.log"), *os.pipe()
    os.close(writing)
    position = store.position
    assert store.take(reading, silent, 1, 1000) == 0
    store.end(silent, 1)
    os.close(reading)
    assert store.position == position
    store.close()
    assert not list(tmp_path.rglob("web.err.log"))
