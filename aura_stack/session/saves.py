"""From a save to what comes of it: whose files they are, what runs first, who is restarted, and who is left alone."""

import asyncio
import time
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from functools import partial
from typing import Any

from aura_stack.errors import AuraError
from aura_stack.frozen import Frozen
from aura_stack.messages import events
from aura_stack.stack.model import Command, Service
from aura_stack.supervision.lifecycle import State, Wanted
from aura_stack.supervision.supervisor import Supervisor
from aura_stack.supervision.tickets import Outcome
from aura_stack.watch.interest import Interest

from .circles import Circle, Circles
from .deeds import Deeds, deeds
from .orders import Orders
from .prepare import Preparation

_INPUTS = " inputs"  # what follows the name of a service in the key of its steps' inputs: no name has a blank
SHOWN = 3  # files that are named where something runs for their sake

Order = Coroutine[Any, Any, list[Outcome]]
Perform = Callable[[Callable[[], Order]], "asyncio.Task[list[Outcome] | AuraError]"]
"""Carries an order out beside us, and tells what is refused."""


class Trigger(Frozen):
    """The last save of a service: when, in seconds since 1970, which files, and what was done."""

    time: float
    files: tuple[str, ...]
    deed: str


class _Work(Frozen):
    """What is to be done for a service, for the sake of saves that were looked at until then."""

    deeds: Deeds
    looked: float


