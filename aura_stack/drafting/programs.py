"""Recognises the program in the words of a command: how it is executed directly, and the code it runs."""

import posixpath

from aura_stack.frozen import NamedTuple

from .project import PYTHON, SCRIPTS, Path, Project, base, joined
from .tools import NODE, PROGRAMS, Tool

_PYTHONS = ("python", "python3")
_RUNTIMES = ("node", "bun", "deno")
_MODULE = "-m"
_RUN_CODE = {"tsx", "ts-node", "ts-node-dev", "tsnd", "nodemon"}
_SOURCE_FOR_BUILT = {"nest": ("src/main.ts", "src/main.js")}


class Program(NamedTuple):
    """A program and the words it is called with.

    Attributes:
        name: what it is called.
        words: all words of a direct execution, as plain text; the words it was called with if there is no such.
        direct: whether executing `words` does what the command does.
        tool: what is known of it, if anything is.
        rest: the words behind its name.
        entry: the source file it begins with, as far as it was read.
    """

    name: str
    words: tuple[str, ...]
    direct: bool
    tool: Tool | None = None
    rest: tuple[str, ...] = ()
    entry: Path | None = None


def identify(project: Project, folder: Path, words: tuple[str, ...], *, on_path: bool) -> Program:
    """Say what a command executes.

    Args:
        project: where its files are looked up.
        folder: where it runs.
        words: of the command.
        on_path: whether every program is looked for on PATH alone; the script of a package may mean one in
            node_modules/.bin, which is not there.
    """
    called = words[1:] if base(words[0]) == "npx" and len(words) > 1 else words
    name = base(called[0])
    if name in NODE and called[0] in (name, f"node_modules/.bin/{name}", f"./node_modules/.bin/{name}"):
        return _of_package(project, folder, words, called, on_path=on_path)
    if name in _RUNTIMES:
        entry = _entry(project, folder, called[1:], SCRIPTS)
        return Program(name, called, direct=True, tool=PROGRAMS[name], rest=called[1:], entry=entry)
    if is_python(name):
        return _of_python(project, folder, called)
    direct = on_path or (words is called and name in PROGRAMS)
    return Program(
        name, words, direct, PROGRAMS.get(name), called[1:], _entry(project, folder, called[1:], PYTHON)
    )


def is_python(name: str) -> bool:
    """Whether a program of that name is Python: `python`, `python3`, `python3.12`."""
    return name in _PYTHONS or (name.startswith("python3.") and name[8:].isdigit())


def _of_package(
    project: Project, folder: Path, words: tuple[str, ...], called: tuple[str, ...], *, on_path: bool
) -> Program:
    name, rest = base(called[0]), called[1:]
    file = project.programs.get((folder, name))
    wanted = rest if name in _RUN_CODE else _SOURCE_FOR_BUILT.get(name, ())
    entry = _entry(project, folder, wanted, SCRIPTS)
    # what nodemon is told to execute, or needs for TypeScript, it looks for in node_modules/.bin
    by_itself = name != "nodemon" or (entry is not None and entry.endswith("js") and "--exec" not in rest)
    if file is None or not by_itself:
        return Program(name, words, on_path, tool=NODE[name], rest=rest, entry=entry)
    return Program(name, ("node", file, *rest), direct=True, tool=NODE[name], rest=rest, entry=entry)


def _of_python(project: Project, folder: Path, words: tuple[str, ...]) -> Program:
    rest = tuple(word for word in words[1:] if word not in ("-u", "-B"))
    if rest[:1] == (_MODULE,) and len(rest) > 1:
        module = rest[1]
        return Program(module, words, direct=True, tool=PROGRAMS.get(module), rest=rest[2:])
    entry = _entry(project, folder, rest, PYTHON)
    known = base(rest[0]) if rest else ""
    if known == "manage.py":
        return Program(known, words, direct=True, tool=PROGRAMS[known], rest=rest[1:])
    return Program("python", words, direct=True, rest=rest, entry=entry)


def _entry(project: Project, folder: Path, words: tuple[str, ...], endings: tuple[str, ...]) -> Path | None:
    """The first word that names a source file that was read, as it stands or as the runtime completes it."""
    for word in words:
        if word.startswith("-") or not word:
            continue
        path = posixpath.normpath(joined(folder, word))
        path = "" if path == "." else path
        for candidate in (
            path,
            *(f"{path}{end}" for end in endings),
            *(joined(path, f"index{end}") for end in endings),
        ):
            if candidate.endswith(endings) and candidate in project.texts:
                return candidate
    return None
