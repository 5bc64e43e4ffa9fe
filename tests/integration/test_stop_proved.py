"""A stop is over when nothing is left of the run and its ports can be bound again, or when it was said who has them."""

import os
import re
import socket
import sys

import pytest

from aura_stack.control.client import connect

RESTARTS = int(os.environ.get("RESTARTS", "50"))
# takes its time to end, so that its shell is gone before it is
SERVER = """
import os, signal, socket, sys, time
signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.02), os._exit(0)))
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(('127.0.0.1', int(os.environ['PORT'])))
server.listen()
while True:
    server.accept()[0].close()
"""


@pytest.fixture
def server(tmp_path):
    """The command of a server behind a shell that goes on after it."""
    path = tmp_path / "server.py"
    path.write_text(SERVER)
    return f"{sys.executable} -S -E {path}; exit $?"


def hold(port):
    """Listen at a port in the place of a service."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", port))
    held.listen()
    return held


@pytest.mark.long
def test_every_restart_of_a_server_behind_a_shell_finds_its_port_free(stack, port, server):
    made = stack({"web": {"command": server, "port": port, "restart": "no"}})
    up = made.up()
    client = connect(made.places.socket, "stack.yaml")
    for _ in range(RESTARTS):
        outcomes = client.call("restart", services=["web"])
        assert all(one["ok"] for one in outcomes), outcomes
    client.close()
    assert made.run("down")[0] == 0
    up.finish()
    assert "Address already in use" not in up.output
    assert "failed" not in up.output
    assert len(re.findall(r"web +· started", up.output)) == RESTARTS + 1


SLEEPER = {"command": "echo here; exec sleep 1000", "ready": {"log": "here"}}


def test_a_stop_says_who_still_holds_the_port(stack, port):
    made = stack({"web": {**SLEEPER, "port": port}, "other": SLEEPER})
    up = made.up()
    with hold(port):
        assert made.run("stop", "web")[0] == 0
        up.expect(rf"web +· port {port} is still held by pid {os.getpid()} \(.*\)\s+web +· stopped")
    assert made.run("down")[0] == 0


def test_a_restart_waits_for_the_port_and_then_says_who_holds_it(stack, port):
    made = stack({"web": {**SLEEPER, "port": port}})
    up = made.up()
    with hold(port):
        assert made.run("restart", "web")[0] == 0
    up.expect(
        rf"stopping .*\n(.*\n)*?.*port {port} is still held by pid {os.getpid()} .*\n(.*\n)?.*web +· started"
    )
    assert made.run("down")[0] == 0


def test_a_second_ctrl_c_does_not_wait_for_the_port(stack, port):
    made = stack({"web": {**SLEEPER, "port": port}})
    up = made.up()
    with hold(port):
        up.signal(2)
        up.expect(r"web +· stopping")
        up.signal(2)
        assert up.finish() == 130
    assert len(re.findall("is still held by", up.output)) == 1


def test_who_takes_long_to_end_is_named_and_why(stack):
    deaf = "trap '' TERM; echo deaf; while :; do sleep 0.1; done"
    slow = "trap 'sleep 1.5; exit 0' TERM; echo slow; while :; do sleep 0.1; done"
    made = stack(
        {
            "deaf": {"command": deaf, "ready": {"log": "deaf"}, "stop": {"grace": "3s"}},
            "slow": {"command": slow, "ready": {"log": "slow"}, "stop": {"grace": "9s"}},
        }
    )
    up = made.up()
    code, down = made.run("down")
    assert (code, down.endswith("all stopped\n")) == (0, True)
    up.finish()
    for output in (up.output, down):
        assert len(re.findall(r"waiting for deaf \(pid \d+.*\), KILL in 2 s; it ignores TERM\n", output)) == 1
        assert len(re.findall(r"waiting for slow \(pid \d+.*\), KILL in 8 s\n", output)) == 1
        assert re.search(r"deaf +· killed \d+", output)
        assert not re.search(r"slow +· killed", output)


def test_who_ends_at_once_is_not_waited_for(stack):
    made = stack({"a": SLEEPER})
    up = made.up()
    assert made.run("down")[0] == 0
    up.finish()
    assert "waiting for" not in up.output
