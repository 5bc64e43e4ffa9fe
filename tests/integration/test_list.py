"""`list` finds the stacks of a user from anywhere, and waits for none that hangs."""

import json
import os
import signal

import pytest
from crashes import crash
from stacks import Stack, child

from aura_stack.system import processes

pytestmark = pytest.mark.long

SERVE = {"command": child("talker")}


@pytest.fixture
def second(stack, tmp_path):
    """Makes another stack of the same user, in a folder of its own."""
    made = []

    def make(first, services):
        (tmp_path / "second").mkdir()
        made.append(Stack(tmp_path / "second", services))
        made[-1].env = first.env
        return made[-1]

    yield make
    assert [pid for one in made for pid in one.close()] == []


def listed(made, *words):
    """The stacks by name; those of whoever runs the tests are not ours."""
    code, output = made.run("-C", "/", "list", "--json", *words)
    assert code == 0
    return {one["name"]: one for one in json.loads(output)}


def test_stacks_are_listed_from_anywhere_until_they_are_stopped(stack, second):
    one = stack({"a": SERVE, "b": SERVE, "done": {"command": "true", "restart": "no"}})
    two = second(one, {"a": SERVE})
    one.up()
    two.up()
    found = listed(one)
    assert {one.name, two.name} <= found.keys()
    mine = found[one.name]
    assert (mine["state"], mine["ready"], mine["total"], mine["failed"]) == ("running", 3, 3, 0)
    assert (mine["file"], mine["pid"]) == (str(one.file), one.engine())
    assert mine["uptime_seconds"] > 0
    code, output = one.run("-C", "/", "list")
    assert code == 0
    assert f"{two.name}  running  1/1 " in output
    assert "~/second/stack.yaml" in output
    assert one.run("down")[0] == 0
    assert one.name not in listed(two, "--all")
    assert two.run("down")[0] == 0


def test_a_stack_that_is_being_prepared_is_told_as_such(stack, tmp_path):
    os.mkfifo(tmp_path / "gate")
    made = stack({"a": {**SERVE, "prepare": [{"command": "cat gate", "inputs": [], "outputs": ["gate"]}]}})
    up = made.start("up", start_new_session=True)
    # the step runs until somebody opens the other end, which waits for the step
    with open(tmp_path / "gate", "w"):
        assert listed(made)[made.name]["state"] == "preparing"
    up.expect("all ready")
    made.run("down")


def test_a_stack_that_hangs_is_told_and_keeps_no_other_waiting(stack, second):
    one = stack({"a": SERVE})
    two = second(one, {"a": SERVE})
    one.up()
    two.up()
    engine = processes.identify(one.engine())
    processes.signal(engine, signal.SIGSTOP)
    found = listed(two)
    assert (found[one.name]["state"], found[one.name]["ready"]) == ("not answering", None)
    assert found[one.name]["remark"] == "a signal has stopped it"
    assert found[two.name]["state"] == "running"
    processes.signal(engine, signal.SIGCONT)
    assert one.run("down")[0] == 0
    assert two.run("down")[0] == 0


def test_a_stack_that_died_is_listed_where_that_is_asked_for(stack):
    made = stack({"a": SERVE})
    with crash(made) as left:
        assert made.name not in listed(made)
        dead = listed(made, "--all")[made.name]
        assert (dead["state"], dead["ready"], dead["uptime_seconds"]) == ("dead", None, None)
        assert sorted(dead["left"]) == sorted(left)
    assert listed(made, "--all")[made.name]["left"] == []
