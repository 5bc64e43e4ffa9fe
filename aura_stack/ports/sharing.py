"""Tells where a number is less one server's than it seems: two that share it, and two on its two families."""

from collections.abc import Callable, Iterable
from enum import StrEnum

from aura_stack.system.tcp import Socket


class Sharing(StrEnum):
    """How several servers listen on one number."""

    DOUBLE = "double"  # on one address, by SO_REUSEPORT: the kernel deals connections out between them
    SPLIT = "split"  # on IPv4 one, on IPv6 another: who is reached depends on the client


def sharing(sockets: Iterable[Socket], first: Callable[[int], int]) -> frozenset[Sharing]:
    """How the listeners of one port share it; nothing where all are one server's.

    Args:
        sockets: all that listen there.
        first: the process of a server's family that started the others, by any of them.
    """
    by_address: dict[str, set[object]] = {}
    by_family: dict[int, set[object]] = {}
    for socket in sockets:
        who: set[object] = {first(pid) for pid in socket.pids} or {f"user {socket.uid}"}
        by_address.setdefault(socket.host, set()).update(who)
        by_family.setdefault(socket.family, set()).update(who)
    found = set()
    if any(len(who) > 1 for who in by_address.values()):
        found.add(Sharing.DOUBLE)
    families = list(by_family.values())
    if len(families) > 1 and not families[0] & families[1]:
        found.add(Sharing.SPLIT)
    return frozenset(found)