class Saves:
    """Does what is to be done on a save.

    Args:
        orders: restarts services.
        supervisor: knows where they are.
        preparation: runs builds and other commands.
        publish: the direct path of facts to the record.
        perform: carries orders out.
        signal: sends a signal to the processes of a service, and answers to which.
        wrote: whether the run of a service may have written a file of its folder.
        traced: whether a debugger is attached to the run of a service.
    """

    def __init__(
        self,
        orders: Orders,
        supervisor: Supervisor,
        preparation: Preparation,
        publish: Callable[[events.Event], None],
        perform: Perform,
        signal: Callable[[str, int], list[int]],
        wrote: Callable[[Service, Collection[str]], bool],
        traced: Callable[[str], bool],
    ) -> None:
        self._traced = traced
        self._orders = orders
        self._supervisor = supervisor
        self._preparation = preparation
        self._publish = publish
        self._perform = perform
        self._signal = signal
        self._wrote = wrote
        self.off: set[str] = set()
        """Services of which nothing is done on a save, because somebody said so."""
        self.paused: set[str] = set()
        """The same, as long as they are paused."""
        self.missed: dict[str, set[str]] = {}
        """What was saved meanwhile, by service."""
        self.circling: dict[str, set[str]] = {}
        """Files that a service writes itself; they count for nothing."""
        self.circling_definition: set[str] = set()
        """The same of the files that define them."""
        self.counts: dict[str, int] = {}
        """Saves that something was done about, by service."""
        self.triggers: dict[str, Trigger] = {}
        self.outcomes: dict[str, Outcome] = {}
        """What came of the last restart by a save, by the name of the replica."""
        self._circles: dict[str, Circles] = {}
        self._circles_of_definition: dict[str, Circles] = {}
        self._began: dict[
            str, float
        ] = {}  # when something began that may write files: a run, or a command of ours
        self._commands: set[str] = set()  # services for which that was a command of ours
        self._pending: dict[str, _Work] = {}
        self._working: set[str] = set()
        self._going = 0
        self._waiting: list[asyncio.Future[None]] = []

    # --- a save ---

    def saved(self, changes: Mapping[str, tuple[str, ...]], looked: float) -> None:
        """Files have other content now: by interest, their paths; a run that began after `looked` has seen them."""
        services = dict.fromkeys(key.removesuffix(_INPUTS) for key in changes)
        for service in services:
            self._saved(service, changes.get(service, ()), changes.get(service + _INPUTS, ()), looked)

    def _saved(self, family: str, watched: Iterable[str], inputs: tuple[str, ...], looked: float) -> None:
        members = self._orders.family(family)
        if not members:
            return
        service = self._orders.service(members[0])
        watched = tuple(name for name in watched if name not in self.circling.get(family, ()))
        if family in self.off | self.paused:
            self.missed.setdefault(family, set()).update(watched, inputs)
            return
        wanted = [name for name in members if self._is_wanted(name)]
        if not wanted:
            return
        if any(map(self._traced, wanted)):
            words = f"{family} does not know of {_listed((*watched, *inputs))}, saved while a debugger is attached"
            self._publish(events.Notice(f"{words}: aura-stack restart {family}"))
            return
        found = deeds(service.watch, service.cwd, watched) if service.watch else Deeds()
        if inputs and any(self._orders.due(name) for name in wanted):
            found = found.and_then(Deeds(restart=inputs))
        if not found.files:
            return
        self._publish(events.Saved(family, found.files))
        self.counts[family] = self.counts.get(family, 0) + 1
        self.triggers[family] = Trigger(time.time(), found.files, _told(found, service))
        leads_on = (*found.restart, *(name for _, files in found.commands for name in files))
        if not (leads_on and self._goes_round(service, leads_on, looked)):
            self._do(service, _Work(found, looked))

    def _is_wanted(self, name: str) -> bool:
        """Not one that somebody ordered down; one that had given up is."""
        if name in self._orders.coming:
            return True
        return name not in self._orders.held and self._supervisor.statuses[name].wanted is Wanted.UP

    # --- what is done ---

    def _do(self, service: Service, work: _Work) -> None:
        watch, family = service.watch, service.family
        if (watch and (watch.build or work.deeds.commands or work.deeds.signals)) or family in self._working:
            pending = self._pending.get(family)
            if pending:
                work = _Work(pending.deeds.and_then(work.deeds), max(pending.looked, work.looked))
            self._pending[family] = work
            if family not in self._working:
                self._working.add(family)
                self._begin(partial(self._work, family))
        else:
            self._restart(service, work.looked)

    async def _work(self, family: str) -> list[Outcome]:
        """Commands and signals, the build, then the restart; what is saved meanwhile is done behind it."""
        try:
            while work := self._pending.pop(family, None):
                members = self._orders.family(family)
                if members:
                    service = self._orders.service(members[0])
                    for name in members:
                        self._orders.stale.pop(name, None)
                    if await self._first(service, work) and work.deeds.restart:
                        self._restart(service, work.looked)
        finally:
            self._working.discard(family)
        return []

    async def _first(self, service: Service, work: _Work) -> bool:
        """Whether nothing stands in the way of a restart."""
        for command, files in work.deeds.commands:
            self._note(service, await self._command(service, command, files, "it runs on"))
        for signum, _ in work.deeds.signals:
            for name in self._orders.family(service.family):
                self._signal(name, signum)
        if not (work.deeds.restart and service.watch and service.watch.build):
            return True
        build, files = service.watch.build, work.deeds.restart
        failure = await self._command(service, build, files, "what runs of it goes on")
        self._note(service, failure)
        return not failure

    async def _command(self, service: Service, command: Command, files: tuple[str, ...], then: str) -> str:
        self._began[service.family] = time.monotonic()
        self._commands.add(service.family)
        return await self._preparation.command(service, command, _saved(files), then)

    def _note(self, service: Service, failure: str) -> None:
        if failure:
            self._orders.stale |= dict.fromkeys(self._orders.family(service.family), failure)

    def _restart(self, service: Service, looked: float) -> None:
        names = tuple(name for name in self._orders.family(service.family) if self._is_wanted(name))
        if names:
            self._begin(partial(self._restarted, service, names, looked))

    async def _restarted(self, service: Service, names: tuple[str, ...], looked: float) -> list[Outcome]:
        # a save during the steps or the stop is in the run that follows them: no second one
        try:
            outcomes = await self._orders.restart(names, looked)
        except AuraError as error:
            self._orders.stale |= dict.fromkeys(names, error.message)
            raise
        self.outcomes |= {one.service: one for one in outcomes}
        if service.watch and service.watch.dependents and all(one.ok for one in outcomes):
            others = self._orders.with_dependents(names)
            others = tuple(name for name in others if name not in names and self._runs(name))
            if others:
                outcomes += await self._orders.restart(others, looked)  # not who follows by itself
        return outcomes

    def _runs(self, name: str) -> bool:
        return self._is_wanted(name) and self._supervisor.statuses[name].state is not State.COMPLETED

    def carry_out(self, order: Callable[[], Order]) -> None:
        """Carry out something else that a save has led to."""
        self._begin(order)

    def _begin(self, order: Callable[[], Order]) -> None:
        self._going += 1
        self._perform(order).add_done_callback(self._done)

    def _done(self, _: object) -> None:
        self._going -= 1
        if not self._going:
            waiting, self._waiting = self._waiting, []
            for each in waiting:
                if not each.done():
                    each.set_result(None)

    async def done(self) -> None:
        """Wait until all that saves have led to has been done, or has failed."""
        if self._going:
            waiting = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            await waiting

    def keep(self, families: Collection[str]) -> None:
        """Forget what was said of services that are no more: one that comes later under such a name is another one."""
        self.off.intersection_update(families)
        self.paused.intersection_update(families)
        for known in (self.missed, self.circling, self.counts, self.triggers, self._circles):
            for name in known.keys() - families:
                del known[name]

    # --- circles ---

    def hear(self, event: events.Event) -> None:
        """Note when a run begins."""
        if isinstance(event, events.Started) and event.service in self._supervisor.statuses:
            family = self._supervisor.view(event.service).service.family
            self._began[family] = time.monotonic()
            self._commands.discard(family)

    def definition_goes_round(self, names: Iterable[str], files: Collection[str], looked: float) -> bool:
        """Whether one of the services that a save of the definition restarts writes it itself, at each start.

        Then these files count for nothing from now on.

        Args:
            names: of the services that would be restarted.
            files: that were saved.
            looked: when, in monotonic seconds.
        """
        services = [
            self._supervisor.view(name).service for name in names if name in self._supervisor.statuses
        ]
        for service in services:
            circles = self._circles_of_definition.setdefault(service.name, Circles())
            after = looked - self._began.get(service.family, -looked)
            wrote = not circles.suspicious or self._wrote(service, files)
            if circle := circles.turn(files, after, wrote=wrote):
                self.circling_definition.update(circle.files)
                then = "(aura-stack reload takes it over by hand, aura-stack watch on takes this back)"
                self._publish(_told_circle(service.name, circle, then))
                return True
        return False

    def _goes_round(self, service: Service, files: Collection[str], looked: float) -> bool:
        """Whether the service writes these files itself, at each start; then they count for nothing from now on."""
        family = service.family
        circles = self._circles.setdefault(family, Circles())
        after = looked - self._began.get(family, -looked)
        wrote = not circles.suspicious or family in self._commands or self._wrote(service, files)
        circle = circles.turn(files, after, wrote=wrote)
        if circle is None:
            return False
        self.circling.setdefault(family, set()).update(circle.files)
        then = (
            f"(watch.ignore in the stack file says so for good, aura-stack watch on {family} takes it back)"
        )
        self._publish(_told_circle(family, circle, then))
        return True


