"""A command run in front of the user: what it and the shell see is what they would see without us."""

import os
import re
import select
import shlex
import signal
import subprocess
import sys
import termios

import pytest
from stacks import PATIENCE, child
from terminal import CTRL_C, Terminal

from aura_stack.system import processes, procfs

CTRL_Z, CTRL_BACKSLASH = b"\x1a", b"\x1c"
LISTENER = child("listener")
LATER = "sleep 0.3"  # time for a second signal, which must not come, to come


class Front:
    """Starts commands in front of a user, in a folder of their own; what they leave is told by the stack's fixture."""

    def __init__(self, made):
        self.folder = made.folder
        self.env = {**made.env, "AURA_PROJECT": made.name, "PS1": "prompt: ", "TERM": "dumb"}
        self.members = made.members
        self.wait_until_empty = made.wait_until_empty
        self.started, self.terminals = [], []

    def argv(self, *command):
        return child("front", str(self.folder), *command)

    def start(self, *command, before=()):
        """With pipes, in a session of its own."""
        started = subprocess.Popen(
            [*before, *self.argv(*command)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self.env,
            start_new_session=True,
        )
        self.started.append(started)
        return started

    def run(self, *command, text=b""):
        """To its end: code and output."""
        started = self.start(*command)
        output, _ = started.communicate(text, timeout=PATIENCE)
        return started.returncode, output

    def terminal(self, *command):
        """As the leader of a terminal's session."""
        return self._terminal(self.argv(*command))

    def _terminal(self, argv):
        self.terminals.append(Terminal(argv, self.folder, self.env))
        return self.terminals[-1]

    def shell(self, *command, beside=False):
        """As a job of a shell, in the foreground or beside it; the shell prompts again when that is over."""
        terminal = self._terminal(["bash", "--norc", "-i"])
        terminal.expect("prompt: ", PATIENCE)
        (self.folder / "job").write_text(f"exec {shlex.join(self.argv(*command))}\n")
        terminal.output = ""
        terminal.type(b"sh ./job &\n" if beside else b"sh ./job\n")
        return terminal


@pytest.fixture
def front(stack):
    made = Front(stack({}))
    yield made
    for started in made.started:
        started.kill()
        started.wait()
        started.stdin.close()
        started.stdout.close()  # not read to its end, which whoever a failed test left may keep open
    for terminal in made.terminals:
        terminal.process.kill()  # an interactive shell, which a failed test left, does not listen to TERM
        terminal.process.wait()
        terminal.close()


def lines_until(started, last):
    """The lines of its output up to the one that begins so."""
    lines = []
    while not lines or not lines[-1].startswith(last):
        assert select.select([started.stdout], [], [], PATIENCE)[0], lines
        line = started.stdout.readline().decode()
        assert line, lines
        lines.append(line.rstrip("\n"))
    return lines


# --- how it ended ---


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["true"], 0),
        (["sh", "-c", "exit 7"], 7),
        (["sh", "-c", "exit 255"], 255),
        (["nothing-there"], 127),
        (["./plain"], 126),
        (["./no-program"], 126),
        (["sh", "-c", "kill -INT $$"], 130),
        (["sh", "-c", "ulimit -c 0; kill -SEGV $$"], 139),
        (["sh", "-c", "kill -PIPE $$"], 141),
        (["sh", "-c", "kill -KILL $$"], 137),
    ],
)
def test_the_code_is_the_one_a_shell_would_see(front, command, code):
    (front.folder / "plain").write_text("")
    (front.folder / "no-program").write_text("words")
    (front.folder / "no-program").chmod(0o755)
    assert front.run(*command)[0] == code


def test_a_folder_that_is_not_there_is_127_and_named(front):
    front.folder /= "gone"
    code, output = front.run("true")
    assert code == 127
    assert f"its folder {front.folder}: no such file" in output.decode()


