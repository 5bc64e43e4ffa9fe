"""Entries for numbers that are in use: what they are called, where they go, and that the rest of the file stays."""

import json
import os

import pytest
from click.testing import CliRunner

from aura_stack.cli import adopt
from aura_stack.cli.main import cli

MANIFEST = """\
{
    "version": 1,
    "ranges": {"backend": ["4000-4099"]},
    "ports": {
        "backend": {"port": 4010, "range": "backend"}
    }
}
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "stack.yaml").write_text(
        "ports: ports.json\nservices: {backend: {command: [node, server.js], cwd: backend, port: backend}}\n"
    )
    (tmp_path / "ports.json").write_text(MANIFEST)
    (tmp_path / "backend").mkdir()
    (tmp_path / "backend/server.js").write_text(
        "a.listen(process.env.PORT ?? 4010);\nb.listen(4020);\nnew Pool({ user: 'x', port: 5432 });\n"
        "const SEARCH_URL = 'http://localhost:7700';\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words, answers=None):
    """Exit code, standard output and standard error of `ports adopt`."""
    done = CliRunner().invoke(cli, ["ports", "adopt", *words], input=answers)
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.stdout, done.stderr


def test_names_are_those_of_the_code_or_what_everybody_calls_the_number(project):
    assert run("-y")[0] == 0
    written = (project / "ports.json").read_text()
    found = json.loads(written)
    assert found["ports"]["backend-2"] == {"port": 4020, "range": "backend"}
    assert found["external"] == {"postgresql": {"port": 5432}, "search": {"port": 7700}}
    assert written.startswith(MANIFEST.partition('"backend": {"port"')[0])
    assert run("-y") == (0, "nothing to adopt\n", "")
    assert CliRunner().invoke(cli, ["ports", "inventory", "--no-live"]).exit_code == 0


def test_a_number_of_which_nothing_is_said_is_called_by_itself(project):
    (project / "tool.js").write_text("listen(4030);\nrequire('net').createServer().listen(4031);\n")
    assert run("4031", "-y")[0] == 0
    assert json.loads((project / "ports.json").read_text())["ports"]["port-4031"]["port"] == 4031


def test_a_name_that_is_no_text_is_json_all_the_same(project):
    (project / os.fsdecode(b"caf\xe9.js")).write_text("require('net').createServer().listen(4031);\n")
    code, output, _ = run("4031", "--json")
    assert (code, json.loads(output)["entries"][0]["places"][0].split(":")[0]) == (1, "caf\udce9.js")
    assert "caf\\udce9.js" in output


def test_only_some_numbers(project):
    assert run("7700", "-y")[0] == 0
    assert list(json.loads((project / "ports.json").read_text())["external"]) == ["search"]


def test_names_are_asked_for(project, monkeypatch):
    monkeypatch.setattr(adopt, "_is_asked", lambda: True)
    code, _, err = run(answers="metrics\n\nbackend\n-\n")
    assert code == 0, err
    found = json.loads((project / "ports.json").read_text())
    assert found["ports"].keys() == {"backend", "metrics"}
    assert found["external"].keys() == {"postgresql"}
    assert "there is an entry called backend already" in err


def test_without_a_terminal_and_without_a_yes_nothing_is_written(project):
    code, _, err = run()
    assert code == 2
    assert "-y" in err
    assert (project / "ports.json").read_text() == MANIFEST


def test_json_asks_nothing(project):
    code, out, _ = run("--json")
    assert code == 1
    found = json.loads(out)
    assert found["written"] is False
    assert [one["port"] for one in found["entries"]] == [4020, 5432, 7700]
    assert (project / "ports.json").read_text() == MANIFEST
    assert json.loads(run("--json", "-y")[1])["written"] is True


def test_a_stack_without_a_manifest_is_told(project):
    (project / "stack.yaml").write_text("services: {a: {command: x, port: 4010}}\n")
    assert "no port manifest" in run("-y")[2]
