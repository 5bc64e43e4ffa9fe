"""Whether who answers at a port is of the run that was asked, or a stranger who was there first."""

import os
from collections.abc import Sequence

from aura_stack.ports import owners
from aura_stack.ports.freeing import CONTAINERS
from aura_stack.system import processes

from .tree import Tree


def stranger(port: int, ours: Sequence[Tree], others: Sequence[Tree]) -> str:
    """Who listens at the port and is not ours, in words: `pid 812 (node server.js)`; "" where that is nobody.

    Who cannot be seen, is another user's or stands for a container counts as ours. Ours are asked first: that costs
    a look at their descriptors, while to find a stranger costs one at everybody's.

    Args:
        port: one at which somebody answered just now.
        ours: the runs that may answer there.
        others: all other runs.
    """
    if any(processes.listens(pid, port) for tree in ours for pid in tree.members()):
        return ""
    found = [one for one in owners.owners((port,))[port] if one.kind is owners.Kind.LISTENER]
    if not found or any(_passes(one, ours, others) for one in found):
        return ""
    return owners.describe(found[0]._replace(cwd="", age=None))


def _passes(owner: owners.Owner, ours: Sequence[Tree], others: Sequence[Tree]) -> bool:
    if owner.pid is None or owner.foreign or os.path.basename(owner.command.partition(" ")[0]) in CONTAINERS:
        return True
    if any(tree.marks(owner.pid) for tree in ours):
        return True  # a daemon from elsewhere, with the variables of whoever asked it to serve
    return owner.pid in processes.descendants(os.getpid()) and not any(
        owner.pid in tree.members() for tree in others
    )  # a daemon that nobody can be told to have started, but us
