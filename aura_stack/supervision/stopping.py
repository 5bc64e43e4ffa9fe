"""How a run is asked to end: by a signal, or by a command in its place where the real work is a daemon's.

What `docker run` shows is a client: a signal to it may end the client alone. So a service can name a command that ends
the work (`docker stop db`); the client ends by itself then, within the same grace period. The command is run at most
once for a run, and belongs to it: the run is over only when its command is. A grace period of nothing leaves no time
for a command, so the signal is sent.
"""

import signal

from aura_stack.stack.model import Command, Service


def command(service: Service, grace: float) -> Command | None:
    """What is run in the place of the stop signal; None where the signal is sent.

    Args:
        service: which one.
        grace: seconds that it has.
    """
    return service.stop.command if grace > 0 else None


def signal_name(signum: int) -> str:
    """What a signal is called (`SIGTERM`), also one that has only a number."""
    try:
        return signal.Signals(signum).name
    except ValueError:
        return f"signal {signum}"
