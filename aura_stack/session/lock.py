"""One engine for each stack: a lock that the kernel drops when its last holder is gone, however it goes.

Guardian and engine share one open file description (flock(2)), opened before the fork. So the stack counts as
running until the guardian, too, has finished with what a dead engine left.
"""

import fcntl
import os

from aura_stack.errors import AuraError, ExitCode


def open_lock(path: str) -> int:
    """The descriptor of the lock file, not locked yet."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def acquire(descriptor: int, stack_file: str) -> None:
    """Take the lock, and leave our pid in it for others to read.

    Raises:
        AuraError: another engine has it (exit code 7).
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        pid = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
        raise AuraError(
            f"the stack of {stack_file} is running already (pid {pid})",
            "aura-stack status shows it, aura-stack down stops it",
            ExitCode.LOCKED,
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
