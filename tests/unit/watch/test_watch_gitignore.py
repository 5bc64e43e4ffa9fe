"""What git leaves out, compared with what git itself says of the same files."""

import itertools
import subprocess

import pytest

from aura_stack.watch.gitignore import GitIgnore, IgnoreFiles
from aura_stack.watch.interest import Interest
from aura_stack.watch.rules import Rules

PATTERNS = {
    ".gitignore": "# built\n\n/dist/\n*.log\n!keep.log\nbuild/*\n!build/kept\ndoc/**/*.txt\ntrailing \n[bad\n\\#a\n!\n",
    "src/.gitignore": "!*.log\n/only-here\nlocal.*\n",
    ".git/info/exclude": "private\n",
}
FOLDERS = [
    "",
    "dist/",
    "src/",
    "src/dist/",
    "build/",
    "build/kept/",
    "doc/a/b/",
    "private/",
    "src/only-here/",
]
NAMES = ["a.js", "x.log", "keep.log", "local.env", "a.txt", "#a", "trailing", "only-here", "kept"]


@pytest.fixture
def repository(tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    for folder in FOLDERS:
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    for folder, name in itertools.product(FOLDERS, NAMES):
        if not (tmp_path / folder / name).exists():
            (tmp_path / folder / name).write_text("x")
    for file, text in PATTERNS.items():
        (tmp_path / file).write_text(text)
    (tmp_path / "config/git").mkdir(parents=True)
    (tmp_path / "config/git/ignore").write_text("users.txt\n")
    return tmp_path


@pytest.fixture
def git(repository):
    return GitIgnore({"XDG_CONFIG_HOME": str(repository / "config"), "HOME": str(repository)})


def test_it_is_what_git_says(repository, git):
    paths = [path for path in repository.rglob("*") if ".git" not in path.parts]
    given = "\0".join(str(path) for path in paths)
    env = {"XDG_CONFIG_HOME": str(repository / "config"), "HOME": "/nonexistent", "PATH": "/usr/bin:/bin"}
    said = subprocess.run(
        ["git", "check-ignore", "-z", "--stdin"],
        input=given,
        text=True,
        cwd=repository,
        env=env,
        capture_output=True,
        check=True,
    )
    by_git = set(said.stdout.split("\0")) - {""}
    base = str(repository)
    ours = {str(path) for path in paths if git.leaves_out(base, str(path), path.is_dir())}
    assert ours == by_git
    assert 20 < len(by_git) < len(paths) - 20


def test_what_is_asked_for_by_its_name_counts_with_all_below_it(repository, git):
    dist = str(repository / "dist")
    assert git.leaves_out(str(repository), f"{dist}/a.js", False)
    assert not git.leaves_out(dist, f"{dist}/a.js", False)
    assert not git.leaves_out(f"{dist}/x.log", f"{dist}/x.log", False)
    assert git.leaves_out(str(repository / "build"), f"{repository}/build/a.js", False)


def test_outside_of_a_repository_what_stands_below_the_base_counts_and_nothing_above_it(tmp_path):
    (tmp_path / "web").mkdir()
    (tmp_path / ".gitignore").write_text("*.js\n")
    (tmp_path / "web/.gitignore").write_text("*.css\n")
    git = GitIgnore({"HOME": str(tmp_path)})
    base = str(tmp_path / "web")
    assert not git.leaves_out(base, f"{base}/a.js", False)
    assert git.leaves_out(base, f"{base}/a.css", False)


def test_files_of_patterns_are_asked_for_from_the_base_up_to_the_repository(repository, git):
    interest = Interest("web", str(repository / "src"), (".",), gitignore=True)
    rules = Rules(interest, frozenset(), git.leaves_out)
    files = IgnoreFiles([rules], git)
    assert files.bases == (f"{repository}/.gitignore",)
    assert files.covers(f"{repository}/.gitignore")
    assert files.covers(f"{repository}/src/deep/.gitignore")
    assert not files.covers(f"{repository}/src/only-here/.gitignore")
    assert not files.covers(f"{repository}/other/.gitignore")
    assert not files.covers(f"{repository}/src/a.js")
    assert not rules.covers(f"{repository}/src/.gitignore")
    assert rules.covers(f"{repository}/src/a.js")
    assert not rules.covers(f"{repository}/src/local.env")
