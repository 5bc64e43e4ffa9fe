"""Faults planted in a copy of the house: what `make check` runs for the architecture turns red at each of them."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COPIED = ("aura_stack", "pyproject.toml")
CONTRACTS = "lint-imports --no-cache"
SENTENCE = '"""Something."""\n'

# a file, what is written at its end, and a word of the contract that notices
AGAINST_A_CONTRACT = {
    "an upward import": (
        "stack/graph.py",
        "from aura_stack.session import lock\n",
        "aura_stack.stack is not allowed to import aura_stack.session",
    ),
    "an import from the same stair": (
        "logs/store.py",
        "from aura_stack.supervision import tree\n",
        "aura_stack.logs is not allowed to import aura_stack.supervision",
    ),
    "a clock in a pure module": (
        "supervision/lifecycle.py",
        "import time\n",
        "aura_stack.supervision.lifecycle is not allowed to import time",
    ),
    "a clock behind a pure module": (
        "supervision/verdict.py",
        "from aura_stack.system import processes\n",
        "aura_stack.supervision.lifecycle is not allowed to import aura_stack.system",
    ),
    "a cycle inside a room": (
        "reading/words.py",
        "from . import suggest\n",
        "No cycles inside a room BROKEN",
    ),
    "a room that is not listed": ("utils/__init__.py", SENTENCE, "aura_stack.utils"),
}

# a file, what is written at its end, and the test of test_house that notices
AGAINST_A_RULE = {
    "a re-export in a room's __init__": (
        "supervision/__init__.py",
        "from .runner import Runner\n",
        "test_the_init_of_a_room_holds_one_sentence_and_nothing_else",
    ),
    "a module that does not say what it is for": (
        "logs/shelf.py",
        "SHELF = 1\n",
        "test_every_module_opens_with_a_sentence_that_says_what_it_is_for",
    ),
    "a module that is not on the map": (
        "logs/shelf.py",
        SENTENCE,
        "test_the_map_names_every_module_and_no_other",
    ),
    "a room that is not on the map": (
        "utils/__init__.py",
        SENTENCE,
        "test_every_room_is_on_the_map_and_in_the_contract_of_layers",
    ),
    "a room inside a room": (
        "logs/shelf/__init__.py",
        SENTENCE,
        "test_rooms_are_flat_and_every_folder_is_a_room",
    ),
    "a relative import across rooms": (
        "stack/find.py",
        "from ..system import files\n",
        "test_imports_across_rooms_are_absolute",
    ),
    "an absolute import inside a room": (
        "logs/store.py",
        "def read():\n    from aura_stack.logs import render\n",
        "test_imports_inside_a_room_are_relative",
    ),
}


@pytest.fixture
def house(tmp_path):
    """A tree of links to the modules, which `plant` replaces, beside links to the rest of the checkout."""
    for entry in ROOT.iterdir():
        if entry.name not in COPIED and not entry.name.startswith("."):
            (tmp_path / entry.name).symlink_to(entry)
    shutil.copytree(
        ROOT / "aura_stack",
        tmp_path / "aura_stack",
        ignore=shutil.ignore_patterns("__pycache__"),
        copy_function=os.symlink,
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def plant(house, file, text):
    path = house / "aura_stack" / file
    path.parent.mkdir(exist_ok=True)
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.unlink(missing_ok=True)  # it is a link to the module itself
    path.write_text(before + text, encoding="utf-8")


def contracts(house):
    """Run import-linter on the copy: whether all contracts are kept, and what it printed, on one line."""
    program, *words = CONTRACTS.split()
    ran = subprocess.run(
        [Path(sys.executable).with_name(program), *words],
        cwd=house,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode == 0, " ".join((ran.stdout + ran.stderr).split())


def rules(house):
    """The tests of test_house in the copy, which look at the copy."""
    spec = importlib.util.spec_from_file_location("house_of_the_copy", house / "tests/unit/test_house.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {name: test for name, test in vars(module).items() if name.startswith("test_")}


def test_make_check_runs_the_contracts_and_the_rules():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipes = dict(re.findall(r"^([a-z]+):.*\n((?:\t.*\n)+)", makefile, re.MULTILINE))
    assert recipes["check"] == "\t$(BESIDE) static units\n"
    assert f"@{CONTRACTS} " in recipes["static"]
    assert re.search(r"\$\(PYTEST\) .*tests/unit$", recipes["units"], re.MULTILINE)


def test_a_house_without_faults_is_green(house):
    kept, printed = contracts(house)
    assert kept, printed
    for rule in rules(house).values():
        rule()


@pytest.mark.parametrize("fault", AGAINST_A_CONTRACT)
def test_a_contract_notices(house, fault):
    file, text, words = AGAINST_A_CONTRACT[fault]
    plant(house, file, text)
    kept, printed = contracts(house)
    assert not kept
    assert words in printed


@pytest.mark.parametrize("fault", AGAINST_A_RULE)
def test_a_rule_notices(house, fault):
    file, text, rule = AGAINST_A_RULE[fault]
    plant(house, file, text)
    with pytest.raises(AssertionError):
        rules(house)[rule]()
