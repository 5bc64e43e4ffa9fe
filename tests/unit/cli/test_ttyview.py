"""Whose the terminal is: what follows from events, from keys, and from a master that comes early or late."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_stack.cli.keys import named_as, typed_as
from aura_stack.cli.ttyview import CTRL_C, MOST, State, TtyView
from aura_stack.messages import events

CTRL_P, CTRL_Q = b"\x10", b"\x11"
LEAVE = CTRL_P + CTRL_Q


class FakeKeys:
    """Notes which mode it was put into."""

    raw = False

    def make_raw(self, *, raw):
        self.raw = raw


@pytest.fixture
def view():
    """A view of web's terminal, without one of ours."""
    return TtyView("web", FakeKeys(), -1)


@pytest.fixture
def pipe():
    """Its writing end stands for a master; what was typed can be read from the other."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    yield reading, writing
    os.close(reading)


def started(run):
    return events.Started("web", run, 100 + run)


def test_a_run_of_the_service_takes_the_terminal_and_its_master_is_asked_for(view):
    assert view.see(started(1))
    assert view.taken
    assert view._keys.raw


@pytest.mark.parametrize("event", [events.Started("api", 1, 7), events.Ready("web", 1, 7, 0.1)])
def test_nothing_else_takes_it(view, event):
    assert not view.see(event)
    assert not view.taken
    assert not view._keys.raw


@pytest.mark.parametrize(
    "event", [events.Completed("web", 1, ""), events.Failed("web", 1, 3, ""), events.Stopped("web", 1)]
)
def test_a_run_that_nothing_follows_gives_it_back_and_a_later_one_takes_it_again(view, event):
    view.see(started(1))
    view.see(event)
    assert view.state is State.WAITING
    assert not view._keys.raw
    assert view.see(started(2))
    assert view.taken


def test_a_run_that_another_follows_keeps_it(view):
    view.see(started(1))
    view.see(events.Exited("web", 1, 101, 1, "exited 1"))
    view.see(events.Backoff("web", 1, 5.0, "exited 1"))
    assert view.taken


def test_a_stack_that_stops_gives_it_back_for_good(view):
    view.see(started(1))
    view.see(events.StackStopping("asked to"))
    assert view.state is State.LEFT


def test_whoever_left_is_left_alone_by_later_runs_until_asked(view):
    view.see(started(1))
    assert view.type(LEAVE + b"s") == b"s"
    assert not view.see(started(2))
    assert view.state is State.LEFT
    view.wait()
    assert view.see(started(3))


def test_what_is_typed_before_the_master_comes_is_typed_when_it_has_come(view, pipe):
    view.see(started(1))
    assert view.type(b"ab") == b""
    assert view.adopt(1, pipe[1])
    view.type(b"c")
    assert os.read(pipe[0], 99) == b"abc"
    view.give_back(State.LEFT)


def test_what_was_typed_for_a_run_is_not_typed_into_the_next(view, pipe):
    view.see(started(1))
    view.type(b"for one" + CTRL_P)
    view.see(started(2))
    view.type(b"for two")
    view.adopt(2, pipe[1])
    assert os.read(pipe[0], 99) == b"for two"
    view.give_back(State.LEFT)


def test_a_master_whose_run_is_over_is_closed_and_takes_nothing(view, pipe):
    view.see(events.Exited("web", 1, 101, 0, "exited 0"))
    assert not view.adopt(1, pipe[1])
    assert os.read(pipe[0], 9) == b""
    assert not view.taken


def test_a_master_that_comes_to_a_view_that_waits_takes_the_terminal(view, pipe):
    assert view.adopt(4, pipe[1])
    assert view.taken
    assert not view.see(started(4))  # its event comes later, and asks for nothing
    view.type(b"x")
    assert os.read(pipe[0], 9) == b"x"
    view.give_back(State.LEFT)


def test_a_master_that_comes_after_somebody_left_is_closed(view, pipe):
    view.see(started(1))
    view.type(LEAVE)
    assert not view.adopt(1, pipe[1])
    assert os.read(pipe[0], 9) == b""


def test_between_two_runs_ctrl_c_is_ours_and_the_rest_is_lost(view):
    view.see(started(1))
    view.see(events.Exited("web", 1, 101, 1, "exited 1"))
    assert view.type(b"abc") == b""
    assert view.type(b"abc" + CTRL_C) == CTRL_C
    assert view.type(LEAVE + b"q") == b"q"


def test_what_the_service_does_not_read_waits_and_does_not_grow_without_end(view, pipe):
    view.see(started(1))
    view.adopt(1, pipe[1])
    for _ in range(100):
        view.type(b"x" * 8000)
    at_once = len(os.read(pipe[0], 1 << 20))
    later = 0
    while view._unsent:
        view.send()
        later += len(os.read(pipe[0], 1 << 20))
    assert at_once
    assert 0 < later <= MOST
    view.give_back(State.LEFT)


@given(st.lists(st.sampled_from([b"a", CTRL_P, CTRL_C, b"\x1b[A", b"\xc3"]), max_size=8), st.data())
def test_every_byte_comes_through_however_it_is_cut_but_for_the_way_out(keys, data):
    view = TtyView("web", FakeKeys(), -1)
    view.see(started(1))
    typed = b"".join(keys) + LEAVE + b"rest"
    cut = data.draw(st.integers(0, len(typed)))
    sent, ours = [], []
    view.send = lambda: sent.append(view._unsent) or setattr(view, "_unsent", b"")
    for part in (typed[:cut], typed[cut:]):
        if view.taken:
            ours.append(view.type(part))
        else:
            ours.append(part)
    assert b"".join(sent) == b"".join(keys)
    assert b"".join(ours) == b"rest"


def test_our_lines_begin_and_end_as_lines_where_nothing_is_added_to_an_end(view):
    assert view.shown(b"half") == b"half"
    assert view.beside(b"one\ntwo\n") == b"\r\none\r\ntwo\r\n"
    assert view.beside(b"three\n") == b"three\r\n"
    assert view.beside(b"") == b""
    assert view.shown(b"whole\r\n") == b"whole\r\n"
    assert view.closed() == b""
    view.shown(b"half")
    assert view.closed() == b"\n"


def test_keys_by_their_names():
    assert typed_as("ctrl-p,ctrl-q") == b"\x10\x11"
    assert typed_as("ctrl-\\,a,~") == b"\x1ca~"
    assert named_as(b"\x10\x11a") == "ctrl-p ctrl-q a"
    for wrong in ("", "ctrl", "ctrl-", "ctrl-1", "alt-x", "ctrl-p,", "é", "ctrl-shift-x"):
        assert typed_as(wrong) == b""
