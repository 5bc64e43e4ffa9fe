"""How much processor and memory the processes of a run use, measured when somebody asks and never else."""

from collections.abc import Iterable

from aura_stack.frozen import Frozen
from aura_stack.system import processes

SHORTEST = 1.0  # seconds between two marks: over less, the kernel's ticks (10 ms) say little


class Usage(Frozen):
    """What a run uses.

    `percent` is of one core, on the average since somebody last asked (at least a second ago) or since the run
    began; `seconds` of processor time since it began; `memory` in bytes, resident, where what processes share
    counts for each; `processes` is how many there are.
    """

    percent: float
    seconds: float
    memory: int
    processes: int


class Meter:
    """Measures one run.

    Args:
        began: monotonic seconds.
    """

    def __init__(self, began: float) -> None:
        self._mark = (began, 0.0)  # when, and the seconds used by then
        self._next = self._mark

    def read(self, pids: Iterable[int], now: float) -> Usage:
        """What these processes, all of the run, use now."""
        found = [used for pid in pids if (used := processes.usage(pid))]
        seconds = sum(used for used, _ in found)
        if now - self._next[0] >= SHORTEST:
            self._mark, self._next = self._next, (now, seconds)
        when, before = self._mark
        # a process that went without being waited for by one of the run takes its seconds with it
        percent = 100.0 * max(seconds - before, 0.0) / max(now - when, 0.01)
        return Usage(percent, seconds, sum(memory for _, memory in found), len(found))
