"""Orders while the stack runs: what a service needs before it begins is seen to first, then the supervisor is asked.

A service that is down has its ports looked at, and every service that is to begin a new run has its due steps run;
while they run, and when one fails, the old run goes on.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping

from aura_stack.errors import AuraError, ExitCode
from aura_stack.messages import commands
from aura_stack.stack import graph
from aura_stack.stack.model import Service, Stack
from aura_stack.supervision.lifecycle import AT_REST, State, Wanted
from aura_stack.supervision.supervisor import Supervisor
from aura_stack.supervision.tickets import NO_SERVICE, Outcome, Ticket

from . import prepare
from .preflight import meant_by

Require = Callable[[tuple[Service, ...]], None]
"""Raises AuraError if a port of these services is taken."""


_STOPPING = "the stack is stopping"
_STOPPED = "stopped before it was ready"


class Orders:
    """Carries out the orders of clients and saves.

    Args:
        stack: what is to run.
        supervisor: takes the orders.
        preparation: runs steps.
        fingerprints: the file in which those of steps are kept.
        require_ports: looks at the ports of services that are down.
        environment: makes the variables of a service; AuraError if a file of them has mistakes.
    """

    def __init__(
        self,
        stack: Stack,
        supervisor: Supervisor,
        preparation: prepare.Preparation,
        fingerprints: str,
        require_ports: Require,
        environment: Callable[[Service], object],
    ) -> None:
        self._supervisor = supervisor
        self._preparation = preparation
        self._fingerprints = fingerprints
        self.require_ports = require_ports
        self._environment = environment
        self._closed = False
        self._under_way: set[asyncio.Timeout] = set()
        self._prepared: dict[str, float] = {}  # when the last steps of a service ended, in monotonic seconds
        self._turns: dict[str, asyncio.Lock] = {}
        self._stops: dict[
            str, int
        ] = {}  # how often each was ordered down: a later stop beats what still prepares
        self.lent: dict[str, set[object]] = {}
        """Services that are up only as long as one of these holds them."""
        self.held: set[str] = set()
        """Services that somebody ordered down and nobody up again: the stack waits for them, saves do not."""
        self.stale: dict[str, str] = {}
        """Why what runs of a service is not what was saved or ordered last: what failed instead, in words."""
        self.coming: set[str] = set()
        """Services that will be started once their steps have run."""
        self.redefine(stack)

    def redefine(self, stack: Stack) -> None:
        """Another variant of the definition counts from now on."""
        self.stack = stack
        self._services = {service.name: service for service in stack.own}
        self._external = {service.name for service in stack.services if service.external}
        self._needs = {service.name: tuple(service.depends_on) for service in stack.own}
        self.held &= self._services.keys()
        self.stale = {name: words for name, words in self.stale.items() if name in self._services}
        self.coming &= self._services.keys()
        self.lent = {name: holders for name, holders in self.lent.items() if name in self._services}

    def family(self, name: str) -> tuple[str, ...]:
        """All replicas of a service."""
        return tuple(service.name for service in self._services.values() if service.family == name)

    def service(self, name: str) -> Service:
        """One of ours; KeyError where none is called that."""
        return self._services[name]

    def named(self, patterns: Iterable[str]) -> tuple[str, ...]:
        """The services that are meant, in the order of the definition; no pattern means all.

        Raises:
            AuraError: nothing is called that, or it is external (exit code 4).
        """
        patterns = tuple(patterns)
        for pattern in patterns:
            if pattern in self._external:
                words = f"{pattern} is external: it is not ours to start, stop or signal"
                raise AuraError(words, exit_code=ExitCode.UNKNOWN)
        if patterns:
            return meant_by(patterns, self.stack, self._services)
        return tuple(name for name, service in self._services.items() if not service.task)

    def only(self, name: str) -> str:
        """The one service that is meant; a service with several replicas stands for its first.

        Raises:
            AuraError: nothing is called that, or several are (exit code 4).
        """
        names = self.named([name])
        if len(names) > 1 and names[0] != name:
            raise AuraError(f"{name} means several: {', '.join(names)}", "name one", ExitCode.UNKNOWN)
        return names[0]

    def missing(self) -> tuple[str, ...]:
        """The services that have not done what they had to do."""
        statuses = self._supervisor.statuses.items()
        return tuple(name for name, status in statuses if status.state is not State.COMPLETED)

    def up(self) -> tuple[str, ...]:
        """The services that are wanted up and have not done what they had to do."""
        statuses = self._supervisor.statuses.items()
        return tuple(
            name
            for name, status in statuses
            if status.wanted is Wanted.UP and status.state is not State.COMPLETED
        )

    def with_dependents(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """These and all that depend on them."""
        reached = set(graph.closure(names, graph.reverse(self._needs)))
        return tuple(name for name in self._services if name in reached)

    def close(self) -> None:
        """Take no more orders, and end the steps that run for those that were taken: the stack stops."""
        self._closed = True
        for scope in self._under_way:
            scope.reschedule(asyncio.get_running_loop().time())

    async def start(
        self, names: tuple[str, ...], *, dependencies: bool, patient: bool, holder: object | None = None
    ) -> list[Outcome]:
        """Bring services up; answers when each is ready, completed or failed.

        Args:
            names: whose.
            dependencies: also what they depend on.
            patient: see `commands.Start`.
            holder: for whom those that were down are up, until it lets go; None for good.

        Raises:
            AuraError: a port is taken (exit code 6).
        """
        meant = tuple(graph.closure(names, self._needs)) if dependencies else names
        meant = tuple(name for name in meant if name in self._services)
        done = {name for name in meant if name not in names and self._state(name) is State.COMPLETED}
        down = tuple(name for name in meant if self._state(name) in AT_REST and name not in done)
        self.require_ports(tuple(self._services[name] for name in down))
        self._lend(meant, down, holder)
        self.coming |= set(meant)
        stops = dict(self._stops)
        try:
            failed = await self._prepare(down, "it is not started")
        finally:
            self.coming -= set(meant)
        if failed:
            raise AuraError("\n".join(f"{name}: {words}" for name, words in failed.items()))
        names = tuple(name for name in names if name in self._services)  # some may have been scaled away
        overtaken = self._overtaken(names, stops, with_needs=dependencies)
        names = tuple(name for name in names if name not in overtaken)
        outcomes = [self._unprepared(name, words) for name, words in overtaken.items()]
        if not names:  # to the supervisor that would mean all
            return outcomes
        begun = set(graph.closure(names, self._needs) if dependencies else names)
        self.held -= begun
        for name in begun.intersection(down):
            self.stale.pop(name, None)
        ticket = self._ask(commands.Start(names, dependencies, patient=patient))
        return outcomes + list((await resolved(ticket)).outcomes.values())

    async def restart(
        self, names: tuple[str, ...], since: float | None, grace: float | None = None
    ) -> list[Outcome]:
        """Begin a new run of each; answers when each is ready, completed or failed.

        Args:
            names: whose.
            since: when the order was given (monotonic seconds), None for now.
            grace: seconds between the stop signal and KILL, None for each service's own.

        Raises:
            AuraError: a port of a service that is down is taken (exit code 6).
        """
        gone = tuple(name for name in names if name not in self._services)  # meanwhile, by another definition
        names = tuple(name for name in names if name not in gone)
        down = tuple(self._services[name] for name in names if self._state(name) in AT_REST)
        self.require_ports(down)
        self._lend(tuple(one.name for one in down), (), None)
        stops = dict(self._stops)
        failed = await self._prepare(names, "what runs of it goes on")
        failed |= self._overtaken(names, stops, with_needs=False)
        going = tuple(name for name in names if name not in failed and name in self._services)
        self.held -= set(going)
        for name in names:
            self.stale.pop(name, None)
        self.stale |= {
            name: words for name, words in failed.items() if name in self._services and words != _STOPPED
        }
        outcomes = [Outcome(name, ok=False, words=NO_SERVICE) for name in gone]
        outcomes += [
            self._unprepared(name, words) for name, words in failed.items() if name in self._services
        ]
        if going:
            now = time.monotonic()
            tickets = []
            for name in going:
                # a run that began before the steps had ended does not know what they made
                moment = max(now if since is None else since, self._prepared.get(name, 0.0))
                tickets.append(self._ask(commands.Restart((name,), moment, patient=False, grace=grace)))
            for ticket in tickets:
                outcomes += (await resolved(ticket)).outcomes.values()
        return outcomes

    def _lend(self, meant: tuple[str, ...], down: tuple[str, ...], holder: object | None) -> None:
        """What was down is up for the holder; what anybody else wants is up for good."""
        for name in meant:
            if holder is None:
                self.lent.pop(name, None)
            elif name in self.lent or name in down:
                self.lent.setdefault(name, set()).add(holder)

    async def let_go(self, holder: object) -> list[Outcome]:
        """End what was up only for that holder; answers when nothing of it is left."""
        for holders in self.lent.values():
            holders.discard(holder)
        over = tuple(name for name, holders in self.lent.items() if not holders)
        for name in over:
            del self.lent[name]
        if not over or self._closed:
            return []
        self._note_stop(over)
        return list((await resolved(self._ask(commands.Stop(over)))).outcomes.values())

    async def stop(self, names: tuple[str, ...], grace: float | None) -> list[Outcome]:
        """Take services down; answers when nothing of them is left."""
        names = tuple(name for name in names if name in self._services)  # some may have gone meanwhile
        if not names:
            return []
        self.held |= set(names) - self.lent.keys()  # those are down for good when their holder goes
        self._note_stop(names)
        ticket = self._ask(commands.Stop(names, grace))
        return list((await resolved(ticket)).outcomes.values())

    def _note_stop(self, names: Iterable[str]) -> None:
        for name in names:
            self._stops[name] = self._stops.get(name, 0) + 1

    def _overtaken(
        self, names: Iterable[str], stops: Mapping[str, int], *, with_needs: bool
    ) -> dict[str, str]:
        """Those that were ordered down since, by themselves or for what they need, and how that is said."""
        down = {name for name, count in self._stops.items() if count != stops.get(name, 0)}
        found: dict[str, str] = {}
        for name in names:
            if name in down:
                found[name] = _STOPPED
            elif with_needs and (needs := down.intersection(graph.closure([name], self._needs))):
                found[name] = f"{min(needs)}, which it needs, was stopped meanwhile"
        return found

    def due(self, name: str) -> list[prepare.Due]:
        """The steps of a service that have to run."""
        return prepare.due([self._services[name]], self._fingerprints)

    def _ask(self, command: commands.Command) -> Ticket:
        if self._closed:
            raise AuraError(_STOPPING, exit_code=ExitCode.NOT_RUNNING)
        return self._supervisor.ask(command)

    async def _prepare(self, names: tuple[str, ...], then: str) -> dict[str, str]:
        """See that each has its variables, and run what is due of it, side by side; who failed, and how."""
        failed = {name: text for name in names if (text := self._lacks(name))}
        fit = [name for name in names if name not in failed]
        if any(self._services[name].prepare for name in fit):
            words = await asyncio.gather(*(self._prepare_one(name, then) for name in fit))
            failed |= {name: text for name, text in zip(fit, words, strict=True) if text}
        return failed

    def _lacks(self, name: str) -> str:
        """What keeps a service from getting its variables, "" for nothing: what runs of it is worth more than that."""
        try:
            self._environment(self._services[name])
        except AuraError as error:
            return f"its environment: {error.message}"
        return ""

    async def _prepare_one(self, name: str, then: str) -> str:
        """One after the other: a second order looks again when the first one's steps have run."""
        try:
            turn = self._turns.setdefault(name, asyncio.Lock())
            async with asyncio.timeout(None) as scope, turn:
                self._under_way.add(scope)
                due = [] if self._closed or name not in self._services else self.due(name)
                failure = await self._preparation.perform(due, then) if due else ""
                if due and not failure:
                    self._prepared[name] = time.monotonic()
                return failure
        except TimeoutError:
            return _STOPPING
        finally:
            self._under_way.discard(scope)

    def _unprepared(self, name: str, words: str) -> Outcome:
        view = self._supervisor.view(name)
        return Outcome(
            name, ok=False, words=words, state=view.status.state, run=view.status.run, pid=view.pid
        )

    def _state(self, name: str) -> State:
        return self._supervisor.statuses[name].state


async def resolved(ticket: Ticket) -> Ticket:
    """Wait until an order has been carried out or has failed; giving up waiting does not take the order back."""
    done: asyncio.Future[Ticket] = asyncio.get_running_loop().create_future()
    ticket.then(lambda ticket: None if done.done() else done.set_result(ticket))
    return await done
