"""What the machine allows: open files, watches, ports; None where the system does not tell."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from aura_stack.frozen import Frozen

_BIND_LOW = 10  # CAP_NET_BIND_SERVICE in linux/capability.h
_WATCHES = "anon_inode:inotify"  # what a descriptor of inotify(7) points to


class Inotify(Frozen):
    """Limits for each user (inotify(7)), and how much of them the processes of this user have taken."""

    watches: int
    instances: int
    used_watches: int
    used_instances: int


class OpenFiles(Frozen):
    """RLIMIT_NOFILE of getrlimit(2); None for no limit."""

    soft: int | None
    hard: int | None


class Ports(Frozen):
    """What the kernel does with port numbers (ip(7)).

    `ephemeral` are those it gives to outgoing connections, except the `reserved` ones; below `lowest` this process
    may not listen.
    """

    ephemeral: range
    reserved: tuple[range, ...]
    lowest: int


def inotify() -> Inotify | None:
    """How many folders and files may be watched, and are."""
    watches, instances = (
        _number(f"/proc/sys/fs/inotify/max_user_{what}") for what in ("watches", "instances")
    )
    if watches is None or instances is None:
        return None
    taken = [watched(info) for info in _instances()]
    return Inotify(watches, instances, sum(taken), len(taken))


def open_files() -> OpenFiles:
    """How many descriptors a process may have."""
    import resource  # noqa: PLC0415 - for those who ask

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return OpenFiles(*(None if limit == resource.RLIM_INFINITY else limit for limit in (soft, hard)))


class _Given:
    """The soft limit of open files that this process was started with; None as long as it is still that."""

    soft: int | None = None


def raise_open_files() -> None:
    """Have as many descriptors as the hard limit allows, on Linux; what `as_given` runs gets as many as before.

    On macOS the limit stays what it is: its hard limit is often none at all, and the kernel refuses more than a
    number of its own (setrlimit(2), OPEN_MAX).
    """
    import resource  # noqa: PLC0415 - for the engine alone

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if sys.platform == "linux" and soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        _Given.soft = soft


def as_given() -> AbstractContextManager[None]:
    """The soft limit that this process was started with, for a child that inherits it at this moment.

    posix_spawn(3) knows no limits, and a child that is given its own afterwards (prlimit(2)) may have asked before.
    What is open stays open below a lower limit.
    """
    return _UNCHANGED if _Given.soft is None else _lowered(_Given.soft)


_UNCHANGED = nullcontext()


@contextmanager
def _lowered(soft: int) -> Iterator[None]:
    import resource  # noqa: PLC0415 - see above

    raised = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, raised[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, raised)


def ports() -> Ports | None:
    """Which numbers are whose."""
    ephemeral = _text("/proc/sys/net/ipv4/ip_local_port_range")
    if ephemeral is None:
        return None
    low, high = map(int, ephemeral.split())
    reserved = _text("/proc/sys/net/ipv4/ip_local_reserved_ports") or ""
    lowest = _number("/proc/sys/net/ipv4/ip_unprivileged_port_start")
    may_bind_all = capable(_text("/proc/self/status") or "", _BIND_LOW)
    return Ports(range(low, high + 1), spans(reserved), 0 if may_bind_all else lowest or 0)


def spans(text: str) -> tuple[range, ...]:
    """A list such as `8080,9148-9150` of the kernel's."""
    return tuple(range(int(low), int(high or low) + 1) for low, high in re.findall(r"(\d+)(?:-(\d+))?", text))


def capable(status: str, capability: int) -> bool:
    """Whether the content of /proc/PID/status has the capability among the effective ones (capabilities(7))."""
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return found is not None and bool(int(found[1], 16) >> capability & 1)


def watched(info: str) -> int:
    """How many watches the content of a /proc/PID/fdinfo/N of inotify tells of (proc_pid_fdinfo(5))."""
    return sum(line.startswith("inotify ") for line in info.splitlines())


def _instances() -> Iterator[str]:
    """What /proc tells of each instance of this user."""
    for pid in filter(str.isdigit, _listing("/proc")):
        try:
            ours = os.stat(f"/proc/{pid}").st_uid == os.geteuid()
        except OSError:
            continue
        if ours:
            yield from _instances_of(pid)


def _instances_of(pid: str) -> Iterator[str]:
    for number in _listing(f"/proc/{pid}/fd"):
        try:
            is_one = os.readlink(f"/proc/{pid}/fd/{number}") == _WATCHES
        except OSError:
            continue
        if is_one:
            yield _text(f"/proc/{pid}/fdinfo/{number}") or ""


def _listing(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except OSError:
        return []


def _number(path: str) -> int | None:
    content = _text(path)
    return int(content) if content else None


def _text(path: str) -> str | None:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read()
    except OSError:
        return None
