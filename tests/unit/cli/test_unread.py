"""When a reader who takes nothing is given up: never while something else is waited for, or anything is taken."""

import os
import signal
import threading

import pytest

from aura_stack.cli.screen import Screen
from aura_stack.cli.unread import BEATS, SLOW, Impatience, Unread


class Writing:
    """A screen with a write that waits, which now and then returns."""

    writing = True
    written = 0


@pytest.fixture
def screen():
    return Writing()


def beat(impatience, times):
    for _ in range(times):
        impatience.beat()


def test_a_write_that_gets_nowhere_is_given_up_after_five_beats(screen):
    impatience = Impatience(screen, lambda: True)
    beat(impatience, BEATS - 1)
    with pytest.raises(Unread):
        impatience.beat()


def test_a_reader_who_takes_a_little_now_and_then_is_waited_for(screen):
    impatience = Impatience(screen, lambda: True)
    for _ in range(10):
        beat(impatience, BEATS - 1)
        screen.written += 1


def test_nothing_is_given_up_before_all_has_ended(screen):
    ended = False
    impatience = Impatience(screen, lambda: ended)
    beat(impatience, 3 * BEATS)
    ended = True
    beat(impatience, BEATS - 1)
    with pytest.raises(Unread):
        impatience.beat()


def test_who_writes_nothing_waits_for_nobody(screen):
    screen.writing = False
    beat(Impatience(screen, lambda: True), 3 * BEATS)


@pytest.mark.parametrize(("ended", "waits"), [(True, True), (True, False), (False, True)])
def test_an_order_to_somebody_else_is_noticed_by_a_write_that_waits(screen, monkeypatch, ended, waits):
    impatience = Impatience(screen, lambda: True, lambda: ended)
    begun = []
    monkeypatch.setattr(impatience, "begin", lambda: begun.append(True))
    screen.writing = waits
    impatience.look()
    assert begun == [True] * (ended and waits)


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    before, clock = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
    yield reading, writing
    signal.setitimer(
        signal.ITIMER_REAL, 0
    )  # first: the limit of the tests has this clock as well, and its handler
    signal.signal(signal.SIGALRM, before)
    signal.setitimer(signal.ITIMER_REAL, *clock)
    os.close(writing)


def test_the_clock_reaches_into_a_write_that_waits(pipe):
    reading, writing = pipe
    screen = Screen(writing, writing)
    impatience = Impatience(screen, lambda: True)
    impatience.begin(0.01)
    with pytest.raises(Unread):
        screen.write(b"x" * 1_000_000)
    assert not screen.hears
    os.close(reading)


def test_a_clock_runs_while_a_write_waits_and_not_longer(pipe):
    reading, writing = pipe
    screen = Screen(writing, writing)
    impatience = Impatience(screen, lambda: True, lambda: False)
    impatience.watch()
    seen = []
    monitor = screen.waits

    def note(on):
        monitor(on)
        seen.append(signal.getitimer(signal.ITIMER_REAL)[1])

    screen.waits = note
    screen.write(b"x")
    assert seen == [SLOW, 0]
    os.close(reading)


def test_what_is_read_in_pieces_between_two_beats_is_written_whole(pipe):
    reading, writing = pipe
    text = os.urandom(1_000_000)
    screen = Screen(writing, writing)
    got = []

    def read():
        while sum(map(len, got)) < len(text):
            got.append(os.read(reading, 10_000))

    reader = threading.Thread(target=read)
    impatience = Impatience(screen, lambda: False)
    impatience.begin(0.0005)  # interrupts nearly every write
    reader.start()
    screen.write(text)
    reader.join(20)
    assert b"".join(got) == text
    os.close(reading)
