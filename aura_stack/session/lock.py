"""One engine for each stack: a lock that the kernel drops when its last holder is gone, however it goes.

Guardian and engine share one open file description (flock(2)), opened before the fork. So the stack counts as
running until the guardian, too, has finished with what a dead engine left.

A second lock stands in the record itself and is the engine's alone: two that do not know of each other, since each was
started under another environment, before and after the checkout was moved, or on both sides of a container's wall,
would tear what the other one writes.
"""

import _socket  # as in control/door
import fcntl
import os
import time

from aura_stack.errors import AuraError, ExitCode
from aura_stack.system.places import Places

PATIENCE = 3.0  # seconds: a guardian needs one at the most
PATIENCE_FOR_A_WRITER = 1.0  # seconds: it goes before its guardian
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


def acquire_record(places: Places, stack_file: str, *, patience: float = PATIENCE_FOR_A_WRITER) -> int | None:
    """Become the one writer of a record, and leave in its lock where we can be reached (`places.elsewhere`).

    Args:
        places: of the stack; the folder of the record exists.
        stack_file: for messages.
        patience: seconds that an engine before us may take to go.

    Returns:
        The descriptor that holds the lock; None where the file system has no locks, or takes nothing.

    Raises:
        AuraError: another engine writes there (exit code 7).
    """
    try:
        descriptor = open_lock(places.writer)
    except OSError:
        return None  # whether that is in the way the record will find out
    try:
        _become_the_writer(descriptor, places, stack_file, time.monotonic() + patience)
    except BaseException as error:
        os.close(descriptor)
        if isinstance(error, OSError):
            return None
        raise
    return descriptor


def _become_the_writer(descriptor: int, places: Places, stack_file: str, deadline: float) -> None:
    while not _try_to_lock(descriptor):
        if time.monotonic() >= deadline:
            raise _written_elsewhere(descriptor, places, stack_file)
        time.sleep(PAUSE)  # one that has ended may not be gone yet
    _leave_address(descriptor, places)


def _leave_address(descriptor: int, places: Places) -> None:
    """Write into the lock of a record who writes it, and where he can be reached."""
    lines = (str(os.getpid()), places.runtime, places.socket)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, b"".join(os.fsencode(line) + b"\n" for line in lines), 0)


def _written_elsewhere(descriptor: int, places: Places, stack_file: str) -> AuraError:
    pid, runtime, *_ = [*os.pread(descriptor, 1 << 14, 0).decode("utf-8", "replace").split("\n"), "", ""]
    return AuraError(
        f"{places.data}, where the stack of {stack_file} records, is written by another engine (pid {pid}, {runtime})",
        "it cannot be reached from here: stop it where it was started, in another container or on another machine",
        ExitCode.LOCKED,
    )


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
    client = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        client.connect(door)
    except (FileNotFoundError, ConnectionRefusedError):
        return False
    finally:
        client.close()
    return True
