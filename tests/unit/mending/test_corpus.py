"""The projects of the corpus: all that is planted is found and nothing else, and changes are as they should be."""

import subprocess
from pathlib import Path

import pytest
from corpus import corpus

from aura_stack.inventory.filekinds import language_of
from aura_stack.mending.planning import plan
from aura_stack.mending.proof import broken
from aura_stack.mending.writing import put

PAGE = Path(__file__).parents[3] / "docs/inventory.md"
pytestmark = pytest.mark.parametrize("name", corpus.PROJECTS)


@pytest.fixture
def project(name, tmp_path):
    return corpus.copy(name, tmp_path / name)


def golden(name, kind):
    return (corpus.GOLDEN / f"{name}.{kind}").read_bytes().decode().split("\n")[:-1]


def test_every_planted_port_is_found_and_nothing_else(name, project):
    there, seen = corpus.planted(name), corpus.found(corpus.look(project))
    assert seen == there


def test_the_page_says_how_many(name):
    (row,) = [row for row in corpus.table() if row[0] == name]
    assert f"| {' | '.join(map(str, row))} |" in PAGE.read_text(encoding="utf-8")


def test_findings_are_the_golden_ones(name, project):
    assert list(corpus.findings(corpus.look(project))) == golden(name, "findings")


def test_changes_are_the_golden_ones(name, project):
    text = "".join(f"{line}\n" for line in corpus.changes(corpus.look(project)))
    assert text.split("\n")[:-1] == golden(name, "diff")


def test_the_golden_diff_is_one_that_git_applies(name, project):
    patch = "".join(
        f"{line}\n" for line in corpus.changes(corpus.look(project)) if not line.startswith("left ")
    )
    for change in (changes := plan(corpus.look(project)).changes):
        assert f"--- a/{change.path}" in patch
    subprocess.run(["git", "apply", "-"], cwd=project, input=patch.encode(), check=True)
    assert {change.path: (project / change.path).read_bytes() for change in changes} == {
        change.path: change.new for change in changes
    }


def test_what_is_changed_reads_still_and_a_second_time_changes_nothing(name, project):
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    changes = plan(corpus.look(project)).changes
    put(str(project), changes)
    for change in changes:
        assert broken(language_of(change.path), change.path, change.old, change.new) == ""
    assert plan(corpus.look(project)).changes == ()
    touched = {str(path.relative_to(project)) for path, data in before.items() if path.read_bytes() != data}
    assert touched == {change.path for change in changes}
    assert not any(Path(path).parts[0] in {"vendor", "node_modules", "ignored", "tests"} for path in touched)
    assert not any(path.endswith((".test.js", "CHANGELOG.md", "Dockerfile")) for path in touched)


def test_lines_end_as_they_did(name, project):
    for change in plan(corpus.look(project)).changes:
        assert change.new.count(b"\r\n") == change.old.count(b"\r\n")
        assert change.new.endswith(b"\n") == change.old.endswith(b"\n")
        assert change.new.startswith(b"\xef\xbb\xbf") == change.old.startswith(b"\xef\xbb\xbf")


def test_afterwards_nothing_drifts(name, project):
    put(str(project), plan(corpus.look(project)).changes)
    drifting = [str(one.finding.place) for one in corpus.look(project).judged if one.verdict == "drift"]
    assert drifting == []
