"""Facts about processes as Linux tells them in /proc (proc(5)); see `processes` for what each one means.

A process can go away between two lines of any of this: whatever is missing then is None or empty. The kernel
also answers ESRCH for a file that was opened in time, so every OSError counts as "not there" or "not ours": all but
one that says that there is no descriptor left. A process without children and one whose children cannot be read are
not the same, so then the descriptor is used that `keep_one_back` has kept, and without one the error is raised.
"""

import errno
import os
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from aura_stack.frozen import NamedTuple

assert sys.platform == "linux"  # `processes` imports it nowhere else

if TYPE_CHECKING:
    from .sockdiag import Address

_NONE_LEFT = {errno.EMFILE, errno.ENFILE}
_Answer = TypeVar("_Answer")


class _Kept:
    """A descriptor that is given up for a moment where there is no other; None where nobody has kept one."""

    descriptor: int | None = None


def keep_one_back() -> None:
    """Keep a descriptor for the questions below.

    Raises:
        OSError: there is none left.
    """
    if _Kept.descriptor is None:
        _Kept.descriptor = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)


class Stat(NamedTuple):
    """The part of /proc/PID/stat that is of use; `start` in clock ticks since boot."""

    state: str
    parent: int
    start: int


def stat(pid: int) -> Stat | None:
    """State, parent and start of a process."""
    content = _read(f"/proc/{pid}/stat")
    return parse_stat(content) if content else None


def parse_stat(content: bytes) -> Stat:
    """Read a line of /proc/PID/stat.

    The second field is the program's name in parentheses, and it may hold spaces and parentheses itself; none
    of the numbers after it does, so the last parenthesis is the one that closes it.
    """
    fields = content[content.rindex(b")") + 2 :].split()
    return Stat(state=fields[0].decode(), parent=int(fields[1]), start=int(fields[19]))


def start_time(pid: int) -> int | None:
    """When it started, in clock ticks since boot."""
    found = stat(pid)
    return found.start if found else None


def age(pid: int) -> float | None:
    """Seconds since it started."""
    found = stat(pid)
    # CLOCK_BOOTTIME runs on while the machine sleeps, as the start times do.
    return time.clock_gettime(time.CLOCK_BOOTTIME) - found.start / os.sysconf("SC_CLK_TCK") if found else None


def is_zombie(pid: int) -> bool:
    """Whether it has ended and its parent has not asked for its status yet."""
    found = stat(pid)
    return found is not None and found.state in {"Z", "X"}


def parent(pid: int) -> int | None:
    """Who started it, or took it over."""
    found = stat(pid)
    return found.parent if found else None


def children(pid: int) -> list[int]:
    """Those it has started or taken over and that have not been waited for."""
    if not _lists_children():
        return family().get(pid, [])
    found: list[int] = []
    for task in _listing(f"/proc/{pid}/task"):
        found += map(int, (_read(f"/proc/{pid}/task/{task}/children") or b"").split())
    return found


def descendants(pid: int) -> list[int]:
    """Its children and all of theirs, each after its parent."""
    known = None if _lists_children() else family()
    found, seen = [pid], {pid}
    for parent in found:  # it grows as it is gone through
        below = children(parent) if known is None else known.get(parent, [])
        new = [child for child in below if child not in seen]
        seen.update(new)
        found.extend(new)
    return found[1:]


def family() -> dict[int, list[int]]:
    """The children of every process there is, from one pass over all of them."""
    found: dict[int, list[int]] = {}
    for pid in pids():
        if seen := stat(pid):
            found.setdefault(seen.parent, []).append(pid)
    return found


def pids() -> Iterator[int]:
    """Every process we may see."""
    return (int(name) for name in _listing("/proc") if name.isdigit())


