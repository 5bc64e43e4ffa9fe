"""A record has one writer, and whoever stands before it finds him: from another environment, from a moved checkout."""

import json
import os

import pytest
from stacks import Stack, wait_for

from aura_stack.session.lock import acquire_record
from aura_stack.system.places import create


@pytest.fixture
def ticking(stack):
    """A stack that runs in the background."""
    made = stack({"a": {"command": "echo from the first; exec sleep 600"}})
    assert made.run("up", "-d", "--wait")[0] == 0
    return made


def test_stacks_of_two_files_in_one_folder_run_side_by_side_with_a_record_each(ticking):
    other = ticking.folder / "other.yaml"
    services = {"a": {"command": "echo from the other; exec sleep 600"}}
    other.write_text(json.dumps({"name": ticking.name, "services": services}))
    code, output = ticking.run("-f", str(other), "up", "-d", "--wait")
    assert (code, "was killed" in output) == (0, False)
    wait_for(lambda: "from" in ticking.run("-f", "other.yaml", "logs", "a")[1])
    assert ticking.run("-f", "other.yaml", "logs", "--no-marks")[1] == "a | from the other\n"
    assert ticking.run("logs", "--no-marks")[1] == "a | from the first\n"
    assert ticking.run("-f", "other.yaml", "down")[0] == 0
    assert ticking.run("status")[0] == 0
    assert ticking.run("down")[0] == 0


def test_a_stack_is_found_and_stopped_from_another_environment(ticking, tmp_path):
    login = tmp_path / "login"
    login.mkdir(0o700)
    ticking.env["XDG_RUNTIME_DIR"] = str(login)
    assert ticking.run("status")[0] == 0
    code, output = ticking.run("up", "-d", "--wait")
    assert (code, "started" in output) == (0, False)
    assert ticking.run("down") == (0, "all stopped\n")
    assert ticking.run("status")[0] == 3
    del ticking.env["XDG_RUNTIME_DIR"]
    assert ticking.run("status")[0] == 3


def test_a_stack_is_found_and_stopped_after_its_folder_was_moved(stack, tmp_path):
    (tmp_path / "old").mkdir()
    made = stack({})
    inner = Stack(tmp_path / "old", {"a": {"command": "echo hello; exec sleep 600"}})
    inner.env = made.env
    assert inner.run("up", "-d", "--wait")[0] == 0
    os.rename(tmp_path / "old", tmp_path / "new")
    inner.folder, inner.file = tmp_path / "new", tmp_path / "new" / "stack.yaml"
    assert "ready" in inner.run("status")[1]
    assert inner.run("down") == (0, "all stopped\n")
    assert inner.close() == []


def test_a_writer_that_cannot_be_reached_is_named_and_nothing_is_started(stack):
    made = stack({"a": {"command": "echo hello; exec sleep 600"}})
    create(made.places)
    theirs = acquire_record(
        made.places.but(runtime="/in/a/container", socket="/in/a/container/s"), "stack.yaml"
    )
    code, output = made.run("up", "-d", "--wait")
    assert (code, " · " in output) == (7, False)
    assert (
        f"{made.places.data}, where the stack of {made.file} records, is written by another engine" in output
    )
    assert f"(pid {os.getpid()}, /in/a/container)" in output
    os.close(theirs)
    assert made.run("up", "-d", "--wait")[0] == 0
    assert made.run("down")[0] == 0
