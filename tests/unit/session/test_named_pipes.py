"""A named pipe where a file is expected is told, and not waited for, whoever it is that reads."""

import os
import signal

import pytest
from click.testing import CliRunner

from aura_stack.cli.main import cli
from aura_stack.drafting.drafts import MANIFEST, with_targets
from aura_stack.errors import AuraError
from aura_stack.session.definition import digest
from aura_stack.system.checkouts import Checkout, checkout
from aura_stack.watch.git import locks
from aura_stack.watch.gitignore import GitIgnore

WHAT = "this is a named pipe, not a file"
HINT = "put what it would say into a file, and name that"
TOLD = f"1:1: {WHAT} ({HINT})"
MANIFEST_TOLD = f"stack.yaml:1:8: the port manifest {{}} cannot be read: {WHAT} ({HINT})"

# What stands in stack.yaml, the name that is a pipe, the words before `config check`, and what that says.
ROWS = {
    "a stack file": (
        "",
        "other.yaml",
        ["-f", "other.yaml"],
        f"error: the stack file other.yaml cannot be read: {WHAT}",
    ),
    "a Procfile": ("", "Procfile.dev", ["-f", "Procfile.dev"], f"Procfile.dev:{TOLD}"),
    "a manifest": (
        "ports: ports.json\nservices: {a: {command: x, port: web}}\n",
        "ports.json",
        [],
        MANIFEST_TOLD.format("ports.json"),
    ),
    "a manifest in YAML": (
        "ports: ports.yaml\nservices: {a: {command: x, port: web}}\n",
        "ports.yaml",
        [],
        MANIFEST_TOLD.format("ports.yaml"),
    ),
    "a file of variables": ("env_file: .env\nservices: {a: {command: x}}\n", ".env", [], f".env:{TOLD}"),
    "one of a service": ("services: {a: {command: x, env_file: a.env}}\n", "a.env", [], f"a.env:{TOLD}"),
    "one that need not be": (
        "env_file: [{path: b.env, required: false}]\nservices: {a: {command: x}}\n",
        "b.env",
        [],
        f"b.env:{TOLD}",
    ),
    "one of the command line": (
        "services: {a: {command: x}}\n",
        "c.env",
        ["--env-file", "c.env"],
        f"c.env:{TOLD}",
    ),
}


def _waited(*_):
    raise AssertionError("it waits for a writer")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Whoever opens a pipe there waits no longer than it takes to see that."""
    for name in ("AURA_FILE", "AURA_ENV_FILE", "AURA_DISABLE_DOTENV", "OVERMIND_ENV"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    before = signal.signal(signal.SIGALRM, _waited)
    signal.alarm(10)
    yield tmp_path
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_definition_that_names_a_pipe_is_refused(row, project):
    text, name, words, told = row
    (project / "stack.yaml").write_text(text or "services: {a: {command: x}}\n")
    os.mkfifo(project / name)
    checked = CliRunner().invoke(cli, [*words, "config", "check"])
    assert told in checked.stderr.splitlines()
    assert checked.exit_code == 5


def test_a_pipe_that_has_taken_the_place_of_a_file_of_a_running_stack_is_an_empty_one_to_it(project):
    (project / "stack.yaml").touch()
    empty = digest([str(project / "stack.yaml")])
    (project / "stack.yaml").unlink()
    os.mkfifo(project / "stack.yaml")
    assert digest([str(project / "stack.yaml")]) == empty


def test_what_git_would_read_is_not_waited_for(project):
    os.mkfifo(project / ".git")
    os.mkfifo(project / ".gitignore")
    assert checkout(str(project)) == Checkout(str(project), "", str(project))
    assert locks([str(project)]) == (str(project / ".git" / "index.lock"),)
    assert not GitIgnore({}).leaves_out(str(project), str(project / "a"), False)


def test_neither_are_a_makefile_and_a_manifest_that_a_draft_would_go_on_with(project):
    os.mkfifo(project / "Makefile")
    with pytest.raises(AuraError, match="Makefile cannot be read: this is a named pipe, not a file"):
        with_targets(str(project))
    (project / "config").mkdir()
    os.mkfifo(project / MANIFEST)
    (project / "package.json").write_text('{"scripts": {"dev": "vite --port 4000"}}')
    drafted = CliRunner().invoke(cli, ["init"])
    assert f"the port manifest {MANIFEST} cannot be read: {WHAT} ({HINT})" in drafted.stderr
    assert not (project / "stack.yaml").exists()


@pytest.mark.parametrize("words", [["--env-file", "/dev/fd/0"], ["-f", "/dev/stdin"]])
def test_a_stack_that_is_to_run_on_is_not_made_of_what_can_be_read_once(words, project):
    (project / "stack.yaml").write_text("services: {a: {command: x}}\n")
    up = CliRunner().invoke(cli, [*words, "up", "-d"])
    assert f"error: {words[1]} can be read once, and a stack that runs reads its files again" in up.stderr
    assert up.exit_code == 5
    assert os.listdir(project) == ["stack.yaml"]
