"""The rules of the house that no linter knows, read off the tree: docstrings, walls, the map."""

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

from syntax import tree

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "aura_stack"
MAP = ROOT / "docs/architecture.md"

ROOMS = sorted(init.parent.name for init in PACKAGE.glob("*/__init__.py"))
MODULES = sorted(PACKAGE.rglob("*.py"))

# `.aura/logs` and what else a running stack makes has no place in the tree
MADE = re.compile(r"\.aura/|\.venv\b|run\.json$|control\.sock$|events\.jsonl$")
PATH = re.compile(r"(?:\./)?[\w.-]+(?:/[\w.*-]+)+/?|[\w-]+\.(?:py|md|toml|yaml|json)|Makefile")
SENTENCE_INSIDE = re.compile(r"""[.!?]["')`]* +["'(`]?[A-Z]""")


def name(path):
    return str(path.relative_to(ROOT))


@cache
def parsed(path):
    return tree(path.read_text(encoding="utf-8"))


@cache
def contracts():
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {one["type"]: one for one in pyproject["tool"]["importlinter"]["contracts"]}


@cache
def the_map():
    """The block of the map, line by line; a line that is indented by two names a room or a module beside the rooms."""
    block = re.search(
        r"^```\naura_stack/\n(.*?)^```$", MAP.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    assert block, "docs/architecture.md has no map: a block of code that begins with aura_stack/"
    return block[1]


def modules_on_the_map():
    """Room → its modules, a starred one with its star; "" for the modules beside the rooms."""
    found = {"": []}
    room = ""
    for line in filter(None, the_map().splitlines()):
        first, *rest = line.split()
        if not line.startswith("   ") and first.endswith("/"):
            found[room := first.removesuffix("/")] = []
        elif not line.startswith("   "):
            found[""].append(first.removesuffix(".py"))
        else:
            found[room] += [first, *rest]
    return found


def stairs_of_the_map():
    """From the top, what stands on each stair: an empty line leads to the next one."""
    stairs = [re.findall(r"^  (\w+)(?:/|\.py)", stair, re.MULTILINE) for stair in the_map().split("\n\n")]
    return [sorted(stair) for stair in stairs if stair != ["__main__"]]


# --- docstrings ---


def one_sentence(text):
    """Whether a text is one sentence, with its full stop and on one line."""
    return text.endswith(".") and "\n" not in text and not SENTENCE_INSIDE.search(text)


def test_every_module_opens_with_a_sentence_that_says_what_it_is_for():
    openings = {name(path): (ast.get_docstring(parsed(path)) or "").split("\n\n")[0] for path in MODULES}
    wrong = {path: opening for path, opening in openings.items() if not one_sentence(opening)}
    assert not wrong, "a module's docstring opens with one sentence, on a line of its own"


def test_the_init_of_a_room_holds_one_sentence_and_nothing_else():
    wrong = []
    for path in PACKAGE.rglob("__init__.py"):
        whole = ast.get_docstring(parsed(path)) or ""
        if len(parsed(path).body) != 1 or not one_sentence(whole):
            wrong.append(name(path))
    assert not wrong, "no re-exports: they drag a whole room behind whoever imports one module of it"


# --- walls ---


def absolute_imports(tree):
    """Every module that may be meant: (line, dotted name)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def test_imports_inside_a_room_are_relative():
    wrong = [
        f"{name(path)}:{line}"
        for path in MODULES
        if path.parent.name in ROOMS
        for line, imported in absolute_imports(parsed(path))
        if f"{imported}.".startswith(f"aura_stack.{path.parent.name}.")
    ]
    assert not wrong


def test_imports_across_rooms_are_absolute():
    wrong = []
    for path in MODULES:
        farthest = (
            1 if path.parent.name in ROOMS else 0
        )  # one dot is the room itself; beside the rooms there is none
        relative = [
            node for node in ast.walk(parsed(path)) if isinstance(node, ast.ImportFrom) and node.level
        ]
        wrong += [f"{name(path)}:{node.lineno}" for node in relative if node.level > farthest]
    assert not wrong


def test_rooms_are_flat_and_every_folder_is_a_room():
    folders = {path.parent for path in MODULES} - {PACKAGE}
    assert {name(folder) for folder in folders} == {f"aura_stack/{room}" for room in ROOMS}


# --- the map ---


def test_every_room_is_on_the_map_and_in_the_contract_of_layers():
    layers = [name for stair in stairs_of_the_contract() for name in stair]
    beside = [path.stem for path in PACKAGE.glob("*.py") if path.stem not in {"__init__", "__main__"}]
    assert sorted(layers) == sorted(ROOMS + beside), "pyproject.toml: the contract of layers"
    assert sorted(set(modules_on_the_map()) - {""}) == ROOMS, "docs/architecture.md: the map"


def stairs_of_the_contract():
    layers = contracts()["layers"]["layers"]
    return [sorted(name.strip() for name in layer.split("|")) for layer in layers]


def test_the_stairs_of_the_map_are_those_of_the_contract():
    assert stairs_of_the_map() == stairs_of_the_contract()


def test_the_map_names_every_module_and_no_other():
    on_the_map = {
        f"{room}/{module.rstrip('*')}".lstrip("/")
        for room, modules in modules_on_the_map().items()
        for module in modules
    }
    there = {str(path.relative_to(PACKAGE).with_suffix("")) for path in MODULES if path.stem != "__init__"}
    assert on_the_map == there


def test_the_starred_modules_of_the_map_are_the_pure_ones_of_the_contract():
    starred = {
        f"aura_stack.{room}.{module.rstrip('*')}"
        for room, modules in modules_on_the_map().items()
        for module in modules
        if module.endswith("*")
    }
    assert starred == set(contracts()["forbidden"]["source_modules"])


def quoted_in(document):
    """Everything in `backquotes`, outside of blocks of code."""
    text = re.sub(r"^```.*?^```$", "", document.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"`([^`\n]+)`", text)


def test_every_path_that_the_architecture_names_exists():
    paths = [word for word in quoted_in(MAP) if PATH.fullmatch(word) and not MADE.search(word)]
    missing = [
        path
        for path in paths
        if not any((base / path).exists() for base in (ROOT, PACKAGE)) and not located(path)
    ]
    assert paths
    assert not missing


def test_every_function_that_the_architecture_names_exists():
    missing = [word for word in quoted_in(MAP) if located(word) is False]
    assert not missing


NAMED = re.compile(r"(\w+)/(\w+)((?:\.\w+)*)(?:\(\))?")


def located(word):
    """Whether `room/module.Class.function` is there; None for a word that is not of this form."""
    match = NAMED.fullmatch(word)
    if not match or match[1] not in ROOMS:
        return None
    path = PACKAGE / match[1] / f"{match[2]}.py"
    if match[3] == ".py":
        return path.exists()
    return path.exists() and defines(parsed(path), match[3].split(".")[1:])


def defines(tree, names):
    for wanted in names:
        found = [node for node in tree.body if wanted in bound_by(node)]
        if not found:
            return False
        tree = found[0]
    return True


def bound_by(node):
    """The names that a statement gives to something."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {target.id for target in targets if isinstance(target, ast.Name)}
