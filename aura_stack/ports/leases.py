"""Which numbers a stack has against the other stacks of its user: decided here, kept by `register`.

Rules:

1. A stack has the numbers that are written, unless there is a reason for others: it is a linked worktree of git; a
   running checkout of the same stack has that number; or somebody asked for other numbers where one is taken.
2. Other numbers come from the range of the written one, the next first. None of them has a name in the manifest, is
   another stack's, or is busy; those that another checkout had the last time are taken only when there are no others.
3. What a stack was given once it gets again, as long as it can be had.
4. What a running stack of another kind has is refused, if a service that is meant needs it.
5. Who runs in another network (a container, a namespace) has nothing of what counts here.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from aura_stack.frozen import Frozen, NamedTuple
from aura_stack.stack.model import Port

Candidates = Callable[[Port], Iterator[int]]
"""The numbers that may stand in the place of a port's, the best first."""

VERSION = 1


class Why(StrEnum):
    """What gave a port another number than the one that is written."""

    WORKTREE = "worktree"  # it belongs to a linked worktree
    RUNNING = "running"  # a running checkout of the same stack has it
    BUSY = "busy"  # somebody has it, and other numbers were asked for


class Given(Frozen):
    """A number that a port of a service was given; `written` is the one in the manifest or the stack file."""

    service: str
    key: str
    written: int
    number: int

    @property
    def slot(self) -> str:
        """What a service's port is called: `backend`, `backend/metrics`."""
        return slot(self.service, self.key)


class Lease(Frozen):
    """What one stack has, or had when it ran last.

    Attributes:
        id: the name of its runtime folder.
        stack: its name, with its instance.
        file: the stack file.
        worktree: the name of the linked worktree of git in which it stands, "" for none.
        takes: it has the written numbers though it stands in a linked worktree.
        lock: whoever holds this file keeps the lease alive.
        pid: of its engine.
        network: in which it listens (see `system/network`), "" where that is not known.
    """

    id: str
    stack: str
    file: str
    lock: str
    pid: int = 0
    worktree: str = ""
    takes: bool = False
    given: tuple[Given, ...] = ()
    network: str = ""

    @property
    def moved(self) -> tuple[Given, ...]:
        """Those that are others than written."""
        return tuple(one for one in self.given if one.number != one.written)


class Asked(Frozen):
    """A port that a stack asks for, as it is written; `meant`: it is about to be used."""

    service: str
    port: Port
    meant: bool


class Moved(Frozen):
    """A port that got another number, and why; `holder` has the written one, if one of our stacks does."""

    given: Given
    why: Why
    holder: Lease | None = None


class Around(Frozen):
    """What is known of everybody else.

    Attributes:
        stack: the name of the stack that asks.
        apart: it is a linked worktree that did not take the written numbers.
        shift: whether a busy number is exchanged for another one.
        had: what it was given the last time, by slot.
        held: the leases of other stacks that run, by number.
        spared: numbers that other checkouts had when they ran last.
    """

    stack: str
    apart: bool = False
    shift: bool = False
    had: Mapping[str, Given] = {}
    held: Mapping[int, Lease] = {}
    spared: Collection[int] = frozenset()


class Allotment(NamedTuple):
    """The numbers of a stack: what it has, what moved, whom it is refused by, and for which there is none."""

    given: tuple[Given, ...]
    moved: tuple[Moved, ...]
    refused: tuple[tuple[Asked, Lease], ...]
    missing: tuple[Asked, ...]

    @property
    def numbers(self) -> dict[str, int]:
        """The numbers that are others than written, by slot."""
        return {one.given.slot: one.given.number for one in self.moved}


def slot(service: str, key: str) -> str:
    """What a service's port is called: `backend`, `backend/metrics`."""
    return f"{service}/{key}" if key else service


