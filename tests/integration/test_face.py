"""The face as a citizen of a shell: pipes that close, terminals that go, being stopped."""

import os
import select
import signal
import subprocess
import sys
import termios

import pytest
from stacks import PATIENCE, wait_for
from terminal import CTRL_S, Terminal

UP = [sys.executable, "-m", "aura_stack", "up"]
TALE = "for n in range(20_000):\n print('x' * 100, n)\nopen('told', 'w')\nimport time\ntime.sleep(1000)"
TELLER = {"command": [sys.executable, "-c", TALE], "ready": {"file": "told"}}


def test_up_ends_when_the_reader_of_its_output_has_gone(stack):
    made = stack({"web": {"command": ["sleep", "1000"]}})
    up = made.up()
    up.process.stdout.close()
    assert up.process.wait(PATIENCE) == 128 + signal.SIGPIPE
    assert made.members() == []


def test_a_stopped_face_stops_no_service_and_keeps_no_line(stack):
    script = "import time\nfor n in range(2000):\n print('x' * 500, n, flush=True)\nopen('done', 'w')\ntime.sleep(1000)"
    made = stack({"web": {"command": [sys.executable, "-c", script], "ready": {"file": "done"}}})
    up = made.start("up")
    up.expect("started")
    up.signal(signal.SIGSTOP)
    status = ""
    while "ready" not in status:
        status = made.run("status")[1]
    up.signal(signal.SIGCONT)
    up.expect("x 1999")
    up.signal(signal.SIGINT)
    assert up.finish() == 130
    assert up.output.count("web  | xxx") == 2000


def test_a_service_gets_three_descriptors_and_no_more(stack):
    made = stack({"web": {"command": "ls -l /proc/self/fd; sleep 1000", "ready": {"log": "total"}}})
    up = made.up()
    (shell,) = [
        pid for pid in made.members() if os.readlink(f"/proc/{pid}/exe").endswith("dash")
    ] or made.members()[:1]
    assert sorted(map(int, os.listdir(f"/proc/{shell}/fd"))) == [0, 1, 2]
    up.signal(signal.SIGINT)
    up.finish()


def test_without_a_terminal_and_with_everything_closed_it_still_runs(stack):
    made = stack({"job": {"command": ["true"], "restart": "no"}})
    command = f"exec {sys.executable} -m aura_stack up <&- >&- 2>&-"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=made.folder,
        env=made.env,
        start_new_session=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode in {0, 128 + signal.SIGPIPE}
    assert made.members() == []


@pytest.fixture
def stuck(stack):
    """Brings up a stack that has printed more than a pipe holds, to nobody."""
    ups = []

    def begin(**service):
        made = stack({"web": {**TELLER, **service}})
        up = subprocess.Popen(
            UP, cwd=made.folder, env=made.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        ups.append(up)
        wait_for((made.folder / "told").exists)
        select.select([up.stdout], [], [], PATIENCE)  # it is there to be interrupted
        return made, up

    yield begin
    for up in ups:
        up.kill()
        up.communicate()


@pytest.fixture
def unread(stuck):
    """By now it was told to end, and has."""
    made, up = stuck()
    up.send_signal(signal.SIGTERM)
    wait_for(lambda: not os.path.exists(made.places.run))
    return made, up


@pytest.mark.parametrize("order", ["its own", "another's"])
def test_who_was_told_to_end_waits_for_no_reader_who_takes_nothing(stuck, order):
    made, up = stuck()
    if order == "its own":
        up.send_signal(signal.SIGTERM)
    else:
        assert made.run("down")[0] == 0
    wait_for(lambda: not os.path.exists(made.places.run))
    beat_until_it_ends(up)
    printed, said = up.communicate()
    assert up.returncode == 128 + signal.SIGPIPE
    assert b"nobody has read the output for 5 s: the end of it was not printed" in said
    assert b"aura-stack logs shows it" in said
    assert b"x 19999" not in printed
    assert "x 19999" in made.run("logs", "-n", "1", "web")[1]


def test_one_that_ends_by_itself_waits_for_its_reader(stuck):
    command = [sys.executable, "-c", TALE.replace("time.sleep(1000)", "time.sleep(0)")]
    made, up = stuck(command=command, restart="no")
    wait_for(lambda: not os.path.exists(made.places.run))
    for _ in range(20):
        up.send_signal(signal.SIGALRM)
    printed, said = up.communicate(timeout=PATIENCE)
    assert (up.returncode, said) == (0, b"")
    assert printed.count(b"web  | xxx") == 20_000


def test_who_reads_again_in_time_gets_all_of_it(unread):
    _, up = unread
    for _ in range(3):
        up.send_signal(signal.SIGALRM)
    printed, said = up.communicate(timeout=PATIENCE)
    assert (up.returncode, said) == (143, b"")
    assert printed.count(b"web  | xxx") == 20_000
    assert printed.endswith("web  · stopped\n".encode())


def test_a_stopped_terminal_holds_up_no_end_either(stack):
    made = stack({"web": {"command": "while :; do echo tick; sleep 0.02; done"}})
    terminal = Terminal(UP, made.folder, made.env)
    modes = termios.tcgetattr(terminal.master)
    terminal.expect("tick", PATIENCE)
    terminal.type(CTRL_S)
    terminal.process.send_signal(signal.SIGTERM)
    wait_for(lambda: not os.path.exists(made.places.run))
    beat_until_it_ends(terminal.process)
    assert terminal.process.returncode == 128 + signal.SIGPIPE
    assert termios.tcgetattr(terminal.master) == modes
    terminal.close()


def beat_until_it_ends(process):
    """Let time pass for it, quicker than the clock that it has set."""
    wait_for(lambda: process.poll() is not None or process.send_signal(signal.SIGALRM))


CTRL_C_EARLY = """
import os, signal, sys

class Finder:
    def find_spec(self, name, *_):
        if name == "aura_stack.cli.face":
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder())
"""


def test_ctrl_c_while_the_face_still_loads_is_an_orderly_stop(stack, tmp_path):
    made = stack({"web": {"command": [sys.executable, "-c", "import time; time.sleep(99)"]}})
    hook = tmp_path / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(CTRL_C_EARLY)
    made.env["PYTHONPATH"] = os.pathsep.join([str(hook), *filter(None, sys.path)])
    up = made.start("up", start_new_session=True)
    code = up.finish()
    assert code == 130
    assert "web" in up.output
    assert "stopped" in up.output
