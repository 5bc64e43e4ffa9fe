"""Where git keeps its locks, and when one of them counts."""

import os
import time

from aura_stack.watch import git


def test_the_lock_is_that_of_the_repository_around(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "a/b").mkdir(parents=True)
    lock = f"{tmp_path}/.git/index.lock"
    assert git.locks([f"{tmp_path}/a/b", f"{tmp_path}/a/none/x.js", str(tmp_path)]) == (lock,)
    assert git.locks(["/proc/self"]) == ()


def test_a_worktree_has_a_lock_of_its_own(tmp_path):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/.git").write_text("gitdir: /repo/.git/worktrees/tree\n")
    (tmp_path / "module").mkdir()
    (tmp_path / "module/.git").write_text("gitdir: ../.git/modules/module\n")
    assert git.locks([str(tmp_path / "tree")]) == ("/repo/.git/worktrees/tree/index.lock",)
    assert git.locks([str(tmp_path / "module")]) == (f"{tmp_path}/module/../.git/modules/module/index.lock",)


def test_git_is_busy_while_the_lock_is_there_unless_it_is_old(tmp_path):
    lock = tmp_path / "index.lock"
    assert not git.is_busy([str(lock)], 0.0)
    lock.touch()
    assert git.is_busy([str(tmp_path / "none"), str(lock)], 60.0)
    os.utime(lock, (time.time() - 6, time.time() - 6))
    assert not git.is_busy([str(lock)], 60.0)


def test_an_older_lock_counts_while_files_are_being_changed_until_it_is_what_a_crash_has_left(tmp_path):
    lock = tmp_path / "index.lock"
    lock.touch()
    os.utime(lock, (time.time() - 60, time.time() - 60))
    assert git.is_busy([str(lock)], 0.2)
    assert not git.is_busy([str(lock)], 1.1)
    os.utime(lock, (time.time() - 601, time.time() - 601))
    assert not git.is_busy([str(lock)], 0.2)