def usage(pid: int) -> tuple[float, int] | None:
    """Seconds of processor time, with those of children it has waited for, and bytes that are resident."""
    content = _read(f"/proc/{pid}/stat")
    if not content:
        return None
    fields = content[content.rindex(b")") + 2 :].split()
    # utime, stime, cutime, cstime and rss are the fields 14 to 17 and 24; the first one here is the third
    ticks = sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK"), int(fields[21]) * os.sysconf("SC_PAGE_SIZE")


def dirtied(pid: int) -> int | None:
    """Bytes of files that it has written to, as the kernel counts what has to go to a disk (proc_pid_io(5))."""
    for line in (_read(f"/proc/{pid}/io") or b"").splitlines():
        if line.startswith(b"write_bytes:"):
            return int(line.split()[1])
    return None


def environment(pid: int) -> dict[str, str] | None:
    """The environment it was started with."""
    content = _read(f"/proc/{pid}/environ")
    if content is None:
        return None
    pairs = (os.fsdecode(entry).partition("=") for entry in content.split(b"\0"))
    return {name: value for name, sign, value in pairs if sign}


def command_line(pid: int) -> tuple[str, ...] | None:
    """Its arguments, or what it has written over them; empty for a zombie and for a thread of the kernel."""
    content = _read(f"/proc/{pid}/cmdline")
    if content is None:
        return None
    return (
        tuple(os.fsdecode(part) for part in content.rstrip(b"\0").split(b"\0"))
        if content.strip(b"\0")
        else ()
    )


def name(pid: int) -> str | None:
    """The program's name, 15 bytes at most."""
    content = _read(f"/proc/{pid}/comm")
    return None if content is None else os.fsdecode(content.rstrip(b"\n"))


def uid(pid: int) -> int | None:
    """The number of the user it runs as (the real one)."""
    # Not the owner of /proc/PID: that is root as soon as a process may not be dumped.
    value = _status(pid, b"Uid:")
    return None if value is None else int(value.split()[0])


def tracer(pid: int) -> int:
    """Who is attached to it by ptrace(2), 0 for nobody."""
    return int(_status(pid, b"TracerPid:") or 0)


def _status(pid: int, field: bytes) -> bytes | None:
    """What stands behind a field of /proc/PID/status."""
    for line in (_read(f"/proc/{pid}/status") or b"").splitlines():
        if line.startswith(field):
            return line[len(field) :]
    return None


def takes(pid: int, signum: int) -> bool:
    """Whether a signal reaches it: it does not ignore it, nor hold it back while it waits for it."""
    return parse_takes(_read(f"/proc/{pid}/status") or b"", signum)


def parse_takes(status: bytes, signum: int) -> bool:
    """The same from the content of /proc/PID/status.

    Who blocks a signal may be waiting for it (sigwait(3)), so one that is blocked counts while it is pending.
    """
    fields = dict(line.split(b":", 1) for line in status.splitlines() if line.startswith((b"Sig", b"ShdPnd")))
    ignored, blocked, pending, ours = (
        int(fields.get(name, b"0"), 16) >> (signum - 1) & 1
        for name in (b"SigIgn", b"SigBlk", b"ShdPnd", b"SigPnd")
    )
    return not (ignored or (blocked and (pending or ours)))


def cwd(pid: int) -> str | None:
    """The directory it works in."""
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return None


def boot() -> str:
    """A name for this run of the machine; start times are of use within it."""
    return (_read("/proc/sys/kernel/random/boot_id") or b"").decode().strip()


def listeners() -> dict[int, set[int]]:
    """The numbers of the users who listen on each TCP port of this network, by port; all may read it."""
    tables = ((_read(f"/proc/net/{table}") or b"") for table in ("tcp", "tcp6"))
    found: dict[int, set[int]] = {}
    for port, user in (pair for table in tables for pair in parse_listeners(table)):
        found.setdefault(port, set()).add(user)
    return found


def parse_listeners(table: bytes) -> Iterator[tuple[int, int]]:
    """Port and user of every listener in the content of /proc/net/tcp or tcp6, below its line of headings."""
    for fields in _listening(table):
        yield int(fields[1].rpartition(b":")[2], 16), int(fields[7])


