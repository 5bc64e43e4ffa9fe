"""The engine once its event loop runs: adopts the first services, serves clients, sees the stack to its end."""

import asyncio
import signal
import socket

from aura_stack.control.server import Server
from aura_stack.messages import commands, events
from aura_stack.stack.model import Prepare, Service
from aura_stack.supervision import errand
from aura_stack.supervision.guardian import GRACE, HELD, end_all_children
from aura_stack.supervision.lifecycle import State
from aura_stack.supervision.supervisor import Ticket

from .join import Parts
from .methods import Methods
from .prepare import Preparation


class _Over(Exception):  # noqa: N818 - nothing is wrong: it ends the group of tasks
    """The stack has come to its end."""


async def _end_the_group() -> None:
    raise _Over


class Session:
    """One stack from the first service to the last.

    Args:
        parts: joined.
        lifeline: readable once the guardian is dead.
        started: the ticket of the first services; None when steps have to run before them.
    """

    def __init__(self, parts: Parts, lifeline: int, started: Ticket | None) -> None:
        self._parts = parts
        self._lifeline = lifeline
        self._started = started
        self._finished = asyncio.Event()
        self._brought_up = False
        self._stopping = False
        self._failed = False
        self._preparing: asyncio.Task[bool] | None = None
        parts.record.listener = self._hear

    async def run(self, link: socket.socket | None) -> int:
        """Serve until nothing runs and nothing will.

        Args:
            link: the connection to the face that launched the stack, if one is attached.

        Returns:
            The exit code: 0 when everything was stopped or completed, else 1.
        """
        loop, parts = asyncio.get_running_loop(), self._parts
        try:
            async with asyncio.TaskGroup() as tasks:
                parts.runner.attach(loop, tasks)
                parts.capture.attach(loop)
                loop.add_reader(self._lifeline, self._abandoned, "the guardian died")
                for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                    loop.add_signal_handler(signum, self.shutdown, signum.name, None)
                signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)
                if self._started:
                    self._adopt(self._started)
                else:
                    tasks.create_task(self._bring_up(), name="bringing up")
                await self._open_doors(tasks, link)
                await self._finished.wait()
                self._wind_up()
                tasks.create_task(_end_the_group())
        except* _Over:
            pass
        return self._code

    def shutdown(self, reason: str, grace: float | None) -> None:
        """Stop the stack in order; with a grace period, at once and with no more than that."""
        if not self._stopping:
            self._stopping = True
            self._parts.record.publish(events.StackStopping(reason))
        if self._preparing and not self._preparing.done():
            self._preparing.cancel()
            return
        stop = commands.Stop(grace=grace, orderly=grace is None)
        self._parts.supervisor.ask(stop).then(lambda _: self._finished.set())

    # --- the beginning ---

    async def _open_doors(self, tasks: asyncio.TaskGroup, link: socket.socket | None) -> None:
        parts = self._parts
        methods = Methods(parts.supervisor, parts.store, parts.hub, self.shutdown, self._occupied)
        server = Server(methods.table(), {"stack": parts.ground.stack.name}, tasks)
        await server.listen(parts.places.socket)
        if link:
            await server.attach(link, lambda: self._abandoned("the face was killed"))

    def _occupied(self) -> str:
        if self._stopping:
            return "stopping"
        return "" if self._brought_up else "being prepared"

    async def _bring_up(self) -> None:
        if await self._prepare():
            self._adopt(self._parts.supervisor.ask(commands.Start()))
        else:
            self._finished.set()

    def _adopt(self, started: Ticket) -> None:
        """What was asked to start may all have failed already, before anybody listened."""
        self._brought_up = True
        started.then(self._settled)
        self._look_for_the_end()

    async def _prepare(self) -> bool:
        """Run the steps that are due; False when one failed or the stack is to stop."""
        parts = self._parts
        preparation = Preparation(parts.places.fingerprints, self._run_step, parts.record.publish)
        self._preparing = asyncio.create_task(preparation.perform(parts.ground.due), name="preparing")
        await asyncio.wait({self._preparing})
        if self._preparing.cancelled():
            return False
        self._failed = not self._preparing.result()
        return not self._failed and not self._stopping

    async def _run_step(self, service: Service, step: Prepare) -> str:
        parts = self._parts
        mark = f"{parts.ground.stack.name}:{service.name}:{id(step)}"
        order = errand.Errand(step.command.argv, parts.environment(service), service.cwd, mark)
        verdict = await errand.run(
            order, parts.runner.children, lambda: parts.capture.open_one(service.name, 0, "prepare")
        )
        return "" if verdict.ok else verdict.words

    def _settled(self, ticket: Ticket) -> None:
        if self._stopping:
            return
        outcomes = ticket.outcomes.values()
        ready = tuple(one.service for one in outcomes if one.ok)
        failed = tuple(one.service for one in outcomes if not one.ok)
        self._parts.record.publish(events.Settled(ready, failed))

    # --- the end ---

    def _hear(self, event: events.Event) -> None:
        if isinstance(event, events.Stopped | events.Completed | events.Failed):
            self._look_for_the_end()

    def _look_for_the_end(self) -> None:
        """The stack ends when nothing runs and nothing will run without a new order."""
        if self._parts.supervisor.at_rest:
            self._finished.set()

    def _abandoned(self, reason: str) -> None:
        """A process of ours was killed: all at once, TERM now, KILL after 0.7 s."""
        asyncio.get_running_loop().remove_reader(self._lifeline)
        if not self._finished.is_set():
            self._failed = True
            self.shutdown(reason, GRACE)

    def _wind_up(self) -> None:
        """End what belongs to no service any more, and keep what was printed last."""
        parts = self._parts
        end_all_children()
        parts.capture.drain()
        parts.capture.close()
        parts.record.publish(events.StackStopped(self._code))

    @property
    def _code(self) -> int:
        statuses = self._parts.supervisor.statuses.values()
        return 1 if self._failed or any(status.state is State.FAILED for status in statuses) else 0
