"""Orders: what a person, a save or another program asks the supervisor for."""

from aura_stack.frozen import Frozen


class Start(Frozen):
    """Bring services up, with what they depend on; no name means all."""

    services: tuple[str, ...] = ()


class Restart(Frozen):
    """End the run of each service and begin a new one; what depends on them is left alone."""

    services: tuple[str, ...] = ()


class Stop(Frozen):
    """Take services down; no name means all.

    Args:
        services: their names.
        grace: seconds between the stop signal and KILL; None takes each service's own.
        orderly: dependents go first. Otherwise all are signalled at once, as after a death of ours.
    """

    services: tuple[str, ...] = ()
    grace: float | None = None
    orderly: bool = True


Command = Start | Restart | Stop
