"""Tells who holds a port, so that "address already in use" is never all a user learns.

A port is held by a listener, or by a connection that goes out from that number: the kernel hands out local
numbers (32768 to 60999 on Linux) without asking us, and keeps one for a minute after its connection has
ended. This is asked after a conflict only: psutil costs 20 ms to import and as much to answer.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from aura_stack.system import processes

if TYPE_CHECKING:
    import psutil

_COMMAND_LIMIT = 60
_LISTEN = "LISTEN"
_TIME_WAIT = "TIME_WAIT"


class Kind(StrEnum):
    """How a port is held."""

    LISTENER = "listener"
    CONNECTION = "connection"  # it goes out from the number, or is the rest of one that did
    UNKNOWN = (
        "unknown"  # nothing is to be seen: another container or machine below us, or a socket not yet in use
    )


class Owner(NamedTuple):
    """Who holds a port.

    `pid` is None, and what depends on it empty, where we may not see the process. `age` is in seconds.
    `foreign`: it runs as another user than we do. `remote` and `state` say more of a connection.
    """

    pid: int | None
    command: str = ""
    user: str = ""
    cwd: str = ""
    age: float | None = None
    kind: Kind = Kind.LISTENER
    foreign: bool = False
    remote: str = ""
    state: str = ""


class _Socket(NamedTuple):
    """One row of the kernel's table, as far as it is of use."""

    port: int
    pid: int | None
    state: str
    remote: str


def owners(numbers: Iterable[int]) -> Mapping[int, tuple[Owner, ...]]:
    """Who holds each of the ports, the longest-running first; for ports that are known to be busy.

    A port that nothing visible holds has one owner of kind "unknown". An ordinary user sees the processes of
    others as user and kind alone (Linux), or not at all (macOS).
    """
    wanted = set(numbers)
    sockets = [socket for socket in _sockets() if socket.port in wanted]
    return {number: _of([socket for socket in sockets if socket.port == number]) for number in sorted(wanted)}


def describe(owner: Owner, home: str = "") -> str:
    """The owner in words that follow "taken by": `pid 4711 (node server.js, /home/u/shop, up 2 h)`.

    Args:
        owner: who holds the port.
        home: a directory that is written as `~`.
    """
    match owner.kind:
        case Kind.UNKNOWN:
            return "something that cannot be seen from here (another user's, or a container's)"
        case Kind.LISTENER:
            return _process(owner, home)
    if owner.state == _TIME_WAIT:
        return f"what is left for a minute of a connection to {owner.remote}"
    held = f" of {_process(owner, home)}" if owner.pid or owner.user else ""
    return f"a connection to {owner.remote}{held}"


def duration(seconds: float) -> str:
    """A time span in its largest whole unit: `12 s`, `5 min`, `2 h`, `3 d`."""
    for limit, unit, name in ((60, 1, "s"), (3600, 60, "min"), (2 * 86400, 3600, "h")):
        if seconds < limit:
            return f"{int(seconds // unit)} {name}"
    return f"{int(seconds // 86400)} d"


def _process(owner: Owner, home: str) -> str:
    if owner.pid is None:
        return f"a process of user {owner.user}" if owner.user else "a process of another user"
    facts = [_short(owner.command), _tilde(_printable(owner.cwd), home)]
    if owner.foreign:
        facts.append(f"of user {owner.user}")
    if owner.age is not None:
        facts.append(f"up {duration(owner.age)}")
    told = ", ".join(fact for fact in facts if fact)
    return f"pid {owner.pid} ({told})" if told else f"pid {owner.pid}"


def _short(command: str) -> str:
    text = " ".join(_printable(command).split())
    return text if len(text) <= _COMMAND_LIMIT else text[: _COMMAND_LIMIT - 1] + "…"


def _printable(text: str) -> str:
    """Without what would move the cursor or colour the screen: a process chooses its own title."""
    return "".join(character if character.isprintable() else " " for character in text)


def _tilde(path: str, home: str) -> str:
    home = home.rstrip("/")
    if home and (path == home or path.startswith(home + "/")):
        return "~" + path[len(home) :]
    return path


