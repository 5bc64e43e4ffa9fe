"""Opens for reading what somebody's words call a file, so that nothing but a disk can keep us waiting.

Opening a named pipe waits for somebody who writes, reading a terminal for somebody who types, and opening a device can
set it off. Whoever does so in the engine would hold up all services.
"""

import errno
import os
import stat
from collections.abc import Iterable
from typing import BinaryIO

from aura_stack.errors import AuraError, ExitCode

_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}
_HANDED = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")


class NotAFileError(OSError):
    """What bears the name is no file; `words` say what it is, `hint` what to do."""

    def __init__(self, mode: int, path: str) -> None:
        kind = stat.S_IFMT(mode)
        self.words = f"this is {_KINDS.get(kind, 'something else')}, not a file"
        super().__init__(errno.EINVAL, self.words, path)
        self.hint = "" if kind == stat.S_IFDIR else "put what it would say into a file, and name that"


def opened(path: str) -> BinaryIO:
    """Open a file, `/dev/null`, or a descriptor that we were handed.

    Raises:
        NotAFileError: it is something else.
        OSError: as open(2).
    """
    if handed(path):
        return open(path, "rb")  # whoever writes <(command) waits for the command
    _require_file(os.stat(path), path)
    descriptor = os.open(path, _FLAGS)
    try:
        _require_file(os.fstat(descriptor), path)  # the name may have become another's meanwhile
        return open(descriptor, "rb")
    except OSError:
        os.close(descriptor)
        raise


def handed(path: str) -> bool:
    """Whether this names a descriptor of ours, as `<(command)` of a shell does: it can be read once, and by us."""
    return path.startswith(_HANDED)


def require_kept(paths: Iterable[str]) -> None:
    """Refuse what can be read once: an engine reads its files again, and has none of our descriptors.

    Raises:
        AuraError: one of these is a descriptor of ours (exit code 5).
    """
    for path in paths:
        if handed(path):
            words = f"{path} can be read once, and a stack that runs reads its files again"
            hint = "put what it says into a file, and name that"
            raise AuraError(words, hint, ExitCode.INVALID)


def _require_file(found: os.stat_result, path: str) -> None:
    if stat.S_ISREG(found.st_mode):
        return
    if stat.S_ISCHR(found.st_mode) and found.st_rdev == os.stat(os.devnull).st_rdev:
        return
    raise NotAFileError(found.st_mode, path)
