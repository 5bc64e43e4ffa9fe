"""Asks runs whether they are ready, and then whether they are well, and hears what they say of themselves.

Loaded once there is an event loop: nobody is asked before.
"""

import asyncio
import itertools
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aura_stack.messages import events
from aura_stack.stack.model import Service
from aura_stack.system import processes

from . import errand, probes
from .health import Pulse
from .holding import Holding
from .notice import Notice
from .output import Output
from .pauses import Pauses
from .process import Children
from .run import Key, Run
from .tree import Tree
from .verdict import NotExecutable

if TYPE_CHECKING:
    from .acceptance import Door


class Asking:
    """Asks the runs of services.

    Args:
        runs: all there are.
        children: tell of the end of commands that ask.
        holding: what is held for runs.
        output: where they print.
        pauses: who is to be left alone.
        publish: the direct path of facts to the record.
        tell: takes what the table has to know.
        waits: told what a service waits for.
        loop: runs.
        tasks: all questions are some of these.
        null: a descriptor of /dev/null.
        mark: begins the marks of commands that ask.
    """

    def __init__(
        self,
        runs: dict[Key, Run],
        children: Children,
        holding: Holding,
        output: Output,
        pauses: Pauses,
        publish: Callable[[events.Event], None],
        tell: probes.Tell,
        waits: Callable[[str, str], None],
        loop: asyncio.AbstractEventLoop,
        tasks: asyncio.TaskGroup,
        null: int,
        mark: str,
    ) -> None:
        self._runs = runs
        self._children = children
        self._holding = holding
        self._output = output
        self._pauses = pauses
        self._publish = publish
        self._tell = tell
        self._waits = waits
        self._loop = loop
        self._tasks = tasks
        self._null = null
        self._mark = mark
        self._numbers = itertools.count(1)  # of commands that ask

    def probe(self, service: Service, run: int) -> None:
        """Ask until it is answered, or time is up."""
        current = self._runs.get((service.name, run))
        if current is None:
            return
        if current.notify:
            current.notify.listeners.append(lambda said: self._hear(service.name, current, said))
            current.notify.attach(self._loop, lambda pid: _may_speak(current.tree, pid))
        means = self._means(service, current)
        questions = probes.Questions(current.service, run, means)
        coroutine = probes.ask_until_ready(
            current.service, run, means, questions.each, self._tell, self._waits
        )
        current.probe = self._tasks.create_task(coroutine, name=f"readiness of {service.name}")
        current.probe.add_done_callback(lambda _: questions.close())

    def attend(self, service: Service, run: int) -> None:
        """Ask whether it is well from now on."""
        from . import liveness  # noqa: PLC0415 - for those who are asked whether they are well

        name, current = service.name, self._runs[service.name, run]
        attendant = liveness.Attendant(
            current.service,
            run,
            self._means(service, current),
            current.tree.members,
            lambda: name in self._pauses,
            lambda pulse: self._felt(service, current, pulse),
        )
        current.attendant = self._tasks.create_task(attendant.attend(self._tell), name=f"health of {name}")

    def _means(self, service: Service, run: Run) -> probes.Means:
        def ask_command(service: Service) -> Awaitable[str]:
            return self._ask_command(service, run)

        return probes.Means(
            self._output,
            ask_command,
            self._stranger,
            run.notify,
            self._door(service, run),
            lambda: self._holding.may_be_lost(service.name),
            lambda: self._is_beside(service.name, run),
            lambda: processes.listening(run.tree.members()),
        )

    def _is_beside(self, service: str, run: Run) -> bool:
        """Whether another run of the service serves."""
        others = (one for (name, _), one in self._runs.items() if name == service and one is not run)
        return any(not (one.asked or one.exited) for one in others)

    def _door(self, service: Service, run: Run) -> "Door | None":
        """How a run is asked whose port others may answer as well: those before it, and the kernel."""
        gift = self._holding.gift(service.name, run.number)
        if gift is None or gift.private:
            return None
        from .acceptance import Door  # noqa: PLC0415 - for those whose ports are held

        def taken(near: processes.Address, far: processes.Address) -> bool | None:
            return processes.taken(run.tree.members(), near, far)

        return Door(gift.ports, taken, lambda: gift.is_lost)

    def _hear(self, service: str, run: Run, said: Notice) -> None:
        """What a run says of itself besides being ready."""
        if said.leaving and not (run.told or run.asked):
            run.told = True
            self._publish(events.Leaving(service, run.number))

    def _felt(self, service: Service, run: Run, pulse: Pulse) -> None:
        """A run has answered whether it is well, otherwise than before."""
        assert service.health is not None
        name, most, was = service.name, service.health.failures, run.pulse
        run.pulse = pulse
        if pulse.failures:
            self._publish(events.Unwell(name, run.number, pulse.failures, most, pulse.words))
        elif was.failures and not pulse.silent:
            self._publish(events.Well(name, run.number))

    def _stranger(self, service: Service, port: int) -> str:
        """Who answers at a port in the place of the service, "" where that is nobody.

        Its replicas may; and where the port is none of its own, whichever service of the stack has it.
        """
        from . import answering  # noqa: PLC0415 - it is of use once a service answers

        declared = any(one.number == port for one in service.ports)
        ours = [run for run in self._runs.values() if run.service.family == service.family or not declared]
        others = [run.tree for run in self._runs.values() if run not in ours]
        return answering.stranger(port, [run.tree for run in ours], others)

    async def _ask_command(self, service: Service, run: Run) -> str:
        """Run an exec probe once: "" when it exits 0; nothing that it started stays."""
        assert service.ready.command is not None
        mark = f"{self._mark}:{service.name}:{run.number}:ask-{next(self._numbers)}"
        order = errand.Errand(service.ready.command.argv, run.variables, service.cwd, mark)
        verdict = await errand.run(order, self._children, lambda: os.dup(self._null), grace=0.0)
        if not verdict.retry:  # it cannot be executed, and will not be the next time
            raise NotExecutable(verdict)
        return "" if verdict.ok else verdict.words


def _may_speak(tree: Tree, pid: int) -> bool:
    """Whether a process is of the run, or has gone and cannot be asked any more."""
    if tree.marks(pid) or pid in tree.members():
        return True
    # asked last: who ends just now has lost its environment first
    return processes.identify(pid) is None or processes.is_zombie(pid)
