"""What files hold, in words that are the same exactly when the content is."""

import os
import stat
from collections.abc import Iterator

from aura_stack.system.fingerprint import content

from .listing import Status, glance, status
from .settle import EMPTY, MISSING

LARGEST = 16 << 20  # bytes of a file that is read; of a larger one the status has to do
_UNREAD = "unread"


class Contents:
    """What is known of many files, by folder and by name; what is not known of is missing."""

    def __init__(self) -> None:
        self._folders: dict[str, dict[str, str]] = {}

    def __getitem__(self, path: str) -> str:
        folder, name = os.path.split(path)
        return self._folders.get(folder, {}).get(name, MISSING)

    def __setitem__(self, path: str, word: str) -> None:
        folder, name = os.path.split(path)
        names = self._folders.setdefault(folder, {})
        names[name] = word
        if word == MISSING:
            del names[name]
            if not names:
                del self._folders[folder]

    def __iter__(self) -> Iterator[str]:
        """The files that are there."""
        for folder, names in self._folders.items():
            yield from (os.path.join(folder, name) for name in names)

    def inside(self, folder: str) -> list[str]:
        """The files in a folder, and not deeper."""
        return [os.path.join(folder, name) for name in self._folders.get(folder, ())]

    def unread(self) -> list[tuple[str, str]]:
        """The files of which nothing but the status is known, with their words."""
        return [
            (os.path.join(folder, name), word)
            for folder, names in self._folders.items()
            for name, word in names.items()
            if word.startswith(_UNREAD)
        ]


def unread(found: Status | None = None) -> str:
    """The word for a file whose status is known, or not even that: then anything else is another content."""
    return f"{_UNREAD} {found.size} {found.mtime} {found.inode} {found.ctime}" if found else _UNREAD


def look(path: str, known: str = "", *, through: bool = False) -> str:
    """What a file holds now.

    Args:
        path: absolute.
        known: an earlier word; a file of which nothing but the status was known is not read if it has that still.
        through: whether, of a link, what it leads to counts as well.
    """
    try:
        found = glance(path) if through else os.lstat(path)
    except OSError:
        return MISSING
    if stat.S_ISDIR(found.st_mode):
        return MISSING  # it holds files, and nothing else
    word = unread(status(found))
    if word == known:
        return known
    if through and os.path.islink(path):
        return f"{content(path)} {look(os.path.realpath(path))}"
    if stat.S_ISREG(found.st_mode) and not 0 < found.st_size <= LARGEST:
        return f"large {word}" if found.st_size else EMPTY
    return content(path)


def learn(path: str, word: str, *, through: bool = False) -> str:
    """What a file holds of which the status was known; the same word if it was written since."""
    found = look(path, through=through)
    return found if look(path, word, through=through) == word else word


def is_heavy(path: str, limit: int) -> bool:
    """Whether a file has more bytes than that."""
    try:
        return limit < os.lstat(path).st_size <= LARGEST
    except OSError:
        return False
