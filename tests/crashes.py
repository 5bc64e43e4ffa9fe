"""What stacks leave that die: the one crash after which something is left, and a place where nobody else's is seen."""

import os
import signal
from contextlib import contextmanager

from aura_stack.system import processes


@contextmanager
def crash(stack):
    """Bring a stack up and let it die; gives the processes of it that live on, which are ended at the end."""
    up = stack.up()
    both = [processes.identify(pid) for pid in (stack.engine(), stack.guardian())]
    for signum in (signal.SIGSTOP, signal.SIGKILL):  # neither has a moment to notice the other's death
        for identity in both:
            processes.signal(identity, signum)
    assert up.finish() == 1
    left = [processes.identify(pid) for pid in stack.members()]
    assert left
    try:
        yield [identity.pid for identity in left]
    finally:
        for identity in left:
            os.kill(identity.pid, signal.SIGKILL)
        assert stack.wait_until_empty() == []


def alone(stack):
    """Let the stack live in a login of its own, so that no folder of who runs the tests is emptied."""
    login = stack.folder / "login"
    login.mkdir(mode=0o700)
    stack.env["XDG_RUNTIME_DIR"] = str(login)
