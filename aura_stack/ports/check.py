"""Looks whether every port of a stack can be had before it starts, and tells at once all that cannot."""

import os
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from aura_stack.stack.model import Service

from .leases import Lease
from .probe import busy

if TYPE_CHECKING:
    from .refusal import Conflict

NOBODY: Mapping[int, Lease] = MappingProxyType({})

NextFree = Callable[[int], int | None]
"""The number to offer instead of a taken one: free, and of the same range; None if there is none.

Asked again with what it offered before, it gives the one after that, so that no two services are offered one.
"""


def require_free(
    services: Iterable[Service],
    next_free: NextFree,
    leased: Mapping[int, Lease] = NOBODY,
    living: Callable[[], Iterable[Lease]] = tuple,
) -> None:
    """Return if every port can be had.

    Args:
        services: whose ports are looked at.
        next_free: what to offer in the place of one.
        leased: those that another stack has, whether or not it listens there already.
        living: the leases of all stacks that run, asked after a conflict.

    Raises:
        AuraError: some are taken (exit code 6, all of them told), or not permitted (exit code 8).
    """
    found = conflicts(services, next_free, leased, living)
    if found:
        from .refusal import refusal  # noqa: PLC0415 - for those who are refused

        raise refusal(found, os.path.expanduser("~"))


def conflicts(
    services: Iterable[Service],
    next_free: NextFree,
    leased: Mapping[int, Lease] = NOBODY,
    living: Callable[[], Iterable[Lease]] = tuple,
) -> "list[Conflict]":
    """The ports of our own services that cannot be had now, in the order of the services.

    Raises:
        AuraError: some numbers are not permitted to this user (exit code 8).
    """
    wanted = [(service.name, port) for service in services if not service.external for port in service.ports]
    taken = busy(port.number for _, port in wanted)
    promised = {number: lease for number, lease in leased.items() if number not in taken}
    if not (taken or promised):
        return []
    from .owners import owners, promise  # noqa: PLC0415 - for those who are refused
    from .refusal import Conflict  # noqa: PLC0415 - for those who are refused

    held = dict(owners(taken, living())) if taken else {}
    held |= {number: (promise(lease, number),) for number, lease in promised.items()}
    offered: set[int] = {port.number for _, port in wanted}
    return [
        Conflict(name, port, held[port.number], _offer(port.number, next_free, offered))
        for name, port in wanted
        if port.number in held
    ]


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
