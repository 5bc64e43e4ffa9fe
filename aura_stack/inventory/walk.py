"""Walks through a project: its own files, without what git ignores, what was installed, and what lies elsewhere."""

import os
import stat
from collections.abc import Iterator
from typing import TYPE_CHECKING

from aura_stack.frozen import NamedTuple
from aura_stack.system.plain import opened

from .filekinds import NEVER_ENTERED, language_of, language_of_program
from .findings import CODE, Language

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

LARGEST = 1024 * 1024
"""Bytes; a larger file was not written by hand."""
_LARGEST_PROGRAM = 384 * 1024
"""Bytes; the tree of a program takes a hundred times as much."""
_LONGEST_LINE = 20_000
"""Bytes; a program with a longer line was made by another one."""
_IGNORE_FILE = ".gitignore"
_DEEPEST = 40
_FIRST_LINE = 64


class Read(NamedTuple):
    """A file that was read: its path from the project's folder, how it is read, and what it holds."""

    path: str
    language: Language
    data: bytes


class Passed(NamedTuple):
    """A file that was not read, and why."""

    path: str
    reason: str


class _Ignored(NamedTuple):
    """What one .gitignore says of the paths below its folder."""

    base: str
    spec: "GitIgnoreSpec"


def walk(directory: str) -> Iterator[Read | Passed]:
    """Every file of a project that is read, and those that would be, but for something that is told.

    Symbolic links are not followed, whether they lead out of the project or not: what they lead to is read where it
    lies.

    Args:
        directory: an absolute path.

    Raises:
        OSError: the folder itself cannot be read.
    """
    os.scandir(directory).close()
    yield from _folder(directory, "", _excluded(directory), 0)


def _folder(directory: str, folder: str, rules: tuple[_Ignored, ...], depth: int) -> Iterator[Read | Passed]:
    try:
        with os.scandir(os.path.join(directory, folder)) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        yield Passed(folder, f"cannot be read: {error.strerror}")
        return
    if any(entry.name == _IGNORE_FILE for entry in found):
        rules = (*rules, *_rules(os.path.join(directory, folder, _IGNORE_FILE), folder))
    for entry in found:
        path = f"{folder}/{entry.name}" if folder else entry.name
        if entry.is_dir(follow_symlinks=False):
            if depth < _DEEPEST and _is_entered(entry, path, rules):
                yield from _folder(directory, path, rules, depth + 1)
            continue
        language = language_of(path) or ("." not in entry.name and _interpreted(entry)) or None
        if language and entry.is_file(follow_symlinks=False) and not _is_ignored(path, rules):
            yield read(entry.path, path, language)


def _interpreted(entry: os.DirEntry[str]) -> Language | None:
    """How a file without an ending is read: by what its first line says that runs it."""
    if not entry.is_file(follow_symlinks=False):
        return None
    try:
        descriptor = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return language_of_program(os.read(descriptor, _FIRST_LINE))
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _is_entered(entry: os.DirEntry[str], path: str, rules: tuple[_Ignored, ...]) -> bool:
    """Whether a folder is the project's own: not installed, not built, not ignored, no environment of Python."""
    if entry.name in NEVER_ENTERED or _is_ignored(path + "/", rules):
        return False
    return not os.path.exists(os.path.join(entry.path, "pyvenv.cfg"))


def read(file: str, path: str, language: Language) -> Read | Passed:
    """One file, which is neither a link nor a pipe; arguments as for Read."""
    try:
        # not to be led away by a link that has taken the file's place, nor held up by a pipe
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return Passed(path, f"cannot be read: {error.strerror}")
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return Passed(path, "is no file")
        if status.st_size > LARGEST:
            return Passed(path, f"is larger than {LARGEST:,} bytes")
        with open(descriptor, "rb", closefd=False) as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        return Passed(path, f"cannot be read: {error.strerror}")
    finally:
        os.close(descriptor)
    reason = _unfit(data, language)
    return Passed(path, reason) if reason else Read(path, language, data)


def _unfit(data: bytes, language: Language) -> str:
    """Why a content is not looked at; "" if it is."""
    if b"\0" in data:
        return "is no text"
    if language in CODE and len(data) > _LARGEST_PROGRAM:
        return f"is larger than {_LARGEST_PROGRAM:,} bytes"
    if language in CODE and len(data) > _LONGEST_LINE and _longest_line(data) > _LONGEST_LINE:
        return "was made by a program (its lines are too long)"
    return ""


def _longest_line(data: bytes) -> int:
    return max(map(len, data.split(b"\n")))


def _excluded(directory: str) -> tuple[_Ignored, ...]:
    """What git ignores here without a .gitignore in the folder: `.git/info/exclude`, and .gitignore files above.

    Those above count up to the root of the repository.
    """
    found: list[_Ignored] = []
    above, steps = directory, []
    while not os.path.exists(os.path.join(above, ".git")):
        parent = os.path.dirname(above)
        if parent == above:
            return ()
        steps.append(os.path.basename(above))
        above = parent
    found += _rules(os.path.join(above, ".git", "info", "exclude"), "", tuple(reversed(steps)))
    here = above
    for place, step in enumerate(reversed(steps)):
        found += _rules(os.path.join(here, _IGNORE_FILE), "", tuple(reversed(steps))[place:])
        here = os.path.join(here, step)
    return tuple(found)


def _rules(file: str, base: str, prefix: tuple[str, ...] = ()) -> Iterator[_Ignored]:
    """The rules in a file; `prefix` are the folders between the file's and the project's."""
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - with the extra

    try:
        with opened(file) as stream:
            lines = stream.read(LARGEST).decode("utf-8", "replace").splitlines()
    except OSError:
        return
    try:
        spec = GitIgnoreSpec.from_lines(lines)
    except ValueError:  # a pattern that is none
        return
    if len(spec):
        yield _Ignored("/".join((*("..",) * bool(prefix), *prefix)) if prefix else base, spec)


def _is_ignored(path: str, rules: tuple[_Ignored, ...]) -> bool:
    """Whether git ignores a path: the innermost file that has a word on it decides (gitignore(5))."""
    for rule in reversed(rules):
        if rule.base.startswith("../"):
            asked = f"{rule.base[3:]}/{path}"
        elif rule.base:
            asked = path[len(rule.base) + 1 :]
        else:
            asked = path
        said = rule.spec.check_file(asked).include
        if said is not None:
            return said
    return False
