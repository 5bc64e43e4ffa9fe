"""Finds what a pattern such as `src/**/*.ts` names below a directory, or a path that has no pattern in it.

`*` and `?` stand for characters of one name, `[ab]` for one of them, `**` for any number of directories. A
dot at the front of a name is nothing special. A part that exists as it is written means itself too, so a file
called `[id].tsx` can be named. Symbolic links are found, and `**` does not go through them.
"""

import os
from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase

NEVER_ENTERED = frozenset({"node_modules", ".git", ".aura", "__pycache__"})
"""Directories that no pattern enters by itself: what is in them was made from something else."""


def expand(root: str, pattern: str, skip: Collection[str] = ()) -> Iterator[str]:
    """The paths the pattern names, relative to `root`, each once and in no order of meaning.

    Args:
        root: the directory that the pattern starts from.
        pattern: parts between slashes; an absolute one gives absolute paths.
        skip: paths, as they would be given, that no pattern enters or names.
    """
    parts = os.path.normpath(pattern).split("/")
    found: set[str] = set()
    for path in _expand(root, "/" if parts[0] == "" else "", [part for part in parts if part], skip):
        if path not in found:
            found.add(path)
            yield path or "."


def _expand(root: str, base: str, parts: list[str], skip: Collection[str]) -> Iterator[str]:
    if not parts:
        yield base
    elif parts[0] == "**":
        yield from _any_depth(root, base, parts, skip)
    else:
        yield from _one_name(root, base, parts, skip)


def _one_name(root: str, base: str, parts: list[str], skip: Collection[str]) -> Iterator[str]:
    part, rest = parts[0], parts[1:]
    literal = os.path.join(base, part)
    if os.path.lexists(os.path.join(root, literal)):
        yield from _expand(root, literal, rest, skip)
    if has_pattern(part):
        for name in _names(root, base, skip):
            if fnmatchcase(name, part):
                yield from _expand(root, os.path.join(base, name), rest, skip)


def _any_depth(root: str, base: str, parts: list[str], skip: Collection[str]) -> Iterator[str]:
    rest = parts[1:]
    if not rest:  # `src/**` is all of src, which is what the directory itself stands for
        if _is_directory(root, base):
            yield base
        return
    yield from _expand(root, base, rest, skip)
    for name in _names(root, base, skip):
        below = os.path.join(base, name)
        if _is_directory(root, below):
            yield from _expand(root, below, parts, skip)


def has_pattern(path: str) -> bool:
    """Whether any character in it stands for others."""
    return any(character in path for character in "*?[")


def _names(root: str, base: str, skip: Collection[str]) -> list[str]:
    try:
        names = os.listdir(os.path.join(root, base))
    except (OSError, ValueError):  # no directory, gone, not ours to read, or no name at all
        return []
    return [name for name in names if name not in NEVER_ENTERED and os.path.join(base, name) not in skip]


def _is_directory(root: str, path: str) -> bool:
    full = os.path.join(root, path)
    return os.path.isdir(full) and not os.path.islink(full)
