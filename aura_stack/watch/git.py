"""Whether git is changing files right now: a checkout, a merge, a stash are one save, however long they take."""

import os
import time
from collections.abc import Iterable
from contextlib import suppress

from aura_stack.system.plain import opened

PAUSE = 0.005  # seconds until it is worth asking again
_LONGEST = 5.0  # seconds for which a lock counts: `git commit -a` keeps it while its editor is open, a crash for ever
_AT_WORK = 1.0  # seconds since something was seen, for which one that is older counts as well: files are being changed
_ABANDONED = 600.0  # and then it is what a crash has left
_POINTER = b"gitdir: "


def locks(paths: Iterable[str]) -> tuple[str, ...]:
    """The lock files of the repositories that hold these paths; git keeps one while it changes files.

    Source: gitrepository-layout(5) and, for worktrees and submodules, gitfile in gitglossary(7).
    """
    found = dict.fromkeys(filter(None, (_directory(path) for path in paths)))
    return tuple(os.path.join(directory, "index.lock") for directory in found)


def is_busy(locks: Iterable[str], quiet: float) -> bool:
    """Whether one of the locks is there, and means that files are being changed.

    Args:
        locks: their paths.
        quiet: seconds since something happened to a file.
    """
    longest = _ABANDONED if quiet < _AT_WORK else _LONGEST
    for lock in locks:
        with suppress(OSError):
            if abs(time.time() - os.stat(lock).st_mtime) < longest:
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
    with suppress(OSError), opened(place) as file:  # a folder cannot be read: that is the usual case
        line = file.read(4096)
        if line.startswith(_POINTER):
            return os.path.join(folder, os.fsdecode(line.removeprefix(_POINTER).rstrip(b"\n")))
    return place
