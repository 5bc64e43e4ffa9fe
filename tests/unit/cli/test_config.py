import json
import os
import subprocess
import sys

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from aura_stack.cli.main import cli

STACK = """\
name: aura
ports: config/ports.json
services:
  gateway:
    command: [node, dist/main.js]
    port: ai-gateway
    env: {API_KEY: "${KEY}", AUTH: "Bearer ${KEY}", DB: "postgres://me:pw@localhost/x", QUOTE: "no"}
    handover: overlap
  backend:
    command: "node server.js --auth ${KEY}"
    port: backend-mvp
    env: {GATEWAY_URL: "${services.gateway.url}"}
    depends_on: [gateway]
  postgres: {external: true, port: postgresql, required: false}
"""
MANIFEST = """\
{"ports": {"ai-gateway": {"port": 4001}, "backend-mvp": {"port": 4010}}, "external": {"postgresql": {"port": 5432}}}
"""


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    """A good definition in the current directory."""
    (tmp_path / "config").mkdir()
    (tmp_path / "stack.yaml").write_text(STACK)
    (tmp_path / "config/ports.json").write_text(MANIFEST)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEY", "swordfish")
    monkeypatch.delenv("AURA_FILE", raising=False)
    return tmp_path


def run(*args):
    return CliRunner().invoke(cli, args, catch_exceptions=False)


def test_a_good_definition_is_summed_up_in_a_line():
    result = run("config", "check")
    assert result.stdout == "stack.yaml: ok, 2 services, 1 external, 3 ports\n"
    assert result.stderr == ""
    assert result.exit_code == 0


def test_more_is_said_of_what_a_definition_was_made_of():
    assert run("-v", "config", "check").stderr == (
        "note: ports are those of config/ports.json\nnote: taken from the environment: KEY\n"
    )


@pytest.mark.parametrize("args", [("config", "check", "-q"), ("-q", "config", "check")])
def test_quiet_says_nothing_of_a_good_definition(args):
    result = run(*args)
    assert (result.exit_code, result.output) == (0, "")


def test_quiet_still_tells_mistakes(project):
    (project / "stack.yaml").write_text("services: {}\n")
    result = run("-q", "config", "check")
    assert result.exit_code == 5
    assert result.stderr.startswith('stack.yaml:1:11: "services" is empty\n')


def test_the_definition_is_shown_resolved_and_its_secrets_masked(project):
    result = run("config", "show")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "swordfish" not in result.stdout
    assert result.stdout.startswith("name: aura\nservices:\n  gateway:\n    command:\n    - node\n")
    shown = yaml.safe_load(result.stdout)
    assert shown["services"]["gateway"]["env"] == {
        "API_KEY": "***",
        "AUTH": "Bearer ***",
        "DB": "postgres://me:***@localhost/x",
        "QUOTE": "no",
    }
    assert shown["services"]["backend"]["command"] == "node server.js --auth ***"
    assert shown["services"]["backend"]["env"] == {"GATEWAY_URL": "http://localhost:4001"}
    assert shown["services"]["backend"]["cwd"] == str(project)
    assert shown["services"]["postgres"] == {
        "external": True,
        "port": 5432,
        "ready": {"tcp": 5432, "timeout": "1m"},
        "required": False,
    }


@pytest.mark.parametrize("flags", [("--json",), ("--format", "json"), ("--format", "yaml")])
def test_every_format_says_the_same(flags):
    result = run("config", "show", *flags)
    reader = yaml.safe_load if flags[-1] == "yaml" else json.loads
    assert reader(result.stdout) == yaml.safe_load(run("config", "show").stdout)


def test_what_is_shown_is_a_good_stack_file(project):
    (project / "shown.yaml").write_text(run("config", "show").stdout)
    (project / "shown.json").write_text(run("config", "show", "--json").stdout)
    for name in ("shown.yaml", "shown.json"):
        assert run("-f", name, "config", "check").stdout == f"{name}: ok, 2 services, 1 external, 3 ports\n"
        assert run("-f", name, "config", "show").stdout == run("config", "show").stdout


def test_text_that_looks_like_something_else_is_quoted(project):
    (project / "stack.yaml").write_text(
        "services: {a: {command: x, env: {A: '0o17', B: '1e3', C: 'a: b'}}}\n"
    )
    assert "A: '0o17'\n      B: '1e3'\n      C: 'a: b'\n" in run("config", "show").stdout


def test_the_schema_is_json_and_accepts_the_example():
    result = run("config", "schema")
    jsonschema.Draft202012Validator(json.loads(result.stdout)).validate(yaml.safe_load(STACK))


def test_the_path_is_printed(project, monkeypatch):
    (project / "src").mkdir()
    monkeypatch.chdir(project / "src")
    assert run("config", "path").stdout == f"{project}/stack.yaml\n"


def test_the_directory_can_be_given(project, monkeypatch):
    monkeypatch.chdir(project.parent)
    assert run("-C", project.name, "config", "check").stdout.startswith("stack.yaml: ok")


def test_an_unknown_command_of_the_group_gets_a_guess():
    result = run("config", "shwo")
    assert result.exit_code == 2
    assert 'there is no command "shwo" (did you mean "show"?)' in result.stderr


def test_the_installed_command_says_the_same(project):
    (project / "stack.yaml").write_text("services:\n  a: {command: x, cwd: nix}\n")
    done = subprocess.run(
        [sys.executable, "-m", "aura_stack", "config", "check"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == (
        'stack.yaml:2:24: there is no folder "nix"\n'
        "    2 |   a: {command: x, cwd: nix}\n"
        "      |                        ^\n"
    )
    assert (done.returncode, done.stdout) == (5, "")
