"""The process that outlives the engine: when the engine dies, it ends whatever of the stack is left.

Rules:

1. It leads a session of its own, so what happens to the shell's job does not happen to it.
2. It is the engine's parent and a child subreaper: when the engine dies, the engine's children, and every orphan
   of theirs, become its own children.
3. It tells the engine of its own death by a pipe (the *lifeline*): its writing end is held by nobody else, so the
   kernel closes it when the guardian dies, however it dies.
4. When the engine has ended and children are left, they get TERM at once and KILL after 0.7 s, again and again
   until wait(2) says that there are none (ECHILD). An engine that ended in order has left none.
5. It imports next to nothing: all it holds is shared with the engine it was forked from.

Where there is no subreaper (macOS) orphans go to pid 1, and the guardian ends only what is still its child.
"""

import os
import signal
import time
from collections.abc import Callable
from typing import NoReturn

from aura_stack.system import processes
from aura_stack.system.subreaper import subreaper

GRACE = 0.7  # seconds between TERM and KILL after a death of ours
ORDERS = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
HELD = ORDERS | {signal.SIGCHLD}
"""Blocked when `guard` is called, and in the engine until it takes them.

The guardian never unblocks them but waits for them (sigwait(3)): a handler could be asked for between the last
look of the interpreter and a call that blocks, and would then run when that call returns, much too late.
"""

STEP = 0.02  # seconds between two looks while the grace period runs


def guard(run_engine: Callable[[int], int], release: Callable[[], None]) -> NoReturn:
    """Become the guardian: fork the engine, wait for it, end what it leaves; exits with the engine's code.

    Args:
        run_engine: the engine; it gets the lifeline's reading end and answers its exit code.
        release: closes, in this process, what only the engine may hold.
    """
    os.setsid()
    subreaper()
    signal.signal(signal.SIGCHLD, lambda *_: None)  # some systems drop what is ignored, blocked or not
    reading, writing = os.pipe()
    engine = os.fork()
    if engine == 0:
        os.close(writing)
        os._exit(_contained(run_engine, reading))
    os.close(reading)
    release()
    code = _wait_for(engine)
    end_all_children()
    os._exit(code)


def _contained(run_engine: Callable[[int], int], lifeline: int) -> int:
    """The engine's code; a fault is shown and ends this process, not the code that forked it."""
    try:
        return run_engine(lifeline)
    except BaseException:  # noqa: BLE001 - what is raised here would run on in a copy of the face
        import traceback  # noqa: PLC0415 - only for a fault

        traceback.print_exc()
        return 1


def _wait_for(engine: int) -> int:
    """The engine's exit code, once it has ended; until then a signal to us is an order to it."""
    while True:
        if signal.sigwait(HELD) in ORDERS:
            os.kill(engine, signal.SIGTERM)  # our child, not waited for yet: its number is its own
            continue
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            pid, status = ended
            if pid == engine:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code


def end_all_children(
    grace: float = GRACE, buried: Callable[[int, int], None] = lambda _pid, _status: None
) -> None:
    """TERM to every descendant, KILL after `grace` seconds, until no child is left that we may signal.

    Args:
        grace: seconds.
        buried: told of each child that was waited for, as waitpid(2) gives it.
    """
    deadline = time.monotonic() + grace
    asked: set[int] = set()
    while _bury(buried):
        late = time.monotonic() >= deadline
        pids = [pid for pid in processes.descendants(os.getpid()) if late or pid not in asked]
        reached = [_signal(pid, signal.SIGKILL if late else signal.SIGTERM) for pid in pids]
        if late and pids and not any(reached):
            return  # another user's, left by sudo(8): no signal of ours will end them
        asked.update(pids)
        time.sleep(STEP)  # another process's descendants have no event we could wait for


def _signal(pid: int, signum: int) -> bool:
    """Whether it was sent; a stopped process wakes up to it."""
    identity = processes.identify(pid)
    return bool(
        identity and processes.signal(identity, signum) and processes.signal(identity, signal.SIGCONT)
    )


def _bury(buried: Callable[[int, int], None]) -> bool:
    """Wait for all children that have ended; whether there are others."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True
        buried(pid, status)
