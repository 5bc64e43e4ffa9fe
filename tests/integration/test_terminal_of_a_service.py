"""A service with a terminal of its own: `tty: true`, `up --tty`, and whose the keys are when."""

import os
import signal
import sys
import termios

import pytest
from stacks import PATIENCE, child
from terminal import CTRL_C, Terminal, expect

from aura_stack.system import processes

pytestmark = pytest.mark.long

WEB = {"command": child("debugged"), "ready": {"log": "size"}}
TICKER = {"command": "while :; do echo tick; sleep 0.05; done"}
LEAVE = b"\x10\x11"


@pytest.fixture
def up(stack):
    """Gives the terminal of an `up` to the service web of a stack, and waits until it has it."""
    opened = []

    def bring_up(services, *words, rows=30, columns=100):
        made = stack(services)
        return made, attach(made, *words, rows=rows, columns=columns)

    def attach(made, *words, rows=30, columns=100):
        argv = [sys.executable, "-m", "aura_stack", "up", "--tty", "web", *words]
        one = Terminal(argv, made.folder, {**made.env, "NO_COLOR": "1", "PYTHON_BASIC_REPL": "1"})
        termios.tcsetwinsize(one.master, (rows, columns))
        one.modes = termios.tcgetattr(one.master)
        opened.append(one)
        expect(one, r"this is the terminal of web; ctrl-p ctrl-q takes it back")
        return one

    bring_up.attach = attach
    yield bring_up
    for one in opened:
        one.close()


def finish(terminal):
    return terminal.finish(PATIENCE)


def test_it_has_a_terminal_that_controls_it_as_large_as_ours(up):
    _, terminal = up({"web": WEB})
    expect(terminal, r"^terminals True True True controlled True\r\nsize 30x100\r$")
    terminal.type(LEAVE + b"q")
    assert finish(terminal) == 0


def test_it_learns_that_our_terminal_has_another_size(up):
    _, terminal = up({"web": WEB})
    expect(terminal, r"^size 30x100")
    termios.tcsetwinsize(terminal.master, (41, 123))
    expect(terminal, r"^size 41x123\r$")


def test_a_line_is_read_once_and_echoed_once(up):
    _, terminal = up({"web": WEB})
    expect(terminal, r"^size")
    terminal.type(b"hello\r")
    expect(terminal, r"^hello\r\n<hello>\r$")
    terminal.type(b"world\r")
    expect(terminal, r"^world\r\n<world>\r$")
    assert terminal.output.count("hello") == 2


def test_ctrl_c_is_for_the_service_and_the_stack_lives_on(up):
    made, terminal = up({"web": WEB, "db": TICKER})
    expect(terminal, r"^size")
    terminal.type(CTRL_C)
    expect(terminal, r"interrupted")
    terminal.type(CTRL_C)
    expect(terminal, r"interrupted")
    code, output = made.run("status")
    assert (code, output.count("ready")) == (0, 2)


def test_a_debugger_can_be_used(up):
    _, terminal = up({"web": WEB, "db": TICKER})
    expect(terminal, r"^size")
    terminal.type(b"debug\r")
    expect(terminal, r"\(Pdb\) ")
    terminal.type(b"p secret\r")
    expect(terminal, r"p secret\r\n42\r\n\(Pdb\) ")
    terminal.type(b"c\r")
    expect(terminal, r"went on with 42")


def test_what_others_print_and_do_is_in_the_record_alone(up):
    made, terminal = up({"web": WEB, "db": TICKER})
    expect(terminal, r"^size")
    while "tick" not in made.run("logs", "db")[1]:
        pass
    made.run("restart", "db")
    terminal.type(b"hello\r")
    expect(terminal, r"<hello>")
    assert "tick" not in terminal.output
    assert "db" not in terminal.output
    terminal.type(LEAVE)
    expect(terminal, r"^db   \| tick\r$")


def test_the_failure_of_another_is_shown_on_a_line_of_its_own(up):
    bad = {"command": "until [ -e go ]; do sleep 0.02; done; exit 7", "restart": "no"}
    made, terminal = up({"web": WEB, "bad": bad})
    expect(terminal, r"^size")
    terminal.type(b"half")
    expect(terminal, r"half")
    (made.folder / "go").touch()
    expect(terminal, r"^bad  · failed: exited 7\r$")
    terminal.type(b" a line\r")
    expect(terminal, r"^<half a line>")


