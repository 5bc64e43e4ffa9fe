"""Reads every file of a project and gathers what is found in them."""

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

from aura_stack.frozen import NamedTuple

from . import documents, lines, pythons, scripts, settings, syntax
from .filekinds import aside
from .findings import MOST, SCRIPTS, Confidence, Finding, Language
from .source import Source
from .walk import Passed, Read, walk

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
    gathered = _Gathered()
    for one in walk(directory):
        if isinstance(one, Passed):
            gathered.passed.append(one)
        elif one.path not in skipped:
            gathered.add(one)
    return gathered.found()


class _Gathered:
    """What has been found so far."""

    def __init__(self) -> None:
        self.passed: list[Passed] = []
        self._findings: list[Finding] = []
        self._taken: list[_Taken] = []
        self._browser: set[str] = set()
        self._packages: dict[str, bool] = {}  # by folder, whether it is made for a browser
        self._undecided: list[str] = []  # programs that their package decides about
        self._count = 0

    def add(self, one: Read) -> None:
        """Read one more file."""
        self._count += 1
        if one.path.endswith(_PACKAGE):
            self._packages[posixpath.dirname(one.path)] = scripts.bundles(one.data)
        if not _may_hold(one.language, one.data):
            return
        source = Source(one.path, one.data, one.language, aside(one.path, one.data))
        findings, taken = _read(source)
        self._findings += findings
        self._taken += taken
        if findings and one.language in SCRIPTS:
            if scripts.in_browser(source, bundled=False):
                self._browser.add(one.path)
            elif scripts.in_browser(source, bundled=True):
                self._undecided.append(one.path)

    def found(self) -> Found:
        """All of it."""
        bundled = (path for path in self._undecided if _is_bundled(path, self._packages))
        findings = tuple(_promoted(self._findings, self._taken))
        return Found(findings, self._count, tuple(self.passed), frozenset((*self._browser, *bundled)))


def _is_bundled(path: str, packages: Mapping[str, bool]) -> bool:
    """What the nearest package.json above a file says."""
    folder = posixpath.dirname(path)
    while folder and folder not in packages:
        folder = posixpath.dirname(folder)
    return packages.get(folder, False)


def in_source(source: Source) -> tuple[Finding, ...]:
    """What is found in one file, in its order."""
    return _read(source)[0] if _may_hold(source.language, source.data) else ()


def _may_hold(language: Language, data: bytes) -> bool:
    if language in SCRIPTS:
        return scripts.may_hold(data)
    return language is not Language.PYTHON or pythons.may_hold(data)


def _read(source: Source) -> tuple[tuple[Finding, ...], tuple[_Taken, ...]]:
    """What is found in one file, and what a program in it takes from others."""
    if source.language in SCRIPTS:
        said = scripts.find(source)
        taken = _taken_by_script(source.path, said.unresolved) if said.unresolved else ()
        return _surest(said.findings), taken
    if source.language is Language.PYTHON:
        told = pythons.find(source)
        name = told.unresolved
        return _surest(told.findings), (_Taken(source.path, name, ()),) if name else ()
    return _surest(islice(_READERS.get(source.language, settings.find)(source), MOST)), ()


def _surest(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings in their order; of two readings of one number, the surer one."""
    surest: dict[tuple[int, int], Finding] = {}
    for finding in findings:
        known = surest.setdefault((finding.start, finding.end), finding)
        if _rank(finding) < _rank(known):
            surest[finding.start, finding.end] = finding
    return tuple(sorted(surest.values(), key=lambda finding: finding.start))


_READERS: dict[Language, Callable[[Source], Iterator[Finding]]] = {
    Language.DOTENV: lines.find,
    Language.SHELL: lines.find,
    Language.MAKEFILE: lines.find,
    Language.PROCFILE: lines.find,
    Language.DOCKERFILE: lines.find,
    Language.NGINX: lines.find,
    Language.DOCUMENT: documents.find,
    Language.PAGE: documents.in_page,
}


def _rank(finding: Finding) -> int:
    """The lower, the surer; that a debugger listens somewhere is certain."""
    return -1 if finding.aside == "debugger" else _SURE[finding.confidence]


def _taken_by_script(path: str, found: scripts.Unresolved) -> tuple[_Taken, ...]:
    """What a program takes from one of the files that it reads."""
    folder = posixpath.dirname(path)
    files = tuple(
        posixpath.normpath(posixpath.join(folder, _stem(module) + ending))
        for module in found.modules
        for ending in _MODULE_ENDINGS
    )
    return (_Taken(path, found.name, files),)


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
