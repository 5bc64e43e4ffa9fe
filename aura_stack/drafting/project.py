"""What a look at a folder brought, as data: texts by their paths, and what else is there."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from aura_stack.frozen import Frozen
from aura_stack.reading.tree import Table

SCRIPTS = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts")
"""How the names of files end that Node runs, or one of the tools that compile for it."""

PYTHON = (".py",)

_TEST = re.compile(
    r"(?:^|/)(?:test_[^/]*|[^/]*_test|conftest|setup|[^/]*\.(?:test|spec|config|stories|d))\.\w+$"
)

Path = str
"""Relative to the folder that was looked at, with `/`; "" is the folder itself."""


class Project(Frozen):
    """A folder and what is below it, as far as it was looked at.

    Attributes:
        name: of the folder.
        texts: the content of the files that were read, nearest ones first.
        present: every file and folder that was seen; `.venv/bin/python` too, where there is one.
        trees: those texts that are YAML or JSON and could be read as a mapping.
        programs: where a program of an npm package begins that is installed for a folder: (folder, program) to a
            file that Node runs, from that folder.
        cut: in words, what was left out because a limit was reached.
    """

    name: str
    texts: Mapping[Path, str]
    present: frozenset[Path] = frozenset()
    trees: Mapping[Path, Table] = MappingProxyType({})
    programs: Mapping[tuple[Path, str], str] = MappingProxyType({})
    cut: tuple[str, ...] = ()

    def has(self, folder: Path, name: str) -> bool:
        """Whether a folder has something of that name."""
        return joined(folder, name) in self.present

    def text(self, folder: Path, name: str) -> str:
        """What a file holds; "" if it is not there or was not read."""
        return self.texts.get(joined(folder, name), "")

    def tree(self, folder: Path, name: str) -> Table | None:
        """What a file holds as a mapping; None if it is not there or is none."""
        return self.trees.get(joined(folder, name))

    def folders_with(self, name: str, deepest: int) -> list[Path]:
        """The folders that have a file of that name and were read, at most so far down; nearest ones first."""
        found = (folder_of(path) for path in self.texts if base(path) == name)
        return [folder for folder in found if depth(folder) <= deepest]

    def sources(self, folder: Path, endings: tuple[str, ...]) -> list[Path]:
        """The source files of a program in a folder: no tests, and nothing of a program in a folder of its own."""
        programs = {folder_of(path) for path in self.texts if base(path) in _MARKERS}
        return [
            path
            for path in self.texts
            if path.endswith(endings)
            and is_below(path, folder)
            and not _TEST.search(path)
            and not _inner(path, folder, programs)
        ]


def _inner(path: Path, folder: Path, programs: set[Path]) -> bool:
    """Whether a file below a folder belongs to a program whose own folder lies in between."""
    return any(
        above != folder and above in programs
        for above, _ in upwards(folder_of(path))
        if is_below(above, folder)
    )


_MARKERS = ("package.json", "pyproject.toml", "requirements.txt", "manage.py")


def joined(folder: Path, name: str) -> Path:
    """The path of what a folder holds."""
    return f"{folder}/{name}" if folder else name


def folder_of(path: Path) -> Path:
    """The folder that holds it."""
    return path.rpartition("/")[0]


def base(path: Path) -> str:
    """Its own name."""
    return path.rpartition("/")[2]


def depth(folder: Path) -> int:
    """How many steps lead down to it."""
    return folder.count("/") + 1 if folder else 0


def is_below(path: Path, folder: Path) -> bool:
    """Whether a path lies in a folder, or is it."""
    return not folder or path == folder or path.startswith(f"{folder}/")


def inside(path: Path, folder: Path) -> str:
    """A path that lies in a folder, as it is called from there."""
    return path[len(folder) + 1 :] if folder else path


def upwards(folder: Path) -> Iterator[tuple[Path, str]]:
    """The folder and all above it, each with the way to it (`../`)."""
    way = ""
    while True:
        yield folder, way
        if not folder:
            return
        folder, way = folder_of(folder), f"../{way}"


def line_of(text: str, offset: int) -> int:
    """The number of the line in which a character stands, from 1."""
    return text.count("\n", 0, offset) + 1
