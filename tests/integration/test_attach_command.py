"""`attach`: the terminal of a service, from any other terminal."""

import os
import signal
import sys
import termios

import pytest
from stacks import PATIENCE, child, wait_for
from terminal import CTRL_C, Terminal, expect

pytestmark = pytest.mark.long

WEB = {"command": child("debugged"), "ready": {"log": "size"}, "tty": True}
LEAVE = b"\x10\x11"


@pytest.fixture
def attach(stack):
    """A stack that runs in the background, and commands on it in terminals of their own."""
    opened, made = [], stack({"web": WEB, "db": {"command": "while :; do echo tick; sleep 0.05; done"}})
    assert made.run("up", "--wait")[0] == 0

    def begin(*words, service="web", rows=30, columns=100):
        argv = [sys.executable, "-m", "aura_stack", "attach", *words, service]
        one = Terminal(argv, made.folder, {**made.env, "NO_COLOR": "1"})
        opened.append(one)
        termios.tcsetwinsize(one.master, (rows, columns))
        one.modes = termios.tcgetattr(one.master)
        return one

    begin.made = made
    yield begin
    for one in opened:
        one.close()
    made.run("down")


def test_it_talks_to_the_service_and_leaves_it_running(attach):
    terminal = attach()
    expect(terminal, "this is the terminal of web; ctrl-p ctrl-q leaves it")
    expect(terminal, r"^size 24x80\r$")  # what was printed before
    expect(terminal, r"^size 30x100\r$")
    terminal.type(b"hello\r")
    expect(terminal, r"^hello\r\n<hello>\r$")
    assert "tick" not in terminal.output
    terminal.type(LEAVE)
    expect(terminal, "left web, which runs on")
    assert terminal.finish(PATIENCE) == 0
    assert termios.tcgetattr(terminal.master) == terminal.modes
    code, output = attach.made.run("logs", "web")
    assert (code, output.splitlines()[-2:]) == (0, ["web | hello", "web | <hello>"])
    assert attach.made.run("status")[0] == 0


def test_one_that_floods_is_left_and_interrupted_as_easily_as_any_other(attach):
    terminal = attach()
    expect(terminal, r"^size 30x100\r$")
    terminal.type(b"flood\r")
    expect(terminal, "drops in a flood")
    terminal.type(LEAVE)
    expect(terminal, "left web, which runs on")
    assert terminal.finish(PATIENCE) == 0
    again = attach()
    expect(again, "drops in a flood")
    wait_for(
        lambda: not termios.tcgetattr(again.master)[3] & termios.ISIG
    )  # what is typed is the service's now
    again.type(CTRL_C)
    expect(again, "interrupted")


def test_ctrl_c_is_for_the_service(attach):
    terminal = attach()
    expect(terminal, r"^size 30x100\r$")
    terminal.type(CTRL_C)
    expect(terminal, "interrupted")
    termios.tcsetwinsize(terminal.master, (41, 123))
    expect(terminal, r"^size 41x123\r$")


def test_other_keys_leave_it(attach):
    terminal = attach("--detach-keys", "ctrl-x,ctrl-x,q", "--no-resize")
    expect(terminal, "ctrl-x ctrl-x q leaves it")
    terminal.type(b"a\x10b\r")
    expect(terminal, r"<a\x10b>")
    assert "30x100" not in terminal.output
    terminal.type(b"\x18\x18\x18q")
    expect(terminal, "left web, which runs on")
    assert terminal.finish(PATIENCE) == 0


def test_who_only_looks_types_nothing(attach):
    terminal = attach("--no-stdin")
    expect(terminal, "this is the terminal of web; Ctrl-C leaves it")
    other = attach()
    expect(other, r"^size 30x100\r$")
    other.type(b"hello\r")
    expect(terminal, r"<hello>")
    terminal.type(b"unheard\r")
    terminal.type(CTRL_C)
    assert terminal.finish(PATIENCE) == 130
    assert "<unheard>" not in other.output


def test_a_new_run_is_taken_over_and_its_end_ends_it(attach):
    terminal = attach()
    expect(terminal, r"^size 30x100\r$")
    terminal.type(b"crash\r")
    expect(terminal, r"^web  · exited 3")
    expect(terminal, r"^size 30x100\r$")
    terminal.type(b"again\r")
    expect(terminal, r"^again\r\n<again>\r$")
    terminal.type(b"end\r")
    expect(terminal, r"^web  · completed")
    assert terminal.finish(PATIENCE) == 0


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_the_terminal_is_as_it_was_whatever_ends_it(attach, signum, code):
    terminal = attach()
    expect(terminal, r"^size 30x100\r$")
    assert not termios.tcgetattr(terminal.master)[3] & termios.ISIG
    terminal.process.send_signal(signum)
    assert terminal.finish(PATIENCE) == code
    assert termios.tcgetattr(terminal.master) == terminal.modes


def test_the_terminal_is_as_it_was_when_the_stack_ends(attach):
    terminal = attach()
    expect(terminal, r"^size 30x100\r$")
    assert attach.made.run("down")[0] == 0
    assert terminal.finish(PATIENCE) == 0
    assert termios.tcgetattr(terminal.master) == terminal.modes


def test_what_cannot_be_is_refused(attach):
    made = attach.made
    terminal = attach(service="db")
    assert terminal.finish(PATIENCE) == 1
    assert "db has no terminal of its own in the stack that runs" in terminal.output
    assert "tty: true in the stack file" in terminal.output
    terminal = attach(service="wab")
    assert terminal.finish(PATIENCE) == 4
    code, output = made.run("attach", "web")
    assert (code, "attach needs a terminal" in output) == (2, True)
    code, output = made.run("attach", "--detach-keys", "ctrl-shift-x", "web")
    assert (code, "is not of the form ctrl-p,ctrl-q" in output) == (2, True)
    made.run("down")
    assert made.run("attach", "--no-stdin", "web")[0] == 3


def test_a_pipe_can_look(attach):
    made = attach.made
    looking = made.start("attach", "--no-stdin", "web")
    looking.expect("size 24x80")
    other = attach()
    expect(other, r"^size 30x100\r$")
    other.type(b"hello\r")
    looking.expect("<hello>")
    looking.signal(signal.SIGINT)
    assert looking.finish() == 130
    assert os.path.exists(made.places.socket)
