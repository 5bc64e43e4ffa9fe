"""Finds how a program for Node is started where no script says so: what listens, or the tool that is set up."""

import posixpath
import re
from collections.abc import Iterator

from aura_stack.frozen import NamedTuple
from aura_stack.reading.tree import Scalar

from . import shell
from .commands import scan
from .project import SCRIPTS, Path, Project, base, depth, folder_of, inside, joined
from .scripts import script

_STEMS = ("server", "index", "app", "main")
_BY_NODE = (".js", ".mjs", ".cjs")
_TOOLS = {"vite": (("vite",), ("vite",)), "next": (("next",), ("next", "dev"))}
_OUT = re.compile(r'"outDir"\s*:\s*"(?:\./)?([\w./-]+)"')


class Start(NamedTuple):
    """A line that starts it, what speaks for that, and what else may be meant."""

    line: shell.Line
    why: str
    hints: tuple[str, ...] = ()


def start(project: Project, folder: Path) -> Start | None:
    """How the program of a package is started: by its `main`, the file that listens, or its tool."""
    return _listening(project, folder) or _tool(project, folder) or _built(project, folder)


def loose(project: Project) -> Iterator[tuple[Path, str, Start]]:
    """Programs that listen in folders without a package.json: folder, name, and how each is started."""
    packages = set(project.folders_with("package.json", 4))
    for path in project.texts:
        folder = folder_of(path)
        if not path.endswith(_BY_NODE) or depth(folder) > 1 or {folder, ""} & packages:
            continue
        if path in project.sources(folder, SCRIPTS) and scan(project, path):
            name = base(path).partition(".")[0]
            made = Start(shell.Line(("node", base(path))), f"{path} listens")
            yield folder, base(folder) if folder and name in _STEMS else name, made


def _listening(project: Project, folder: Path) -> Start | None:
    paths = [path for path in _sorted(project, folder) if path.endswith(_BY_NODE) and scan(project, path)]
    if not paths:
        return None
    main = _main(project, folder)
    path = main if main in paths else paths[0]
    word = inside(path, folder)
    others = [inside(other, folder) for other in paths if other != path]
    hints = (f"also listening: {', '.join(others)}",) if others else ()
    said = f'"main": {word}' if path == main else f"{word} listens"
    return Start(shell.Line(("node", word)), said, hints)


def _main(project: Project, folder: Path) -> Path:
    tree = project.tree(folder, "package.json")
    node = tree.get("main") if tree else None
    return posixpath.normpath(joined(folder, node.text)) if isinstance(node, Scalar) else ""


def _tool(project: Project, folder: Path) -> Start | None:
    for name, (packages, words) in _TOOLS.items():
        configured = any(
            folder_of(path) == folder and base(path).startswith(f"{name}.config.") for path in project.present
        )
        tree = project.tree(folder, "package.json")
        kinds = ("dependencies", "devDependencies")
        depends = tree is not None and any(packages[0] in tree.table(kind).entries for kind in kinds)
        if configured and depends:
            return Start(shell.Line(words), f"{name} is set up")
    return None


def _built(project: Project, folder: Path) -> Start | None:
    """A program in TypeScript that a script builds: what it becomes is run."""
    out = _OUT.search(project.text(folder, "tsconfig.json"))
    if out is None or not script(project, folder, "build"):
        return None
    for path in _sorted(project, folder):
        if path.endswith("ts") and scan(project, path):
            word = inside(path, folder)
            target = posixpath.join(out[1], re.sub(r"ts$", "js", word.removeprefix("src/")))
            return Start(shell.Line(("node", target)), f"{word} listens, built by its script")
    return None


def _sorted(project: Project, folder: Path) -> list[Path]:
    """Source files in the order in which one would look for the one that starts."""

    def rank(path: Path) -> tuple[int, int, str]:
        stem = base(path).partition(".")[0]
        return path.count("/"), _STEMS.index(stem) if stem in _STEMS else len(_STEMS), path

    return sorted(project.sources(folder, SCRIPTS), key=rank)
