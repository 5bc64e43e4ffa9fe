"""One engine for each stack: a lock that the kernel drops when its last holder is gone, however it goes.

Guardian and engine share one open file description (flock(2)), opened before the fork. So the stack counts as
running until the guardian, too, has finished with what a dead engine left.
"""

import fcntl
import os
import socket
import time

from aura_stack.errors import AuraError, ExitCode

PATIENCE = 3.0  # seconds: a guardian needs one at the most
PAUSE = 0.01  # seconds between two looks


def open_lock(path: str) -> int:
    """The descriptor of the lock file, not locked yet."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def acquire(descriptor: int, stack_file: str, door: str) -> None:
    """Take the lock, and leave our pid in it for others to read.

    One that is held without anybody listening is about to be dropped: the guardian of a stack that has ended is
    seeing to what that left. It is waited for, a little longer than that can take.

    Args:
        descriptor: from `open_lock`.
        stack_file: for messages.
        door: the path of the socket at which an engine that runs can be reached.

    Raises:
        AuraError: another engine has it (exit code 7).
    """
    deadline = time.monotonic() + PATIENCE
    while not _try_to_lock(descriptor):
        if _answers(door) or time.monotonic() > deadline:
            pid = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            raise AuraError(
                f"the stack of {stack_file} is running already (pid {pid})",
                "aura-stack status shows it, aura-stack down stops it",
                ExitCode.LOCKED,
            )
        time.sleep(PAUSE)  # flock(2) cannot wait for either of two things
    leave_pid(descriptor)


def leave_pid(descriptor: int) -> None:
    """Write our pid into a lock that we have, for others to read."""
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)


def wait_until_free(path: str) -> None:
    """Wait until nothing of a stack is left; at once if there is none."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    os.close(descriptor)


def _try_to_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _answers(door: str) -> bool:
    """Whether somebody listens at the socket; one that an engine left when it was killed refuses."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        try:
            client.connect(door)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
    return True
