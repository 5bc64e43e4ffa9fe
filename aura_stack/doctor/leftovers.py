"""What dead stacks left in their runtime folders, and how it is taken away without hurting one that begins.

A lock file is never removed while its stack could be started: whoever waits for a file that has no name any more
gets a lock that keeps nobody out. So a folder is emptied down to its lock, with the lock held.
"""

import fcntl
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from aura_stack.errors import AuraError, ExitCode
from aura_stack.frozen import Frozen
from aura_stack.system import places, removal
from aura_stack.system.places import Runtime

from .census import Known
from .remains import left_by, living, read_note

_SETTLED = 60.0  # seconds after which a socket that refuses is not one that is just about to listen


class Removed(Frozen):
    """What was taken away: paths, and the bytes of the files."""

    paths: tuple[str, ...] = ()
    freed: int = 0

    def __add__(self, other: "Removed") -> "Removed":
        return Removed(self.paths + other.paths, self.freed + other.freed)


def removable(runtime: Runtime) -> list[str]:
    """What can be taken away of a stack that does not run: everything but its lock.

    While processes of it live on, its run.json stays too: that is what they are known by.
    """
    kept = {runtime.lock}
    if left_by(read_note(runtime.run)):
        kept.add(runtime.run)
    folders = dict.fromkeys((runtime.directory, *map(os.path.dirname, runtime.sockets)))
    inside = [os.path.join(folder, name) for folder in folders for name in _listing(folder)]
    return [path for path in dict.fromkeys((*inside, *runtime.sockets)) if path not in kept]


def strip(runtime: Runtime) -> Removed:
    """Take that away. The caller holds the lock.

    Raises:
        AuraError: something cannot be removed (exit code 8 where permission lacks).
    """
    paths = removable(runtime)
    freed = sum(_unlink(path) for path in paths)
    for folder in {os.path.dirname(path) for path in paths} - {runtime.directory}:
        with suppress(OSError):  # somebody else has put something there
            os.rmdir(folder)
    return Removed(tuple(paths), freed)


def remove(dead: Known) -> Removed:
    """Take away what a dead stack left; nothing if it has been started meanwhile, or processes of it live on.

    Where its stack file is gone nobody can start it, so the folder and the lock go as well.

    Raises:
        AuraError: as `strip`.
    """
    if dead.left:
        return Removed()
    with _locked(dead.runtime.lock) as ours:
        if not ours or living(read_note(dead.runtime.run)):
            return Removed()
        removed = strip(dead.runtime)
        if dead.note.file and not os.path.lexists(dead.note.file):
            freed = removal.remove(dead.runtime.directory)
            return removed + Removed((dead.runtime.directory,), freed)
    return removed


def strays(environ: Mapping[str, str]) -> list[str]:
    """Sockets at which nobody listens, of stacks whose runtime folders are not to be found."""
    return [path for path in places.strays(environ) if _is_deserted(path)]


def remove_stray(path: str) -> Removed:
    """Take away such a socket and its folder."""
    _unlink(path)
    with suppress(OSError):  # somebody else has put something there
        os.rmdir(os.path.dirname(path))
    return Removed((path,))


@contextmanager
def _locked(lock: str) -> Iterator[bool]:
    """Hold a lock; False if somebody else does. Nobody can start the stack meanwhile."""
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise AuraError(f"cannot open {lock}: {error.strerror}", "", ExitCode.NOT_PERMITTED) from error
    try:
        yield _take(descriptor)
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_deserted(path: str) -> bool:
    """Whether nobody listens, and nobody is just beginning to."""
    try:
        settled = time.time() - os.lstat(path).st_mtime > _SETTLED
    except OSError:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.setblocking(False)
        try:
            client.connect(path)
        except ConnectionRefusedError:
            return settled
        except OSError:
            return False
    return False


def _unlink(path: str) -> int:
    """Remove a file, or a folder that somebody has put there; the bytes that were in it."""
    try:
        if os.path.isdir(path) and not os.path.islink(path):
            return removal.remove(path)
        freed = os.lstat(path).st_size
        os.unlink(path)
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise AuraError(f"cannot remove {path}: {error.strerror}", "", ExitCode.NOT_PERMITTED) from error
    return freed


def _listing(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []
