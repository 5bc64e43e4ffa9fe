"""A crash that took guardian and engine at once leaves processes: the next start knows exactly these, and ends them."""

import json
import os
import shlex
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

from aura_stack.system import processes

SERVER = [
    sys.executable,
    "-c",
    "import os, socket, signal; s = socket.create_server(('127.0.0.1', int(os.environ['PORT']))); signal.pause()",
]
DEAF = {
    "command": "trap '' TERM; echo deaf; while :; do sleep 1; done",
    "ready": {"log": "deaf"},
    "stop": {"grace": "200ms"},
}


def kill_ours(made):
    """Kill engine and guardian at one moment."""
    both = [processes.identify(pid) for pid in (made.engine(), made.guardian())]
    for signum in (signal.SIGSTOP, signal.SIGKILL):
        for identity in both:
            processes.signal(identity, signum)
    processes.await_ends(both, 20)


def crash(made):
    """The same; the answer is who lives on."""
    kill_ours(made)
    left = made.members()
    assert left
    return left


def noted(made):
    return json.loads(Path(made.places.run).read_text())


@contextmanager
def stranger():
    """A process that leads a session of its own."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        signal.pause()
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_the_next_start_ends_what_a_crash_left_before_it_looks_at_the_ports(stack, port):
    made = stack({"web": {"command": SERVER, "port": port}, "deaf": DEAF})
    made.up()
    left = crash(made)
    up = made.up()
    assert not set(left) & set(made.members())
    said = up.expect(r"ended (\d+) processes that a crashed run had left: (.*)")
    assert int(said[1]) >= len(left)
    assert "web (pid " in said[2]
    assert "deaf (pid " in said[2]
    assert made.run("down")[0] == 0


def test_the_note_follows_the_runs(stack):
    made = stack({"a": {"command": ["sleep", "1000"]}, "b": {"command": ["sleep", "1000"]}})
    made.up()

    def runs():
        return {one["service"]: (one["run"], one["pid"]) for one in noted(made)["runs"]}

    first = runs()
    assert sorted(first) == ["a", "b"]
    assert sorted(pid for _, pid in first.values()) == sorted(made.members())
    assert made.run("restart", "a")[0] == 0
    assert runs()["a"][0] == 2
    assert made.run("stop", "b")[0] == 0
    assert sorted(runs()) == ["a"]
    assert runs()["a"][1] == made.members()[0]
    assert made.run("down")[0] == 0


def test_a_service_that_emptied_its_environment_is_known_by_the_note(stack, port):
    script = shlex.join([sys.executable, "-c", SERVER[2]])
    made = stack({"web": {"command": f"exec env -i PORT={port} {script}", "port": port}})
    made.up()
    (run,) = noted(made)["runs"]
    assert made.members() == []
    kill_ours(made)
    made.up().expect(rf"ended 1 process that a crashed run had left: web \(pid {run['pid']}\)")
    assert made.run("down")[0] == 0


def test_a_stranger_who_has_the_number_of_a_run_now_is_left_alone(stack):
    made = stack({"a": {"command": ["sleep", "1000"]}})
    made.up()
    crash(made)
    with stranger() as pid:
        note = noted(made)
        note["runs"].append({"service": "old", "run": 1, "pid": pid, "start": processes.start_time(pid) - 1})
        Path(made.places.run).write_text(json.dumps(note))
        up = made.up()
        assert processes.is_alive(processes.identify(pid))
    assert "ended 1 process that a crashed run had left: a (pid" in up.output
    assert made.run("down")[0] == 0


def test_a_note_of_another_boot_ends_nobody(stack):
    made = stack({"a": {"command": ["sleep", "1000"]}})
    made.up()
    left = [processes.identify(pid) for pid in crash(made)]
    note = noted(made)
    Path(made.places.run).write_text(json.dumps({**note, "boot": "another"}))
    up = made.up()
    assert all(processes.is_alive(identity) for identity in left)
    assert "crashed run" not in up.output
    assert made.run("down")[0] == 0
    for identity in left:
        processes.signal(identity, signal.SIGKILL)
