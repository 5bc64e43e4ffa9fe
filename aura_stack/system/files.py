"""Writes a file so that a reader sees the old content or the new one, and never a part of either."""

import errno
import os
import stat
from contextlib import suppress

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


def rewrite(path: str, data: bytes) -> None:
    """Put `data` in the place of what a file of somebody's holds; permissions and, for root, owner and group stay.

    Raises:
        OSError: as `replace`; also where the file itself may not be written, though its directory may.
    """
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    replace(path, data, like=os.stat(path))


def replace(
    path: str, data: bytes, mode: int = 0o644, *, fsync: bool = False, like: os.stat_result | None = None
) -> None:
    """Put `data` in place of whatever `path` holds, in one step (rename(2)).

    A symbolic link stays a link: the file it points to is replaced. Nothing is left behind on failure.

    Args:
        path: a file in a directory that exists.
        data: the whole new content.
        mode: permission bits of the new file, less the umask.
        fsync: whether to return only once content and name would survive a loss of power.
        like: whose permissions and owner it gets instead, as far as we may give them.

    Raises:
        OSError: the directory is missing or not writable, or the disk is full.
    """
    target = os.path.realpath(path)
    directory, name = os.path.split(target)
    # A name may have 255 bytes; cutting the visible part leaves room for the suffix.
    temporary = os.path.join(directory, f".{name[:60]}.{os.getpid()}-{os.urandom(4).hex()}.tmp")
    descriptor = os.open(temporary, _NEW_FILE, 0o600 if like else mode)
    try:
        try:
            if like:
                _liken(descriptor, like)
            _write(descriptor, data)
            if fsync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(temporary, target)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    if fsync:
        _sync_directory(directory)


def _liken(descriptor: int, other: os.stat_result) -> None:
    with suppress(PermissionError):  # another's file: only root gives files away
        os.fchown(descriptor, other.st_uid, other.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(other.st_mode))


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_directory(directory: str) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
