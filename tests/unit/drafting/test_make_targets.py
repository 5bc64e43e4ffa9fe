"""The targets in a Makefile: make itself says what it reads."""

import subprocess

import pytest

from aura_stack.drafting.makefile import includes, with_targets
from aura_stack.errors import AuraError

ALL = ("up", "down", "restart", "status", "logs")
OWN = "all:\n\t@echo mine\n"


def make(folder, text, *words):
    (folder / "Makefile").write_text(text)
    done = subprocess.run(
        ["make", "--no-print-directory", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_make_takes_a_new_file(tmp_path):
    made = with_targets("")
    assert (made.targets, made.skipped) == (ALL, ())
    for name in ALL:
        code, output = make(tmp_path, made.text, "-n", name, "ARGS=x")
        assert code == 0
        assert f"aura-stack {name}" in output


@pytest.mark.parametrize(("code", "answer"), [(130, 0), (0, 0), (1, 2), (7, 2)])
def test_a_stop_by_ctrl_c_is_no_error_and_every_other_one_is(tmp_path, code, answer):
    program = tmp_path / "aura-stack"
    program.write_text(f"#!/bin/sh\necho ran $*\nexit {code}\n")
    program.chmod(0o755)
    text = with_targets("").text
    found, output = make(tmp_path, text, "up", "ARGS=backend", f"PATH={tmp_path}:/usr/bin:/bin")
    assert found == answer
    assert output.startswith("ran up backend\n")


def test_what_is_there_stays_and_comes_first(tmp_path):
    made = with_targets(OWN)
    assert made.text.startswith(OWN + "\n# >>> aura-stack")
    assert make(tmp_path, made.text) == (0, "mine\n")


def test_a_second_time_changes_nothing():
    for text in ("", OWN, OWN.rstrip("\n"), "up:\n\techo\n", "x: \\\n y\n"):
        once = with_targets(text).text
        assert with_targets(once).text == once


def test_the_block_is_replaced_where_it_stands():
    block = with_targets("").text
    old = block.replace("aura-stack down", "aura-stack old")
    text = f"A = 1\n\n{old}\nz:\n\techo\n"
    assert with_targets(text).text == f"A = 1\n\n{block}\nz:\n\techo\n"


def test_targets_that_are_there_are_left_alone(tmp_path):
    text = "A := 1\nB::=2\nup logs: all\n\t@echo own up\n%.o: %.c\nstatus::\n\techo\nall:\n"
    made = with_targets(text, included="down:\n\techo\n")
    assert (made.targets, made.skipped) == (("restart",), ("up", "down", "status", "logs"))
    assert make(tmp_path, made.text, "up") == (0, "own up\n")
    assert ".PHONY: restart\n" in made.text


def test_a_file_that_has_all_of_them_gets_nothing():
    text = "up down restart status logs:\n\techo\n"
    assert with_targets(text).text == text
    assert with_targets(with_targets("").text + text).text == text


def test_recipes_begin_with_what_the_file_says(tmp_path):
    text = ".RECIPEPREFIX = >\nall:\n> @echo mine\n"
    code, output = make(tmp_path, with_targets(text).text, "-n", "down")
    assert (code, output) == (0, "aura-stack down\n")


@pytest.mark.parametrize("part", [0, 1])
def test_half_a_block_is_an_error(part):
    lines = with_targets(OWN).text.splitlines(keepends=True)
    torn = "".join(lines[:-1] if part else [each for each in lines if not each.startswith("# >>>")])
    with pytest.raises(AuraError, match="is not whole"):
        with_targets(torn)


def test_files_that_are_included_by_name_are_known():
    assert includes("include a.mk b.mk # c\n-include d.mk\nsinclude e.mk\ninclude $(X) *.mk\n") == [
        "a.mk",
        "b.mk",
        "d.mk",
        "e.mk",
    ]
