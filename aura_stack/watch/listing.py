"""What is in one folder."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress

from aura_stack.frozen import NamedTuple


class Status(NamedTuple):
    """What tells, without reading it, that a file is another one now; times in ns."""

    size: int
    mtime: int
    inode: int
    ctime: int


class Listing(NamedTuple):
    """Folders to look into, and everything that is no folder with its status."""

    folders: list[str]
    files: list[tuple[str, Status]]


def status(found: os.stat_result) -> Status:
    """The status of what stat(2) found."""
    return Status(found.st_size, found.st_mtime_ns, found.st_ino, found.st_ctime_ns)


def glance(path: str) -> os.stat_result:
    """What stat(2) says of a path, or of a link that leads nowhere.

    Raises:
        OSError: there is nothing.
    """
    try:
        return os.stat(path)
    except OSError:
        return os.lstat(path)


def listing(folder: str, enters: Callable[[str], bool]) -> Listing:
    """Look into a folder; one that is gone or not ours to read is empty. A link counts as a file.

    Args:
        folder: absolute.
        enters: whether a folder in it is to be looked into as well.
    """
    found = Listing([], [])
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):  # it went away while we looked
                if not entry.is_dir(follow_symlinks=False):
                    found.files.append((entry.path, status(entry.stat(follow_symlinks=False))))
                elif enters(entry.path):
                    found.folders.append(entry.path)
    return found


def everything(base: str, enters: Callable[[str], bool]) -> Iterator[tuple[str, Status]]:
    """Every file at or below a path, with its status; a path that is a link is followed."""
    if not os.path.isdir(base):
        with suppress(OSError):
            yield base, status(glance(base))
        return
    waiting = [base]
    while waiting:
        found = listing(waiting.pop(), enters)
        waiting += found.folders
        yield from found.files


def lead(path: str) -> str:
    """The nearest folder above a path that there is."""
    folder = os.path.dirname(path)
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    return folder
