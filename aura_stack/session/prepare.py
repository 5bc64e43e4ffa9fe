"""The steps that make a service fit to run: installs and builds, each only when its inputs changed.

Which steps are due is found out before anything is loaded that runs them, since mostly none is. Those of one
service run in order, those of different services side by side.
"""

import time
from collections.abc import Awaitable, Callable, Iterable

from aura_stack.errors import AuraError
from aura_stack.frozen import Frozen
from aura_stack.messages import events
from aura_stack.stack.model import Command, Prepare, Service
from aura_stack.system import fingerprint

Run = Callable[[Service, Prepare], Awaitable[str]]
"""Executes a step; the answer is "" when it succeeded, else how it failed."""

SHOWN = 3  # changed inputs that are named; of more than these, the number


class Due(Frozen):
    """A step that has to run: the service's own, why, and the key of its fingerprint."""

    service: Service
    step: Prepare
    why: str

    @property
    def key(self) -> str:
        """The name of its fingerprint in the record: another command in another folder is another step."""
        return key(self.service, self.step)


def key(service: Service, step: Prepare) -> str:
    """The name under which a step's fingerprint is kept."""
    return f"{service.cwd}: {step.command.shown}"  # others may read the file


def due(services: Iterable[Service], record: str) -> list[Due]:
    """The steps that have to run, in the order of the definition.

    Args:
        services: whose steps.
        record: the file of fingerprints.
    """
    known = fingerprint.load(record)
    found, current = [], known
    for service in services:
        for step in service.prepare:
            before = known.get(key(service, step))
            now = take(service, step, before)
            why = reason(service, step, before, now)
            if why:
                found.append(Due(service, step, why))
            elif now != before:
                current = current.put(key(service, step), now)
    if current is not known:
        fingerprint.save(record, current)
    return found


def take(service: Service, step: Prepare, before: fingerprint.Fingerprint | None) -> fingerprint.Fingerprint:
    """The fingerprint of a step's inputs as they are now."""
    return fingerprint.take(service.cwd, step.inputs, before, step.outputs)


def reason(
    service: Service, step: Prepare, before: fingerprint.Fingerprint | None, now: fingerprint.Fingerprint
) -> str:
    """Why a step has to run, in words; "" when it has not."""
    if absent := fingerprint.missing(service.cwd, step.outputs):
        return f"{', '.join(absent)} missing"
    if before is None:
        return "not run yet"
    changed = fingerprint.changed(before, now)
    if not changed:
        return ""
    more = f" and {len(changed) - SHOWN} more" if len(changed) > SHOWN else ""
    return f"{', '.join(changed[:SHOWN])}{more} changed"


class StepFailed(Exception):  # noqa: N818 - it says what became of the step
    """A step did not do what it is for, in words; the event that tells it has been published."""


class Preparation:
    """Runs the steps that are due.

    Args:
        record: the file of fingerprints.
        run: executes one command of a service and answers how it ended.
        publish: the direct path of facts to the record.
    """

    def __init__(
        self,
        record: str,
        run: Run,
        publish: Callable[[events.Event], None],
    ) -> None:
        self.doing: dict[str, str] = {}
        """The step that is being run, by service."""
        self._record = record
        self._run = run
        self._publish = publish

    async def perform(self, steps: Iterable[Due], then: str) -> str:
        """Run all of them; "" when all succeeded, else how the first failed, which ends the others.

        Args:
            steps: those that are due.
            then: what a failure means for the service, in words.
        """
        import asyncio  # noqa: PLC0415 - only who has steps to run needs it this early

        by_service: dict[str, list[Due]] = {}
        for step in steps:
            by_service.setdefault(step.service.name, []).append(step)
        failure = ""
        try:
            async with asyncio.TaskGroup() as tasks:
                for chain in by_service.values():
                    tasks.create_task(self._chain(chain, then))
        except* StepFailed as errors:
            failure = str(errors.exceptions[0])
        return failure

    async def command(self, service: Service, command: Command, why: str, then: str) -> str:
        """Run a command that is none of the service's steps; "" when it succeeded, else how it failed.

        Args:
            service: whose folder and variables it has.
            command: which.
            why: for what reason.
            then: what a failure means for the service, in words.
        """
        text = command.shown
        self._publish(events.Preparing(service.name, text, why))
        began = time.monotonic()
        self.doing[service.name] = text
        try:
            words = await self._run(service, Prepare(command, (), ()))
        finally:
            del self.doing[service.name]
        if words:
            self._publish(events.PrepareFailed(service.name, text, words, then))
            return f"{text} failed: {words}"
        self._publish(events.Prepared(service.name, text, round(time.monotonic() - began, 3)))
        return ""

    async def _chain(self, steps: Iterable[Due], then: str) -> None:
        for step in steps:
            await self._one(step, then)

    async def _one(self, due: Due, then: str) -> None:
        service, step = due.service, due.step
        text = step.command.shown
        self._publish(events.Preparing(service.name, text, due.why))
        began = time.monotonic()
        before = take(service, step, fingerprint.load(self._record).get(due.key))
        self.doing[service.name] = text
        try:
            words = await self._run(service, step)
        finally:
            del self.doing[service.name]
        if not words and (absent := fingerprint.missing(service.cwd, step.outputs)):
            words = f"succeeded but did not make {', '.join(absent)}"
        if words:
            self._publish(events.PrepareFailed(service.name, text, words, then))
            raise StepFailed(f"{text} failed: {words}")
        self._remember(due, before)
        self._publish(events.Prepared(service.name, text, round(time.monotonic() - began, 3)))

    def _remember(self, due: Due, before: fingerprint.Fingerprint) -> None:
        """Keep what was there before the step ran: an input that was saved meanwhile makes it due again."""
        try:
            fingerprint.save(self._record, fingerprint.load(self._record).put(due.key, before))
        except AuraError as error:
            self._publish(
                events.Notice(f"{error.message}: {due.step.command.shown} will run again", alarm=True)
            )
