"""The Makefile on machines that lack something: it says what, and how to get it."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def bare(tmp_path):
    """A folder with the Makefile, and a PATH with a few tools and an old Python."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "make", "rm", "sed", "touch", "cat"):
        (tools / name).symlink_to(shutil.which(name))
    old = tools / "python3"
    old.write_text("#!/bin/sh\n# says that it is not new enough\nexit 1\n")
    old.chmod(0o755)
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def make(folder, *words):
    env = {"PATH": str(folder / "bin"), "HOME": str(folder)}
    done = subprocess.run(
        ["make", *words], cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_a_missing_python_is_told_with_the_cure(bare):
    code, output = make(bare, "up")
    assert code == 2
    assert output.splitlines()[:2] == [
        "aura-stack needs Python 3.11 or later, and there is none on PATH.",
        "Debian, Ubuntu: sudo apt install python3 python3-venv; macOS: brew install python",
    ]


def test_a_python_without_venv_is_told_with_the_cure_and_leaves_no_half_environment(bare):
    broken = bare / "bin" / "python3"
    broken.write_text('#!/bin/sh\ncase "$1" in -c) exit 0 ;; -m) /bin/mkdir -p .venv/bin; exit 1 ;; esac\n')
    code, output = make(bare, "up")
    assert code == 2
    assert "sudo apt install python3-venv brings what is missing." in output
    assert not (bare / ".venv").exists()


def test_help_lists_every_target(bare):
    code, output = make(bare, "help")
    assert code == 0
    listed = [line.split()[1] for line in output.splitlines()]
    assert " ".join(listed) == "help up down restart status logs setup check test test-long soak docs clean"
