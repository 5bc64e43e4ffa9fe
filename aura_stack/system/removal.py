"""Removes a folder with all that is in it, and nothing else: no link is followed, no other file system is entered."""

import os
import stat
from collections.abc import Iterator

from aura_stack.errors import AuraError, ExitCode

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_TOLD = 3  # failures that are told; the others have the same cause


def size(path: str) -> int:
    """Bytes in a file, or in all the files of a folder, as `ls -l` counts them; 0 if there is none.

    Not the blocks they take: some file systems count those only when they have been written (btrfs, ZFS).
    """
    try:
        found = os.lstat(path)
        if not stat.S_ISDIR(found.st_mode):
            return _freed(found)
        return sum(size(os.path.join(path, name)) for name in os.listdir(path))
    except OSError:
        return 0


def remove(folder: str) -> int:
    """Remove a folder; the answer is how many bytes the files in it had.

    Every step goes by the descriptor of the folder it is in, so a folder that is exchanged for a link meanwhile
    leads nowhere else (openat(2), unlinkat(2)). What cannot be removed stays, and all the rest goes.

    Raises:
        AuraError: it is no folder, or something in it cannot be removed (exit code 8 where permission lacks).
    """
    above = os.open(os.path.dirname(os.path.abspath(folder)), _FOLDER & ~os.O_NOFOLLOW)
    try:
        found = os.lstat(folder)
        if not stat.S_ISDIR(found.st_mode):
            raise AuraError(f"{folder} is no folder, and is left alone", f"look at it: ls -ld {folder}")
        sweep = _Sweep(found.st_dev)
        sweep.remove(os.path.basename(folder), above, folder)
    finally:
        os.close(above)
    if sweep.failures:
        raise _refusal(sweep.failures)
    return sweep.freed


class _Sweep:
    """One removal.

    Args:
        device: the file system that is not left.
    """

    def __init__(self, device: int) -> None:
        self._device = device
        self.freed = 0
        self.failures: list[OSError] = []

    def remove(self, name: str, above: int, path: str) -> None:
        """Remove what is called `name` in the folder `above`; `path` is for messages."""
        try:
            found = os.lstat(name, dir_fd=above)
            if stat.S_ISDIR(found.st_mode):
                self._empty(found, name, above, path)
                os.rmdir(name, dir_fd=above)
            else:
                os.unlink(name, dir_fd=above)
                self.freed += _freed(found)
        except FileNotFoundError:
            pass  # somebody else was quicker
        except OSError as error:
            error.filename = path
            self.failures.append(error)

    def _empty(self, found: os.stat_result, name: str, above: int, path: str) -> None:
        if found.st_dev != self._device:
            return  # rmdir(2) will say that something is mounted there
        inside = os.open(name, _FOLDER, dir_fd=above)
        try:
            for each in os.listdir(inside):
                self.remove(each, inside, os.path.join(path, each))
        finally:
            os.close(inside)


def _freed(found: os.stat_result) -> int:
    """What goes when the file does: nothing while it has another name."""
    return found.st_size if stat.S_ISREG(found.st_mode) and found.st_nlink == 1 else 0


def _refusal(failures: list[OSError]) -> AuraError:
    """The first failures; the folders above them are not empty for that reason."""
    told = list(_first_causes(failures))
    lines = [f"cannot remove {error.filename}: {error.strerror}" for error in told[:_TOLD]]
    if len(told) > _TOLD:
        lines.append(f"and {len(told) - _TOLD} more")
    denied = any(isinstance(error, PermissionError) for error in told)
    hint = "they belong to another user, or to root: remove them as that user" if denied else ""
    return AuraError("\n".join(lines), hint, ExitCode.NOT_PERMITTED if denied else ExitCode.FAILED)


def _first_causes(failures: list[OSError]) -> Iterator[OSError]:
    told: list[str] = []
    for error in failures:
        if not any(path.startswith(f"{error.filename}{os.sep}") for path in told):
            told.append(str(error.filename))
            yield error
