"""Whichever process of ours is killed, nothing of the stack is left."""

import os
import select
import signal
import socket
import subprocess
import sys
import time

import pytest
from stacks import PATIENCE, child, wait_for

from aura_stack.system import processes

SERVER = [
    "python3",
    "-c",
    "import os, socket, signal; s = socket.create_server(('127.0.0.1', int(os.environ['PORT']))); signal.pause()",
]


@pytest.fixture
def up(stack, port):
    """A stack with a family that holds on to life, behind a shell, and a server with a port."""
    made = stack(
        {
            "family": {"command": child("family"), "ready": {"log": "^main"}, "stop": {"grace": "500ms"}},
            "server": {"command": SERVER, "port": port, "depends_on": ["family"]},
            "shell": {"command": "sleep 1000 & echo forked; wait", "ready": {"log": "forked"}},
        }
    )
    made.port = port
    made.command = made.up()
    assert len(made.members()) == 7
    return made


def binds(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
    return True


def test_ctrl_c_ends_everything_in_reverse_order(up):
    up.command.signal(signal.SIGINT)
    assert up.command.finish() == 130
    assert up.members() == []
    assert binds(up.port)
    output = up.command.output
    assert output.index("server · stopped") < output.index("family · stopping")
    assert not os.path.exists(up.places.socket)
    assert not os.path.exists(up.places.run)


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_other_signals_to_the_face_are_an_orderly_stop_too(up, signum, code):
    up.command.signal(signum)
    assert up.command.finish() == code, up.command.output
    assert up.members() == []
    assert "family · stopped" in up.command.output


@pytest.mark.parametrize("whom", ["guardian", "engine"])
def test_sigterm_to_one_behind_the_face_is_an_orderly_stop(up, whom):
    os.kill(getattr(up, whom)(), signal.SIGTERM)
    assert up.command.finish() == 0
    assert up.members() == []


def test_sigkill_of_the_face_leaves_nothing(up):
    up.command.signal(signal.SIGKILL)
    assert up.wait_until_empty() == []
    assert binds(up.port)


def test_sigkill_of_the_guardian_leaves_nothing(up):
    os.kill(up.guardian(), signal.SIGKILL)
    assert up.wait_until_empty() == []
    assert up.command.finish() == 1
    assert binds(up.port)


def test_sigkill_of_the_engine_leaves_nothing(up):
    os.kill(up.engine(), signal.SIGKILL)
    assert up.command.finish() == 1
    assert up.members() == []
    assert "the engine died" in up.command.output
    assert binds(up.port)


def test_sigkill_of_the_whole_shell_job_leaves_nothing(up):
    os.killpg(up.command.pid, signal.SIGKILL)
    assert up.wait_until_empty() == []
    assert binds(up.port)


def test_a_second_ctrl_c_kills_what_would_not_end(stack):
    made = stack(
        {"deaf": {"command": "trap '' TERM; echo deaf; while :; do sleep 1; done", "ready": {"log": "deaf"}}}
    )
    command = made.up()
    command.signal(signal.SIGINT)
    command.expect("deaf · stopping")
    command.signal(signal.SIGINT)
    assert command.finish() == 130
    assert "deaf · killed" in command.output


def test_a_stopped_service_can_be_ended(stack):
    made = stack({"sleeper": {"command": ["sleep", "1000"]}})
    command = made.up()
    os.kill(made.members()[0], signal.SIGSTOP)
    command.signal(signal.SIGINT)
    assert command.finish() == 130
    assert "killed" not in command.output


def test_a_new_up_is_not_hindered_by_what_a_crash_left(up):
    os.kill(up.engine(), signal.SIGKILL)
    up.command.finish()
    assert os.path.exists(up.places.socket)
    again = up.up()
    again.signal(signal.SIGINT)
    assert again.finish() == 130


def test_a_face_that_dies_before_anything_has_started_leaves_nothing_running(stack):
    """The engine is still checking when its face is killed: it must notice, and start nothing for nobody."""
    slow = {"slow": {"command": "sleep 0.3; echo 1.0"}}
    made = stack({"web": {"command": ["sleep", "1000"]}}, requires={"./slow-version": ">=1"})
    program = made.folder / "slow-version"
    program.write_text(f"#!/bin/sh\ntouch asked\n{slow['slow']['command']}\n")
    program.chmod(0o755)
    up = made.start("up", start_new_session=True)
    while not (made.folder / "asked").exists():
        time.sleep(0.005)  # a file that another process makes
    # and not the one that read ahead
    (guardian,) = (pid for pid in processes.children(up.pid) if os.getsid(pid) == pid)
    held = os.pidfd_open(guardian)
    up.signal(signal.SIGKILL)
    assert select.select([held], [], [], PATIENCE)[0]
    os.close(held)
    assert made.members() == []


NO_MORE_PROCESSES = """
import os
fork, face = os.fork, os.getpid()
def second_fails(done=[]):
    if done and os.getpid() == face:
        open("happened", "w").close()
        raise BlockingIOError(11, "Resource temporarily unavailable")
    done.append(1)
    return fork()
os.fork = second_fails
"""
NO_MORE_AT_ALL = """
import os
fork, forks = os.fork, []
def fails():
    if len(forks) == {first}:
        raise BlockingIOError(11, "Resource temporarily unavailable")
    forks.append(1)
    return fork()
os.fork = fails
"""
KILLED = """
import os, signal
from aura_stack.session import readahead
def read_ahead(*_):
    open("happened", "w").close()
    os.kill(os.getpid(), signal.SIGKILL)
readahead.read_ahead = read_ahead
"""
CHILDREN_IGNORED = """
import signal
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
open("happened", "w").close()
"""
STOPS_THE_FACE = """
import os, signal, time
from aura_stack.session import readahead
from aura_stack.system import processes
read_ahead = readahead.read_ahead
def stops(*words):
    (guardian,) = {*processes.children(os.getppid())} - {os.getpid()}
    while os.getsid(guardian) != guardian:  # it is about to
        time.sleep(0.001)
    os.killpg(os.getpgid(os.getppid()), signal.SIGSTOP)
    read_ahead(*words)
readahead.read_ahead = stops
"""
TELLS_ITS_NUMBER = """
import os
from aura_stack.session import readahead
read_ahead = readahead.read_ahead
def tells(*words):
    with open("reader", "w") as file:
        file.write(str(os.getpid()))
    read_ahead(*words)
readahead.read_ahead = tells
"""
INHERITS_ORPHANS = """
import os, subprocess, sys
from aura_stack.system.subreaper import subreaper
assert subreaper()
subprocess.run(sys.argv[1:], check=True)
with open("reader") as file:
    reader = int(file.read())
try:
    os.waitpid(reader, 0)
except ChildProcessError:
    print("was buried")
"""


def faulty(made, fault):
    """The same stack where every command of ours executes this first."""
    (made.folder / "faults").mkdir()
    (made.folder / "faults" / "sitecustomize.py").write_text(fault)
    made.env["PYTHONPATH"] = str(made.folder / "faults")
    return made


@pytest.mark.parametrize("fault", [NO_MORE_PROCESSES, KILLED, CHILDREN_IGNORED, ""])
def test_who_reads_ahead_is_not_needed_and_leaves_nothing(stack, fault):
    made = faulty(stack({"web": {"command": ["sleep", "1000"]}}), fault)
    up = made.up()
    assert processes.children(up.pid) == [made.guardian()]
    assert (made.folder / "happened").exists() == bool(fault)
    up.signal(signal.SIGINT)
    assert up.finish() == 130


@pytest.mark.parametrize(
    ("first", "told"),
    [
        (
            0,
            "error: no process can be started: resource temporarily unavailable\nhint: ulimit -u",
        ),
        (1, "error: the engine died"),
    ],
)
def test_where_there_may_be_no_more_processes_nothing_starts_and_that_is_said(stack, first, told):
    made = faulty(stack({"web": {"command": ["sleep", "1000"]}}), NO_MORE_AT_ALL.format(first=first))
    code, output = made.run("up")
    assert (code, made.members()) == (1, [])
    assert told in output
    assert "Traceback" not in output


def test_ctrl_z_while_a_stack_starts_stops_nobody_but_the_face(stack):
    made = faulty(stack({"web": {"command": ["sleep", "1000"]}}), STOPS_THE_FACE)
    up = made.start("up", start_new_session=True)
    wait_for(made.members)
    up.signal(signal.SIGCONT)
    up.expect("all ready")
    up.signal(signal.SIGINT)
    assert up.finish() == 130


def test_a_run_leaves_nobody_who_read_ahead_to_others(stack):
    services = {"db": {"command": ["sleep", "1000"]}}
    made = faulty(stack(services, tasks={"fill": {"command": "true", "needs": ["db"]}}), TELLS_ITS_NUMBER)
    command = [sys.executable, "-c", INHERITS_ORPHANS, sys.executable, "-m", "aura_stack", "run", "fill"]
    assert subprocess.check_output(command, cwd=made.folder, env=made.env, text=True).endswith("was buried\n")
