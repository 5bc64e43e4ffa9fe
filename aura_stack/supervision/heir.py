"""The process that ends what a foreground command has running when whoever ran it is killed.

Rules:

1. It is forked twice, before we become a subreaper: so it is none of our descendants, and what ends them all does
   not meet it. It leads a session of its own, so no signal to our group, and none of the terminal, reaches it.
2. It holds one descriptor, the reading end of a pipe (the *lifeline*), on which it is told the commands. We alone
   hold the writing end, so the kernel closes it when we end, however that happens.
3. Then everything that carries our mark in its environment, and the commands with all that descends from them,
   gets TERM at once and KILL after 0.7 s. After an end in order nothing of that is left, and the heir just goes.

A process that emptied its environment and left its parent behind before we were killed is not found.
"""

import contextlib
import os
import signal
import time
from functools import cache
from typing import NoReturn

from aura_stack.frozen import NamedTuple
from aura_stack.system import processes
from aura_stack.system.processes import Identity

from .guardian import GRACE, STEP

MARK = "AURA_FOREGROUND"
"""The variable that marks what a foreground command starts; its value is unique among all processes of a boot."""


class Heir(NamedTuple):
    """What we hold of it: the value of `MARK`, and the writing end of its lifeline."""

    mark: str
    lifeline: int

    def learns_of(self, pid: int) -> None:
        """Tell it of a command, our child that was not waited for."""
        told = f"{pid} {processes.start_time(pid)}\n"
        with contextlib.suppress(BrokenPipeError):  # somebody killed it: that takes nothing from the command
            os.write(self.lifeline, told.encode())


@cache
def appointed() -> Heir:
    """The heir of this process, forked at the first call.

    To be called with signals blocked and before `subreaper`, in a process of one thread.
    """
    mark = f"{os.getpid()}-{processes.start_time(os.getpid())}"
    reading, writing = os.pipe()
    middle = os.fork()
    if middle == 0:
        try:
            if os.fork() == 0:
                _wait_and_inherit(reading, mark)
        finally:
            os._exit(0)
    os.waitpid(middle, 0)
    os.close(reading)
    return Heir(mark, writing)


def _wait_and_inherit(lifeline: int, mark: str) -> NoReturn:
    os.setsid()
    os.chdir("/")
    os.dup2(lifeline, 0)
    os.closerange(1, os.sysconf("SC_OPEN_MAX"))  # a pipe that we kept open would seem in use
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # whoever ends all there is ends it at once
    told = b""
    while data := os.read(0, 4096):
        told += data
    _end(mark, [Identity(*map(int, line.split())) for line in told.splitlines()])
    os._exit(0)


def _end(mark: str, commands: list[Identity]) -> None:
    """TERM to all that is left, KILL after the grace period, until there is nothing or it cannot be reached."""
    deadline = time.monotonic() + GRACE
    asked: set[Identity] = set()
    while left := _alive(asked | _belonging(mark, commands)):
        late = time.monotonic() >= deadline
        signum = signal.SIGKILL if late else signal.SIGTERM
        reached = [_signal(identity, signum) for identity in left if late or identity not in asked]
        if late and not any(reached):
            return
        asked |= left
        time.sleep(STEP)  # processes that are not our children have no event we could wait for


def _belonging(mark: str, commands: list[Identity]) -> set[Identity]:
    roots = [identity.pid for identity in commands if processes.is_alive(identity)]
    roots += [pid for pid in processes.pids() if (processes.environment(pid) or {}).get(MARK) == mark]
    pids = {pid for root in roots for pid in (root, *processes.descendants(root))}
    return {identity for pid in pids if (identity := processes.identify(pid))}


def _alive(identities: set[Identity]) -> set[Identity]:
    return {identity for identity in identities if processes.is_alive(identity)}


def _signal(identity: Identity, signum: int) -> bool:
    """Whether it was sent; a stopped process wakes up to it."""
    return processes.signal(identity, signum) and processes.signal(identity, signal.SIGCONT)
