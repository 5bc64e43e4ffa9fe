"""Takes over a definition that has changed while its stack runs: read whole, checked, planned, then applied."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from aura_stack.errors import AuraError, ExitCode, InvalidDefinition
from aura_stack.frozen import Frozen
from aura_stack.messages import commands, events
from aura_stack.stack.model import Service, Stack
from aura_stack.stack.variant import Variant, still_scaled
from aura_stack.supervision.lifecycle import AT_REST, Wanted
from aura_stack.supervision.supervisor import Supervisor
from aura_stack.supervision.tickets import Outcome
from aura_stack.system.places import Places
from aura_stack.watch.interest import Interest

from . import requires
from .defined import Definition, Source
from .definition import digest
from .environment import Environment
from .numbers import Claim
from .orders import Orders, resolved
from .preflight import require_ports
from .redefinition import Change, Step, changes
from .scaling import Scaling

KEY = " definition"
"""The key under which the files of the definition are watched: no name of a service has a blank."""

_BEGUN_OR_ENDED = (events.Started, events.Stopped, events.Completed, events.Failed, events.Gone)

PATIENCE = 15.0  # seconds for the end of runs whose numbers are others' now

Order = Coroutine[Any, Any, list[Outcome]]


class Plan(Frozen):
    """Another definition, and what it means for what runs."""

    source: Source
    definition: Definition
    digest: str
    changes: tuple[Change, ...]

    def named(self, step: Step) -> tuple[str, ...]:
        """The services of which that becomes."""
        return tuple(one.service for one in self.changes if one.step is step)


class Reloading:
    """Makes the running stack what its files say now.

    Args:
        scaling: knows the definition that runs.
        orders: starts and restarts.
        supervisor: keeps the services.
        environment: makes their variables.
        places: where the stack keeps its things.
        claim: the numbers that it has.
        held: the runs that live, each with its service and the numbers that it was given.
        publish: the direct path of facts to the record.
        defined: told of the new definition, and of the digest of its files, before anything of it is started.
        all_are_wanted: whether the whole stack was asked for.
    """

    def __init__(
        self,
        scaling: Scaling,
        orders: Orders,
        supervisor: Supervisor,
        environment: Environment,
        places: Places,
        claim: Claim,
        held: Callable[[], Iterable[tuple[str, tuple[int, ...]]]],
        publish: Callable[[events.Event], None],
        defined: Callable[[Definition, str], None],
        *,
        all_are_wanted: bool,
    ) -> None:
        self._scaling = scaling
        self._orders = orders
        self._supervisor = supervisor
        self._environment = environment
        self._places = places
        self._claim = claim
        self._held = held
        self._news = asyncio.Event()  # a run has begun or ended
        self._publish = publish
        self._defined = defined
        self._all_are_wanted = all_are_wanted
        self.failure: AuraError | None = None
        """Why what the files say was not taken over, None where it was."""

    # --- what would be done ---

    def plan(self) -> Plan:
        """Read the files, check everything, and say what follows; nothing is changed.

        Raises:
            InvalidDefinition: with all mistakes of all files.
            AuraError: a program or a port that is needed is not to be had (exit codes 1 and 6), or the files now
                make another stack (exit code 5).
        """
        plan = self._draw()
        self._check(plan)
        return plan

    def _draw(self) -> Plan:
        running = self._scaling.definition
        seen = digest(running.files)
        source = self._scaling.source.again()
        definition = self._claim.extended(source, _again(source, self._scaling.source, running.variant))
        if definition.files != running.files:
            seen = digest(definition.files)
        if definition.instance != running.instance:
            words = "the profiles make another stack of it now"
            raise AuraError(words, "aura-stack down, then aura-stack up", ExitCode.INVALID)
        # what it is called runs through the record, and through the marks of its processes
        definition = definition.but(stack=definition.stack.but(name=running.stack.name))
        environment = self._environment.like(source, definition)
        now = {service.name: environment(service) for service in definition.stack.own}
        before, after = _own(running.stack), _own(definition.stack)
        found = changes(
            before,
            after,
            self._environment.given,
            now,
            up=self._up(),
            lacking=self._environment.lacking,
            all_are_wanted=self._all_are_wanted,
        )
        return Plan(source, definition, seen, found)

    def _up(self) -> set[str]:
        statuses = self._supervisor.statuses.items()
        return {name for name, status in statuses if status.wanted is Wanted.UP}

    def _check(self, plan: Plan) -> None:
        """Look for the programs and the ports of what is to begin; numbers that are ours are ours."""
        stack = plan.definition.stack
        before, after = _own(self._scaling.definition.stack), _own(stack)
        if stack.requires != self._scaling.definition.stack.requires:
            cache = os.path.join(self._places.runtime, "programs.json")
            requires.require(
                stack.requires, self._environment.shell.get("PATH", os.defpath), cache, stack.directory
            )
        ours = {
            port.number
            for name, service in before.items()
            if self._supervisor.statuses[name].state not in AT_REST
            for port in service.ports
        }
        beginning = (after[name] for name in (*plan.named(Step.START), *plan.named(Step.RESTART)))
        missing = [
            one.but(ports=tuple(port for port in one.ports if port.number not in ours)) for one in beginning
        ]
        require_ports(plan.definition, tuple(missing), self._claim)

    # --- and doing it ---

    async def reload(
        self, unless: Callable[[Sequence[str]], bool] = lambda _: False
    ) -> tuple[Plan, list[Outcome]]:
        """Plan and apply; answers when what began is ready and what went is gone.

        Args:
            unless: asked with the names of those that would be restarted whether all is to stay as it is.

        Raises:
            AuraError: as `plan`; then nothing has changed.
        """
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while True:
            async with self._scaling.turn:  # of two at once the second is compared with the first
                try:
                    plan = self._draw()
                    leaving = self._leaving(plan)
                    if not leaving or asyncio.get_running_loop().time() > deadline:
                        self._check(plan)
                        leaving = set()
                except AuraError as error:
                    self.failure = error
                    raise
                if not leaving:
                    self.failure = None
                    if unless(plan.named(Step.RESTART)):
                        return plan, []
                    outcomes, beginning = await self._take_over(plan)
                    break
            await self._gone(leaving, deadline)
        # not within: who never gets ready must not keep a mended definition waiting
        for done in await asyncio.gather(*(self._begun(names, order) for names, order in beginning)):
            outcomes += done
        return plan, outcomes

    def _leaving(self, plan: Plan) -> set[int]:
        """Numbers of what is to begin that runs of others have still, whose services changed theirs a moment ago."""
        before, after = _own(self._scaling.definition.stack), _own(plan.definition.stack)
        beginning = (*plan.named(Step.START), *plan.named(Step.RESTART))
        wanted = {port.number for name in beginning for port in after[name].ports}
        return {
            number
            for service, numbers in self._held()
            for number in wanted.intersection(numbers)
            if service not in before or number not in {port.number for port in before[service].ports}
        }

    async def _gone(self, numbers: set[int], deadline: float) -> None:
        """Wait until no run has one of these numbers, or until then: one whose steps failed goes on with it."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                while any(numbers.intersection(held) for _, held in self._held()):
                    self._news.clear()
                    await self._news.wait()

    def hear(self, event: events.Event) -> None:
        """Note when a run begins or ends."""
        if isinstance(event, _BEGUN_OR_ENDED):
            self._news.set()

    async def after_a_save(self, goes_round: Callable[[Sequence[str]], bool]) -> list[Outcome]:
        """The same for a save of one of the files; a mistake is told, and changes nothing.

        Args:
            goes_round: whether one of these services has made the save itself, and would again.
        """
        try:
            _, outcomes = await self.reload(goes_round)
        except AuraError as error:
            self._publish(events.NotRedefined(_lines(error)))
            return []
        return outcomes

    async def _take_over(self, plan: Plan) -> tuple[list[Outcome], list[tuple[tuple[str, ...], Order]]]:
        """From now on the other definition counts: what goes is gone then, what begins is answered."""
        before, after = _own(self._scaling.definition.stack), _own(plan.definition.stack)
        if plan.changes:
            self._publish(events.Redefined(tuple(map(str, plan.changes))))
        going, moving = plan.named(Step.STOP), self._moving(plan, before, after)
        # nobody depends on what goes any more, and nobody can order it
        self._redefine(plan, tuple(before[name] for name in going))
        outcomes: list[Outcome] = []
        if first := (*going, *moving):
            ticket = await resolved(self._supervisor.ask(commands.Stop(first)))
            outcomes += [one for name, one in ticket.outcomes.items() if name in going]
        if going:
            self._supervisor.redefine(plan.definition.stack.own)
        starting = (*plan.named(Step.START), *moving)
        staying = tuple(name for name in plan.named(Step.RESTART) if name not in moving)
        beginning: list[tuple[tuple[str, ...], Order]] = []
        if starting:
            order = self._orders.start(starting, dependencies=True, patient=False)
            beginning.append((starting, order))
        if staying:
            beginning.append((staying, self._orders.restart(staying, None)))
        return outcomes, beginning

    async def _begun(self, names: tuple[str, ...], order: Order) -> list[Outcome]:
        """What came of an order; a step that failed, or a port that was taken meanwhile, is told of each."""
        try:
            return await order
        except AuraError as error:
            self._publish(events.Notice(error.message, alarm=True))
            return [Outcome(name, ok=False, words=error.message) for name in names]

    def _moving(
        self, plan: Plan, before: Mapping[str, Service], after: Mapping[str, Service]
    ) -> tuple[str, ...]:
        """Who gets a number that another one has who is going or moving himself: those end first, all of them."""
        restarting = plan.named(Step.RESTART)
        had = {
            port.number: name for name in (*plan.named(Step.STOP), *restarting) for port in before[name].ports
        }
        wanted = {
            port.number: name for name in (*plan.named(Step.START), *restarting) for port in after[name].ports
        }
        crossing = {
            name
            for number, owner in had.items()
            if wanted.get(number, owner) != owner
            for name in (owner, wanted[number])
        }
        return tuple(name for name in restarting if name in crossing)

    def _redefine(self, plan: Plan, going: Iterable[Service]) -> None:
        stack = plan.definition.stack
        self._supervisor.redefine((*stack.own, *going))
        self._orders.redefine(stack)
        self._environment.take_over(plan.source, plan.definition)
        self._scaling.take_over(plan.source, plan.definition)
        self._defined(plan.definition, plan.digest)