def interests(services: Iterable[Service]) -> list[Interest]:
    """What is watched: the files of services that say so, and the inputs of prepare steps.

    What steps make counts for nothing: they were run for a restart, and would be the reason of the next.
    """
    found = []
    for service in services:
        if service.replica > 1:  # the files of the first are everybody's
            continue
        if watch := service.watch:
            made = tuple(f"/{output}" for step in service.prepare for output in step.outputs)
            ignore = (*watch.ignore, *made)
            found.append(Interest(service.name, service.cwd, watch.paths, ignore, gitignore=watch.gitignore))
        for step in service.prepare:
            made = tuple(f"/{output}" for output in step.outputs)
            found += [Interest(service.name + _INPUTS, service.cwd, step.inputs, made)] if step.inputs else []
    return found


def _told_circle(name: str, circle: Circle, then: str) -> events.Notice:
    several = len(circle.files) > 1
    return events.Notice(
        f"{name} goes round in a circle: {_listed(circle.files)} "
        f"{'were' if several else 'was'} written {circle.after:.1f} s after each start, which begins it anew; "
        f"{'they count' if several else 'it counts'} for nothing from now on {then}",
        alarm=True,
    )


def _told(found: Deeds, service: Service) -> str:
    """What a save leads to, in words."""
    words = [f"runs {command.shown}" for command, _ in found.commands]
    words += [f"sends signal {signum}" for signum, _ in found.signals]
    if found.restart:
        build = service.watch.build if service.watch else None
        words.append(f"runs {build.shown}, restarts" if build else "restarts")
    return ", ".join(words)


def _saved(files: tuple[str, ...]) -> str:
    return f"{_listed(files)} saved"


def _listed(files: tuple[str, ...]) -> str:
    more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
    return ", ".join(files[:SHOWN]) + more
