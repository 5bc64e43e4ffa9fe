"""`doctor` on stacks that run, hang and have died, and where there is none."""

import json
import os
import signal

import pytest
from crashes import alone, crash
from stacks import child

from aura_stack.system import limits, processes

pytestmark = pytest.mark.long

SERVE = {"command": child("talker")}


def findings(made, *words):
    """The exit code, and what was found by the name of the check; what other stacks left is not ours."""
    code, output = made.run(*words, "doctor", "--json")
    found = {}
    for finding in json.loads(output):
        found.setdefault(finding["check"], []).append(finding)
    return code, found


def test_nothing_is_wrong_with_a_stack_that_runs(stack, port):
    made = stack({"a": SERVE, "b": {"external": True, "port": port, "required": False}})
    made.up()
    code, found = findings(made)
    assert [one for every in found.values() for one in every if one["level"] == "trouble"] == []
    assert code == 0
    assert found["definition"][0]["found"] == "stack.yaml: no mistakes, 2 services"
    assert f"{made.name} (~/stack.yaml)" in found["stacks"][0]["found"]
    assert found["record"][0]["found"].startswith(f"{made.places.data} has ")
    code, output = made.run("doctor")
    assert code == 0
    assert "ok       python " in output
    assert output.splitlines()[-1].startswith("nothing is wrong")
    assert made.run("down")[0] == 0


def test_without_a_stack_the_machine_is_looked_at_and_nothing_is_made(stack, tmp_path):
    made = stack({"a": SERVE})
    (tmp_path / "empty").mkdir()
    made.env["HOME"] = str(tmp_path / "empty")
    code, found = findings(made, "-C", "empty")
    assert code == 0
    assert found["definition"][0]["level"] == "note"
    assert found["definition"][0]["found"].startswith("there is no stack.yaml")
    assert os.listdir(tmp_path / "empty") == []
    assert not (tmp_path / "state").exists()


def test_a_mistake_in_the_definition_is_trouble(stack):
    made = stack({"a": {"comand": "x"}})
    code, found = findings(made)
    assert code == 1
    assert found["definition"][0]["level"] == "trouble"
    assert found["definition"][0]["found"].startswith("stack.yaml:1:")
    assert found["definition"][0]["cure"] == "aura-stack config check shows every mistake with its line"


def test_a_port_that_the_kernel_gives_away_is_named_with_its_cure(stack):
    number = 54112
    made = stack({"web": {**SERVE, "port": number}})
    kernel = limits.ports()
    assert number in kernel.ephemeral, "this machine gives other numbers away"
    _, found = findings(made)
    reserved = any(number in span for span in kernel.reserved)
    assert found["ports"][0]["level"] == ("ok" if reserved else "note")
    if not reserved:
        assert found["ports"][0]["found"].startswith("54112 (web): the kernel gives ")
        assert f"below {kernel.ephemeral.start}, or: sudo sysctl net.ipv4." in found["ports"][0]["cure"]


def test_an_engine_that_was_stopped_is_trouble_with_the_way_to_wake_it(stack):
    made = stack({"a": SERVE})
    made.up()
    engine = processes.identify(made.engine())
    processes.signal(engine, signal.SIGSTOP)
    code, found = findings(made)
    assert code == 1
    said = next(one for one in found["stacks"] if made.name in one["found"])
    assert said["level"] == "trouble"
    assert f"pid {engine.pid}, does not answer: a signal has stopped it" in said["found"]
    assert said["cure"] == f"kill -CONT {engine.pid} wakes it"
    os.kill(int(said["cure"].split()[2]), signal.SIGCONT)
    code, found = findings(made)
    assert made.name in found["stacks"][0]["found"]
    assert found["stacks"][0]["level"] == "ok"
    assert made.run("down")[0] == 0


def test_what_a_crash_left_is_named_and_taken_away_when_that_is_asked_for(stack):
    made = stack({"a": SERVE})
    alone(made)
    with crash(made) as left:
        code, found = findings(made)
        said = next(one for one in found["leftovers"] if made.name in one["found"])
        assert (code, said["level"]) == (1, "trouble")
        assert f"and these live on: {left[0]} (" in said["found"]
        assert "talker.py" in said["found"]
        assert said["cure"] == f"kill {' '.join(map(str, left))}, then aura-stack clean --all"
    code, found = findings(made)
    said = next(one for one in found["leftovers"] if made.name in one["found"])
    assert (code, said["level"]) == (0, "note")
    assert os.path.lexists(made.places.run)
    code, output = made.run("doctor", "--fix")
    assert code == 0
    assert "leftovers    removed " in output
    assert not os.path.lexists(made.places.run)
    assert not os.path.lexists(made.places.socket)
    made.up()
    assert made.run("down")[0] == 0
