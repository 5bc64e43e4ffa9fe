"""Linux's table of TCP sockets: /proc/net/tcp and tcp6 (proc(5)), and whose descriptors lead to which of them."""

import os
import socket
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress

from aura_stack.frozen import NamedTuple

from . import sockdiag
from .tcp import BOUND, LISTEN, TIME_WAIT, Socket, address

assert sys.platform == "linux"  # `sockets` imports it nowhere else

_STATES = {
    b"01": "ESTABLISHED",
    b"02": "SYN_SENT",
    b"03": "SYN_RECV",
    b"04": "FIN_WAIT1",
    b"05": "FIN_WAIT2",
    b"06": TIME_WAIT,
    b"07": "CLOSE",
    b"08": "CLOSE_WAIT",
    b"09": "LAST_ACK",
    b"0A": LISTEN,
    b"0B": "CLOSING",
    b"0C": "NEW_SYN_RECV",
}
"""The kernel's net/tcp_states.h."""

_LISTENING = b"0A"
_GOES_BY_ITSELF = b"03"  # the timer of TIME_WAIT (net/ipv4/tcp_ipv4.c, get_timewait4_sock)
_MAPPED = "::ffff:"  # an IPv4 address in a socket of IPv6


class Row(NamedTuple):
    """One line of the table; the inode is 0 for a socket that no process has any more."""

    socket: Socket
    inode: int


def listening() -> Iterator[Socket]:
    """All that listen, with their processes."""
    return _with_pids([row for family, table in _tables() for row in parse(family, table, {_LISTENING})])


def holding(ports: Collection[int]) -> Iterator[Socket]:
    """All whose local port is one of these, with their processes; of a port on which some listen, those alone.

    The kernel tells at once who listens. The whole table, which takes a while, is read only for ports on which nobody
    does, and who is not in it either may hold a number without doing anything with it.
    """
    rows = list(_held(sockdiag.listening, LISTEN, ports))
    if missing := set(ports) - {row.socket.port for row in rows}:
        wanted = {b"%04X" % port for port in missing}
        rows += [row for family, table in _tables() for row in parse(family, table, ports=wanted)]
    if missing := set(ports) - {row.socket.port for row in rows}:
        rows += _held(sockdiag.bound, BOUND, missing)
    return _with_pids(rows)


def _held(ask: Callable[[], list[sockdiag.Held]], state: str, ports: Collection[int]) -> Iterator[Row]:
    """The sockets in a state that have one of these numbers; none where the kernel does not tell."""
    with suppress(OSError):  # a sandbox may keep this question from us
        for one in ask():
            if one.port in ports:
                family = 4 if one.family == socket.AF_INET else 6
                yield Row(Socket(family, _plain(one.host), one.port, state, uid=one.uid), one.inode)


def parse(
    family: int, table: bytes, states: Collection[bytes] = (), ports: Collection[bytes] | None = None
) -> Iterator[Row]:
    """The rows of a table below its line of headings.

    Args:
        family: 4 or 6.
        table: the content of the file.
        states: those that count, as written there; none for all.
        ports: the local ports that count, as written there; None for all.
    """
    for line in table.splitlines()[1:]:
        fields = line.split()
        host, _, port = fields[1].rpartition(b":")
        if (states and fields[3] not in states) or (ports is not None and port not in ports):
            continue
        there, _, far = fields[2].rpartition(b":")
        timer, _, when = fields[5].partition(b":")
        yield Row(
            Socket(
                family=family,
                host=_host(host),
                port=int(port, 16),
                state=_STATES.get(fields[3], fields[3].decode()),
                remote="" if fields[3] == _LISTENING else address(_host(there), int(far, 16)),
                uid=int(fields[7]),
                left=int(when, 16) / os.sysconf("SC_CLK_TCK") if timer == _GOES_BY_ITSELF else None,
            ),
            int(fields[9]),
        )


def _tables() -> Iterator[tuple[int, bytes]]:
    for family, name in ((4, "tcp"), (6, "tcp6")):
        with suppress(OSError), open(f"/proc/net/{name}", "rb", buffering=0) as file:
            yield family, file.readall()


def _host(text: bytes) -> str:
    """An address of the table: words of 32 bits, each in the order of bytes of this machine."""
    words = (text[start : start + 8] for start in range(0, len(text), 8))
    packed = b"".join(int(word, 16).to_bytes(4, sys.byteorder) for word in words)
    family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6  # noqa: PLR2004 - bytes of an IPv4 address
    return _plain(socket.inet_ntop(family, packed))


def _plain(host: str) -> str:
    """An address of IPv4 without what makes it one of IPv6."""
    return host.removeprefix(_MAPPED) if "." in host else host


def _with_pids(rows: list[Row]) -> Iterator[Socket]:
    found = _holders({row.inode for row in rows if row.inode})
    return (row.socket._replace(pids=tuple(found.get(row.inode, ()))) for row in rows)


def _holders(inodes: Collection[int]) -> dict[int, list[int]]:
    """The processes that have each of the sockets, as far as we may look into them."""
    names = {f"socket:[{inode}]": inode for inode in inodes}
    found: dict[int, list[int]] = {}
    if not names:
        return found
    for pid in filter(str.isdigit, os.listdir("/proc")):
        folder = f"/proc/{pid}/fd"
        with suppress(OSError):  # another user's, or gone
            for number in os.listdir(folder):
                with suppress(OSError):
                    inode = names.get(os.readlink(f"{folder}/{number}"))
                    pids = found.setdefault(inode, []) if inode else None
                    if pids is not None and int(pid) not in pids:
                        pids.append(int(pid))
    return found
