"""`ports inventory`: what it prints for people and for programs, and its exit code."""

import json
import os
import sys

import pytest
from click.testing import CliRunner

from aura_stack.cli.main import cli


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "stack.yaml").write_text(
        "ports: ports.json\nservices: {backend: {command: [node, server.js], cwd: backend, port: backend}}\n"
    )
    (tmp_path / "ports.json").write_text('{"ports": {"backend": {"port": 4010}, "next": {"port": 3000}}}')
    (tmp_path / "backend").mkdir()
    (tmp_path / "backend/server.js").write_text("app.listen(4010);\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words):
    done = CliRunner().invoke(cli, ["ports", "inventory", "--no-live", *words])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.stdout, done.stderr


def test_a_ghost_is_told_and_is_no_fault(project):
    code, out, _ = run()
    assert code == 0
    assert out.splitlines()[:3] == [
        "PORT  ENTRY    SERVICE  PLACES  LISTENING  VERDICT",
        "4010  backend  backend  1       -          ok",
        "3000  next     -        0       -          ghost",
    ]
    assert "1 ok, 1 ghost; 1 files read, 1 places" in out


def test_a_drift_has_its_place(project):
    (project / "a.md").write_text("\n backend: 4011\n")
    code, out, _ = run()
    assert code == 1
    assert "4010 backend: drift: a.md:2:11 has 4011\n" in out


def test_only_the_first_places_are_told_unless_all_are_asked_for(project):
    (project / "a.md").write_text("backend: 4011\n" * 5)
    assert "and 2 more (--all)" in run()[1]
    assert run("--all")[1].count("a.md:") == 10


def test_a_file_may_say_that_its_ports_are_examples(project):
    (project / "a.md").write_text("<!-- aura-stack: ports are examples -->\nbackend: 4011\n")
    assert run()[0] == 0
    assert "a.md:2:10: 4011 (mention, label, example)" in run("--all")[1]


def test_what_is_not_read_is_told(project):
    (project / "big.js").write_bytes(b"app.listen(1);" * 100_000)
    assert "note: big.js is larger than 1,048,576 bytes" in run()[2]


def test_an_expression_cannot_move_the_cursor(project):
    (project / "backend/x.js").write_text("const u = 'http://localhost:9999/\x1b[2J\x9b';\n")
    out = run("--all")[1]
    assert "\x1b" not in out
    assert "\x9b" not in out


def test_json(project):
    (project / "a.md").write_text("backend: 4011\n")
    code, out, _ = run("--json")
    found = json.loads(out)
    assert code == 1
    assert found["ports"][0] == {
        "port": 4010,
        "entry": "backend",
        "services": ["backend"],
        "verdict": "drift",
        "remarks": ["a.md:1:10 has 4011"],
        "listening": [],
    }
    assert found["places"][0] | {"what": "", "confidence": ""} == {
        "file": "a.md",
        "line": 1,
        "column": 10,
        "port": 4011,
        "expression": "backend: 4011",
        "confidence": "",
        "what": "",
        "verdict": "drift",
        "entry": "backend",
        "service": None,
        "expected": 4010,
        "aside": None,
    }


@pytest.mark.parametrize("command", [["inventory"], ["fix"], ["adopt", "-y"]])
def test_without_the_extra_every_command_says_how_to_get_it(project, monkeypatch, command):
    monkeypatch.setitem(sys.modules, "tree_sitter_python", None)
    done = CliRunner().invoke(cli, ["ports", *command])
    assert done.exit_code == 1
    assert "pip install 'aura-stack[scan]'" in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_cannot_be_read_is_told(project):
    (project / "backend/locked.js").write_text("app.listen(4011)")
    (project / "backend/locked.js").chmod(0)
    assert "note: backend/locked.js cannot be read: Permission denied" in run()[2]
