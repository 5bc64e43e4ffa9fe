"""How findings are printed, and what the shell is told of them."""

import json

import pytest
from click.testing import CliRunner

from aura_stack.cli.main import cli
from aura_stack.doctor import checkup
from aura_stack.doctor.findings import note, ok, trouble
from aura_stack.errors import ExitCode

FINE, ODD, BAD = ok("python", "3.12.1"), note("ports", "54112", "choose another"), trouble("node", "none")


@pytest.fixture
def found(monkeypatch, tmp_path):
    """Lets the checks find what a test says; answers what the command was asked about."""
    cases = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AURA_FILE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))

    def say(*findings):
        monkeypatch.setattr(checkup, "check", lambda case, _: cases.append(case) or iter(findings))
        return cases

    return say


def run(*args):
    return CliRunner().invoke(cli, args, catch_exceptions=False)


def test_findings_are_printed_with_their_cures(found):
    found(FINE, ODD, BAD)
    result = run("doctor")
    assert result.stdout == (
        "ok       python       3.12.1\n"
        "note     ports        54112\n"
        "                      cure: choose another\n"
        "trouble  node         none\n"
        "1 in trouble, 1 note\n"
    )
    assert (result.exit_code, result.stderr) == (ExitCode.FAILED, "")


@pytest.mark.parametrize(
    ("findings", "summary"),
    [((FINE,), "nothing is wrong"), ((ODD, ODD), "nothing is wrong, 2 notes"), ((), "nothing is wrong")],
)
def test_notes_alone_are_no_failure(found, findings, summary):
    found(*findings)
    result = run("doctor")
    assert result.stdout.splitlines()[-1] == summary
    assert result.exit_code == 0


def test_quiet_prints_what_is_not_well_alone(found):
    found(FINE, BAD)
    assert run("-q", "doctor").stdout == "trouble  node         none\n"
    found(FINE)
    assert run("-q", "doctor").output == ""


def test_json_is_one_document(found):
    found(FINE, BAD)
    result = run("doctor", "--json")
    assert json.loads(result.stdout) == [
        {"check": "python", "level": "ok", "found": "3.12.1", "cure": ""},
        {"check": "node", "level": "trouble", "found": "none", "cure": ""},
    ]
    assert (result.exit_code, result.stderr) == (ExitCode.FAILED, "")


def test_the_stack_file_is_the_nearest_one(found, tmp_path, monkeypatch):
    cases = found(FINE)
    (tmp_path / "src").mkdir()
    (tmp_path / "stack.yaml").write_text("")
    monkeypatch.chdir(tmp_path / "src")
    run("doctor")
    assert (cases[0].file, cases[0].absence, cases[0].fix) == (str(tmp_path / "stack.yaml"), None, False)


def test_without_a_stack_file_the_reason_is_handed_on(found):
    cases = found(FINE)
    run("doctor", "--fix")
    assert (cases[0].file, cases[0].asked_for, cases[0].fix) == ("", False, True)
    assert cases[0].absence.message.startswith("there is no stack.yaml")


@pytest.mark.parametrize("way", ["flag", "variable"])
def test_a_stack_file_that_was_named_is_asked_for(found, monkeypatch, way):
    cases = found(FINE)
    if way == "variable":
        monkeypatch.setenv("AURA_FILE", "nowhere.yaml")
    run(*(("-f", "nowhere.yaml") if way == "flag" else ()), "doctor")
    assert cases[0].asked_for
    assert "nowhere.yaml" in cases[0].absence.message
