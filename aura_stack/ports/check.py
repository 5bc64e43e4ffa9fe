"""Looks whether every port of a stack can be had before it starts, and tells at once all that cannot."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from aura_stack.errors import AuraError, ExitCode
from aura_stack.stack.model import Port, Service

from .owners import Kind, Owner, describe, owners
from .probe import busy

NextFree = Callable[[int], int | None]
"""The number to offer instead of a taken one: free, and of the same range; None if there is none.

Asked again with what it offered before, it gives the one after that, so that no two services are offered one.
"""

_OWNERS_TOLD = 2  # a server with twenty workers is told by the first of them


@dataclass(frozen=True, slots=True)
class Conflict:
    """A port that a service needs and somebody else holds; `next_free` is a number to use instead."""

    service: str
    port: Port
    owners: tuple[Owner, ...]
    next_free: int | None


def require_free(services: Iterable[Service], next_free: NextFree) -> None:
    """Return if every port can be had.

    Raises:
        AuraError: some are taken (exit code 6, all of them told), or not permitted (exit code 8).
    """
    found = conflicts(services, next_free)
    if found:
        raise refusal(found, os.path.expanduser("~"))


def conflicts(services: Iterable[Service], next_free: NextFree) -> list[Conflict]:
    """The ports of our own services that cannot be had now, in the order of the services.

    Raises:
        AuraError: some numbers are not permitted to this user (exit code 8).
    """
    wanted = [(service.name, port) for service in services if not service.external for port in service.ports]
    taken = busy(port.number for _, port in wanted)
    if not taken:
        return []  # and psutil stays where it is
    held = owners(taken)
    offered: set[int] = {port.number for _, port in wanted}
    return [
        Conflict(name, port, held[port.number], _offer(port.number, next_free, offered))
        for name, port in wanted
        if port.number in held
    ]


def refusal(found: Sequence[Conflict], home: str = "") -> AuraError:
    """The error that tells all conflicts, a line each, and what can be done.

    Args:
        found: at least one.
        home: a directory that is written as `~`.
    """
    message = "\n".join(_line(conflict, home) for conflict in found)
    return AuraError(message, "; ".join(_cures(found)), ExitCode.PORT_CONFLICT)


def _offer(number: int, next_free: NextFree, offered: set[int]) -> int | None:
    """A number that no other service of the stack uses or was offered."""
    asked: set[int] = set()
    offer = next_free(number)
    while offer in offered and offer not in asked:
        asked.add(offer)
        offer = next_free(offer)
    if offer is None or offer in offered:
        return None
    offered.add(offer)
    return offer


def _line(conflict: Conflict, home: str) -> str:
    port = conflict.port
    key = f" ({port.key})" if port.key else ""
    told = [describe(owner, home) for owner in conflict.owners[:_OWNERS_TOLD]]
    more = len(conflict.owners) - len(told)
    held = " and ".join(told) + (f" and {more} more" if more else "")
    return f"{conflict.service}: port {port.number}{key} is taken by {held}{_instead(conflict)}"


def _instead(conflict: Conflict) -> str:
    within = f" in {conflict.port.range}" if conflict.port.range else ""
    if conflict.next_free is None:
        return f"; none is free{within}" if within else ""
    return f"; next free{within}: {conflict.next_free}"


def _cures(found: Sequence[Conflict]) -> list[str]:
    held = [owner for conflict in found for owner in conflict.owners]
    cures = []
    if any(owner.kind is not Kind.CONNECTION for owner in held):
        cures.append("stop what holds the port, or give the service another number")
    if any(owner.kind is Kind.CONNECTION for owner in held):
        cures.append("a connection gives its number back by itself when it has ended, within a minute")
    hidden = [
        str(conflict.port.number) for conflict in found if any(_is_hidden(owner) for owner in conflict.owners)
    ]
    if hidden:
        cures.append(f"root sees more: sudo lsof -nP -iTCP:{','.join(hidden)}")
    return cures


def _is_hidden(owner: Owner) -> bool:
    return owner.pid is None and owner.kind is not Kind.CONNECTION
