"""Looks whether every port of a stack can be had before it starts, and tells at once all that cannot."""

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from aura_stack.stack.model import Service

from .probe import busy

if TYPE_CHECKING:
    from .refusal import Conflict

NextFree = Callable[[int], int | None]
"""The number to offer instead of a taken one: free, and of the same range; None if there is none.

Asked again with what it offered before, it gives the one after that, so that no two services are offered one.
"""


def require_free(services: Iterable[Service], next_free: NextFree) -> None:
    """Return if every port can be had.

    Raises:
        AuraError: some are taken (exit code 6, all of them told), or not permitted (exit code 8).
    """
    found = conflicts(services, next_free)
    if found:
        from .refusal import refusal  # noqa: PLC0415 - for those who are refused

        raise refusal(found, os.path.expanduser("~"))


def conflicts(services: Iterable[Service], next_free: NextFree) -> "list[Conflict]":
    """The ports of our own services that cannot be had now, in the order of the services.

    Raises:
        AuraError: some numbers are not permitted to this user (exit code 8).
    """
    wanted = [(service.name, port) for service in services if not service.external for port in service.ports]
    taken = busy(port.number for _, port in wanted)
    if not taken:
        return []
    from .owners import owners  # noqa: PLC0415 - for those who are refused
    from .refusal import Conflict  # noqa: PLC0415 - for those who are refused

    held = owners(taken)
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
