"""Whether somebody holds a lock: the kernel drops it with its last holder, however that ended (flock(2))."""

import fcntl
import os


def is_held(lock: str) -> bool:
    """Whether somebody holds the lock of that file; two who ask at the same time do not take each other for one."""
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
