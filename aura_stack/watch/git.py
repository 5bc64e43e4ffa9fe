"""Whether git is changing files right now: a checkout, a merge, a stash are one save, however long they take."""

import os
import time
from collections.abc import Iterable
from contextlib import suppress

PAUSE = 0.005  # seconds until it is worth asking again
_LONGEST = 5.0  # seconds for which a lock counts: `git commit -a` keeps it while its editor is open, a crash for ever
_POINTER = b"gitdir: "


def locks(paths: Iterable[str]) -> tuple[str, ...]:
    """The lock files of the repositories that hold these paths; git keeps one while it changes files.

    Source: gitrepository-layout(5) and, for worktrees and submodules, gitfile in gitglossary(7).
    """
    found = dict.fromkeys(filter(None, (_directory(path) for path in paths)))
    return tuple(os.path.join(directory, "index.lock") for directory in found)


def is_busy(locks: Iterable[str]) -> bool:
    """Whether one of the locks is there, and was taken a moment ago."""
    for lock in locks:
        with suppress(OSError):
            if abs(time.time() - os.stat(lock).st_mtime) < _LONGEST:
                return True
    return False


def _directory(path: str) -> str | None:
    """Where the repository that holds the path keeps its index."""
    folder, above = path, os.path.dirname(path)
    while not os.path.lexists(os.path.join(folder, ".git")):
        if folder == above:
            return None
        folder, above = above, os.path.dirname(above)
    place = os.path.join(folder, ".git")
    with suppress(OSError), open(place, "rb") as file:  # a folder cannot be read: that is the usual case
        line = file.read(4096)
        if line.startswith(_POINTER):
            return os.path.join(folder, os.fsdecode(line.removeprefix(_POINTER).rstrip(b"\n")))
    return place
