"""When `clean` asks, what it says, and when it does nothing."""

import fcntl
import json
import os
import tempfile

import pytest
from click.testing import CliRunner

from aura_stack.cli.main import cli
from aura_stack.errors import ExitCode
from aura_stack.system import places as module
from aura_stack.system.locks import is_held


@pytest.fixture
def places(tmp_path, monkeypatch):
    """A stack that ran here once."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="a") as top:
        monkeypatch.setattr(module, "_TEMPORARY", f"{top}/tmp")
        monkeypatch.setattr(module, "_LOGINS", f"{top}/logins")
        monkeypatch.setenv("XDG_STATE_HOME", f"{top}/state")
        monkeypatch.setenv("HOME", str(tmp_path))
        for name in ("XDG_RUNTIME_DIR", "AURA_FILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.chdir(tmp_path)
        (tmp_path / "stack.yaml").write_text("services: {a: {command: x}}\n")
        found = module.places("stack.yaml", os.environ)
        module.create(found)
        with open(os.path.join(found.logs, "a.out.log"), "w") as file:
            file.write("x" * 4000)
        yield found


@pytest.fixture
def terminal(monkeypatch):
    """Somebody sits there."""
    monkeypatch.setattr("aura_stack.cli.clean._asks", lambda: True)


def leave(places, name):
    path = os.path.join(places.runtime, name)
    with open(path, "w") as file:
        file.write("{}")
    return path


def run(*args, answer=None):
    return CliRunner().invoke(cli, args, input=answer, catch_exceptions=False)


def test_it_cleans_unasked_where_it_may(places, tmp_path):
    leave(places, "engine.log")
    leave(places, "programs.json")
    result = run("clean", "-y")
    assert result.stdout == f"removed .aura\nremoved 2 files in {places.runtime}\n4 K freed\n"
    assert (result.exit_code, result.stderr) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["stack.yaml"]


def test_a_second_time_there_is_nothing_to_do(places):
    run("clean", "-y")
    result = run("clean")
    assert (result.exit_code, result.output) == (0, "nothing to clean\n")
    assert run("-q", "clean").output == ""


def test_a_stack_that_never_ran_has_nothing_and_gets_nothing(places, tmp_path):
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "stack.yaml").write_text("")
    assert run("-f", "new/stack.yaml", "clean").stdout == "nothing to clean\n"
    assert not os.path.exists(module.places("new/stack.yaml", os.environ).runtime)


def test_without_a_terminal_it_wants_to_be_told(places):
    result = run("clean")
    assert result.exit_code == ExitCode.USAGE
    assert "there is no terminal to ask on whether to remove .aura (4 K); -y does it unasked" in result.stderr
    assert os.path.exists(places.data)


def test_it_asks_on_a_terminal(places, terminal):
    result = run("clean", answer="n\n")
    assert result.stderr == "remove .aura (4 K)? [y/N]: n\nnothing was removed\n"
    assert result.exit_code == ExitCode.FAILED
    assert os.path.exists(places.data)
    result = run("clean", "--json", answer="y\n")
    assert json.loads(result.stdout) == {"removed": [places.data], "freed_bytes": 4002}
    assert not os.path.exists(places.data)


def test_a_running_stack_is_not_cleaned(places, monkeypatch):
    monkeypatch.setattr("aura_stack.session.lock.PATIENCE", 0.0)
    with open(places.lock, "w") as file:
        file.write("7\n")
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        result = run("clean", "-y")
    assert result.exit_code == ExitCode.LOCKED
    assert result.stderr == (
        "error: the stack of stack.yaml is running already (pid 7)\nhint: aura-stack down first\n"
    )
    assert os.path.exists(places.logs)


def test_the_lock_is_held_while_it_cleans(places, monkeypatch):
    from aura_stack.doctor import cleaning  # noqa: PLC0415 - here alone

    held = []
    perform = cleaning.perform
    monkeypatch.setattr(
        cleaning, "perform", lambda places: held.append(is_held(places.lock)) or perform(places)
    )
    run("clean", "-y")
    assert held == [True]
    assert not is_held(places.lock)


def test_all_leaves_the_record_alone(places):
    note = leave(places, "run.json")
    result = run("clean", "--all", "-y", "--json")
    assert json.loads(result.stdout) == {"removed": [note], "freed_bytes": 2}
    assert os.path.exists(places.logs)
    assert run("clean", "--all").stdout == "nothing to clean\n"


def test_processes_that_live_on_are_told(places, monkeypatch):
    from aura_stack.doctor import cleaning, leftovers  # noqa: PLC0415 - here alone

    note = leave(places, "run.json")
    for room in (cleaning, leftovers):
        monkeypatch.setattr(room, "left_by", lambda _: (7, 8))
    result = run("clean", "-y")
    assert result.stderr == (
        "note: processes of a stack that died live on, and what they are known by stays: kill 7 8 ends them\n"
    )
    assert os.path.exists(note)
    assert not os.path.exists(places.data)
