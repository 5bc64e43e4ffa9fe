"""Ends what holds a port: asks it to end, waits until the port can be bound, and only then forces it."""

import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress

from aura_stack.errors import AuraError
from aura_stack.frozen import NamedTuple
from aura_stack.system import processes
from aura_stack.system.processes import Identity

from .freeing import Asker
from .owners import Kind, Owner, owners
from .probe import is_free

_AFTER_KILL = 2.0  # seconds for the kernel to take away what was killed
_STEP = 0.05  # seconds between two looks at a port: nobody tells when it can be bound


class Freed(NamedTuple):
    """How it went; `by` is "TERM", "KILL", or "" where somebody still holds the port."""

    port: int
    by: str
    left: tuple[Owner, ...] = ()


def asker(those: Sequence[Owner]) -> Asker:
    """We who ask, and what the owners' programs are called."""
    family = [os.getpid()]
    while parent := processes.parent(family[-1]):
        family.append(parent)
    names = {owner.pid: processes.name(owner.pid) or "" for owner in those if owner.pid}
    return Asker(frozenset(family), names, os.path.expanduser("~"))


def identities(those: Sequence[Owner]) -> list[Identity]:
    """The processes as they are now, before anybody is asked: a later one of the same number is not meant."""
    found = (processes.identify(owner.pid) for owner in those if owner.pid)
    return [identity for identity in found if identity is not None]


def end(port: int, whom: Sequence[Identity], signum: int, patience: float) -> Freed:
    """End the holders of a port.

    The first of a family of processes is asked; what it does not take along is ended when the time is up.

    Args:
        port: the number.
        whom: the holders, the one that started the others first.
        signum: what they are asked with.
        patience: seconds until they are killed.
    """
    for identity in whom[:1] if _one_family(whom) else whom:
        processes.signal(identity, signum)
    if _wait(port, patience):
        return Freed(port, signal.Signals(signum).name.removeprefix("SIG"))
    for identity in whom:
        processes.signal(identity, signal.SIGKILL)
    if _wait(port, _AFTER_KILL):
        return Freed(port, "KILL")
    return Freed(port, "", tuple(owners([port])[port]))


def _one_family(whom: Sequence[Identity]) -> bool:
    below = set(processes.descendants(whom[0].pid)) if whom else set()
    return all(identity.pid in below for identity in whom[1:])


def _wait(port: int, seconds: float) -> bool:
    """Whether the port can be bound within so many seconds."""
    deadline = time.monotonic() + seconds
    while not _can_be_bound(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(_STEP)
    return True


def _can_be_bound(port: int) -> bool:
    with suppress(AuraError):  # kept from us: then nobody of ours can have it, and the holders' end is all
        return is_free(port)
    return not any(one.kind is Kind.LISTENER for one in owners([port])[port])
