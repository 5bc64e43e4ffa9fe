"""Puts together what was found, by the choice of where to look."""

from collections.abc import Callable, Iterator, Mapping
from enum import Enum

from aura_stack.errors import InvalidDefinition, Place
from aura_stack.stack.versions import parse_constraint

from . import compose, composed, installs, packages, procfile, pythons
from .findings import Findings, Found
from .programs import is_python
from .project import Project, joined

_ANY = "*"
_NODE = ("node", "npm", "npx", "pnpm", "yarn")
_ASKED_FOR = ("npm", "npx", "pnpm", "yarn", "bun", "deno")


class Source(Enum):
    """Where to look."""

    DETECT = "detect"
    PROCFILE = "procfile"
    PACKAGE = "package.json"
    PYTHON = "pyproject"


LOOKED_FOR: Mapping[Source, str] = {
    Source.DETECT: (
        "a Procfile, a package.json with a script dev, start or serve, a manage.py, an application of FastAPI or "
        "Flask, a program that listens, or a compose file that builds something here"
    ),
    Source.PROCFILE: "a Procfile.dev or a Procfile with lines of the form NAME: COMMAND",
    Source.PACKAGE: "a package.json with a script dev, start or serve, or with a program that listens beside it",
    Source.PYTHON: "a manage.py, an application of FastAPI or Flask, or a Python program that listens",
}
"""What each search is for, in words."""


def find(project: Project, source: Source) -> Findings:
    """Everything that can be run.

    A Procfile says what a project runs, so nothing else is taken beside one unless it is asked for.
    """
    services: list[Found] = []
    notes: list[str] = []
    if source in (Source.DETECT, Source.PROCFILE):
        services, notes = procfile.find(project)
        if services and source is Source.DETECT:
            notes += _passed_over(project)
    if source is Source.PACKAGE or (source is Source.DETECT and not services):
        services, notes = packages.find(project)
    if source is Source.PYTHON or (source is Source.DETECT and not _from_procfile(services)):
        services = [*services, *pythons.find(project)]
    externals = compose.find(project)
    env_files: tuple[str, ...] = ()
    if source is Source.DETECT and not _from_procfile(services):
        taken = composed.take_over(project, services, externals)
        services, notes, env_files = list(taken.services), [*notes, *taken.notes], taken.env_files
    externals = externals if services else []
    return Findings(
        services=tuple(map(_apart(services), services)),
        externals=tuple(externals),
        requires=_requires(project, services),
        notes=(*notes, *project.cut),
        env_files=env_files,
    )


def _apart(services: list[Found]) -> Callable[[Found], Found]:
    """A save of the file that one program begins with, or of what lies in its folder, concerns no other."""
    entries, folders = {one.entry for one in services if one.entry}, {one.folder for one in services}

    def watching(one: Found) -> Found:
        others = (entries | folders) - {one.entry}
        return one.but(watch=tuple(path for path in one.watch if joined(one.folder, path) not in others))

    return watching


def _from_procfile(services: list[Found]) -> bool:
    return any(one.why.startswith(procfile.FILES) for one in services)


def _passed_over(project: Project) -> Iterator[str]:
    packages_there = project.folders_with("package.json", 2)
    if packages_there:
        files = ", ".join(joined(folder, "package.json") for folder in packages_there[:3])
        yield f"only the Procfile counts, not {files}; --from package.json takes those instead"


def _requires(project: Project, services: list[Found]) -> dict[str, str]:
    """The programs that services begin with, in the versions that their packages ask for."""
    asked: dict[str, list[str]] = {}
    for one in services:
        words = one.command if isinstance(one.command, tuple) else ()
        name = words[0] if words else ""
        if name in _NODE:
            asked.setdefault("node", []).append(installs.engines(project, one.folder))
        if name in _ASKED_FOR:
            asked.setdefault(name, [])
        elif is_python(name):
            asked.setdefault(name, []).append(pythons.required(project, one.folder))
    return {name: _versions(said) for name, said in asked.items()}


def _versions(said: list[str]) -> str:
    """What all of them ask for where they agree, else anything."""
    different = set(filter(None, said))
    if len(different) != 1:
        return _ANY
    word = different.pop()
    try:
        parse_constraint(word, Place("", 1, 1))
    except InvalidDefinition:  # the grammar of npm has more
        return _ANY
    return word