def allot(
    asked: Sequence[Asked], around: Around, candidates: Candidates, is_free: Callable[[int], bool]
) -> Allotment:
    """Give every port of a stack its number; see the rules above.

    Args:
        asked: the ports in the order of the file.
        around: what others have.
        candidates: where another number may come from.
        is_free: whether a number can be had now.
    """
    given: list[Given] = []
    moved: list[Moved] = []
    refused: list[tuple[Asked, Lease]] = []
    missing: list[Asked] = []
    taken = {one.port.number for one in asked}
    for one in asked:
        number, holder = one.port.number, around.held.get(one.port.number)
        why = _why(one, holder, around, is_free)
        if why is None and holder is not None:
            if one.meant:
                refused.append((one, holder))
            continue
        if why is not None:
            found = _other(one, around, candidates, lambda each: each not in taken and is_free(each))
            if found is None:
                missing.append(one)
                continue
            number = found
            taken.add(number)
        each = Given(one.service, one.port.key, one.port.number, number)
        given.append(each)
        if why is not None:
            moved.append(Moved(each, why, holder))
    return Allotment(tuple(given), tuple(moved), tuple(refused), tuple(missing))


def _why(one: Asked, holder: Lease | None, around: Around, is_free: Callable[[int], bool]) -> Why | None:
    """The reason for another number than the written one, if there is one."""
    if around.apart:
        return Why.WORKTREE
    if holder is not None and is_same(holder, around.stack, one):
        return Why.RUNNING
    if around.shift and (holder is not None or not is_free(one.port.number)):
        return Why.BUSY
    return None


def is_same(holder: Lease, stack: str, one: Asked) -> bool:
    """Whether another stack is a checkout of the same one: it bears its name, and has that port for that service."""
    return holder.stack == stack and any(
        (each.service, each.key, each.written) == (one.service, one.port.key, one.port.number)
        for each in holder.given
    )


def _other(one: Asked, around: Around, candidates: Candidates, may_be: Callable[[int], bool]) -> int | None:
    had = around.had.get(slot(one.service, one.port.key))
    known = [had.number] if had and had.written == one.port.number and had.number != had.written else []
    every = list(candidates(one.port))
    first = [number for number in known if number in every]
    fresh = [number for number in every if number not in around.spared]
    for number in (*first, *fresh, *every):
        if number not in around.held and may_be(number):
            return number
    return None


# --- as it is kept ---


def as_json(lease: Lease) -> dict[str, Any]:
    """The lease as it stands in its file."""
    return {
        "version": VERSION,
        "id": lease.id,
        "stack": lease.stack,
        "file": lease.file,
        "worktree": lease.worktree,
        "takes": lease.takes,
        "lock": lease.lock,
        "pid": lease.pid,
        "network": lease.network,
        "ports": [one.fields() for one in lease.given],
    }


def from_json(found: object) -> Lease | None:
    """The lease that stands in a file; None for one that is none."""
    if not isinstance(found, dict) or found.get("version") != VERSION:
        return None
    texts = [found.get(name) for name in ("id", "stack", "file", "lock", "worktree")]
    rows, pid = found.get("ports"), found.get("pid")
    if not (all(isinstance(each, str) for each in texts) and isinstance(rows, list) and isinstance(pid, int)):
        return None
    given = tuple(filter(None, map(_given, rows)))
    name, stack, file, lock, worktree = map(str, texts)
    network = found.get("network")  # whoever wrote it may not have known of that
    takes, network = found.get("takes") is True, network if isinstance(network, str) else ""
    return Lease(name, stack, file, lock, pid, worktree, takes, given, network)


def _given(row: object) -> Given | None:
    if not isinstance(row, dict):
        return None
    service, key, written, number = (row.get(name) for name in Given.__match_args__)
    if (
        isinstance(service, str)
        and isinstance(key, str)
        and isinstance(written, int)
        and isinstance(number, int)
    ):
        return Given(service, key, written, number)
    return None


def by_number(leases: Iterable[Lease]) -> dict[int, Lease]:
    """Who has each number."""
    return {one.number: lease for lease in leases for one in lease.given}