def test_ctrl_p_ctrl_q_gives_the_keys_back_and_t_the_terminal(up):
    _, terminal = up({"web": WEB, "db": TICKER})
    expect(terminal, r"^size")
    terminal.type(LEAVE + b"s")
    expect(terminal, r"this terminal is no longer that of web; t gives it back to web")
    expect(terminal, r"NAME +STATE")
    expect(terminal, r"^db   \| tick\r$")
    terminal.type(b"t")
    expect(terminal, r"this is the terminal of web")
    terminal.type(b"hello\r")
    expect(terminal, r"^hello\r\n<hello>\r$")


def test_the_terminal_of_a_service_that_does_not_run_is_that_of_its_next_run(up):
    made, terminal = up({"web": WEB, "db": {"command": ["sleep", "1000"]}})
    expect(terminal, r"^size")
    terminal.type(LEAVE)
    expect(terminal, r"no longer that of web")
    made.run("stop", "web")
    terminal.type(b"t")
    expect(terminal, r"web does not run; its next run gets this terminal")
    made.run("start", "web")
    expect(terminal, r"this is the terminal of web")
    terminal.type(b"hello\r")
    expect(terminal, r"^hello\r\n<hello>\r$")


def test_a_shell_in_it_has_its_jobs(up):
    shell = {"command": ["bash", "--norc", "--noprofile", "-i"], "stop": {"signal": "HUP"}}
    made, terminal = up({"web": shell})

    def run(seconds):
        terminal.type(b"sleep %d\r" % seconds)
        while ("sleep", str(seconds)) not in [processes.command_line(pid) for pid in made.members()]:
            pass  # by then it is the foreground job

    run(1001)
    terminal.type(b"\x1a")
    expect(terminal, r"Stopped +sleep 1001")
    run(1002)
    terminal.type(CTRL_C)
    terminal.type(b"echo it ended with $?\r")
    expect(terminal, r"it ended with 130\r$")
    terminal.type(LEAVE + b"q")
    assert finish(terminal) == 0
    assert made.members() == []


def test_ctrl_p_alone_is_for_the_service(up):
    _, terminal = up({"web": WEB})
    expect(terminal, r"^size")
    terminal.type(b"a\x10")
    terminal.type(b"b\r")
    expect(terminal, r"<a\x10b>")


@pytest.mark.parametrize("keys", [b"q", b"d", CTRL_C])
def test_our_terminal_is_afterwards_as_it_was(up, keys):
    made, terminal = up({"web": WEB})
    expect(terminal, r"^size")
    assert not termios.tcgetattr(terminal.master)[3] & termios.ISIG
    terminal.type(LEAVE)
    expect(terminal, r"no longer that of web")
    assert termios.tcgetattr(terminal.master)[3] & termios.ISIG
    terminal.type(keys)
    finish(terminal)
    assert termios.tcgetattr(terminal.master) == terminal.modes
    made.run("down")


def test_our_terminal_is_as_it_was_when_the_engine_dies(up):
    made, terminal = up({"web": WEB})
    expect(terminal, r"^size")
    os.kill(made.engine(), signal.SIGKILL)
    assert finish(terminal) == 1
    assert "the engine died" in terminal.output
    assert termios.tcgetattr(terminal.master) == terminal.modes


def test_the_record_holds_what_was_printed(up):
    made, terminal = up({"web": WEB})
    expect(terminal, r"^size")
    terminal.type(b"hello\r")
    expect(terminal, r"<hello>")
    code, output = made.run("logs", "web")
    assert (code, output.splitlines()[-2:]) == (0, ["web | hello", "web | <hello>"])
    with open(os.path.join(made.places.logs, "web.out.log"), "rb") as file:
        assert file.read().endswith(b"hello\r\n<hello>\r\n")


