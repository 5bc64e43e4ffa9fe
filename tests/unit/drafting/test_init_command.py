"""The command: what it prints, what it writes, what it refuses."""

import json
import os

import pytest
from click.testing import CliRunner
from imagined_folders import make, package

from aura_stack.cli.main import cli

TEXTS = {
    "backend/package.json": package(scripts={"start": "node server.js"}),
    "backend/server.js": "app.listen(process.env.PORT || 4010)",
    "web/package.json": package(scripts={"dev": "node web.js --port 4010"}),
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current directory, with two services in it."""
    monkeypatch.chdir(make(tmp_path, TEXTS))
    monkeypatch.delenv("AURA_FILE", raising=False)
    return tmp_path


def run(*args):
    return CliRunner().invoke(cli, args, catch_exceptions=False)


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_what_was_found_is_told_and_the_files_are_written(folder):
    result = run("init")
    assert result.stdout == (
        'backend  backend/package.json: "start": node server.js, port 4010 (backend/server.js:1)\n'
        'web      web/package.json: "dev": node web.js --port 4010, '
        'port 4011 instead of 4010 (web/package.json "dev")\n'
        "wrote config/ports.manifest.json, stack.yaml; aura-stack config check: ok; next: aura-stack up\n"
    )
    assert (
        result.stderr == 'note: web gets port 4011, since 4010 (web/package.json "dev") is that of backend\n'
    )
    assert result.exit_code == 0
    assert files(folder) == set(TEXTS) | {"stack.yaml", "config/ports.manifest.json"}
    checked = run("config", "check")
    assert (checked.exit_code, checked.stdout) == (0, "stack.yaml: ok, 2 services, 2 ports\n")


def test_quiet_prints_no_more_than_what_is_to_be_known():
    result = run("-q", "init")
    assert (result.exit_code, result.stdout) == (0, "")


@pytest.mark.parametrize("name", ["stack.yaml", "stack.yml", "aura-stack.yaml"])
def test_a_stack_file_that_is_there_is_not_replaced(folder, name):
    (folder / name).write_text("mine")
    result = run("init")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"error: {name} is there already\nhint: --force replaces it, --dry-run prints what would be written\n"
    )
    assert files(folder) == {*TEXTS, name}


def test_force_replaces_the_file_that_is_there(folder):
    (folder / "stack.yml").write_text("mine")
    assert "wrote config/ports.manifest.json, stack.yml;" in run("init", "--force").stdout
    assert not (folder / "stack.yaml").exists()
    assert run("init", "--force").stdout.splitlines()[-1].startswith("wrote stack.yml;")


def test_a_link_to_nowhere_is_a_file_that_is_there(folder):
    (folder / "stack.yaml").symlink_to("gone")
    assert run("init").exit_code == 1


@pytest.mark.parametrize("flag", ["--dry-run", "--stdout"])
def test_nothing_is_written_if_only_asked_for(folder, flag):
    (folder / "stack.yaml").write_text("mine")
    result = run("init", flag)
    assert result.exit_code == 0
    assert result.stdout.startswith('# config/ports.manifest.json\n{\n  "version": 1,\n')
    assert "\n}\n\n# stack.yaml\n# What `aura-stack up` runs here." in result.stdout
    assert result.stderr.startswith("backend  backend/package.json: ")
    assert files(folder) == {*TEXTS, "stack.yaml"}
    assert (folder / "stack.yaml").read_text() == "mine"


def test_machines_are_told_the_same(folder):
    data = json.loads(run("init", "--json", "--dry-run").stdout)
    assert set(data["files"]) == {"stack.yaml", "config/ports.manifest.json"}
    assert (data["stack_file"], data["written"], data["starter"]) == ("stack.yaml", [], False)
    assert [service["port"] for service in data["services"]] == [4010, 4011]
    result = run("init", "--json")
    written = json.loads(result.stdout)
    assert result.stderr == ""
    assert written["written"] == ["config/ports.manifest.json", "stack.yaml"]
    assert "files" not in written
    assert written["notes"] == ['web gets port 4011, since 4010 (web/package.json "dev") is that of backend']


def test_an_empty_folder_gets_an_example_that_works(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    result = run("init")
    assert result.exit_code == 0
    assert result.stdout == "wrote stack.yaml; aura-stack config check: ok; next: aura-stack up\n"
    assert result.stderr.startswith("note: nothing was found that could be run (looked for a Procfile, ")
    assert (
        "note: so stack.yaml has an example that works, to put a program of yours in its place\n"
        in result.stderr
    )
    assert run("config", "check").stdout == "stack.yaml: ok, 1 service, 0 ports\n"


@pytest.mark.parametrize("source", ["procfile", "Procfile", "pyproject"])
def test_where_nothing_is_found_that_was_asked_for_nothing_is_written(folder, source):
    result = run("init", "--from", source)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: nothing was found that could be run; looked for a ")
    assert files(folder) == set(TEXTS)


def test_the_file_can_be_named_and_lies_where_one_looks(folder):
    assert run("-f", "backend/dev.yaml", "init").exit_code == 0
    assert (folder / "backend/dev.yaml").exists()
    assert run("-f", "backend/dev.yaml", "config", "check").exit_code == 0
    assert run("-f", "backend/dev.yaml", "init").stderr.startswith("error: dev.yaml is there already")
    assert run("-f", "stack.json", "init").stderr.startswith(
        "error: a draft has comments, which JSON has not\n"
    )


def test_targets_are_added_and_a_second_time_changes_nothing(folder):
    (folder / "Makefile").write_bytes(b"include more.mk\n\ndown:\n\techo \xff\n")
    (folder / "more.mk").write_text("logs:\n\techo\n")
    first = run("init", "--makefile")
    assert "wrote config/ports.manifest.json, stack.yaml, Makefile;" in first.stdout
    assert "note: Makefile has down and logs already: these were left alone\n" in first.stderr
    text = (folder / "Makefile").read_bytes()
    assert text.startswith(b"include more.mk\n\ndown:\n\techo \xff\n\n# >>> aura-stack")
    assert b".PHONY: up restart status\n" in text
    second = run("init", "--makefile")
    assert second.exit_code == 0
    assert second.stdout == "nothing to write: all of it is there\n"
    assert "note: stack.yaml is there already and stays as it is; --force replaces it\n" in second.stderr
    assert (folder / "Makefile").read_bytes() == text


def test_the_file_that_make_reads_gets_the_targets(folder):
    (folder / "GNUmakefile").write_text("all:\n")
    (folder / "Makefile").write_text("all:\n")
    assert "wrote config/ports.manifest.json, stack.yaml, GNUmakefile;" in run("init", "--makefile").stdout


def test_a_folder_that_cannot_be_written_is_told(folder, monkeypatch):
    def refuse(path, *_args, **_options):
        if str(folder) in path:
            raise PermissionError(13, "Permission denied")
        return made(path, *_args, **_options)

    made = os.makedirs
    monkeypatch.setattr(os, "makedirs", refuse)
    result = run("init")
    assert (result.exit_code, result.stderr) == (
        1,
        "error: config/ports.manifest.json cannot be written: Permission denied\n",
    )


def test_control_characters_of_a_script_reach_no_terminal(folder):
    make(folder, {"backend/package.json": package(scripts={"start": "node s.js '\x1b[2J'"})})
    result = run("init")
    assert "\x1b" not in result.output
    assert "\x1b" not in (folder / "stack.yaml").read_text()
