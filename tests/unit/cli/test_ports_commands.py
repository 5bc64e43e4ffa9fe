"""`aura-stack ports ...` where no stack is needed."""

import json
import os
import socket

import jsonschema
import pytest
from click.testing import CliRunner

from aura_stack.cli.main import cli


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def free_number():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def run(*words):
    done = CliRunner().invoke(cli, ["ports", *map(str, words)])
    return done.exit_code, done.output


def test_who_holds_a_port_is_named(listener):
    code, output = run("who", listener)
    assert code == 0
    assert output.startswith(f"{listener}: pid {os.getpid()} (")


def test_a_port_that_nobody_holds_is_free_and_the_code_is_1(listener):
    number = free_number()
    code, output = run("who", listener, number)
    assert (code, output.splitlines()[1]) == (1, f"{number}: free")


def test_who_answers_programs_for_each_port_that_was_asked(listener):
    number = free_number()
    code, output = run("who", number, listener, "--json")
    free, held = json.loads(output)
    assert (code, free) == (1, {"port": number, "free": True, "shared": [], "notes": [], "held_by": []})
    assert [one["pid"] for one in held["held_by"]] == [os.getpid()]


def test_an_unknown_sub_command_is_answered_with_the_nearest():
    code, output = run("wo")
    assert code == 2
    assert 'did you mean "who"?' in output


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A stack with a manifest, in the current folder."""
    (tmp_path / "ports.json").write_text(
        '{"ranges": {"back": ["4044-4047"]}, "ports": {"api": {"port": 4044}}}'
    )
    (tmp_path / "stack.yaml").write_text("ports: ports.json\nservices: {api: {command: x, port: api}}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    return tmp_path


def test_ports_alone_lists_them(project):
    assert run() == run("ls")
    assert run("ls")[1].splitlines()[1] == "4044  api   api      free   -"


def test_no_number_is_offered_that_browsers_refuse(project):
    assert run("next", "--range", "back", "--count", 2) == (0, "4046\n4047\n")


def test_a_worktree_takes_the_numbers_of_the_manifest_and_the_main_one_takes_them_back(project):
    own = project / "main/.git/worktrees/topic"
    own.mkdir(parents=True)
    (own / "commondir").write_text("../..")
    assert run("leases") == (0, "no stack has a lease\n")
    (project / ".git").write_text(f"gitdir: {own}")
    assert run("ls")[1].splitlines()[1].startswith("4046 (for 4044)  api")
    code, output = run("leases", "--take")
    assert (code, "topic (takes the manifest's)" in output) == (0, True)
    assert run("ls")[1].splitlines()[1].startswith("4044  api")
    (project / ".git").unlink()
    code, output = run("leases", "--take", "--json")
    assert code == 0


def test_the_schema_of_the_manifest_is_that_of_the_check(project):
    done = CliRunner().invoke(cli, ["config", "schema", "--manifest"])
    found = json.loads(done.output)
    manifest = json.loads((project / "ports.json").read_text())
    jsonschema.validate(manifest, found)
    manifest["ports"]["api"]["state"] = "new"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(manifest, found)