def _again(source: Source, before: Source, variant: Variant) -> Definition:
    """The variant that runs; what was scaled by hand counts as long as the file says of it what it said."""
    if variant.scale:
        written = _counts(before, variant), _counts(source, variant)
        variant = variant.but(scale=still_scaled(variant.scale, *written))
    return source.definition(variant)


def _counts(source: Source, variant: Variant) -> Mapping[str, int]:
    """How many of each service there are as it is written."""
    return source.definition(variant.but(scale={})).counts


def files(definition: Definition) -> Interest:
    """The files of a definition, those of variables among them, as something to be watched."""
    stack = definition.stack
    variables = [*definition.common, *stack.env_files]
    for service in (*stack.services, *stack.tasks):
        variables += [*service.env_files, *service.profile_files]
    paths = dict.fromkeys((*definition.files, *(file.path for file in variables)))
    return Interest(KEY, stack.directory, tuple(paths))


def as_told(plan: Plan) -> list[dict[str, Any]]:
    """The changes of a plan, as clients are told."""
    return [{"service": one.service, "what": str(one.step), "why": one.why} for one in plan.changes]


def _lines(error: AuraError) -> tuple[str, ...]:
    if isinstance(error, InvalidDefinition):
        return tuple(str(problem) for problem in error.problems)
    return tuple(error.message.splitlines())


def _own(stack: Stack) -> dict[str, Service]:
    return {service.name: service for service in stack.own}
