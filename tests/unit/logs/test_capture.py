"""Terminals of runs, read into the record at their other end."""

import fcntl
import os
import termios

import pytest

from aura_stack.logs import capture as module
from aura_stack.logs.capture import SIZE, Capture
from aura_stack.logs.follow import Follower
from aura_stack.logs.framing import Kind
from aura_stack.logs.render import Style
from aura_stack.logs.store import Store
from aura_stack.logs.terminal import Merger


@pytest.fixture
def logs(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    return str(folder)


@pytest.fixture
def capture(logs):
    store = Store(logs, f"{logs}/../events.jsonl", lambda: None, lambda: None)
    made = Capture(store, lambda error: pytest.fail(str(error)))
    yield made
    made.close()
    store.close()


def read(logs):
    follower = Follower(logs)
    pieces = list(follower.read())
    follower.close()
    return pieces


def test_what_is_printed_at_a_terminal_and_the_echo_of_what_is_typed_are_kept(capture, logs):
    end = capture.open_terminal("web", 1)
    os.write(end, b"asks\n")
    os.write(capture.terminal("web").master, b"answer\r")
    assert os.read(end, 99) == b"answer\n"
    capture.drain("web")
    os.close(end)
    assert b"".join(piece.data for piece in read(logs)) == b"asks\r\nanswer\r\n"


def test_the_end_of_the_last_who_has_it_open_is_the_end_of_the_stream(capture, logs):
    end = capture.open_terminal("web", 3)
    os.write(end, b"last words")
    os.close(end)
    assert capture.terminal("web").run == 3
    capture.drain()
    assert capture.terminal("web") is None
    first, last = read(logs)
    assert (first.stream, first.run, first.data) == ("out", 3, b"last words")
    assert (last.run, last.kind) == (3, Kind.END)


def test_the_end_of_an_old_terminal_leaves_the_new_one_alone(capture):
    old, new = capture.open_terminal("web", 1), capture.open_terminal("web", 2)
    os.close(old)
    capture.drain()
    assert capture.terminal("web").run == 2
    os.close(new)


def test_a_size_is_for_the_run_and_for_those_after_it(capture):
    first = capture.open_terminal("web", 1)
    assert termios.tcgetwinsize(first) == SIZE
    capture.resize("web", 40, 120)
    assert termios.tcgetwinsize(first) == (40, 120)
    second = capture.open_terminal("web", 2)
    assert termios.tcgetwinsize(second) == (40, 120)
    for end in (first, second):
        os.close(end)


def test_lines_of_a_terminal_are_shown_like_any_others(capture, logs):
    end = capture.open_terminal("web", 1)
    os.write(end, b"one\ntwo")
    capture.drain()
    merger = Merger(Style(["web"], colour=False))
    assert b"".join(map(merger.text, read(logs))) == b"web | one\n"
    assert merger.release("api") == b""
    assert merger.release("web") == b"two"
    assert merger.finish() == b""
    os.close(end)


def test_who_has_listened_takes_nothing_from_who_listens_now(capture):
    heard = []

    def before(stream, data):
        heard.append(("before", data))

    def now(stream, data):
        heard.append(("now", data))

    capture.tap("web", 1, before)
    capture.tap("web", 2, before)
    capture.tap("web", 2, now)
    capture.untap("web", 2, before)
    end = capture.open_one("web", 2, "out")
    os.write(end, b"up\n")
    capture.drain("web")
    capture.untap("web", 2, now)
    os.write(end, b"more\n")
    capture.drain("web")
    os.close(end)
    assert heard == [("now", b"up\n")]


@pytest.mark.skipif(not hasattr(fcntl, "F_GETPIPE_SZ"), reason="pipes have one size here")
def test_a_pipe_that_is_flooded_is_made_to_hold_more_and_no_other(capture, monkeypatch):
    monkeypatch.setattr(module, "WIDENED", 1)
    quiet, loud, other = (capture.open_one(name, 1, "out") for name in ("quiet", "loud", "other"))

    def sizes():
        return [fcntl.fcntl(one, fcntl.F_GETPIPE_SZ) for one in (quiet, loud, other)]

    usual = sizes()[0]
    os.write(quiet, b"hello\n")
    os.write(loud, b"x" * module.FLOOD)
    capture.drain()
    assert sizes() == [usual, module.READ, usual]
    os.write(other, b"x" * module.FLOOD)
    capture.drain()
    assert sizes() == [usual, module.READ, usual]
    os.close(loud)
    capture.drain()
    os.write(other, b"x" * module.FLOOD)
    capture.drain()
    assert fcntl.fcntl(other, fcntl.F_GETPIPE_SZ) == module.READ
    for one in (quiet, other):
        os.close(one)


def test_where_pipes_may_not_hold_more_they_are_read_as_they_are(capture, logs, monkeypatch):
    def refused(*_):
        raise PermissionError

    monkeypatch.setattr(fcntl, "fcntl", refused)
    end = capture.open_one("web", 1, "out")
    for _ in range(2):
        os.write(end, b"x" * module.FLOOD)
        capture.drain()
    assert b"".join(piece.data for piece in read(logs)) == b"x" * 2 * module.FLOOD
    os.close(end)


@pytest.mark.parametrize("tapped", [False, True])
def test_whoever_writes_without_a_pause_keeps_nobody_who_looks_for_last_words(
    capture, logs, tapped, monkeypatch
):
    end = capture.open_one("web", 1, "out")
    if tapped:
        capture.tap("web", 1, lambda *_: None)
    once, taken = capture._take, []

    def refilled(pipe):
        """However quick we are, the pipe is full again."""
        os.write(end, b"flood\n" * 1000)
        taken.append(once(pipe))
        assert len(taken) < 1000, "it does not end"
        return taken[-1]

    monkeypatch.setattr(capture, "_take", refilled)
    os.write(end, b"x" * 1000 + b"\n")
    capture.drain("web")
    assert sum(taken) >= 1001
    os.close(end)


def test_all_that_a_pipe_can_hold_is_read_to_its_end(capture, logs):
    end = capture.open_one("web", 1, "out")
    size = fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, module.READ) if hasattr(fcntl, "F_SETPIPE_SZ") else 65536
    os.write(end, b"x" * size)
    os.close(end)
    capture.drain("web")
    *pieces, last = read(logs)
    assert (sum(len(piece.data) for piece in pieces), last.kind) == (size, Kind.END)
