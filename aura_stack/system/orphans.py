"""What the first process of a container owes: the kernel gives it every orphan there, and it has to bury them.

Those of the stack come to the engine, which is a subreaper; others come of whatever somebody executes in the
container (pid_namespaces(7)). When the first process ends, the kernel kills all the rest.
"""

import os
import signal
import sys


def is_first() -> bool:
    """Whether we are the first process of a container, or of the machine."""
    return os.getpid() == 1


def bury(spared: int) -> None:
    """Wait for every child that ends from now on, but for this one, whose end somebody else waits for."""
    signal.signal(signal.SIGCHLD, lambda *_: _bury(spared))
    _bury(spared)


def _bury(spared: int) -> None:
    """The one that is spared is met last: once it has ended, so has everything."""
    while (ended := _next()) and ended != spared:
        os.waitpid(ended, 0)


def _next() -> int:
    """A child that has ended and was not waited for, 0 for none."""
    if sys.platform == "darwin":  # where there are no containers either
        return 0
    try:
        found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return 0
    return found.si_pid if found else 0
