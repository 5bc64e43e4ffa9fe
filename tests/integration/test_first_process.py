"""The first process of a container: it buries every orphan, passes signals on, and leaves nothing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from stacks import Running, child

from aura_stack.system import processes

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(
        sys.platform != "linux" or os.geteuid() != 0, reason="only root makes a namespace, and only on Linux"
    ),
]
IN_CONTAINER = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]


@pytest.fixture
def contained(stack):
    """Runs a command of ours as the first process of a namespace of processes."""

    def start(made, *words):
        argv = [*IN_CONTAINER, sys.executable, "-m", "aura_stack", *words]
        command = Running(argv, made.folder, made.env)
        made.running.append(command)
        return command

    return start


def first(command):
    """Its number out here."""
    (pid,) = processes.children(command.pid)
    return pid


def inside(command, script):
    """Run a shell in the namespace of it, which is no child of anybody there."""
    enter = ["nsenter", "--target", str(first(command)), "--pid", "--mount", "sh", "-c", script]
    return subprocess.run(enter, check=True, capture_output=True, text=True, timeout=60).stdout


def test_it_buries_orphans_that_are_nobodys_and_ends_all_at_a_signal(stack, port, contained):
    made = stack({"web": {"command": child("patient", str(port), "background", "apart"), "port": port}})
    up = contained(made, "up")
    up.expect("all ready")
    assert inside(up, "cat /proc/1/cmdline").replace("\0", " ").endswith("-m aura_stack up ")
    with (Path(made.folder) / "pids").open("w+") as pids:
        inside(up, f"(sh -c 'echo $$ > {pids.name}; exec sleep 0.2' &)")
        while not (orphan := pids.read().strip()):
            pids.seek(0)
    listed = (
        f"for each in /proc/[0-9]*; do echo ${{each#/proc/}}; done | grep -qx {orphan} && echo there; exit 0"
    )
    assert any("there" not in inside(up, listed) for _ in range(200)), "a zombie stays"
    processes.signal(processes.identify(first(up)), signal.SIGTERM)
    assert up.finish() == 128 + signal.SIGTERM
    assert "web  · stopped" in up.output


def test_it_does_not_leave_what_would_end_with_it(stack, contained):
    made = stack({"web": {"command": "sleep 1000"}})
    up = contained(made, "up", "-d")
    assert up.finish() == 2
    assert "up -d is the first process of this container here, and all would end with it" in up.output