def listens(pid: int, port: int) -> bool:
    """Whether it holds a socket that listens at the TCP port, on any address."""
    sockets = {f"socket:[{inode}]" for inode in _inodes(pid, port)}
    return bool(sockets) and any(
        _link(f"/proc/{pid}/fd/{number}") in sockets for number in _listing(f"/proc/{pid}/fd")
    )


def listening(pids: Collection[int]) -> frozenset[int]:
    """The TCP ports at which these processes listen, in our own network."""
    from . import sockdiag  # noqa: PLC0415 - for the questions about sockets alone

    try:
        ports = {f"socket:[{one.inode}]": one.port for one in sockdiag.listening()}
    except OSError:  # a sandbox may keep this question from us
        from . import portable  # noqa: PLC0415 - as rare as that

        return portable.listening(pids)
    links = (_link(f"/proc/{pid}/fd/{number}") for pid in pids for number in _listing(f"/proc/{pid}/fd"))
    return frozenset(ports[link] for link in links if link in ports)


def _inodes(pid: int, port: int) -> set[int]:
    """Of the sockets that listen at the port in the network of a process.

    In our own the kernel tells of them alone: after many connections its table is long (a megabyte for ten thousand).
    """
    if _link(f"/proc/{pid}/ns/net") == _link("/proc/self/ns/net"):
        from . import sockdiag  # noqa: PLC0415 - as above

        with suppress(OSError):  # a sandbox may keep this question from us
            return {one.inode for one in sockdiag.listening() if one.port == port}
    ending = b":%04X" % port
    tables = ((_read(f"/proc/{pid}/net/{table}") or b"") for table in ("tcp", "tcp6"))
    return {int(fields[9]) for table in tables for fields in _listening(table) if fields[1].endswith(ending)}


def taken(pids: Collection[int], near: "Address", far: "Address") -> bool | None:
    """Whether one of these has taken a connection out of a listener's queue; None while nobody has."""
    from . import sockdiag  # noqa: PLC0415 - as above

    try:
        inode = sockdiag.inode(near, far)
    except OSError:  # a sandbox may forbid this kind of socket
        from . import portable  # noqa: PLC0415 - as rare as that

        return portable.taken(pids, near, far)
    if not inode:
        return None
    return any(holds(pid, inode) for pid in pids)


def holds(pid: int, inode: int) -> bool:
    """Whether it has the socket of that inode among its descriptors."""
    name = f"socket:[{inode}]"
    return any(_link(f"/proc/{pid}/fd/{number}") == name for number in _listing(f"/proc/{pid}/fd"))


def _listening(table: bytes) -> Iterator[list[bytes]]:
    for line in table.splitlines()[1:]:
        fields = line.split()
        if fields[3] == b"0A":  # TCP_LISTEN in the kernel's net/tcp_states.h
            yield fields


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def _asked(ask: Callable[[str], _Answer], path: str) -> _Answer | None:
    """What is there; None where nothing is.

    Raises:
        OSError: there is no descriptor left, not even one that was kept.
    """
    try:
        return ask(path)
    except OSError as error:
        if error.errno not in _NONE_LEFT:
            return None
        if _Kept.descriptor is None:
            raise
    os.close(_Kept.descriptor)
    _Kept.descriptor = None
    try:
        return _asked(ask, path)
    finally:
        with suppress(OSError):  # a thread was quicker; the next who is in need goes without
            keep_one_back()


@cache
def _lists_children() -> bool:
    """Whether the kernel was built with the lists of children (CONFIG_PROC_CHILDREN)."""
    return os.path.exists(f"/proc/self/task/{os.getpid()}/children")


def _read(path: str) -> bytes | None:
    return _asked(_content, path)


def _content(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = []
        while part := os.read(descriptor, 65536):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def _listing(path: str) -> list[str]:
    return _asked(os.listdir, path) or []
