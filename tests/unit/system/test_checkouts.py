"""In which working tree of git a folder stands; git itself is not needed to tell."""

import shutil
import subprocess

import pytest

from aura_stack.system.checkouts import Checkout, checkout


@pytest.fixture
def main(tmp_path):
    """A main working tree with a worktree linked to it, as git lays them out."""
    own = tmp_path / "main/.git/worktrees/feature"
    own.mkdir(parents=True)
    (own / "commondir").write_text("../..\n")
    (tmp_path / "linked/deep").mkdir(parents=True)
    (tmp_path / "linked/.git").write_text(f"gitdir: {own}\n")
    return tmp_path / "main"


def test_a_folder_in_no_checkout_has_none(tmp_path):
    assert checkout(str(tmp_path)) is None


def test_the_main_working_tree_is_linked_to_nothing(main):
    assert checkout(str(main)) == Checkout(str(main), "", str(main))


def test_a_linked_one_has_a_name_and_knows_the_main_one(main, tmp_path):
    for folder in ("linked", "linked/deep"):
        assert checkout(str(tmp_path / folder)) == Checkout(str(tmp_path / "linked"), "feature", str(main))


def test_a_relative_pointer_leads_from_the_checkout(main, tmp_path):
    (tmp_path / "linked/.git").write_text("gitdir: ../main/.git/worktrees/feature\n")
    assert checkout(str(tmp_path / "linked")).main == str(main)


def test_one_of_a_bare_repository_is_linked_to_that(tmp_path):
    own = tmp_path / "shop.git/worktrees/a"
    own.mkdir(parents=True)
    (own / "commondir").write_text("../..\n")
    (tmp_path / "a").mkdir()
    (tmp_path / "a/.git").write_text(f"gitdir: {own}\n")
    found = checkout(str(tmp_path / "a"))
    assert (found.linked, found.main) == ("a", str(tmp_path / "shop.git"))


def test_a_submodule_is_no_worktree(tmp_path):
    own = tmp_path / "main/.git/modules/lib"
    own.mkdir(parents=True)
    (tmp_path / "main/lib").mkdir()
    (tmp_path / "main/lib/.git").write_text(f"gitdir: {own}\n")
    assert checkout(str(tmp_path / "main/lib")).linked == ""


@pytest.mark.parametrize("text", ["", "nonsense", "gitdir: /nowhere/worktrees/x\n"])
def test_a_pointer_that_leads_nowhere_makes_no_worktree(tmp_path, text):
    (tmp_path / ".git").write_text(text)
    assert checkout(str(tmp_path)) == Checkout(str(tmp_path), "", str(tmp_path))


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
def test_git_itself_makes_them_so(tmp_path):
    def git(*words):
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", *who, "-C", str(tmp_path / "main"), *words], check=True, capture_output=True)

    (tmp_path / "main").mkdir()
    git("init")
    git("commit", "--allow-empty", "-m", "x")
    git("worktree", "add", "../a b", "-b", "topic")
    found = checkout(str(tmp_path / "a b"))
    assert (found.linked, found.main) == ("a-b", str(tmp_path / "main"))
