"""Leaving a stack to itself and coming back: `up -d`, the key `d`, a second `up`, and who owns a stack."""

import os
import re
import select
import shutil
import signal
import sys

import pytest
from stacks import PATIENCE, child
from terminal import CTRL_C, Terminal

from aura_stack.control.client import connect
from aura_stack.system import processes

TALKER = {"command": child("talker"), "ready": {"log": "hello"}}
SLEEPER = {"command": ["sleep", "1000"]}
NEVER = {"command": ["sleep", "1000"], "ready": {"log": "never"}}


@pytest.fixture
def terminal(request):
    """Types commands into terminals of their own."""
    opened = []

    def open_terminal(made, *words):
        opened.append(
            Terminal([sys.executable, "-m", "aura_stack", *words], made.folder, {**made.env, "NO_COLOR": "1"})
        )
        return opened[-1]

    yield open_terminal
    for one in opened:
        one.close()


def guardian_ends(made):
    """Wait for the end of a stack whose face has gone."""
    held = os.pidfd_open(made.guardian())

    def wait():
        assert select.select([held], [], [], PATIENCE)[0]
        os.close(held)

    return wait


def test_up_in_the_background_comes_back_and_the_stack_stays(stack):
    made = stack({"web": TALKER, "db": SLEEPER})
    code, output = made.run("up", "-d")
    assert code == 0
    assert re.fullmatch(
        r"aura · web, db in the background \(pid \d+\)\n"
        r"aura · aura-stack status shows it, aura-stack logs -f follows, aura-stack down stops it\n",
        output,
    )
    assert made.run("wait")[0] == 0
    assert len(made.members()) == 2
    assert made.run("down") == (0, "all stopped\n")
    assert made.members() == []


def test_up_that_waits_returns_0_when_all_is_ready(stack):
    made = stack({"web": TALKER, "db": SLEEPER})
    code, output = made.run("up", "-d", "--wait")
    assert code == 0
    assert "web  · ready in" in output
    assert "hello" not in output
    assert made.run("status")[0] == 0
    made.run("down")


def test_up_that_waits_says_which_service_failed_and_why(stack):
    crasher = {"command": "echo no such colour >&2; exit 3", "ready": {"log": "never"}, "restart": "no"}
    made = stack({"web": TALKER, "bad": crasher})
    code, output = made.run("up", "--wait")
    assert code == 1
    assert output.endswith(
        "bad  | no such colour\n"
        "error: not up: bad\n"
        "hint: what came up runs on: aura-stack status shows it, aura-stack logs -f follows, aura-stack down stops it\n"
    )
    assert made.run("status", "web")[0] == 0
    made.run("down")


def test_up_that_waits_fails_when_nothing_is_left_running(stack):
    made = stack(
        {"bad": {"command": "echo no such colour >&2; exit 3", "ready": {"log": "never"}, "restart": "no"}}
    )
    code, output = made.run("up", "--wait")
    assert (code, output.splitlines()[-2:]) == (1, ["bad  | no such colour", "error: not up: bad"])
    assert made.run("status")[0] == 3


def test_up_that_waits_has_its_limit_and_says_what_it_waited_for(stack):
    made = stack({"web": NEVER})
    code, output = made.run("up", "--wait", "--wait-timeout", "2s")
    assert code == 124
    assert "error: not ready after 2 s; web waits for a log line like never: not printed yet\n" in output
    assert made.run("status")[0] == 0
    made.run("down")


def test_a_step_that_fails_is_told_and_nothing_stays(stack):
    made = stack(
        {"web": {**TALKER, "prepare": [{"command": "echo broken; exit 4", "inputs": ["stack.yaml"]}]}}
    )
    code, output = made.run("up", "--wait")
    assert code == 1
    assert "failed: exited 4; nothing was started" in output
    assert made.run("status")[0] == 3


def test_bad_input_is_refused_in_the_background_as_it_is_in_front(stack):
    made = stack({"web": TALKER})
    assert made.run("up", "-d", "nobody")[0] == 4
    assert made.run("up", "--wait-timeout", "3s")[0] == 2
    assert made.run("up", "--wait", "--wait-timeout", "soon")[0] == 2
    made.file.write_text("services: {web: {comand: x}}")
    code, output = made.run("up", "-d")
    assert (code, "did you mean" in output) == (5, True)


def test_the_output_of_a_command_in_the_background_ends_with_it(stack):
    """A pipe that the stack held open would keep `up -d | tee` and a step of continuous integration waiting."""
    made = stack({"web": TALKER})
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    code = made.start("up", "-d", pass_fds=[writing]).finish()
    os.close(writing)
    assert code == 0
    assert select.select([reading], [], [], PATIENCE)[0]
    assert os.read(reading, 1) == b""
    os.close(reading)
    made.run("down")


