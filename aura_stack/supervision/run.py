"""What there is to one run of a service, besides its status: its processes, and what is being done about them."""

import signal
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from aura_stack.frozen import Frozen
from aura_stack.stack.model import Service
from aura_stack.system.processes import Identity

from .health import Pulse
from .tree import Tree
from .usage import Meter

if TYPE_CHECKING:
    import asyncio

    from .clearance import Clearance
    from .notify import NotifySocket

Key = tuple[str, int]
"""A service and the number of one of its runs."""


class Leader(Frozen):
    """The main process of a run."""

    service: str
    run: int
    identity: Identity


class Run:
    """One run.

    Args:
        number: of it.
        service: as the run is: behind a front its ports are others than those that are declared.
        tree: its processes.
        variables: its own: files may say others by now, or have mistakes, which is not its affair.
        notify: where it says that it is ready, if it was asked to.
        ports: that it listens at.
        kills: the kernel's for want of memory, when it began.
    """

    def __init__(
        self,
        number: int,
        service: Service,
        tree: Tree,
        variables: Mapping[str, str],
        notify: "NotifySocket | None" = None,
        ports: tuple[int, ...] = (),
        kills: tuple[int, ...] = (),
    ) -> None:
        self.number = number
        self.variables = variables
        self.ports = ports
        self.clearance: Clearance | None = None  # once nothing of it lives
        self.next_look: asyncio.Handle | None = None  # at its ports
        self.tree = tree
        self.service = service
        self.notify = notify
        self.deadline: float | None = None  # loop time of KILL
        self.timer: asyncio.TimerHandle | None = None
        self.reminder: asyncio.TimerHandle | None = None  # while it is ending
        self.signum = signal.SIGTERM.value  # what it was asked to end with
        self.probe: asyncio.Task[None] | None = None
        self.attendant: asyncio.Task[None] | None = None  # asks whether it is well
        self.pulse = Pulse()  # what that was answered
        self.told = False  # that it says of itself that it is ending
        self.stopper: asyncio.Task[str] | None = None  # runs its stop command
        self.exited = False
        self.asked = False  # somebody of ours has told it to end
        self.kills = kills
        self.identity: Identity | None = None  # of its main process, once somebody has asked
        self.killed: set[int] = set()
        self.meter = Meter(time.monotonic())

    def ask_no_more(self) -> None:
        """Nobody asks any longer whether it is ready or well."""
        for task in (self.probe, self.attendant):
            if task:
                task.cancel()
        self.probe = self.attendant = None
