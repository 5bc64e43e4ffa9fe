"""Facts about processes, and a signal that cannot hit the wrong one.

Every question about a process that has gone, or that we may not look at, is answered with None or nothing,
never with an exception. A number alone names no process for long, since the kernel gives it out again; an
`Identity` does.
"""

import os
import select
import signal as signals
import sys
import time
from collections.abc import Collection, Iterable, Iterator

from aura_stack.frozen import NamedTuple

if sys.platform == "linux":
    from . import procfs as source
else:
    from . import portable as source


Address = tuple[str, int]  # an IP address as text, and a port

_STEP = 0.02  # seconds between two looks at an end that nobody tells of


class Identity(NamedTuple):
    """One process and no later one of the same number.

    `start` is when it began: clock ticks since boot on Linux, µs since 1970 elsewhere. It holds for as long
    as `boot` stays what it is.
    """

    pid: int
    start: int


def keep_one_back() -> None:
    """Keep a descriptor for these questions, so that none goes unanswered where all others are taken."""
    source.keep_one_back()


def identify(pid: int) -> Identity | None:
    """The process that has the number now, a zombie too."""
    start = start_time(pid)
    return None if start is None else Identity(pid, start)


def is_alive(identity: Identity) -> bool:
    """Whether it still runs; a zombie does not."""
    return start_time(identity.pid) == identity.start and not is_zombie(identity.pid)


def await_ends(whom: Iterable[Identity], seconds: float) -> None:
    """Wait until all of them have ended, at most so many seconds; nobody has to be a child of ours.

    Linux tells of each end (pidfd_open(2)). Elsewhere one looks again and again.
    """
    deadline = time.monotonic() + seconds
    for identity in whom:
        while (left := deadline - time.monotonic()) > 0 and is_alive(identity):
            _await_end(identity, left)


def start_time(pid: int) -> int | None:
    """When it started, in the unit of `Identity.start`."""
    return source.start_time(pid)


def age(pid: int) -> float | None:
    """Seconds since it started."""
    return source.age(pid)


def is_zombie(pid: int) -> bool:
    """Whether it has ended and its parent has not asked for its status yet."""
    return source.is_zombie(pid)


def parent(pid: int) -> int | None:
    """Who started it, or took it over when its parent ended; 0 for the first of a container or machine."""
    return source.parent(pid)


def children(pid: int) -> list[int]:
    """Its children: those it started, and for a subreaper the orphans it was given; zombies too.

    The kernel makes the list while processes come and go, so one that ends at that moment can hide another
    for once (/proc/PID/task/TID/children in proc(5)). Who must reach them all asks until there are none.
    """
    return source.children(pid)


def descendants(pid: int) -> list[int]:
    """Its children and all of theirs, each after its parent; to be taken as `children` is."""
    return source.descendants(pid)


def pids() -> Iterator[int]:
    """Every process we may see."""
    return source.pids()


def session(pid: int) -> int | None:
    """The session it belongs to (getsid(2))."""
    try:
        return os.getsid(pid)
    except OSError:
        return None


def group(pid: int) -> int | None:
    """The process group it belongs to (getpgid(2))."""
    try:
        return os.getpgid(pid)
    except OSError:
        return None


def usage(pid: int) -> tuple[float, int] | None:
    """What it has used: seconds of processor time, with children it has waited for, and bytes that are resident."""
    return source.usage(pid)


def dirtied(pid: int) -> int | None:
    """Bytes of files on disks that it has written to; None where nobody counts them."""
    return source.dirtied(pid)


def environment(pid: int) -> dict[str, str] | None:
    """The environment it was started with; what it changed since does not show."""
    return source.environment(pid)


def command_line(pid: int) -> tuple[str, ...] | None:
    """Its arguments, or what it has written over them; empty for a zombie and for a thread of the kernel."""
    return source.command_line(pid)


def name(pid: int) -> str | None:
    """The program's name; on Linux its first 15 bytes."""
    return source.name(pid)


def user(pid: int) -> str | None:
    """The name of the user it runs as, or the number of one without a name."""
    uid = source.uid(pid)
    return None if uid is None else user_name(uid)


def user_name(uid: int) -> str:
    """The name of a user, or the number of one without a name."""
    import pwd  # noqa: PLC0415 - for those who ask

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def is_beyond_us(pid: int) -> bool:
    """Whether no signal of ours may reach it (kill(2)): it runs as another user, as what sudo(8) starts does."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except ProcessLookupError:
        return False
    return False


def takes(pid: int, signum: int) -> bool:
    """Whether a signal reaches it; False where it ignores it, or holds it back (Linux tells, others do not)."""
    return source.takes(pid, signum)


def tracer(pid: int) -> int:
    """The debugger or tracer that is attached to it (ptrace(2)), 0 for none (Linux tells, others do not)."""
    return source.tracer(pid)


def cwd(pid: int) -> str | None:
    """The directory it works in."""
    return source.cwd(pid)


def listens(pid: int, port: int) -> bool:
    """Whether it holds a socket that listens at the TCP port, on any address."""
    return source.listens(pid, port)


def listening(pids: Collection[int]) -> frozenset[int]:
    """The TCP ports at which these processes listen, on any address."""
    return source.listening(pids)


def taken(pids: Collection[int], near: Address, far: Address) -> bool | None:
    """Whether one of these processes has taken a connection out of a listener's queue (accept(2)).

    Args:
        pids: whose sockets are looked at.
        near: the address that was connected to, as IP address and port.
        far: that of the client; both are on this machine.

    Returns:
        None while nobody has taken it, as far as one can tell.
    """
    return source.taken(pids, near, far)


def boot() -> str:
    """A name for this run of the machine: an identity of another one means nothing."""
    return source.boot()


def signal(identity: Identity, signum: int) -> bool:
    """Send a signal to that process, never to a later one of the same number.

    On Linux the process is held by a descriptor while its start time is compared, which leaves no gap
    (pidfd_open(2), pidfd_send_signal(2)). Elsewhere, and on a kernel without these, the time between the
    comparison and kill(2) is a gap of some µs.

    Returns:
        Whether it was sent. False: the process has gone, is another user's, or is one that nobody should
        signal (pid 1, and 0 and below, which would mean a group or everything).
    """
    if identity.pid <= 1:
        return False
    try:
        if sys.platform == "linux":
            return _signal_held(identity, signum)
        return _signal_compared(identity, signum)
    except (ProcessLookupError, PermissionError):
        return False


if sys.platform == "linux":

    def _signal_held(identity: Identity, signum: int) -> bool:
        try:
            descriptor = os.pidfd_open(identity.pid)
        except ProcessLookupError:
            return False
        except OSError:  # an old or a fenced-in kernel, or no descriptor left
            return _signal_compared(identity, signum)
        try:
            if start_time(identity.pid) != identity.start:
                return False
            signals.pidfd_send_signal(descriptor, signum)
        finally:
            os.close(descriptor)
        return True


def _await_end(identity: Identity, seconds: float) -> None:
    """Wait for the end of one, or only a moment where nobody tells of it."""
    descriptor = -1
    if sys.platform == "linux":
        try:
            descriptor = os.pidfd_open(identity.pid)
        except ProcessLookupError:
            return
        except OSError:  # as above
            descriptor = -1
    if descriptor < 0:
        time.sleep(min(_STEP, seconds))
        return
    try:
        if is_alive(identity):
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            poll.poll(seconds * 1000)
    finally:
        os.close(descriptor)


def _signal_compared(identity: Identity, signum: int) -> bool:
    if start_time(identity.pid) != identity.start:
        return False
    os.kill(identity.pid, signum)
    return True