def _of(sockets: list[_Socket]) -> tuple[Owner, ...]:
    """The owners of one port. Where somebody listens, the connections to the number are only his guests."""
    if not sockets:
        return (Owner(None, kind=Kind.UNKNOWN),)
    listening = [shared for socket in sockets if socket.state == _LISTEN for shared in _shared(socket)]
    oldest_first = sorted(listening or sockets, key=_begin)
    return tuple(dict.fromkeys(_owner(socket) for socket in _each_process_once(oldest_first)))


def _shared(socket: _Socket) -> Iterator[_Socket]:
    """The same socket in the hands of every process of a server that has it.

    Workers inherit the socket of the one that forked them, and psutil names any one of them. To end a worker
    is of no use: the first of the family is who a user wants to know.
    """
    yield socket
    if socket.pid is None:
        return
    first = socket.pid
    while (parent := processes.parent(first)) and _listens(parent, socket.port):
        first = parent
    for pid in (first, *processes.descendants(first)):
        if _listens(pid, socket.port):
            yield socket._replace(pid=pid)


def _listens(pid: int, port: int) -> bool:
    import psutil  # noqa: PLC0415 - see the top

    try:
        found = psutil.Process(pid).net_connections("tcp")
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return False
    sockets = (_socket(connection, pid) for connection in found)
    return any(socket.port == port and socket.state == _LISTEN for socket in sockets)


def _begin(socket: _Socket) -> tuple[bool, int, int]:
    """What sorts a server before the workers it forked, and hidden ones last."""
    if socket.pid is None:
        return True, 0, 0
    return False, processes.start_time(socket.pid) or 0, socket.pid


def _each_process_once(sockets: list[_Socket]) -> Iterator[_Socket]:
    """One server listens on 0.0.0.0 and on ::, one client has many connections."""
    seen: set[int] = set()
    for socket in sockets:
        if socket.pid is None or socket.pid not in seen:
            yield socket
        if socket.pid is not None:
            seen.add(socket.pid)


def _owner(socket: _Socket) -> Owner:
    kind = Kind.LISTENER if socket.state == _LISTEN else Kind.CONNECTION
    remote, state = ("", "") if kind is Kind.LISTENER else (socket.remote, socket.state)
    if socket.pid is None:
        user = _listening_user(socket.port) if kind is Kind.LISTENER else ""
        return Owner(None, user=user, kind=kind, foreign=bool(user), remote=remote, state=state)
    user = processes.user(socket.pid) or ""
    return Owner(
        pid=socket.pid,
        command=" ".join(processes.command_line(socket.pid) or ()) or processes.name(socket.pid) or "",
        user=user,
        cwd=processes.cwd(socket.pid) or "",
        age=processes.age(socket.pid),
        kind=kind,
        foreign=bool(user) and user != processes.user_name(os.geteuid()),
        remote=remote,
        state=state,
    )


def _listening_user(port: int) -> str:
    """Who listens there, where the kernel tells that of processes we may not look at; else empty."""
    if sys.platform == "linux":
        from aura_stack.system import procfs  # noqa: PLC0415 - this system alone has it

        users = sorted(procfs.listeners().get(port, ()))
        return " and ".join(processes.user_name(user) for user in users)
    return ""


def _sockets() -> Iterator[_Socket]:
    """Every TCP socket we may see."""
    import psutil  # noqa: PLC0415 - see the top

    try:
        # By attribute, never by position: psutil 8 orders the fields anew.
        yield from (_socket(found, found.pid) for found in psutil.net_connections("tcp"))
    except psutil.AccessDenied:  # macOS shows the whole table to root alone
        yield from _sockets_by_process(psutil.process_iter)


def _sockets_by_process(every: "Callable[[], Iterable[psutil.Process]]") -> Iterator[_Socket]:
    """The sockets of the processes we may look at, asked one by one."""
    import psutil  # noqa: PLC0415 - see the top

    for process in every():
        try:
            found = process.net_connections("tcp")
        except (psutil.AccessDenied, psutil.NoSuchProcess):  # another user's; gone, or a zombie
            continue
        yield from (_socket(connection, process.pid) for connection in found)


def _socket(found: Any, pid: int | None) -> _Socket:
    """One of psutil's named tuples; an address that is not there is an empty tuple in it."""
    port = found.laddr.port if found.laddr else 0
    return _Socket(
        port, pid, str(found.status), _address(found.raddr.ip, found.raddr.port) if found.raddr else ""
    )


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
