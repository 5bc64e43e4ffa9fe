import os
import pty
import threading

import pytest

from aura_stack.cli.screen import Screen


@pytest.fixture
def terminal(monkeypatch):
    """A pseudo-terminal: what its screen was sent can be read from the other end."""
    monkeypatch.setenv("TERM", "xterm")
    shown, end = pty.openpty()
    yield shown, Screen(end, end)
    os.close(end)
    os.close(shown)


@pytest.fixture
def pipe():
    shown, end = os.pipe()
    yield shown, Screen(end, end)
    os.close(end)


def read(descriptor, count):
    """A terminal hands over in pieces what was written in pieces."""
    data = b""
    while len(data) < count:
        data += os.read(descriptor, 1000)
    return data


def test_progress_is_drawn_over_and_gets_out_of_the_way_of_text(terminal):
    shown, screen = terminal
    screen.progress("waiting, 1 s")
    screen.progress("waiting, 2 s")
    screen.write(b"text\n")
    expected = b"\r\x1b[Kwaiting, 1 s\r\x1b[Kwaiting, 2 s\r\x1b[Ktext\r\n"
    assert read(shown, len(expected)) == expected


def test_progress_fits_into_one_line(terminal):
    shown, screen = terminal
    screen.progress("x" * 500)
    assert read(shown, 83) == b"\r\x1b[K" + b"x" * 79


def test_a_pipe_gets_no_progress(pipe):
    shown, screen = pipe
    screen.progress("waiting")
    screen.write(b"text\n")
    assert os.read(shown, 1000) == b"text\n"
    os.close(shown)


def test_a_pipe_that_nobody_reads_any_more_is_noticed_and_harms_nothing(pipe):
    shown, screen = pipe
    os.close(shown)
    screen.write(b"text\n")
    screen.write(b"more\n")
    assert screen.gone


def test_text_larger_than_a_pipe_is_written_whole(tmp_path):
    with open(tmp_path / "out", "wb") as file:
        Screen(file.fileno(), file.fileno()).write(b"x" * 1_000_000)
    assert (tmp_path / "out").stat().st_size == 1_000_000


def test_an_output_that_somebody_has_set_to_make_nobody_wait_gets_everything(pipe):
    shown, screen = pipe
    os.set_blocking(screen.fileno(), False)
    text = b"x" * 300_000  # more than a pipe takes at once
    parts = []

    def read_all():
        while sum(map(len, parts)) < len(text) + 1:
            parts.append(os.read(shown, 65536))

    reader = threading.Thread(target=read_all, daemon=True)
    reader.start()
    screen.write_all([text, b"\n"])
    assert not screen.gone
    reader.join()
    assert b"".join(parts) == text + b"\n"
    os.close(shown)
