"""Looks at a folder: reads what may say how its programs are run, within limits, and nothing that was installed."""

import os
import re
import stat
from collections.abc import Iterator

from aura_stack.reading.load import parse
from aura_stack.reading.tree import Table

from .compose import FILES as COMPOSE
from .procfile import FILES as PROCFILES
from .project import PYTHON, SCRIPTS, Path, Project, base, depth, folder_of, joined, upwards
from .tools import NODE

LARGEST = 512 * 1024
"""Bytes; a larger file was not written by hand."""
DEEPEST = 4
"""Folders below the one that is looked at."""
MOST_FOLDERS, MOST_FILES, MOST_ENTRIES, MOST_BYTES = 1000, 800, 50_000, 32 * 1024 * 1024
_LONGEST_LINE = 5000  # characters; a longer one was made by a program

_NEVER_ENTERED = frozenset(
    ("node_modules", "dist", "build", "out", "target", "vendor", "venv", "env", "coverage", "__pycache__",
     "bower_components", "test", "tests", "__tests__", "e2e", "fixtures", "docs", "tmp", "site-packages", "migrations")
)  # fmt: skip
_READ = frozenset(
    ("package.json", "pnpm-workspace.yaml", ".yarnrc.yml", "yarn.lock", "pyproject.toml", "requirements.txt",
     "manage.py", "tsconfig.json", ".env", *COMPOSE, *PROCFILES)
)  # fmt: skip
_TREES = frozenset(("package.json", "pnpm-workspace.yaml", *COMPOSE))
_PYTHONS = (".venv/bin/python", "venv/bin/python")
_ODD = re.compile(r"[\ud800-\udfff]|\$[${]")  # no text, or a reference if it stood in the stack file
_OUTGOING = "/proc/sys/net/ipv4/ip_local_port_range"
_USUAL_OUTGOING = range(32768, 61000)


def look(directory: str) -> Project:
    """Everything that says something about how programs in a folder are run.

    Args:
        directory: an absolute path.

    Raises:
        OSError: the folder itself cannot be read.
    """
    walk = _Walk(directory)
    walk.run()
    texts = dict(walk.texts())
    trees = dict(_trees(texts))
    return Project(
        name=os.path.basename(os.path.normpath(directory)),
        texts=texts,
        present=frozenset(walk.present),
        trees=trees,
        programs=dict(_programs(directory, texts)),
        cut=tuple(walk.cut),
    )


def outgoing() -> range:
    """The numbers that the kernel takes for outgoing connections (ip(7)); the usual ones where it does not say."""
    try:
        with open(_OUTGOING, "rb") as file:
            first, last = map(int, file.read(64).split())
    except (OSError, ValueError):
        return _USUAL_OUTGOING
    return range(first, last + 1)


class _Walk:
    """Goes down level by level, so that what is near is met before a limit is reached."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.present: set[Path] = set()
        self.cut: list[str] = []
        self._files: list[Path] = []

    def run(self) -> None:
        level = [""]
        folders = 0
        while level:
            below: list[Path] = []
            for folder in level:
                folders += 1
                if folders > MOST_FOLDERS or len(self.present) > MOST_ENTRIES:
                    self.cut.append(f"only the first {folders - 1} folders were looked at")
                    return
                below += self._folder(folder)
            level = below

    def _folder(self, folder: Path) -> list[Path]:
        """Note what a folder holds; the answer is where to go on."""
        below: list[Path] = []
        for name, is_folder in self._entries(folder):
            path = joined(folder, name)
            self.present.add(path)
            if not is_folder:
                if name in _READ or name.startswith("vite.config.") or name.endswith((*SCRIPTS, *PYTHON)):
                    self._files.append(path)
            elif name not in _NEVER_ENTERED and not name.startswith(".") and depth(path) <= DEEPEST:
                below.append(path)
        self.present.update(
            joined(folder, way)
            for way in _PYTHONS
            if os.path.exists(os.path.join(self.directory, folder, way))
        )
        return below

    def _entries(self, folder: Path) -> list[tuple[str, bool]]:
        try:
            with os.scandir(os.path.join(self.directory, folder)) as entries:
                found = [
                    (each.name, each.is_dir(follow_symlinks=False))
                    for each in entries
                    if not _ODD.search(each.name)
                ]
        except OSError:
            if not folder:
                raise
            return []  # not ours to look into, or gone
        return sorted(found)

    def texts(self) -> Iterator[tuple[Path, str]]:
        files = size = 0
        # what says how a program is run comes before the code of it
        for path in sorted(self._files, key=lambda path: (base(path) not in _READ, depth(folder_of(path)))):
            if files == MOST_FILES or size > MOST_BYTES:
                self.cut.append(f"only the first {files} files were read")
                return
            text = _text(os.path.join(self.directory, path))
            if text is not None:
                files, size = files + 1, size + len(text)
                yield path, text


def _text(path: str) -> str | None:
    """What a file holds; None for one that is too large, no file at all, or not written by hand."""
    try:
        # a pipe would keep us waiting for a writer
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except (OSError, ValueError):
        return None
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        data = file.read(LARGEST + 1)
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    by_hand = base(path) in _READ or max(map(len, text.split("\n"))) <= _LONGEST_LINE
    return text if len(data) <= LARGEST and by_hand else None


def _trees(texts: dict[Path, str]) -> Iterator[tuple[Path, Table]]:
    for path, text in texts.items():
        if base(path) in _TREES:
            root = parse(text.encode("utf-8", "replace"), path, as_json=path.endswith(".json")).root
            if isinstance(root, Table):
                yield path, root


def _programs(directory: str, texts: dict[Path, str]) -> Iterator[tuple[tuple[Path, str], str]]:
    """Where the known programs of npm packages begin that are installed for each package."""
    for path, text in texts.items():
        folder = folder_of(path)
        if base(path) not in ("package.json", *PROCFILES):
            continue
        for name, tool in NODE.items():
            file = _program(directory, folder, name, tool.package) if name in text else None
            if file:
                yield (folder, name), file


def _program(directory: str, folder: Path, name: str, package: str) -> str | None:
    for above, way in upwards(folder):
        modules = os.path.join(directory, above, "node_modules", package)
        text = _text(os.path.join(modules, "package.json"))
        root = parse(text.encode("utf-8", "replace"), "", as_json=True).root if text else None
        if isinstance(root, Table):
            word = root.table("bin").scalar(name) or root.scalar("bin")
            file = os.path.normpath(word.text) if word else ""
            if file and not file.startswith("..") and _is_for_node(os.path.join(modules, file)):
                return f"{way}node_modules/{package}/{file}"
            return None
    return None


def _is_for_node(path: str) -> bool:
    """Whether a file is a script for Node: by its first line, or by its name."""
    text = _text(path)
    if text is None:
        return False
    return "node" in text[:64] if text.startswith("#!") else path.endswith((".js", ".mjs", ".cjs"))
