"""The TCP sockets of this machine, with the processes that have them, as far as this user may see.

Linux shows every socket to everybody (/proc/net/tcp and tcp6 in proc(5)), and which process has it to its own user and
to root. Elsewhere psutil tells: on macOS of one's own processes alone.
"""

import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from .tcp import LISTEN, Socket, address

if TYPE_CHECKING:
    import psutil


def listening() -> list[Socket]:
    """All that listen."""
    if sys.platform == "linux":
        from . import tcptable  # noqa: PLC0415 - this system alone has it

        return list(tcptable.listening())
    return [socket for socket in _by_psutil() if socket.state == LISTEN]


def holding(ports: Collection[int]) -> list[Socket]:
    """All that have one of these local ports, in whatever state; where some listen on one, perhaps those alone."""
    if sys.platform == "linux":
        from . import tcptable  # noqa: PLC0415 - this system alone has it

        return list(tcptable.holding(ports))
    return [socket for socket in _by_psutil() if socket.port in ports]


def queued(port: int) -> int | None:
    """How many connections have been made to the port that nobody has accepted yet; None where that is not known."""
    if sys.platform != "linux":
        return None
    from . import sockdiag  # noqa: PLC0415 - this system alone has it

    try:
        return sum(one.queued for one in sockdiag.listening() if one.port == port)
    except OSError:  # a sandbox may keep this question from us
        return None


def _by_psutil() -> Iterator[Socket]:
    import psutil  # noqa: PLC0415 - 20 ms that only these systems pay

    return merged(_rows(psutil.net_connections, psutil.process_iter))


def _rows(
    every: Callable[[str], Iterable[Any]], running: "Callable[[], Iterable[psutil.Process]]"
) -> Iterator[tuple[Any, int | None]]:
    """Psutil's rows with their pids; macOS shows the whole table to root alone, so processes are asked one by one."""
    import psutil  # noqa: PLC0415 - as above

    try:
        # by attribute, never by position: psutil 8 orders the fields anew
        yield from ((row, row.pid) for row in every("tcp"))
    except psutil.AccessDenied:
        for process in running():
            try:
                found = process.net_connections("tcp")
            except (psutil.AccessDenied, psutil.NoSuchProcess):  # another user's; gone, or a zombie
                continue
            yield from ((row, process.pid) for row in found)


def merged(rows: Iterable[tuple[Any, int | None]]) -> Iterator[Socket]:
    """Rows of psutil's as sockets: workers that inherited a listener have a row each."""
    found: dict[Socket, list[int]] = {}
    for row, pid in rows:
        if not row.laddr:  # an address that is not there is an empty tuple
            continue
        remote = address(row.raddr.ip, row.raddr.port) if row.raddr else ""
        family = 6 if ":" in row.laddr.ip else 4
        socket = Socket(family, row.laddr.ip, row.laddr.port, str(row.status), remote)
        pids = found.setdefault(socket, [])
        if pid is not None and pid not in pids:
            pids.append(pid)
    return (socket._replace(pids=tuple(pids)) for socket, pids in found.items())
