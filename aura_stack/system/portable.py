"""Facts about processes where there is no /proc, by way of psutil; see `processes` for what each one means.

psutil is imported when the first question is asked: it costs 20 ms, and no start should pay that.
"""

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

Address = tuple[str, int]  # an IP address as text, and a port


def keep_one_back() -> None:
    """Nothing to do: these questions are system calls that need no descriptor."""


def start_time(pid: int) -> int | None:
    """When it started, in µs since 1970."""
    with _gone_is_none():
        return round(_process(pid).create_time() * 1_000_000)
    return None


def age(pid: int) -> float | None:
    """Seconds since it started."""
    with _gone_is_none():
        return max(0.0, time.time() - _process(pid).create_time())
    return None


def is_zombie(pid: int) -> bool:
    """Whether it has ended and its parent has not asked for its status yet."""
    import psutil  # noqa: PLC0415 - see the top

    with _gone_is_none():
        return _process(pid).status() == psutil.STATUS_ZOMBIE
    return False


def parent(pid: int) -> int | None:
    """Who started it, or took it over."""
    with _gone_is_none():
        return _process(pid).ppid()
    return None


def children(pid: int) -> list[int]:
    """Those it has started or taken over and that have not been waited for."""
    with _gone_is_none():
        return [child.pid for child in _process(pid).children()]
    return []


def descendants(pid: int) -> list[int]:
    """Its children and all of theirs, each after its parent."""
    with _gone_is_none():
        return [child.pid for child in _process(pid).children(recursive=True)]
    return []


def pids() -> Iterator[int]:
    """Every process we may see."""
    import psutil  # noqa: PLC0415 - see the top

    return iter(psutil.pids())


def usage(pid: int) -> tuple[float, int] | None:
    """Seconds of processor time, with those of children it has waited for, and bytes that are resident."""
    with _gone_is_none():
        process = _process(pid)
        times = process.cpu_times()
        waited = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
        return times.user + times.system + waited, process.memory_info().rss
    return None


def dirtied(_: int) -> int | None:
    """Bytes of files that it has written to: nobody counts them by process here."""
    return None


def environment(pid: int) -> dict[str, str] | None:
    """The environment it was started with."""
    with _gone_is_none():
        return dict(_process(pid).environ())
    return None


def command_line(pid: int) -> tuple[str, ...] | None:
    """Its arguments, or what it has written over them; empty for a zombie and for a thread of the kernel."""
    with _gone_is_none():
        return tuple(_process(pid).cmdline())
    return None


def name(pid: int) -> str | None:
    """The program's name."""
    with _gone_is_none():
        return str(_process(pid).name())
    return None


def uid(pid: int) -> int | None:
    """The number of the user it runs as (the real one)."""
    with _gone_is_none():
        return int(_process(pid).uids().real)
    return None


def takes(_pid: int, _signum: int) -> bool:
    """Whether a signal reaches it; nobody tells, so True."""
    return True


def tracer(_pid: int) -> int:
    """Who traces it; nobody tells, so 0."""
    return 0


def cwd(pid: int) -> str | None:
    """The directory it works in."""
    with _gone_is_none():
        return str(_process(pid).cwd()) or None
    return None


def listens(pid: int, port: int) -> bool:
    """Whether it holds a socket that listens at the TCP port, on any address."""
    import psutil  # noqa: PLC0415 - see the top

    with _gone_is_none():
        found = _process(pid).net_connections("tcp")
        return any(one.laddr and one.laddr.port == port and one.status == psutil.CONN_LISTEN for one in found)
    return False


def listening(pids: Collection[int]) -> frozenset[int]:
    """The TCP ports at which these processes listen."""
    import psutil  # noqa: PLC0415 - see the top

    found: set[int] = set()
    for pid in pids:
        with _gone_is_none():
            connections = _process(pid).net_connections("tcp")
            found.update(
                one.laddr.port for one in connections if one.laddr and one.status == psutil.CONN_LISTEN
            )
    return frozenset(found)


def taken(pids: Collection[int], near: Address, far: Address) -> bool | None:
    """Whether one of these has the connection; whether anybody else has is not to be seen, so None otherwise."""
    return True if any(_has(pid, near, far) for pid in pids) else None


def _has(pid: int, near: Address, far: Address) -> bool:
    with _gone_is_none():
        found = _process(pid).net_connections("tcp")
        ends = ((one.laddr, one.raddr) for one in found if one.laddr and one.raddr)
        return any(
            (laddr.port, raddr.port) == (near[1], far[1]) and raddr.ip.endswith(far[0])
            for laddr, raddr in ends
        )
    return False


def boot() -> str:
    """A name for this run of the machine; start times are of use within it."""
    import psutil  # noqa: PLC0415 - see the top

    return str(round(psutil.boot_time()))


def _process(pid: int) -> "psutil.Process":
    import psutil  # noqa: PLC0415 - see the top

    return psutil.Process(pid)


@contextmanager
def _gone_is_none() -> Iterator[None]:
    """Pass over what psutil raises for a process that has gone, has ended or is not ours to look at."""
    import psutil  # noqa: PLC0415 - see the top

    try:
        yield
    except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):  # a zombie is a NoSuchProcess too
        return
