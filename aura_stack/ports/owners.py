"""Tells who holds a port, so that "address already in use" is never all a user learns.

A port is held by a listener, or by a connection that goes out from that number: the kernel hands out local
numbers (32768 to 60999 on Linux) without asking us, and keeps one for a minute after its connection has
ended. This is asked after a conflict only: to find the process that has a socket, all of them are looked through.
"""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import StrEnum

from aura_stack.frozen import NamedTuple
from aura_stack.system import processes, sockets
from aura_stack.system.tcp import BOUND, LISTEN, TIME_WAIT, Socket

from .leases import Lease, by_number
from .probe import can_be_had
from .sharing import Sharing, sharing

_COMMAND_LIMIT = 60
_BINDABLE = 1024
_SERVICE = "AURA_SERVICE"  # by which a process knows whose it is


class Kind(StrEnum):
    """How a port is held."""

    LISTENER = "listener"
    CONNECTION = "connection"  # it goes out from the number, or is the rest of one that did
    BOUND = "bound"  # a process was given the number, and neither listens there nor goes out from it
    LEASE = "lease"  # another stack has the number, and does not listen there now
    UNKNOWN = (
        "unknown"  # nothing is to be seen: another container or machine below us, or a socket not yet in use
    )


class Owner(NamedTuple):
    """Who holds a port.

    `pid` is None, and what depends on it empty, where we may not see the process. `age` is in seconds.
    `foreign`: it runs as another user than we do. `remote` and `state` say more of a connection, and `left` is
    for how many seconds the rest of one stays, where the system tells. `hosts` are the addresses on which it listens.
    `stack`, `service` and `file` (of the stack) are those of a process of one of our stacks, "" for others.
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
    left: float | None = None
    hosts: tuple[str, ...] = ()
    stack: str = ""
    service: str = ""
    file: str = ""


def owners(numbers: Iterable[int], leases: Iterable[Lease] = ()) -> Mapping[int, tuple[Owner, ...]]:
    """Who holds each of the ports, the longest-running first; for ports that are known to be busy.

    A port that nothing visible holds has one owner of kind "unknown". An ordinary user sees the processes of
    others as user and kind alone (Linux), or not at all (macOS).

    Args:
        numbers: the ports.
        leases: of the stacks that run, to tell which processes are theirs.
    """
    wanted = frozenset(numbers)
    found = sockets.holding(wanted)
    ours = Ours(leases)
    return {
        number: _of([socket for socket in found if socket.port == number], ours) for number in sorted(wanted)
    }


def holders(numbers: Iterable[int], leases: Iterable[Lease] = ()) -> Mapping[int, tuple[Owner, ...]]:
    """Who holds those of the ports that are busy, kept from us, or another stack's; as `owners` otherwise.

    Args:
        numbers: the ports.
        leases: of the stacks that run: a number that one of them has is held, also while nobody listens there.
    """
    leases, numbers = tuple(leases), tuple(dict.fromkeys(numbers))
    taken = [number for number in numbers if not can_be_had(number)]
    found = owners(taken, leases) if taken else {}
    leased = by_number(leases)
    held = {}
    for number in numbers:
        those = found.get(number, ())
        # below 1024 an ordinary user cannot ask by binding: there a listener is what counts
        if those and (number >= _BINDABLE or any(one.kind is not Kind.UNKNOWN for one in those)):
            held[number] = those
        elif number in leased:
            held[number] = (promise(leased[number], number),)
    return held


def listeners(leases: Iterable[Lease] = ()) -> Mapping[int, tuple[Owner, ...]]:
    """Who listens on every port on which somebody does, by port; as `owners` otherwise."""
    by_port: dict[int, list[Socket]] = {}
    for socket in sockets.listening():
        by_port.setdefault(socket.port, []).append(socket)
    ours = Ours(leases)
    return {number: _of(by_port[number], ours) for number in sorted(by_port)}


def shared(numbers: Iterable[int]) -> Mapping[int, frozenset[Sharing]]:
    """Those of the ports on which more than one server listens, and how."""
    by_port: dict[int, list[Socket]] = {}
    for socket in sockets.holding(frozenset(numbers)):
        if socket.state == LISTEN:
            by_port.setdefault(socket.port, []).append(socket)
    several = {port: those for port, those in by_port.items() if len(those) > 1}
    found = {}
    for port, those in several.items():
        pids = {pid for socket in those for pid in socket.pids}
        if how := sharing(those, lambda pid, pids=pids: _first(pid, pids)):  # type: ignore[misc]
            found[port] = how
    return found


def _first(pid: int, among: Collection[int]) -> int:
    """The process of the family that started it: workers share what the first of them opened."""
    while (parent := processes.parent(pid)) and parent in among:
        pid = parent
    return pid


def promise(lease: Lease, number: int) -> Owner:
    """Another stack that has a number and does not listen there now."""
    service = next((one.service for one in lease.given if one.number == number), "")
    return Owner(lease.pid or None, kind=Kind.LEASE, stack=lease.stack, service=service, file=lease.file)


class Ours:
    """The stacks of this user that run, by their processes.

    Args:
        leases: of those.
    """

    def __init__(self, leases: Iterable[Lease]) -> None:
        leases = tuple(leases)
        self._engines = {lease.pid: lease for lease in leases if lease.pid}
        self._numbers = by_number(leases)
        self._known: dict[int, Lease | None] = {}

    def lease(self, pid: int) -> Lease | None:
        """The stack whose engine it descends from; None for a process that is no service of ours."""
        chain = []
        each: int | None = pid
        while each and each not in self._known and each not in self._engines:
            chain.append(each)
            each = processes.parent(each)
        found = self._engines.get(each or 0) or self._known.get(each or 0)
        self._known |= dict.fromkeys(chain, found)
        return found if pid not in self._engines else None

    def service(self, pid: int, port: int, lease: Lease) -> str:
        """The service that a process of that stack belongs to."""
        told = (processes.environment(pid) or {}).get(_SERVICE, "")
        return told or next((one.service for one in lease.given if one.number == port), "")


def describe(owner: Owner, home: str = "") -> str:
    """The owner in words that follow "taken by": `pid 4711 (node server.js, /home/u/shop, up 2 h)`.

    Args:
        owner: who holds the port.
        home: a directory that is written as `~`.
    """
    match owner.kind:
        case Kind.UNKNOWN:
            return "something that cannot be seen from here (another user's, or a container's)"
        case Kind.LEASE:
            pid = f", pid {owner.pid}" if owner.pid else ""
            return f"{_whose(owner, home)}, which has a lease on it and does not listen yet{pid}"
        case Kind.LISTENER:
            return _process(owner, home)
        case Kind.BOUND:
            return f"{_process(owner, home)}, which has bound it and does not listen"
    if owner.state == TIME_WAIT:
        left = "a minute" if owner.left is None else f"{owner.left:.0f} s"
        return f"what is left for {left} of a connection to {owner.remote}"
    held = f" of {_process(owner, home)}" if owner.pid or owner.user else ""
    return f"a connection to {owner.remote}{held}"


def duration(seconds: float) -> str:
    """A time span in its largest whole unit: `12 s`, `5 min`, `2 h`, `3 d`."""
    for limit, unit, name in ((60, 1, "s"), (3600, 60, "min"), (2 * 86400, 3600, "h")):
        if seconds < limit:
            return f"{int(seconds // unit)} {name}"
    return f"{int(seconds // 86400)} d"


def short(path: str, home: str) -> str:
    """A path with `~` for the home directory."""
    home = home.rstrip("/")
    if home and (path == home or path.startswith(home + "/")):
        return "~" + path[len(home) :]
    return path


def _process(owner: Owner, home: str) -> str:
    if owner.pid is None:
        return f"a process of user {owner.user}" if owner.user else "a process of another user"
    facts = [_cut(owner.command), short(_printable(owner.cwd), home)]
    if owner.foreign:
        facts.append(f"of user {owner.user}")
    if owner.age is not None:
        facts.append(f"up {duration(owner.age)}")
    told = ", ".join(fact for fact in facts if fact)
    ours = f", {_whose(owner, home)}" if owner.stack else ""
    return (f"pid {owner.pid} ({told})" if told else f"pid {owner.pid}") + ours


def _whose(owner: Owner, home: str) -> str:
    """Which stack and checkout: `backend of the stack aura in ~/aura`."""
    service = f"{owner.service} of " if owner.service else ""
    return f"{service}the stack {owner.stack} in {short(os.path.dirname(owner.file), home)}"


def _cut(command: str) -> str:
    text = " ".join(_printable(command).split())
    return text if len(text) <= _COMMAND_LIMIT else text[: _COMMAND_LIMIT - 1] + "…"


def _printable(text: str) -> str:
    """Without what would move the cursor or colour the screen: a process chooses its own title."""
    return "".join(character if character.isprintable() else " " for character in text)


def _of(found: list[Socket], ours: Ours) -> tuple[Owner, ...]:
    """The owners of one port. Where somebody listens, the connections to the number are only his guests."""
    if not found:
        return (Owner(None, kind=Kind.UNKNOWN),)
    listening = [socket for socket in found if socket.state == LISTEN]
    held = listening or found
    hosts: dict[int | None, list[str]] = {}
    for socket in listening:
        for pid in socket.pids or (None,):
            hosts.setdefault(pid, []).append(socket.host)
    every = [(socket, pid) for socket in held for pid in socket.pids or (None,)]
    every.sort(key=lambda one: _begin(one[1]))
    owned = (
        _owner(socket, pid, tuple(dict.fromkeys(hosts.get(pid, ()))), ours)
        for socket, pid in _each_process_once(every)
    )
    return tuple(dict.fromkeys(owned))


def _begin(pid: int | None) -> tuple[bool, int, int]:
    """What sorts a server before the workers it forked, and hidden ones last."""
    if pid is None:
        return True, 0, 0
    return False, processes.start_time(pid) or 0, pid


def _each_process_once(every: list[tuple[Socket, int | None]]) -> Iterator[tuple[Socket, int | None]]:
    """One server listens on 0.0.0.0 and on ::, one client has many connections."""
    seen: set[int] = set()
    for socket, pid in every:
        if pid is None or pid not in seen:
            yield socket, pid
        if pid is not None:
            seen.add(pid)


def _owner(socket: Socket, pid: int | None, hosts: tuple[str, ...], ours: Ours) -> Owner:
    kind = {LISTEN: Kind.LISTENER, BOUND: Kind.BOUND}.get(socket.state, Kind.CONNECTION)
    remote, state = (socket.remote, socket.state) if kind is Kind.CONNECTION else ("", "")
    if pid is None:
        # nobody has what is left of a connection; its user counts for nothing
        user = "" if socket.uid is None or state == TIME_WAIT else processes.user_name(socket.uid)
        foreign = bool(user) and socket.uid != os.geteuid()
        facts = {"remote": remote, "state": state, "left": socket.left, "hosts": hosts}
        return Owner(None, user=user, kind=kind, foreign=foreign, **facts)  # type: ignore[arg-type]  # by name
    user = processes.user(pid) or ""
    lease = ours.lease(pid)
    return Owner(
        pid=pid,
        command=" ".join(processes.command_line(pid) or ()) or processes.name(pid) or "",
        user=user,
        cwd=processes.cwd(pid) or "",
        age=processes.age(pid),
        kind=kind,
        foreign=bool(user) and user != processes.user_name(os.geteuid()),
        remote=remote,
        state=state,
        hosts=hosts,
        stack=lease.stack if lease else "",
        service=ours.service(pid, socket.port, lease) if lease else "",
        file=lease.file if lease else "",
    )
