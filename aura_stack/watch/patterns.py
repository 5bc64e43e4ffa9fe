"""Patterns of paths, held against names alone: what they cover, and which folders lead there.

A pattern is read part by part, as `system/globs` reads it from a disk: `*`, `?` and `[ab]` stand for characters
of one name, `**` for any number of folders, a part that is written like a name means that name too. What lies
below a thing that the pattern names is covered as well, since a folder stands for all that is in it.
"""

import posixpath
from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase

from aura_stack.frozen import NamedTuple

_ANY_DEPTH = "**"


class Pattern(NamedTuple):
    """An absolute folder or file in which no sign stands for others, and the parts that follow it."""

    base: str
    parts: tuple[str, ...]

    def covers(self, path: str, never: Collection[str] = ()) -> bool:
        """Whether the pattern names an absolute path, or a folder above it.

        Args:
            path: absolute and normal.
            never: names of folders that are entered only where the pattern spells them out.
        """
        return len(self.parts) in self._reached(path, never)

    def enters(self, folder: str, never: Collection[str] = ()) -> bool:
        """Whether there may be something below that folder which the pattern covers."""
        return bool(self._reached(folder, never))

    def _reached(self, path: str, never: Collection[str]) -> set[int]:
        """How many parts may have been used up on the way to the path: several counts where `**` leaves it open."""
        names = below(self.base, path)
        if names is None:
            return set()
        reached = self._skipping({0})
        for name in names:
            reached = self._skipping(self._next(reached, name, never))
        return reached

    def _next(self, reached: set[int], name: str, never: Collection[str]) -> set[int]:
        found = set()
        for count in reached:
            part = (
                self.parts[count] if count < len(self.parts) else _ANY_DEPTH
            )  # all that is below is covered
            if part == _ANY_DEPTH:
                if name not in never:
                    found.add(count)
            elif name == part or (name not in never and fnmatchcase(name, part)):
                found.add(count + 1)
        return found

    def _skipping(self, reached: set[int]) -> set[int]:
        """`**` stands for no folder, too."""
        for count in tuple(reached):
            end = count
            while end < len(self.parts) and self.parts[end] == _ANY_DEPTH:
                end += 1
                reached.add(end)
        return reached


def pattern(root: str, text: str) -> Pattern:
    """Read a pattern as it was written.

    Args:
        root: the absolute folder that it starts from, whose own name is no pattern.
        text: a path or pattern; an absolute one stands for itself.
    """
    parts = posixpath.normpath(text).split("/")
    plain = next((place for place, part in enumerate(parts) if has_pattern(part)), len(parts))
    base = posixpath.normpath(posixpath.join(root, "/".join(parts[:plain]) or ("/" if plain else "")))
    return Pattern(base, tuple(parts[plain:]))


def has_pattern(part: str) -> bool:
    """Whether any character in it stands for others."""
    return any(character in part for character in "*?[")


def below(folder: str, path: str) -> Sequence[str] | None:
    """The names on the way from a folder to a path; none at all for the folder itself, None for what is not in it."""
    if path == folder:
        return ()
    start = posixpath.join(folder, "")
    return path[len(start) :].split("/") if path.startswith(start) else None
