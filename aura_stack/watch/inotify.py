"""The kernel's own word on changes in folders, inotify(7), asked by way of the C library."""

import ctypes
import os
import struct
from collections.abc import Iterator
from threading import Thread
from typing import Final

from aura_stack.frozen import NamedTuple

_HEAD = struct.Struct("iIII")  # struct inotify_event: wd, mask, cookie, len; the name follows
_READ = 64 * 1024  # bytes read at once


# What is asked for and told, from linux/inotify.h.
CLOSE_WRITE: Final = 0x8
MOVED_FROM: Final = 0x40
MOVED_TO: Final = 0x80
CREATE: Final = 0x100
DELETE: Final = 0x200
DELETE_SELF: Final = 0x400
MOVE_SELF: Final = 0x800
Q_OVERFLOW: Final = 0x4000
IGNORED: Final = 0x8000
ISDIR: Final = 0x4000_0000
_ONLYDIR: Final = 0x0100_0000
_EXCL_UNLINK: Final = 0x0400_0000  # nothing of files that have no name any more
_MASK_ADD: Final = 0x2000_0000

NAMES: Final = CREATE | DELETE | MOVED_FROM | MOVED_TO | DELETE_SELF | MOVE_SELF
"""What comes and goes in a folder."""
ALL: Final = NAMES | CLOSE_WRITE
"""That, and what is written to the files in it."""


class Event(NamedTuple):
    """Something that happened in the folder of a watch, or to it; `name` is "" for the folder itself."""

    watch: int
    mask: int
    name: str


class Inotify:
    """One inotify instance; a user has few of them (fs.inotify.max_user_instances), so one serves all.

    Raises:
        OSError: EMFILE, when there is none left.
    """

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._called(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))

    def fileno(self) -> int:
        """What becomes readable when there are events."""
        return self._descriptor

    def add(self, folder: str, mask: int) -> int:
        """Watch a folder, for this too if it is watched already; a link to one leads there.

        Returns:
            The number of the watch: that of the folder, whatever it is called.

        Raises:
            OSError: ENOSPC at the limit of watches of this user, ENOENT, ENOTDIR, EACCES and others of the path.
        """
        flags = mask | _ONLYDIR | _EXCL_UNLINK | _MASK_ADD
        return self._called(
            self._libc.inotify_add_watch(self._descriptor, os.fsencode(folder), flags), folder
        )

    def remove(self, watch: int) -> None:
        """Watch no more; nothing happens where the kernel has given up the watch itself."""
        self._libc.inotify_rm_watch(self._descriptor, watch)

    def read(self) -> list[Event]:
        """Some of the events that wait, in their order; none if none does."""
        try:
            return list(events(os.read(self._descriptor, _READ)))
        except BlockingIOError:
            return []

    def close(self) -> None:
        """Give it back, and all watches with it; nobody waits for the kernel, which takes 10 ms and more for that."""
        Thread(target=os.close, args=(self._descriptor,), name="closing inotify").start()

    def _called(self, result: int, path: str | None = None) -> int:
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), path)
        return result


def events(data: bytes) -> Iterator[Event]:
    """What the kernel hands over, read; names that are not UTF-8 keep their bytes (PEP 383)."""
    start = 0
    while start < len(data):
        watch, mask, _, length = _HEAD.unpack_from(data, start)
        start += _HEAD.size
        name = data[start : start + length].rstrip(b"\0")
        start += length
        yield Event(watch, mask, os.fsdecode(name))
