"""A service that puts itself in the background: its main process ends well and leaves another one that serves.

That one becomes the main process of the run, which goes on: its end is the run's end, and stop signals go to its
group. It has to be a child of ours (we are the subreaper), since else nobody tells how it ends. Who serves is the
process that said so (MAINPID of sd_notify(3)), or who listens at a declared port. While the readiness is being asked
nobody may listen yet, and whoever was left is given its time. Where nothing tells that it serves, what was left is
only left over.
"""

import os
import sys
from collections.abc import Iterable, Sequence

from aura_stack.system import processes
from aura_stack.system.processes import Identity

LOOKS = 200  # for a child that is about to become ours


def successor(left: Sequence[Identity], ports: Iterable[int], said: int, *, asked: bool) -> int:
    """The child of ours that is the main process of a run now, 0 for none.

    Args:
        left: all that lives of the run whose main process has ended well.
        ports: those it declared.
        said: the pid that the run said to be its main one, 0 for none.
        asked: whether its readiness is still being asked for.
    """
    orphans = _orphans(left)
    below = {orphan: {orphan, *processes.descendants(orphan)} for orphan in orphans}
    ports = tuple(ports)
    for orphan in orphans:
        if said in below[orphan]:
            return orphan
    for orphan in orphans:
        if any(processes.listens(pid, port) for pid in below[orphan] for port in ports):
            return orphan
    return orphans[0] if asked and orphans else 0


def _orphans(left: Sequence[Identity]) -> list[int]:
    """Which of them are children of ours; on Linux one is, as soon as whoever started it has quite ended."""
    for _ in range(LOOKS if sys.platform == "linux" else 1):
        ours = processes.children(os.getpid())
        if found := [one.pid for one in left if one.pid in ours]:
            return found
        os.sched_yield()
    return []