def test_d_leaves_the_stack_running_and_up_comes_back_to_it(stack, terminal):
    made = stack({"web": TALKER, "db": SLEEPER})
    face = terminal(made, "up")
    face.expect("all ready; Ctrl-C stops, d leaves it running", PATIENCE)
    before = sorted(made.members())
    face.type(b"d")
    assert face.finish(PATIENCE) == 0
    assert "left running; aura-stack up comes back to it, aura-stack down stops it" in face.output
    assert sorted(made.members()) == before
    made.run("stop", "db")
    again = terminal(made, "up")
    again.expect("back to a stack that runs already", PATIENCE)
    again.expect("db .* ready in", PATIENCE)  # what was missing is started
    again.expect("all ready", PATIENCE)
    again.type(CTRL_C)
    assert again.finish(PATIENCE) == 130
    assert made.members() == []


def test_the_face_that_came_back_owns_the_stack(stack):
    made = stack({"web": TALKER})
    made.run("up", "-d", "--wait")
    up = made.start("up", start_new_session=True)
    up.expect("all ready")
    wait = guardian_ends(made)
    up.signal(signal.SIGKILL)
    wait()
    assert made.members() == []


def test_one_that_comes_while_another_is_there_follows_and_stops_nothing(stack):
    made = stack({"web": TALKER, "db": SLEEPER})
    first = made.up()
    for end in (signal.SIGINT, signal.SIGKILL):
        second = made.start("up", start_new_session=True)
        second.expect("this stack has its terminal elsewhere")
        second.expect("all ready; Ctrl-C stops following")
        second.signal(end)
        assert second.finish() in (130, -9)
        assert made.run("status")[0] == 0
    third = made.start("up", start_new_session=True)
    third.expect("all ready")
    first.signal(signal.SIGINT)
    assert first.finish() == 130
    assert third.finish() == 0
    assert "stopping all" in third.output


def test_a_second_up_starts_a_service_that_the_first_did_not_ask_for(stack):
    made = stack({"web": TALKER, "late": {"command": "echo late; sleep 1000", "ready": {"log": "late"}}})
    made.start("up", "web").expect("all ready")
    second = made.start("up", "late", start_new_session=True)
    second.expect("late .* ready in")
    code, output = made.run("up", "-d", "--wait")
    assert (code, output) == (0, "aura · runs already: web, late\n")


def test_a_second_up_of_a_definition_that_has_changed_is_refused_and_harms_nothing(stack):
    made = stack({"web": TALKER})
    up = made.up("--no-watch")
    made.write({"web": TALKER, "new": SLEEPER})
    for words in (["up"], ["up", "-d"]):
        code, output = made.run(*words)
        assert code == 7
        assert output.startswith("error: the stack runs by an earlier definition: ")
    assert len(made.members()) == 1
    made.write({"web": TALKER})
    up.signal(signal.SIGINT)
    assert up.finish() == 130


def test_several_ups_at_once_are_one_stack(stack):
    made = stack({"web": TALKER})
    commands = [made.start("up", "-d", "--wait") for _ in range(5)]
    assert [command.finish() for command in commands] == [0] * 5
    assert len(made.members()) == 1
    made.run("down")


def test_the_terminal_is_put_back_as_it_was(stack, terminal):
    import termios  # noqa: PLC0415 - only here

    made = stack({"web": TALKER})
    for end, code in ((b"d", 0), (CTRL_C, 130)):
        face = terminal(made, "up")
        before = termios.tcgetattr(face.master)
        face.expect("all ready", PATIENCE)
        during = termios.tcgetattr(face.master)
        assert not during[3] & (termios.ICANON | termios.ECHO)
        face.type(end)
        assert face.finish(PATIENCE) == code
        assert termios.tcgetattr(face.master) == before


def test_keys_show_the_state_and_stop_the_stack(stack, terminal):
    made = stack({"web": TALKER})
    face = terminal(made, "up")
    face.expect("all ready", PATIENCE)
    face.type(b"s")
    face.expect(r"· NAME +STATE +HEALTH", PATIENCE)
    face.type(b"?")
    face.expect("d leaves the stack running, q or Ctrl-C stops it", PATIENCE)
    face.type(b"q")
    assert face.finish(PATIENCE) == 0
    assert made.members() == []


def test_a_face_in_the_background_leaves_the_terminal_to_others(stack, terminal):
    """`aura-stack up &`: the shell's line must stay usable, and the face must not be stopped by SIGTTOU."""
    made = stack({"web": TALKER})
    aura = f"{sys.executable} -m aura_stack"
    script = f'set -m; {aura} up & read line; echo "got $line"; {aura} down; wait'
    shell = Terminal(["bash", "-c", script], made.folder, {**made.env, "NO_COLOR": "1"})
    shell.expect("all ready; Ctrl-C stops\r?$", PATIENCE)
    shell.type(b"words\n")
    shell.expect("got words", PATIENCE)
    shell.expect("all stopped", PATIENCE)
    shell.finish(PATIENCE)
    shell.close()
    assert made.members() == []


