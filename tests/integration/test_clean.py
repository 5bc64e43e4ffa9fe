"""`clean` takes away what a stack has left, nothing else, and never while it runs."""

import json
import os
from pathlib import Path

import pytest
from crashes import alone, crash
from stacks import child

pytestmark = pytest.mark.long

SERVE = {"command": child("talker")}


def tree(folder):
    """Every path with its content, but for what the state directory holds."""
    return {
        path: path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        for path in Path(folder).rglob("*")
        if "state" not in path.relative_to(folder).parts
    }


def test_a_stack_is_cleaned_once_it_is_down_and_starts_again(stack):
    made = stack({"a": SERVE})
    (made.folder / "src").mkdir()
    (made.folder / "src" / "precious").write_text("x")
    before = tree(made.folder)
    made.up()
    recorded = tree(made.folder)
    code, output = made.run("clean", "-y")
    assert (code, output) == (
        7,
        f"error: the stack of stack.yaml is running already (pid {made.engine()})\nhint: aura-stack down first\n",
    )
    assert tree(made.folder).keys() >= recorded.keys()
    assert made.run("down")[0] == 0
    code, output = made.run("-C", "src", "clean", "-y")
    assert code == 0
    assert "removed ~/.aura\n" in output
    assert output.endswith(" freed\n")
    assert tree(made.folder) == before
    assert os.listdir(made.places.runtime) == ["lock"]
    assert made.run("clean") == (0, "nothing to clean\n")
    made.up()
    assert made.run("down")[0] == 0


def test_links_in_the_record_lead_nowhere(stack):
    made = stack({"a": SERVE})
    (made.folder / "precious").mkdir()
    (made.folder / "precious" / "file").write_text("x")
    made.up()
    os.symlink(made.folder / "precious", made.folder / ".aura" / "logs" / "link")
    assert made.run("down")[0] == 0
    assert made.run("clean", "-y")[0] == 0
    assert (made.folder / "precious" / "file").read_text() == "x"
    assert not (made.folder / ".aura").exists()


def test_two_stacks_of_one_folder_have_records_apart_and_the_plain_one_holds_both(stack):
    made = stack({"a": SERVE})
    services = {"b": {"command": "exec sleep 600"}}
    (made.folder / "other.yaml").write_text(json.dumps({"name": made.name, "services": services}))
    made.up()
    assert made.run("-f", "other.yaml", "up", "-d")[0] == 0
    assert made.run("down")[0] == 0
    code, output = made.run("clean", "-y")
    assert code == 7
    assert f"the stack of {made.folder}/other.yaml is running (pid " in output
    assert f"its logs are in {made.places.data}, too" in output
    assert os.path.isdir(made.places.logs)
    assert made.run("-f", "other.yaml", "down")[0] == 0
    assert made.run("-f", "other.yaml", "clean", "-y")[0] == 0
    assert sorted(os.listdir(made.places.data)) == [".gitignore", "events.jsonl", "logs", "writer"]
    assert made.run("clean", "-y")[0] == 0
    assert not os.path.exists(made.places.data)


def test_what_a_crash_left_goes_once_its_processes_have(stack):
    made = stack({"a": SERVE})
    alone(made)
    with crash(made) as left:
        code, output = made.run("-C", "/", "clean", "--all", "-y")
        assert code == 0
        assert (
            f"note: processes of a stack that died live on, and what they are known by stays: kill {left[0]} "
            in output
        )
        assert os.path.exists(made.places.run)
    code, output = made.run("-C", "/", "clean", "--all", "-y")
    assert code == 0
    assert output.endswith(" freed\n")
    assert not os.path.lexists(made.places.run)
    assert not os.path.lexists(made.places.socket)
    assert os.path.exists(made.places.logs)
