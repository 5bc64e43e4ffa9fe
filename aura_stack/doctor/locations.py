"""Whether lock, socket and record have places that will do, and the checkout too."""

import os
import stat
from collections.abc import Iterator

from aura_stack.system import mounts
from aura_stack.system.places import SOCKET_LIMIT, is_ours

from .findings import Finding, note, ok, trouble
from .machine import ABSENT

_LARGE = 1 << 30  # bytes of a record that are worth a word


def check_file_systems(checkout: str, kind: str, runtime: str, runtime_kind: str) -> Iterator[Finding]:
    """Whether the file systems tell of saves, and hold a lock.

    Args:
        checkout: the folder of the stack file.
        kind: of the file system it is on, "" if it cannot be known.
        runtime: the folder for lock and socket.
        runtime_kind: likewise.
    """
    if not kind:
        yield ok("file system", ABSENT)
    elif mounts.written_elsewhere(kind):
        found = f"{checkout} is on {kind}: saves are polled, and every file is slow"
        yield note("file system", found, "move it to ~/, or to another disk of this machine")
    else:
        yield ok("file system", f"{checkout} is on {kind}")
    if mounts.written_elsewhere(runtime_kind):
        found = f"{runtime}, for lock and socket, is on {runtime_kind}: whether a lock holds there is for its server"
        yield note("file system", found, "set XDG_STATE_HOME to a folder on a disk of this machine")


def check_socket(path: str, runtime: str, login: str, *, usable: bool) -> Finding:
    """Where the socket is, and why there.

    Args:
        path: of the socket.
        runtime: the folder of the lock.
        login: XDG_RUNTIME_DIR, "" if it is not set.
        usable: whether that is an absolute path of a folder that is ours and that we may write to.
    """
    length = f"{len(path.encode('utf-8', 'surrogateescape'))} of {SOCKET_LIMIT} bytes"
    if login and not usable:
        found = f"XDG_RUNTIME_DIR is {login}, which is no folder that you own and may write to; so: {path}"
        return note(
            "socket", found, "unset XDG_RUNTIME_DIR, or log in as yourself instead of by su or sudo -E"
        )
    if not path.startswith(runtime + "/"):
        return ok("socket", f"{path}, as its path below {runtime} would be longer than {SOCKET_LIMIT} bytes")
    return ok("socket", f"{path}, {length}")


def check_folders(folders: tuple[str, ...], private: tuple[str, ...]) -> Iterator[Finding]:
    """Whether `up` can make what it needs there, and nobody else can get at what is private.

    Args:
        folders: that `up` makes where they are missing.
        private: those of them, or above them, that only we may enter.
    """
    faults = [fault for folder in private if (fault := _not_private(folder))]
    faults += [fault for folder in folders if (fault := _not_writable(folder))]
    yield from faults
    if not faults:
        yield ok("folders", "all are yours, or can be made")


def _not_private(folder: str) -> Finding | None:
    try:
        found = os.lstat(folder)
    except OSError:
        return None
    if not is_ours(folder):
        what = (
            "is no folder"
            if not stat.S_ISDIR(found.st_mode)
            else f"belongs to somebody else (user {found.st_uid})"
        )
        cure = f"look who made it, and remove it: ls -ld {folder}"
        return trouble("folders", f"{folder} {what}, so nothing of ours is put there and up is refused", cure)
    if found.st_mode & 0o077:
        mode = stat.S_IMODE(found.st_mode)
        return note(
            "folders",
            f"{folder} is open to others ({mode:04o}); the next up closes it",
            f"chmod 700 {folder}",
        )
    return None


def _not_writable(folder: str) -> Finding | None:
    """A folder that is there, or the nearest one above it that is, has to let us write."""
    there = folder
    while not os.path.lexists(there) and there != os.path.dirname(there):
        there = os.path.dirname(there)
    is_folder = os.path.isdir(there)
    if is_folder and os.access(there, os.W_OK | os.X_OK):
        return None
    fault = f"{there} is not writable" if is_folder else f"{there} is no folder"
    found = fault if there == folder else f"{folder} cannot be made: {fault}"
    return trouble("folders", found, f"look whose it is: ls -ld {there}")


def check_record(folder: str, size: int, shown: str) -> Finding:
    """How large the folder with logs, events and fingerprints has become; `shown` is its size in words."""
    if size > _LARGE:
        return note(
            "record",
            f"{folder} has {shown}: the last 128 MB of each stream of a service are kept",
            "aura-stack logs --clear, or aura-stack down and then aura-stack clean",
        )
    return ok("record", f"{folder} has {shown}" if size else f"{folder} has nothing in it yet")