# --- signals from processes ---


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1"])
def test_a_signal_to_us_alone_reaches_the_command_once_and_its_end_is_awaited(front, name):
    started = front.start(*LISTENER)
    lines_until(started, "listener")
    started.send_signal(getattr(signal, name))
    lines_until(started, "heard")
    output, _ = started.communicate(b"\n", timeout=PATIENCE)
    assert output == b"bye\n"
    assert started.returncode == 5


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGINT", 130), ("SIGHUP", 129)])
def test_a_command_that_dies_of_a_signal_to_us_gives_that_code(front, name, code):
    started = front.start("sh", "-c", "echo up; exec sleep 1000")
    lines_until(started, "up")
    started.send_signal(getattr(signal, name))
    assert started.wait(PATIENCE) == code


def test_what_the_command_sends_to_its_whole_group_does_not_come_back_to_it(front):
    code, output = front.run("sh", "-c", f"trap 'echo heard' TERM; kill -TERM 0; {LATER}; exit 9")
    assert (code, output) == (9, b"heard\n")


DISPOSITIONS = ["grep", "-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status"]
THREADS = 1 << 31 | 1 << 32  # glibc has two signals of its own, which posix_spawn(3) leaves ignored


def dispositions(output):
    """From /proc/PID/status: blocked, ignored, caught (nohup has a word of its own before)."""
    found = re.findall(r"^(Sig\w+):\s+(\w+)", output.decode(), re.MULTILINE)
    return {name: int(mask, 16) & ~THREADS for name, mask in found}


@pytest.mark.parametrize(
    "before",
    [[], ["nohup"], ["sh", "-c", "trap '' INT QUIT HUP TSTP; exec \"$@\"", "sh"]],
    ids=["plain", "nohup", "trap"],
)
def test_the_command_ignores_and_blocks_what_it_would_without_us(front, before):
    output, _ = front.start(*DISPOSITIONS, before=before).communicate(timeout=PATIENCE)
    alone = subprocess.run([*before, *DISPOSITIONS], capture_output=True, check=True, start_new_session=True)
    assert len(dispositions(output)) == 3
    assert dispositions(output) == dispositions(alone.stdout)


# --- a terminal ---


@pytest.mark.parametrize(("keys", "name"), [(CTRL_C, "SIGINT"), (CTRL_BACKSLASH, "SIGQUIT")])
def test_a_typed_signal_reaches_the_command_once(front, keys, name):
    terminal = front.terminal(*LISTENER)
    terminal.expect("listener", PATIENCE)
    terminal.type(keys)
    terminal.expect(f"heard {name}", PATIENCE)
    terminal.type(b"\n")
    assert terminal.finish(PATIENCE) == 5
    assert terminal.output.count("heard") == 1


def test_a_typed_ctrl_c_ends_what_does_not_listen(front):
    terminal = front.terminal("sh", "-c", "echo up; exec sleep 1000")
    terminal.expect("up", PATIENCE)
    terminal.type(CTRL_C)
    assert terminal.finish(PATIENCE) == 130


def test_the_terminal_is_the_commands_own_with_its_size(front):
    code = (
        "import os; input(); print([os.isatty(n) for n in range(3)], os.get_terminal_size(), "
        "os.tcgetpgrp(0) == os.getpgrp(), os.ttyname(0) == os.ttyname(2))"
    )
    terminal = front.terminal(sys.executable, "-c", code)
    termios.tcsetwinsize(terminal.master, (33, 77))
    terminal.type(b"\n")
    terminal.expect(r"\[True, True, True\] os.terminal_size\(columns=77, lines=33\) True True", PATIENCE)
    assert terminal.finish(PATIENCE) == 0


def test_a_terminal_that_goes_away_is_told_to_the_command_once(front):
    terminal = front.terminal(
        "sh", "-c", f"trap 'echo x >>heard; kill $!' HUP; sleep 1000 & echo up; wait; {LATER}"
    )
    terminal.expect("up", PATIENCE)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, terminal.master)
    os.close(null)
    terminal.process.wait(PATIENCE)
    assert (front.folder / "heard").read_text() == "x\n"


def test_ctrl_z_stops_the_job_and_fg_continues_it(front):
    shell = front.shell(*LISTENER)
    pid = int(shell.expect(r"^listener (\d+)", PATIENCE)[1])
    shell.type(CTRL_Z)
    shell.expect(r"Stopped[\s\S]*prompt: ", PATIENCE)
    assert procfs.stat(pid).state == procfs.stat(processes.parent(pid)).state == "T"
    shell.type(b"fg\n")
    shell.expect("prompt: fg\r\nsh ./job", PATIENCE)
    shell.type(b"\n")
    shell.expect("bye[\\s\\S]*prompt: ", PATIENCE)
    shell.type(b"echo code=$?\n")
    shell.expect("^code=5", PATIENCE)
    assert shell.output.count("Stopped") == 1
    leave(shell)


def test_a_command_that_stops_by_itself_stops_the_job(front):
    shell = front.shell("sh", "-c", "kill -STOP $$; exit 6")
    shell.expect("^\\[1\\].*Stopped[\\s\\S]*prompt: ", PATIENCE)
    shell.type(b"fg\n")
    shell.expect("prompt: fg[\\s\\S]*prompt: ", PATIENCE)
    shell.type(b"echo code=$?\n")
    shell.expect("^code=6", PATIENCE)
    leave(shell)


def test_a_command_that_does_not_stop_keeps_the_terminal(front):
    shell = front.shell("sh", "-c", 'trap "" TSTP; echo up; read line; exit 4')
    shell.expect("^up", PATIENCE)
    shell.type(CTRL_Z)
    shell.expect(r"\^Z", PATIENCE)
    shell.type(b"words\n")
    shell.expect("prompt: ", PATIENCE)
    shell.type(b"echo code=$?\n")
    shell.expect("^code=4", PATIENCE)
    assert "Stopped" not in shell.output
    leave(shell)


def test_a_stop_signal_to_us_alone_stops_the_command_and_the_job(front):
    shell = front.shell(*LISTENER)
    pid = int(shell.expect(r"^listener (\d+)", PATIENCE)[1])
    os.kill(processes.parent(pid), signal.SIGTSTP)
    shell.expect(r"Stopped[\s\S]*prompt: ", PATIENCE)
    assert procfs.stat(pid).state == "T"
    shell.type(b"fg\n")
    shell.expect("prompt: fg\r\nsh ./job", PATIENCE)
    shell.type(b"\n")
    shell.expect("bye[\\s\\S]*prompt: ", PATIENCE)
    leave(shell)


def test_a_job_in_the_background_that_reads_the_terminal_stops_until_fg(front):
    shell = front.shell("sh", "-c", "read line; echo got $line; exit 4", beside=True)
    shell.type(b"wait\n")
    shell.expect("Stopped", PATIENCE)
    shell.type(b"fg\n")
    shell.expect("fg\r\nsh ./job", PATIENCE)
    shell.type(b"words\n")
    shell.expect("^got words[\\s\\S]*prompt: ", PATIENCE)
    shell.type(b"echo code=$?\n")
    shell.expect("^code=4", PATIENCE)
    leave(shell)


OWN_GROUP = """
import os, signal
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
os.setpgid(0, 0)
os.tcsetpgrp(0, os.getpid())
os.kill(os.getpid(), signal.SIGSTOP)
print("got", input(), flush=True)
"""


def test_a_command_that_held_the_terminal_for_a_group_of_its_own_gets_it_again(front):
    shell = front.shell(sys.executable, "-c", OWN_GROUP)
    shell.expect(r"Stopped[\s\S]*prompt: ", PATIENCE)
    shell.type(b"fg\n")
    shell.expect("prompt: fg\r\nsh ./job", PATIENCE)
    shell.type(b"words\n")
    shell.expect("^got words[\\s\\S]*prompt: ", PATIENCE)
    assert shell.output.count("Stopped") == 1
    leave(shell)


