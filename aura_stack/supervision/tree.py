"""The whole descent of a run: everything it started, wherever that went.

A process belongs to a run when it descends from the run's main process; or when it is an orphan of ours (we
are the subreaper of all services) in the run's session, or carries the run's mark in its environment, or was
seen below the main process before. So a daemon that forked twice and called setsid(2) is found by its mark;
one that emptied its environment too is found if it was seen; and one that did all that unseen still dies
with the stack, whose end is "no child is left" (wait(2): ECHILD).

Signals go to the group while the main process has not been waited for, since then its number is its own, and
to others by `Identity`, which no later process can have.
"""

import contextlib
import os
import signal
from collections.abc import Iterable, Sequence

from aura_stack.system import processes
from aura_stack.system.processes import Identity

from .process import Children

MARK = "AURA_RUN"
"""The variable that marks the processes of a run; its value is unique among all runs of a boot."""

LOOKS = 20  # until two agree, and no more: whoever forks without end is looked at again when he is killed


class Tree:
    """The processes of one run.

    Args:
        leader: pid of its main process, which leads its session.
        mark: the value of `MARK` in its environment.
        children: who of our children is a main process, and so no orphan.
    """

    def __init__(self, leader: int, mark: str, children: Children) -> None:
        self.leader = leader
        self._session = leader
        self._mark = mark
        self.children = children
        self._seen: dict[int, Identity] = {}
        self._asked: set[Identity] = set()  # who has had TERM

    def look(self, orphans: Sequence[int] | None = None) -> list[Identity]:
        """Everything of the run that lives, besides its main process; what is found is remembered.

        Args:
            orphans: from `orphans`, for whoever looks at many in one turn and only to remember what they had; a
                look without them proves that nothing is left.
        """
        if orphans is None:
            return look_at_all([self], self.children)[0]
        return self.remember([*self.descent(), *self.of(orphans)])

    def descent(self) -> list[int]:
        """What the main process has started, and what that has."""
        return processes.descendants(self.leader) if self.leader in self.children else []

    def of(self, orphans: Iterable[int]) -> list[int]:
        """What these are of the run, and have started."""
        return [pid for orphan in orphans for pid in self._below(orphan)]

    def remember(self, found: Iterable[int]) -> list[Identity]:
        """Add these to what was seen of the run; the answer is all of that that lives."""
        for pid in found:
            if pid not in self._seen and (identity := processes.identify(pid)):
                self._seen[pid] = identity
        self._seen = {pid: identity for pid, identity in self._seen.items() if processes.is_alive(identity)}
        return list(self._seen.values())

    def _below(self, orphan: int) -> list[int]:
        """What of the run an orphan is, and has started."""
        if self._is_ours(orphan):
            return [orphan, *processes.descendants(orphan)]
        if processes.environment(orphan):
            return []
        # one that is just ending loses its environment first, then leaves us its children
        return [pid for pid in processes.descendants(orphan) if self.marks(pid)]

    def follow(self, pid: int) -> None:
        """Another process of the run, a child of ours that is waited for, is the main one from now on."""
        self.leader = pid

    def ask_to_end(self, signum: int, orphans: Sequence[int] | None = None) -> None:
        """The stop signal to the main process's group, as a terminal would send it; a stopped one wakes up.

        Args:
            signum: the signal.
            orphans: as for `look`.
        """
        found = self.look(orphans)  # while the main process lives it still shows who belongs to it
        if self.leader in self.children:
            group = self._leaders_group()
            if signum == signal.SIGTERM:
                self._asked.update(one for one in found if _group(one.pid) == group)
            _signal_group(group, signum)
            _signal_group(group, signal.SIGCONT)

    def members(self) -> list[int]:
        """The pids of everything that lives, the main process first."""
        others = [identity.pid for identity in self.look()]
        return [self.leader, *others] if self.leader in self.children else others

    def marks(self, pid: int) -> bool:
        """Whether a process carries the run's mark, whoever started it."""
        environment = processes.environment(pid)
        return environment is not None and environment.get(MARK) == self._mark

    def signal(self, signum: int, *, main_only: bool) -> list[int]:
        """Send a signal to everything, or to the main process alone; the answer is to whom."""
        hit = []
        if self.leader in self.children and not processes.is_beyond_us(self.leader):
            os.kill(self.leader, signum)  # not waited for yet: its number is its own
            hit.append(self.leader)
        if not main_only:
            hit += [identity.pid for identity in self.look() if processes.signal(identity, signum)]
        return hit

    def sweep(self, left: Iterable[Identity]) -> None:
        """TERM to what the main process left behind.

        Who had it with the group gets no second one, which many programs take for an order to hurry.
        """
        for identity in left:
            if identity not in self._asked:
                processes.signal(identity, signal.SIGTERM)
            processes.signal(identity, signal.SIGCONT)

    def kill(self) -> list[Identity]:
        """KILL to everything, the main process first; the answer is who else was there."""
        if self.leader in self.children:
            _signal_group(self._leaders_group(), signal.SIGKILL)
        return self._signal(signal.SIGKILL)

    def _leaders_group(self) -> int:
        """That of its main process, which leads it unless it was started by another one of the run."""
        return _group(self.leader) or self.leader

    def _signal(self, signum: int) -> list[Identity]:
        left = self.look()
        for identity in left:
            processes.signal(identity, signum)
        return left

    def _is_ours(self, orphan: int) -> bool:
        if orphan in self._seen:
            return True
        # the number of a session whose leader went long ago may be that of another run's by now
        mark = (processes.environment(orphan) or {}).get(MARK)
        return mark == self._mark if mark else processes.session(orphan) == self._session


def look_at_all(trees: Sequence[Tree], children: Children) -> list[list[Identity]]:
    """What lives of each of these runs besides its main process, by one look at our children for all of them."""
    below = [tree.descent() for tree in trees]
    left: list[list[Identity]] = []
    for _ in range(LOOKS):
        ours = _steady_children()
        strays = children.orphans(ours)
        left = [tree.remember([*pids, *tree.of(strays)]) for tree, pids in zip(trees, below, strict=True)]
        # whoever turned out to have ended by now has left us its own before: only after that the children count
        if not strays or _children() == ours:
            break
    return left


def orphans(children: Children) -> list[int]:
    """The children of ours that are no main process."""
    return children.orphans(_steady_children())


def _steady_children() -> list[int]:
    """Our children, read until two readings agree: one that is just ending can hide another for once."""
    before = _children()
    while (now := _children()) != before:
        before = now
    return now


def _children() -> list[int]:
    return processes.children(os.getpid())


def _group(pid: int) -> int | None:
    with contextlib.suppress(ProcessLookupError):
        return os.getpgid(pid)
    return None


def _signal_group(leader: int, signum: int) -> None:
    # macOS answers EPERM for a group that holds only zombies
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signum)
