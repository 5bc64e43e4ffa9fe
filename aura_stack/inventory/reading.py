"""Reads every file of a project and gathers what is found in them."""

import posixpath
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from . import documents, lines, pythons, scripts, settings, syntax
from .filekinds import aside
from .findings import SCRIPTS, Confidence, Finding, Language
from .source import Source
from .walk import Passed, walk

_MODULE_ENDINGS = (
    "",
    ".js",
    ".ts",
    ".mjs",
    ".cjs",
    ".mts",
    ".tsx",
    ".jsx",
    ".json",
    "/index.js",
    "/index.ts",
)


_PACKAGE = "package.json"
_SURE = {Confidence.LISTENER: 0, Confidence.CLIENT: 1, Confidence.MENTION: 2}


class Found(NamedTuple):
    """What a project holds.

    Attributes:
        findings: in the order of the files.
        files: how many were read.
        passed: those that were not, and why.
        browser: programs that run in a browser, as far as it can be told.
    """

    findings: tuple[Finding, ...]
    files: int
    passed: tuple[Passed, ...]
    browser: frozenset[str]


class _Taken(NamedTuple):
    """A program that listens on a number of this name, which another file holds: one of these, if it can be told."""

    path: str
    name: str
    files: tuple[str, ...]


def look(directory: str, skipped: frozenset[str] = frozenset()) -> Found:
    """Everything that is said about ports in a project.

    Args:
        directory: an absolute path.
        skipped: paths from there that are not read.

    Raises:
        AuraError: the extra `scan` is not installed.
        OSError: the folder cannot be read.
    """
    syntax.require()
    findings: list[Finding] = []
    passed: list[Passed] = []
    taken: list[_Taken] = []
    browser: set[str] = set()
    packages: dict[str, bool] = {}  # by folder, whether it is made for a browser
    open_ones: list[str] = []  # programs that their package decides about
    count = 0
    for one in walk(directory):
        if isinstance(one, Passed):
            passed.append(one)
        elif one.path not in skipped:
            count += 1
            source = Source(one.path, one.data, one.language, aside(one.path))
            findings += in_source(source)
            taken += _taken(source)
            if one.path.endswith(_PACKAGE):
                packages[posixpath.dirname(one.path)] = scripts.bundles(one.data)
            if one.language in SCRIPTS and scripts.may_hold(one.data):
                if scripts.in_browser(source, bundled=False):
                    browser.add(one.path)
                elif scripts.in_browser(source, bundled=True):
                    open_ones.append(one.path)
    browser.update(path for path in open_ones if _is_bundled(path, packages))
    return Found(tuple(_promoted(findings, taken)), count, tuple(passed), frozenset(browser))


def _is_bundled(path: str, packages: Mapping[str, bool]) -> bool:
    """What the nearest package.json above a file says."""
    folder = posixpath.dirname(path)
    while folder and folder not in packages:
        folder = posixpath.dirname(folder)
    return packages.get(folder, False)


def in_source(source: Source) -> tuple[Finding, ...]:
    """What is found in one file, in its order; of two readings of one number, the surer one."""
    read = _READERS.get(source.language, settings.find)
    surest: dict[tuple[int, int], Finding] = {}
    for finding in read(source):
        known = surest.setdefault((finding.start, finding.end), finding)
        if _SURE[finding.confidence] < _SURE[known.confidence]:
            surest[finding.start, finding.end] = finding
    return tuple(sorted(surest.values(), key=lambda finding: finding.start))


def _scripts(source: Source) -> Iterator[Finding]:
    return scripts.find(source) if scripts.may_hold(source.data) else iter(())


def _pythons(source: Source) -> Iterator[Finding]:
    return pythons.find(source) if pythons.may_hold(source.data) else iter(())


_READERS: dict[Language, Callable[[Source], Iterator[Finding]]] = {
    Language.JAVASCRIPT: _scripts,
    Language.TYPESCRIPT: _scripts,
    Language.TSX: _scripts,
    Language.PYTHON: _pythons,
    Language.DOTENV: lines.find,
    Language.SHELL: lines.find,
    Language.MAKEFILE: lines.find,
    Language.PROCFILE: lines.find,
    Language.DOCKERFILE: lines.find,
    Language.NGINX: lines.find,
    Language.DOCUMENT: documents.find,
    Language.PAGE: documents.in_page,
}


def _taken(source: Source) -> Iterator[_Taken]:
    """What a program takes from another file, if it listens on that."""
    folder = posixpath.dirname(source.path)
    if source.language in SCRIPTS and b"listen" in source.data and scripts.may_hold(source.data):
        if found := scripts.unresolved(source):
            files = tuple(
                posixpath.normpath(posixpath.join(folder, _stem(module) + ending))
                for module in found.modules
                for ending in _MODULE_ENDINGS
            )
            yield _Taken(source.path, found.name, files)
    elif (
        source.language is Language.PYTHON
        and pythons.may_hold(source.data)
        and (name := pythons.unresolved(source))
    ):
        yield _Taken(source.path, name, ())


def _stem(module: str) -> str:
    """A module as it is imported, without `.js`: of TypeScript, it is a file that ends in `.ts`."""
    for ending in (".js", ".mjs", ".cjs"):
        if module.endswith(ending):
            return module.removesuffix(ending)
    return module


def _promoted(findings: list[Finding], taken: list[_Taken]) -> Iterator[Finding]:
    """A number that is said in one file, and listened on in another one of the same folder or below it."""
    for finding in findings:
        if finding.confidence is Confidence.MENTION and not finding.aside and not finding.weak:
            for one in taken:
                file = finding.place.file
                near = file in one.files or (not one.files and _beside(one.path, file))
                if near and finding.what.lower() == one.name.lower():
                    finding = finding._replace(confidence=Confidence.LISTENER, own=True)  # noqa: PLW2901 - the same one
                    break
        yield finding


def _beside(path: str, other: str) -> bool:
    """Whether a Python file stands in the folder of another one, or below it."""
    folder = posixpath.dirname(path)
    return other.endswith(".py") and (not folder or other.startswith(folder + "/"))
