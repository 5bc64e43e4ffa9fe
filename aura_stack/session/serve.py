"""The engine once its event loop runs: adopts the first services, serves clients, sees the stack to its end."""

import _socket
import asyncio
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from aura_stack.control.protocol import Request
from aura_stack.control.server import FAULT, Connection, Server
from aura_stack.errors import AuraError, ExitCode
from aura_stack.messages import commands, events
from aura_stack.stack.model import Prepare, Service
from aura_stack.supervision import errand
from aura_stack.supervision.guardian import GRACE, HELD, end_all_children
from aura_stack.supervision.ledger import View
from aura_stack.supervision.lifecycle import AT_REST, State
from aura_stack.supervision.tickets import Outcome, Ticket
from aura_stack.system import lean

from . import reloading
from .defined import Definition
from .definition import digest
from .foothold import PERIOD, Foothold
from .join import Parts
from .methods import Methods, Order, Result
from .options import Aborts
from .orders import Orders
from .preflight import require_ports
from .prepare import Preparation
from .reloading import Reloading
from .saves import Saves
from .scaling import Scaling
from .watching import Watching, may_have_written

PATIENCE = 1.0  # seconds for the last answers to clients
QUIET = 1.0  # seconds after which the start is over, and the memory that it took is given back


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
        foothold: by what we are found.
    """

    def __init__(self, parts: Parts, lifeline: int, started: Ticket | None, foothold: Foothold) -> None:
        self._parts = parts
        self._foothold = foothold
        self._lifeline = lifeline
        self._started = started
        self._finished = asyncio.Event()
        self._brought_up = asyncio.Event()
        self._stopping = False
        self._ordered = False  # to stop, by somebody
        self._failed = False
        self.ending = False
        """Whether nothing more will happen."""
        self._preparing: asyncio.Task[str] | None = None
        self._tasks = asyncio.TaskGroup()
        self._under_way = 0  # orders that were taken and have no answer yet
        self._face: Connection | None = None  # whose death is the stack's
        self._told: set[Connection] = set()  # who is told when it is over
        self._holders: set[Connection] = set()  # who keeps services up, and the stack with them
        self._look: asyncio.Handle | None = None  # for the end
        self._first_end: int | None = None  # the code of the service whose end is the stack's
        self._definition = parts.ground.definition
        self._where = dict(parts.where)
        self._preparation = Preparation(parts.places.fingerprints, self._run_step, parts.record.publish)
        self._orders = Orders(
            parts.ground.stack,
            parts.supervisor,
            self._preparation,
            parts.places.fingerprints,
            lambda services: require_ports(self._definition, services, parts.ground.claim),
            parts.environment.require,
        )
        self._scaling = Scaling(
            parts.ground.source,
            parts.ground.definition,
            self._orders,
            parts.supervisor,
            parts.environment,
            self._defined,
            parts.ground.claim.spared,
        )
        self.saves = Saves(
            self._orders,
            parts.supervisor,
            self._preparation,
            parts.record.publish,
            self.perform_alone,
            self._send,
            lambda service, files: may_have_written(parts.supervisor, service, files),
            parts.runner.traced,
        )
        self.reloading = Reloading(
            self._scaling,
            self._orders,
            parts.supervisor,
            parts.environment,
            parts.places,
            parts.ground.claim,
            parts.runner.held,
            parts.record.publish,
            self._redefined,
            all_are_wanted=set(parts.first.services)
            >= {one.name for one in parts.ground.stack.own if not one.task},
        )
        self._digest = parts.digest
        self.watching = Watching(
            self.saves,
            parts.record.publish,
            lambda: (reloading.files(self._definition),),
            on=parts.watches,
            since=parts.began,
        )
        parts.record.listener = self._hear

    async def run(self, door: _socket.socket, link: _socket.socket | None) -> int:
        """Serve until nothing runs and nothing will.

        Args:
            door: listens for clients.
            link: the connection to the face that launched the stack, if one is attached.

        Returns:
            The exit code: 0 when everything was stopped or completed, else 1.
        """
        loop, parts = asyncio.get_running_loop(), self._parts
        try:
            async with self._tasks:
                parts.runner.attach(loop, self._tasks)
                parts.capture.attach(loop)
                loop.add_reader(self._lifeline, self._abandoned, "the guardian died")
                for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                    loop.add_signal_handler(signum, self.shutdown, signum.name)
                signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)
                server = await self._open_doors(door, link)
                if self._started:
                    self._adopt(self._started)
                else:
                    self._tasks.create_task(self._bring_up(), name="bringing up")
                self.watching.begin(parts.ground.stack.own, self._saved)
                loop.call_later(QUIET, lean.give_back)
                self._tasks.create_task(self._keep_foothold(server), name="being found")
                await self._finished.wait()
                self.watching.close()
                self._wind_up()
                await self._take_leave(server)
                self._tasks.create_task(_end_the_group())
        except* _Over:
            pass
        return self._code

    def shutdown(
        self, reason: str, grace: float | None = None, *, orderly: bool = True, by_itself: bool = False
    ) -> None:
        """Stop the stack, in order or all at once; a grace period shortens each service's own.

        It does so `by_itself` where nobody has ordered it.
        """
        self._ordered = self._ordered or not by_itself
        if not self._stopping:
            self._stopping = True
            self._parts.record.publish(events.StackStopping(reason))
            self._orders.close()
            self.watching.close()
        if self._preparing and not self._preparing.done():
            self._preparing.cancel()
            return
        stop = commands.Stop(grace=grace, orderly=orderly)
        self._parts.supervisor.ask(stop).then(lambda _: self._finished.set())

    # --- the beginning ---

    async def _open_doors(self, door: _socket.socket, link: _socket.socket | None) -> Server:
        parts = self._parts
        methods = Methods(
            parts.supervisor,
            parts.runner,
            self._orders,
            parts.store,
            parts.hub,
            parts.record.publish,
            parts.capture,
            self._scaling,
            parts.environment,
            self,
        )
        server = Server(methods.table(), {"stack": parts.ground.stack.name}, self._tasks)
        if link and parts.idle:
            self.hold(await server.attach(link))
        elif link:
            self._follow_face(await server.attach(link))
        await server.listen(door)
        return server

    async def _keep_foothold(self, server: Server) -> None:
        """Listen anew where our socket or our lock was deleted."""
        while True:
            await asyncio.sleep(PERIOD)
            self._foothold.keep_record()
            if self._foothold.is_lost and (door := self._foothold.regain()):
                await server.listen(door)
                text = "the runtime folder of this stack was deleted, and is there again: commands find it as before"
                self._parts.record.publish(events.Notice(text))

    def _saved(self, changes: Mapping[str, tuple[str, ...]], looked: float) -> None:
        """Files have other content now, of services or of the definition."""
        files = set(changes.get(reloading.KEY, ())) - self.saves.circling_definition
        if files:
            self.saves.carry_out(
                lambda: self.reloading.after_a_save(
                    lambda names: self.saves.definition_goes_round(names, files, looked)
                )
            )
        self.saves.saved({key: names for key, names in changes.items() if key != reloading.KEY}, looked)

    def _send(self, service: str, signum: int) -> list[int]:
        """Send a signal to the processes of a service, and tell so."""
        pids = self._parts.runner.signal(service, signum, main_only=False)
        if pids:
            run = self._parts.supervisor.statuses[service].run
            name = signal.Signals(signum).name
            self._parts.record.publish(events.Signalled(service, run, name, tuple(pids)))
        return pids

    async def _bring_up(self) -> None:
        self._orders.coming |= set(self._parts.first.services)
        prepared = await self._prepare()
        self._orders.coming.clear()
        if prepared:
            self._adopt(self._parts.bring_up())
        else:
            self._finished.set()

    def _adopt(self, started: Ticket) -> None:
        """What was asked to start may all have failed already, before anybody listened."""
        self._brought_up.set()
        for view in self._parts.supervisor.views():
            verdict = view.status.verdict
            if verdict and view.status.state in AT_REST:
                self._end_with(view.service.name, verdict.code)
        started.then(self._settled)
        self._look_for_the_end()

    async def _prepare(self) -> bool:
        """Run the steps that are due; False when one failed or the stack is to stop."""
        steps = self._preparation.perform(self._parts.ground.due, "nothing was started")
        self._preparing = asyncio.create_task(steps, name="preparing")
        await asyncio.wait({self._preparing})
        if self._preparing.cancelled():
            return False
        self._failed = bool(self._preparing.result())
        return not self._failed and not self._stopping

    async def _run_step(self, service: Service, step: Prepare) -> str:
        self.watching.hold(step, service.cwd, step.outputs)
        try:
            return await self._execute(service, step)
        finally:
            self.watching.release(step)

    async def _execute(self, service: Service, step: Prepare) -> str:
        parts = self._parts
        mark = f"{parts.mark}:{service.name}:0:prepare-{id(step)}"
        try:
            variables = parts.environment(service)
        except AuraError as error:
            return f"its environment: {error.message}"
        order = errand.Errand(step.command.argv, variables, service.cwd, mark)
        verdict = await errand.run(
            order, parts.runner.children, lambda: parts.capture.open_one(service.name, 0, "prepare")
        )
        return "" if verdict.ok else verdict.words

    def _settled(self, ticket: Ticket) -> None:
        if self._stopping or self._parts.idle:
            return
        outcomes = ticket.outcomes.values()
        ready = tuple(one.service for one in outcomes if one.ok)
        failed = tuple(one.service for one in outcomes if not one.ok)
        self._parts.record.publish(events.Settled(ready, failed))

    # --- what clients may ask of it ---

    async def open_to_orders(self) -> None:
        """Wait until no order would cross the preparation; AuraError while the stack stops."""
        if not self._stopping:
            await self._brought_up.wait()
        if self._stopping:
            raise AuraError("the stack is stopping", "try again when it is done", ExitCode.NOT_RUNNING)

    def perform(self, order: Callable[[], Order]) -> asyncio.Task[Result]:
        """Carry out an order once orders are taken, whether or not its client stays; a refusal is an answer."""
        return self._tasks.create_task(self._answered(order))

    def perform_alone(self, order: Callable[[], Order]) -> asyncio.Task[Result]:
        """The same where nobody waits for the answer: a refusal becomes a notice."""

        def tell(task: asyncio.Task[Result]) -> None:
            if not task.cancelled() and isinstance(result := task.result(), AuraError):
                self._parts.record.publish(events.Notice(result.message, alarm=True))

        task = self.perform(order)
        task.add_done_callback(tell)
        return task

    async def _answered(self, order: Callable[[], Order]) -> Result:
        self._under_way += 1
        try:
            await self.open_to_orders()
            return await order()
        except AuraError as error:
            return error
        except Exception:  # noqa: BLE001 - a fault of ours in one order must not end the stack: it is told and logged
            traceback.print_exc(file=sys.stderr)
            return AuraError(FAULT)
        finally:
            self._under_way -= 1
            self._look_for_the_end()

    def doing(self, service: str) -> str:
        """The step that is being run for a service, "" if none is."""
        return self._preparation.doing.get(service, "")

    def attach(self, connection: Connection | None) -> dict[str, Any]:
        """Make a client the face, if there is none, and tell it where to read the record."""
        parts = self._parts
        if self._stopping and connection:
            raise AuraError("the stack is stopping", "try again when it is done", ExitCode.NOT_RUNNING)
        parts.store.renew_if_deleted()
        changed = digest(self._definition.files) != self._digest
        if connection and not changed:  # whoever wants another definition is told so, and goes
            self._follow_face(connection)
        return {
            **self._where,
            "position": parts.store.position,
            "record": parts.store.number,
            "began": 0 if parts.store.renewals else parts.where["began"],
            "owner": connection is not None and self._face is connection,
            "changed": changed,
        }

    def _follow_face(self, connection: Connection) -> None:
        self._face = self._face or connection
        self._told.add(connection)
        connection.ended.append(lambda: self._gone(connection))

    def detach(self, connection: Connection) -> None:
        """Let the stack live without the face."""
        self._told.discard(connection)
        if self._face is connection:
            self._face = None

    def hold(self, connection: Connection) -> None:
        """Keep the stack up as long as this client is there, and has not let go."""
        if connection not in self._holders:
            self._holders.add(connection)
            self._told.add(connection)
            connection.ended.append(lambda: self._dropped(connection))

    def _dropped(self, connection: Connection) -> None:
        """A client that held something has gone, in order or not."""
        self._told.discard(connection)
        if not self.ending:
            self.perform_alone(lambda: self.let_go(connection))

    async def let_go(self, connection: Connection) -> list[Outcome]:
        """End what is up only for this client."""
        try:
            return await self._orders.let_go(connection)
        finally:
            self._holders.discard(connection)

    @property
    def over(self) -> bool:
        """Whether the stack ends now: nothing runs, nothing will, and nobody holds anything."""
        at_rest = self._parts.supervisor.at_rest and not self._orders.held
        return self.ending or (at_rest and not self._holders)

    def _defined(self, definition: Definition) -> None:
        self._definition = definition
        self._parts.ground.claim.narrow(definition.stack.own)
        self._where["services"] = [service.name for service in definition.stack.own]
        self._forget_who_is_gone(definition)

    def _forget_who_is_gone(self, definition: Definition) -> None:
        """A pause, or whether saves are acted on, is said of a service and not of its name."""
        own, pauses = definition.stack.own, self._parts.runner.pauses
        pauses.keep({service.name for service in own})
        families = {*definition.counts, *(service.family for service in own)}
        self.watching.keep(
            families, lambda family: any(name in pauses for name in self._orders.family(family))
        )

    def _redefined(self, definition: Definition, digest: str) -> None:
        self._defined(definition)
        self._digest = digest
        self.watching.redefine(definition.stack.own)

    def _gone(self, connection: Connection) -> None:
        self._told.discard(connection)
        if self._face is connection:
            self._face = None
            self._abandoned("the face was killed")

    # --- the end ---

    def _hear(self, event: events.Event) -> None:
        self.saves.hear(event)
        self.reloading.hear(event)
        match event:
            case events.Completed(service) | events.Failed(service):
                self._end_with(service, event.code if isinstance(event, events.Failed) else 0)
                self._look_soon()
            case events.Stopped():
                self._look_soon()

    def _end_with(self, name: str, code: int) -> None:
        """The end of a vital service is the end of the stack, and its code is the stack's."""
        view = self._parts.supervisor.view(name)
        if view.service.task or not self._ends_all(view) or self._stopping or self._first_end is not None:
            return
        self._first_end = code
        loop = asyncio.get_running_loop()  # not from within the supervisor, which is just telling us
        loop.call_soon(lambda: self.shutdown(f"{name} ended, and all end together", by_itself=True))

    def _ends_all(self, view: View) -> bool:
        if view.service.name == self._parts.code_from:
            return True
        match self._parts.aborts:
            case None:
                return view.service.vital
            case Aborts.FAILURE:
                return view.status.state is State.FAILED
            case aborts:
                return aborts is Aborts.EXIT

    def _look_soon(self) -> None:
        """Look for the end once for all that came to rest in this turn of the loop."""
        if self._look is None:
            self._look = asyncio.get_running_loop().call_soon(self._look_for_the_end)

    def _look_for_the_end(self) -> None:
        """The stack ends when nothing runs and nothing will run without a new order, unless one was ordered down."""
        self._look = None
        if not self._brought_up.is_set() or self._under_way:
            return
        if self.over:
            self._finished.set()

    def _abandoned(self, reason: str) -> None:
        """A process of ours was killed: all at once, TERM now, KILL after 0.7 s."""
        asyncio.get_running_loop().remove_reader(self._lifeline)
        if not self._finished.is_set():
            self._failed = True
            self.shutdown(reason, GRACE, orderly=False)

    def _wind_up(self) -> None:
        """End what belongs to no service any more, and keep what was printed last."""
        parts = self._parts
        parts.runner.close()
        end_all_children(buried=parts.runner.children.buried)
        parts.capture.drain()
        parts.capture.close()
        parts.record.publish(events.StackStopped(self._code))

    async def _take_leave(self, server: Server) -> None:
        """Whoever waits for an answer gets one, and those who follow are told that it is over."""
        self.ending = self._stopping = True
        self._brought_up.set()
        self._parts.hub.wake()
        await server.answered(PATIENCE)
        for connection in tuple(self._told):  # one that goes meanwhile takes itself out
            try:
                async with asyncio.timeout(PATIENCE):
                    await connection.say(Request("bye", {"code": self._code, "ordered": self._ordered}))
            except (ConnectionError, TimeoutError):
                continue  # gone, or not reading: the end of the connection says the same

    @property
    def _code(self) -> int:
        statuses = self._parts.supervisor.statuses
        if status := statuses.get(self._parts.code_from):  # another definition may not have it
            return status.verdict.code if status.verdict else 0  # none for one that was stopped in order
        if self._first_end is not None:
            return self._first_end
        return 1 if self._failed or any(one.state is State.FAILED for one in statuses.values()) else 0
