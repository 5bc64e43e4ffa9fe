"""Asking a run that is ready whether it is still well, for as long as it lives.

It is asked at even times; so many bad answers in a row, and it is told that only a new run can help. A watchdog is
the other way round: the run has to say WATCHDOG=1 itself, in time (sd_watchdog_enabled(3)). While the service is
paused, or a debugger is attached to one of its processes, no answer counts: whoever stands at a breakpoint answers
nobody, and must not be killed for that.
"""

import asyncio
from collections.abc import Callable, Iterable

from aura_stack.stack.model import Health, ProbeKind, Service
from aura_stack.system import processes

from . import health, lifecycle
from .health import Pulse
from .notice import Notice
from .probes import Means, Tell, question
from .readiness import Ask
from .verdict import NotExecutable


class Attendant:
    """Looks after one run.

    Args:
        service: whose; it says how it is asked.
        run: its number.
        means: what there is to ask by.
        members: the pids of the run.
        paused: whether somebody wants it to be left alone.
        told: what the run has answered so far, whenever that is something else.
    """

    def __init__(
        self,
        service: Service,
        run: int,
        means: Means,
        members: Callable[[], Iterable[int]],
        paused: Callable[[], bool],
        told: Callable[[Pulse], None],
    ) -> None:
        assert service.health is not None
        self._service = service
        self._health: Health = service.health
        self._run = run
        self._means = means
        self._members = members
        self._paused = paused
        self._told = told
        self._pulse = Pulse()

    async def attend(self, tell: Tell) -> None:
        """Ask until the run is lost, and tell that; cancelled, it tells nothing."""
        if self._means.notify:
            self._means.notify.listeners.append(self._hear)
        if self._health.ask.kind is ProbeKind.NOTIFY:
            await self._await_signs()
        else:
            await self._ask_on()
        verdict = health.lost(self._pulse, self._health)
        assert verdict is not None
        tell(self._service.name, lifecycle.Unwell(self._run, verdict))

    async def _ask_on(self) -> None:
        asked = question(self._service.but(ready=self._health.ask), self._means, ours_alone=False)
        while not health.lost(self._pulse, self._health):
            await asyncio.sleep(self._health.every)
            if why := self._silence():
                self._note(Pulse(silent=why))
                continue
            answer = await self._answer(asked.ask)
            self._count(f"{asked.what}: {answer}" if answer else "")

    async def _answer(self, ask: Ask) -> str:
        try:
            async with asyncio.timeout(self._health.timeout):
                return await ask()
        except TimeoutError:
            return f"no answer within {self._health.timeout:g} s"
        except NotExecutable as error:
            return error.verdict.words

    async def _await_signs(self) -> None:
        """Each WATCHDOG=1 has to come in time after the one before, the first after the run was ready."""
        notify = self._means.notify
        assert notify is not None
        sign = asyncio.Event()
        notify.listeners.append(lambda said: sign.set() if said.alive or said.lost or said.period else None)
        while not health.lost(self._pulse, self._health):
            if notify.lost:
                self._count("it said WATCHDOG=trigger")
                notify.lost = False
                continue
            try:
                async with asyncio.timeout(notify.period):
                    await sign.wait()
                sign.clear()
                self._count("")
            except TimeoutError:
                self._count(f"no WATCHDOG=1 within {notify.period:g} s")

    def _count(self, answer: str) -> None:
        """A bad answer of one that is looked into by a debugger is none; that is looked for only then.

        Nor is the first one after that, whose time may have passed while it stood still.
        """
        if answer and (why := self._silence() or self._traced()):
            self._note(Pulse(silent=why))
        elif answer and self._pulse.silent:
            self._note(Pulse())
        else:
            self._note(health.answered(self._pulse, answer))

    def _note(self, pulse: Pulse) -> None:
        if pulse != self._pulse:
            self._pulse = pulse
            self._told(pulse)

    def _silence(self) -> str:
        """Why it is not asked now, "" where it is."""
        leaving = self._means.notify is not None and self._means.notify.leaving
        return "leaving" if leaving else "paused" if self._paused() else ""

    def _traced(self) -> str:
        return "traced" if any(map(processes.tracer, self._members())) else ""

    def _hear(self, said: Notice) -> None:
        if said.leaving:
            self._note(Pulse(silent="leaving"))
