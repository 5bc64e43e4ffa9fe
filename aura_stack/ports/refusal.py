"""Tells which ports are taken, by whom, and what to do about each: the message a user reads instead of a start."""

from collections.abc import Iterator, Sequence

from aura_stack.errors import AuraError, ExitCode
from aura_stack.frozen import NamedTuple
from aura_stack.stack.model import Port

from .freeing import stop_command
from .owners import Kind, Owner, describe

_OWNERS_TOLD = 2  # a server with twenty workers is told by the first of them


class Conflict(NamedTuple):
    """A port that a service needs and somebody else holds; `next_free` is a number to use instead."""

    service: str
    port: Port
    owners: tuple[Owner, ...]
    next_free: int | None


def refusal(found: Sequence[Conflict], home: str = "") -> AuraError:
    """The error that tells all conflicts, a line each, and what can be done.

    Args:
        found: at least one.
        home: a directory that is written as `~`.
    """
    message = "\n".join(_line(conflict, home) for conflict in found)
    return AuraError(message, "; ".join(_cures(found)), ExitCode.PORT_CONFLICT)


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


def _cures(found: Sequence[Conflict]) -> Iterator[str]:
    held = [owner for conflict in found for owner in conflict.owners]
    if any(owner.kind is not Kind.CONNECTION for owner in held):
        shift = " (aura-stack up --port-shift, for now)" if any(one.next_free for one in found) else ""
        ways = " and ".join(_ways(found))
        yield f"stop what holds the port ({ways}), or give the service another number{shift}"
    if any(owner.kind is Kind.CONNECTION for owner in held):
        yield "a connection gives its number back by itself when it has ended, within a minute"
    hidden = [
        str(conflict.port.number) for conflict in found if any(_is_hidden(owner) for owner in conflict.owners)
    ]
    if hidden:
        yield f"root sees more: sudo lsof -nP -iTCP:{','.join(hidden)}"


def _ways(found: Sequence[Conflict]) -> Iterator[str]:
    """Commands that stop what holds the ports, but for connections: of stacks of ours, and of everybody else."""
    yield from dict.fromkeys(
        stop_command(owner) for conflict in found for owner in conflict.owners if owner.stack
    )
    numbers = dict.fromkeys(
        str(conflict.port.number)
        for conflict in found
        if any(owner.kind is not Kind.CONNECTION and not owner.stack for owner in conflict.owners)
    )
    if numbers:
        yield f"aura-stack ports free {' '.join(numbers)}"


def _is_hidden(owner: Owner) -> bool:
    return owner.pid is None and owner.kind is not Kind.CONNECTION
