"""Moving many bytes at little cost: from a pipe into a file, and without giving memory back in between."""

import errno
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache, cached_property
from typing import cast

BUFFERS = (
    16 << 20
)  # bytes that may stay with us once they were used; malloc refuses more than 32 MiB for the second
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
_UNABLE = {errno.EINVAL, errno.ENOSYS, errno.EPERM}  # of a file system or a sandbox


@cache
def keep_memory() -> None:
    """Have malloc(3) keep what is freed for the next buffer, where it would give it back to the kernel at once.

    It gives back every block that is large and every free end of the heap, and each page of the next buffer is then
    a fault and is cleared first: half the work, where buffers of 64 KiB come and go (mallopt(3); glibc only).
    """
    if sys.platform != "linux":
        return
    from ctypes import CDLL  # noqa: PLC0415 - 1.5 ms and 0.3 MB, for those who call this alone

    mallopt = getattr(CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(_M_TRIM_THRESHOLD, BUFFERS)
        mallopt(_M_MMAP_THRESHOLD, BUFFERS)


def widen(pipe: int, size: int) -> None:
    """Have a pipe hold so many bytes, where the system allows it: who floods it is woken less often then.

    A pipe of Linux holds 64 KiB, and may hold 1 MiB (fcntl(2), F_SETPIPE_SZ; pipe(7), pipe-max-size).
    """
    if sys.platform == "linux":
        from fcntl import F_SETPIPE_SZ, fcntl  # noqa: PLC0415 - for floods alone

        with suppress(OSError):  # not allowed, or all pipes of this user hold too much already
            fcntl(pipe, F_SETPIPE_SZ, size)


class Haystack:
    """Bytes in a buffer of one size, in which texts are looked for with memmem(3) where the system has it.

    Args:
        data: the buffer, which nobody makes shorter or longer from here on.
    """

    def __init__(self, data: bytearray) -> None:
        self.data = data

    @cached_property
    def find(self) -> Callable[[bytes, int, int], int]:
        """Tells where a text stands next, all of it between two places; -1 for nowhere."""
        memmem = _memmem()
        if not (memmem and self.data):
            return self.data.find
        keep_memory()
        from ctypes import addressof, c_char  # noqa: PLC0415 - 1.5 ms, for those who search much

        self._held = c_char.from_buffer(self.data)
        address = addressof(self._held)

        def find(text: bytes, begin: int, end: int) -> int:
            found = memmem(address + begin, end - begin, text, len(text))
            return -1 if found is None else found - address

        return find

    def beside(self, data: bytes | bytearray) -> "Haystack":
        """Other bytes, to be searched alike: a copy, of which there are many."""
        keep_memory()
        return Haystack(data if isinstance(data, bytearray) else bytearray(data))


@cache
def _memmem() -> "Callable[[int, int, bytes, int], int | None] | None":
    """It is three times as fast as the search of Python (glibc); None where there is none."""
    if sys.platform != "linux":
        return None
    from ctypes import CDLL, c_char_p, c_size_t, c_void_p  # noqa: PLC0415 - as above

    found = getattr(CDLL(None), "memmem", None)
    if found is None:
        return None
    found.restype = c_void_p
    found.argtypes = (c_void_p, c_size_t, c_char_p, c_size_t)
    return cast("Callable[[int, int, bytes, int], int | None]", found)


class Mover:
    """Moves bytes from pipes to the ends of files; inside the kernel (splice(2)) where that is possible."""

    def __init__(self) -> None:
        self.splices = hasattr(os, "splice")
        """Whether the bytes need not pass through this process."""

    def move(self, pipe: int, file: int, most: int) -> int:
        """Move what the pipe has, at most so many bytes, to where the file stands; 0 at the end of the pipe.

        Raises:
            BlockingIOError: the pipe has nothing now, and does not wait.
            OSError: the file takes nothing; what was read stays in the pipe if it was not written, or is lost.
        """
        if sys.platform == "linux" and self.splices:
            try:
                return os.splice(pipe, file, most, flags=os.SPLICE_F_NONBLOCK)
            except OSError as error:
                if error.errno not in _UNABLE:
                    raise
                self.splices = False
        return write_all(file, os.read(pipe, most))


def write_all(file: int, data: bytes) -> int:
    """Write all of it; OSError, after a part of it perhaps, when the disk does not take it."""
    written = os.write(file, data)
    while written < len(data):  # a disk that fills up takes a part, then says why
        written += os.write(file, memoryview(data)[written:])
    return written