def test_a_shell_in_front_of_the_user_has_jobs_of_its_own_and_can_be_suspended(front):
    shell = front.shell("env", "PS1=inner: ", "bash", "--norc", "-i")
    shell.expect("^inner: ", PATIENCE)
    shell.type(b"sh -c 'echo u\\p; exec sleep 1000'\n")
    shell.expect("^up", PATIENCE)
    shell.type(CTRL_C)
    shell.expect("inner: [\\s\\S]*inner: ", PATIENCE)
    shell.type(b"suspend\n")
    shell.expect("Stopped[\\s\\S]*prompt: ", PATIENCE)
    shell.output = ""
    shell.type(b"fg\n")
    shell.expect("sh ./job", PATIENCE)
    shell.type(b"echo again $((40 + 2)); exit 8\n")
    shell.expect("^again 42[\\s\\S]*prompt: ", PATIENCE)
    shell.type(b"echo code=$?\n")
    shell.expect("^code=8", PATIENCE)
    leave(shell)


def leave(shell):
    shell.type(b"exit\n")
    shell.finish(PATIENCE)


# --- input ---


def test_a_megabyte_on_stdin_arrives_whole(front):
    text = os.urandom(1 << 20)
    assert front.run("cat", text=text) == (0, text)


def test_what_the_command_does_not_read_is_left_for_whoever_comes_next(front):
    file = front.folder / "lines"
    file.write_text("one\ntwo\n")
    words = shlex.join(front.argv("sh", "-c", "read line; echo $line"))
    with file.open() as stdin:
        done = subprocess.run(
            ["sh", "-c", f"{words}; cat"], stdin=stdin, capture_output=True, env=front.env, check=True
        )
    assert done.stdout == b"one\ntwo\n"


# --- what is left ---


def family(front):
    """A command with every kind of descendant in the background: it, and who they are."""
    line = " ".join(child("family", "--bare"))
    started = front.start("sh", "-c", f"{line} & read line; exit 3")
    who = [started.stdout.readline().split() for _ in ("child", "deaf", "daemon", "main")]  # in any order
    return started, [processes.identify(int(pid)) for _, pid in who]


def test_nothing_that_the_command_started_outlives_it(front):
    started, identities = family(front)
    assert None not in identities
    started.communicate(b"\n", timeout=PATIENCE)  # up to the end of the pipe: nobody holds it
    assert started.returncode == 3
    assert [one for one in identities if processes.is_alive(one)] == []


def test_when_we_are_killed_nothing_outlives_us(front):
    started, identities = family(front)
    started.kill()
    started.communicate(timeout=PATIENCE)
    assert front.wait_until_empty() == []
    assert [one for one in identities if processes.is_alive(one)] == []


def test_when_we_are_killed_a_command_without_our_mark_ends_too(front):
    started = front.start("env", "-i", *LISTENER)
    held = os.pidfd_open(int(lines_until(started, "listener")[0].split()[1]))
    started.send_signal(signal.SIGUSR1)
    lines_until(started, "heard")  # so we are past the start, and the heir has been told
    started.kill()
    assert select.select([held], [], [], PATIENCE)[0], "it lives"
    os.close(held)


def test_the_heir_of_a_command_that_has_ended_goes_too(front):
    assert front.run("true")[0] == 0
    assert front.wait_until_empty() == []


def test_who_cannot_be_signalled_is_not_waited_for(front):
    code = (
        "import os, subprocess; from aura_stack.supervision import guardian\n"
        "left = subprocess.Popen(['sleep', '1000'])\n"
        "guardian.processes.signal = lambda *_: False\n"
        "guardian.end_all_children(grace=0.1)\n"
        "print(left.poll()); left.kill(); left.wait()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=PATIENCE)
    assert done.stdout == b"None\n"


def test_it_loads_no_event_loop(front):
    code = (
        "import os, sys; from aura_stack.supervision.foreground import run; run(['true'], os.environ, '/'); "
    )
    done = subprocess.run(
        [sys.executable, "-c", code + "print('asyncio' in sys.modules, 'subprocess' in sys.modules)"],
        capture_output=True,
        check=True,
    )
    assert done.stdout == b"False False\n"