def test_the_terminal_of_a_new_run_is_taken_over(up):
    made, terminal = up({"web": WEB, "db": TICKER})
    expect(terminal, r"^size")
    assert made.run("restart", "web")[0] == 0
    expect(terminal, r"^web  · started")
    expect(terminal, r"^size 30x100\r$")
    terminal.type(b"hello\r")
    expect(terminal, r"^hello\r\n<hello>\r$")
    terminal.type(b"crash\r")
    expect(terminal, r"^web  · exited 3")
    expect(terminal, r"^size 30x100\r$")
    terminal.type(b"again\r")
    expect(terminal, r"^again\r\n<again>\r$")
    assert "tick" not in terminal.output


def test_a_run_that_has_ended_for_good_gives_the_terminal_back(up):
    _, terminal = up({"web": WEB, "db": TICKER})
    expect(terminal, r"^size")
    terminal.type(b"end\r")
    expect(terminal, r"^goodbye\r$")
    expect(terminal, r"^web  · completed")
    expect(terminal, r"^db   \| tick\r$")
    terminal.type(b"q")
    assert finish(terminal) == 0


def test_between_two_runs_ctrl_c_is_ours(up):
    made, terminal = up({"web": {**WEB, "backoff": {"first": "1h", "max": "1h"}}, "db": TICKER})
    expect(terminal, r"^size")
    terminal.type(b"crash\r")
    expect(terminal, r"^web  · starts again in")
    terminal.type(b"nobody reads this\r" + CTRL_C)
    assert finish(terminal) == 130
    assert "stopping all: Ctrl-C" in terminal.output
    assert made.members() == []


def test_a_stack_that_stops_gives_the_terminal_back_and_ends_the_whole_session(up):
    command = f"(trap '' HUP; sleep 1000 & exec {' '.join(child('debugged'))})"
    made, terminal = up({"web": {**WEB, "command": command}})
    expect(terminal, r"^size")
    assert made.run("down")[0] == 0
    assert finish(terminal) == 0
    assert "web  · stopped" in terminal.output
    assert termios.tcgetattr(terminal.master) == terminal.modes
    assert made.members() == []


def test_a_second_up_takes_over_the_terminal_of_a_stack_that_runs(stack, up):
    made = stack({"web": {**WEB, "tty": True}, "db": TICKER})
    assert made.run("up", "--wait")[0] == 0
    terminal = up.attach(made, rows=20, columns=70)
    expect(terminal, r"^size 20x70\r$")
    terminal.type(b"hello\r")
    expect(terminal, r"^hello\r\n<hello>\r$")
    terminal.type(LEAVE + b"d")
    assert finish(terminal) == 0
    assert made.run("down")[0] == 0


def test_a_service_without_a_terminal_gets_none_while_it_runs(stack):
    made = stack({"web": {"command": child("talker")}})
    made.run("up", "--wait")
    terminal = Terminal([sys.executable, "-m", "aura_stack", "up", "--tty", "web"], made.folder, made.env)
    assert finish(terminal) == 1
    assert "web has no terminal of its own in the stack that runs" in terminal.output
    assert "aura-stack down first, or tty: true in the stack file" in terminal.output
    terminal.close()
    assert made.run("status")[0] == 0
    made.run("down")


@pytest.mark.parametrize("running", [False, True])
def test_a_name_that_no_service_has_is_refused(stack, running):
    made = stack({"web": {"command": child("talker")}})
    if running:
        made.run("up", "--wait")
    terminal = Terminal([sys.executable, "-m", "aura_stack", "up", "--tty", "wab"], made.folder, made.env)
    assert finish(terminal) == 4
    assert 'did you mean "web"?' in terminal.output
    terminal.close()
    made.run("down")


@pytest.mark.parametrize(
    ("words", "why"),
    [((), "needs a terminal as standard input and output"), (("-d",), "does not go with -d")],
)
def test_where_there_is_no_terminal_there_is_none_to_give(stack, words, why):
    made = stack({"web": WEB})
    code, output = made.run("up", "--tty", "web", *words)
    assert code == 2
    assert f"--tty {why}" in output


def test_in_the_merged_view_its_lines_are_like_any_others(stack):
    made = stack({"web": {**WEB, "tty": True}})
    up = made.up()
    up.expect(r"^web  \| size 24x80$")
    assert "\r" not in up.output
    up.signal(signal.SIGINT)
    assert up.finish() == 130
    code, output = made.run("logs", "--json", "web")
    assert code == 0
    assert "\\r" not in output
