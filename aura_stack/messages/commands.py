"""Orders: what a person, a save or another program asks the supervisor for."""

from aura_stack.frozen import Frozen


class Start(Frozen):
    """Bring services up; no name means all.

    Args:
        services: their names.
        dependencies: also what they depend on. Without it they start at once, whatever that does.
        patient: whether the ticket waits while the restart policy tries again; else the first run that ends
            before it was ready is the answer.
    """

    services: tuple[str, ...] = ()
    dependencies: bool = True
    patient: bool = True


class Restart(Frozen):
    """End the run of each service and begin a new one; what depends on them is left alone.

    Args:
        services: their names; no name means all.
        since: when the order was given, in monotonic seconds; None for now. A run that began later than that
            has seen all that whoever gave the order could have meant it to see, so it fulfils the order.
        patient: as for Start.
        grace: seconds between the stop signal and KILL; None takes each service's own.
    """

    services: tuple[str, ...] = ()
    since: float | None = None
    patient: bool = True
    grace: float | None = None


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