def test_a_face_goes_to_the_background_and_comes_back(stack):
    """Ctrl-Z gives the shell a usable terminal, bg runs on without touching it, fg has the keys again."""
    made = stack({"web": {"command": "while :; do echo tick; sleep 0.1; done", "ready": {"log": "tick"}}})
    env = {**made.env, "NO_COLOR": "1", "PS1": "prompt: ", "TERM": "xterm"}
    shell = Terminal(["bash", "--norc", "-i"], made.folder, env)
    echoes = b"stty -a | grep -o ' echo ' | tr a-z A-Z\n"
    shell.expect("prompt: ", PATIENCE)
    shell.type(f"{sys.executable} -m aura_stack up\n".encode())
    shell.expect("all ready", PATIENCE)
    shell.type(b"\x1a")
    shell.expect("Stopped", PATIENCE)
    shell.type(echoes)
    shell.expect(" ECHO ", PATIENCE)
    shell.output = ""
    shell.type(b"bg\n")
    shell.expect("tick\r\n[\\s\\S]*tick", PATIENCE)
    shell.type(echoes)
    shell.expect(" ECHO [\\s\\S]*tick[\\s\\S]*tick", PATIENCE)
    assert "Stopped" not in shell.output
    shell.type(b"fg\n")
    shell.expect("aura_stack up\r\n", PATIENCE)
    shell.type(b"s")
    shell.expect("NAME +STATE", PATIENCE)
    shell.type(b"q")
    shell.expect("web .* stopped[\\s\\S]*prompt: ", PATIENCE)
    shell.type(b"exit\n")
    shell.finish(PATIENCE)
    shell.close()
    assert made.members() == []


def test_nothing_of_ours_stays_when_the_stack_in_the_background_ends(stack):
    made = stack({"job": {"command": "cat gate", "restart": "no"}})
    os.mkfifo(made.folder / "gate")
    assert made.run("up", "-d")[0] == 0
    wait = guardian_ends(made)
    guardian = made.guardian()
    (made.folder / "gate").write_bytes(b"")  # whoever reads there comes to the end
    wait()
    assert not any(processes.parent(pid) == guardian for pid in processes.pids())
    assert not os.path.exists(made.places.socket)


def test_the_stack_outlives_the_deletion_of_its_record_by_whoever_comes_back(stack):
    made = stack({"web": TALKER})
    made.run("up", "-d", "--wait")
    while os.path.exists(made.places.data):  # what is just being written may come once more
        shutil.rmtree(made.places.data, ignore_errors=True)
    up = made.start("up", start_new_session=True)
    up.expect("all ready")
    assert made.run("restart", "web")[0] == 0
    up.expect("hello")
    up.signal(signal.SIGINT)
    assert up.finish() == 130


def test_a_name_that_nothing_has_is_refused_by_a_stack_that_runs_too(stack):
    made = stack({"web": TALKER})
    made.run("up", "-d", "--wait")
    for words in (["up", "nobody"], ["up", "-d", "nobody"]):
        assert made.run(*words)[0] == 4
    assert made.run("status")[0] == 0
    made.run("down")


def test_up_while_the_stack_stops_is_the_next_one(stack):
    slow = "trap 'echo ending; read x < go; exit' TERM; echo up; while :; do sleep 0.05; done"
    made = stack({"web": {"command": slow, "ready": {"log": "up"}}})
    os.mkfifo(made.folder / "go")
    first = made.up()
    first.signal(signal.SIGINT)
    first.expect("ending")
    second = made.start("up", "-d", "--wait")
    client = connect(made.places.socket, "stack.yaml")
    client.call("status")
    client.close()
    (made.folder / "go").write_text("\n")
    assert first.finish() == 130
    assert second.finish() == 0
    assert len(made.members()) >= 1
    down = made.start("down")
    (made.folder / "go").write_text("\n")
    assert down.finish() == 0


def test_ctrl_c_while_up_waits_is_an_orderly_stop(stack):
    made = stack(
        {
            "web": {
                "command": "trap 'echo in order; exit' TERM; while :; do sleep 0.05; done",
                "ready": {"log": "never"},
            }
        }
    )
    up = made.start("up", "--wait", start_new_session=True)
    up.expect("started")
    up.signal(signal.SIGINT)
    assert up.finish() == 130
    assert made.members() == []
    assert "in order" in made.run("logs")[1]


def test_keys_and_ctrl_c_are_heeded_while_a_flood_is_printed(stack, terminal):
    flood = {"command": "yes 0123456789012345678901234567890123456789", "ready": {"log": "0"}}
    made = stack({"web": flood})
    face = terminal(made, "up")
    face.expect("0123456789", PATIENCE)
    face.type(b"s")
    face.expect("NAME +STATE", PATIENCE)
    face.output = ""
    face.type(CTRL_C)
    assert face.finish(PATIENCE) == 130
    assert len(face.output) < 16 << 20
    assert made.members() == []
