"""What is watched while a stack runs, and whether: turned on and off, as a whole or for single services."""

import asyncio
import os
from collections.abc import Callable, Collection, Sequence
from typing import Any

from aura_stack.errors import AuraError, ExitCode
from aura_stack.messages import events
from aura_stack.reading.words import listed
from aura_stack.stack.model import Service
from aura_stack.supervision.supervisor import Supervisor
from aura_stack.system import mounts, processes
from aura_stack.watch.interest import Interest
from aura_stack.watch.watch import Watch

from .saves import Saves, interests

_IN_MEMORY = frozenset({"tmpfs", "ramfs", ""})  # nobody counts there which pages a process has written


class Watching:
    """The watch of a stack.

    Args:
        saves: does what is to be done.
        publish: the direct path of facts to the record.
        on: whether saves are acted on, until somebody says otherwise.
        since: ns since 1970; what was saved later, but before `begin`, counts.
        others: what else is watched while anything is.
    """

    def __init__(
        self,
        saves: Saves,
        publish: Callable[[events.Event], None],
        others: Callable[[], Sequence[Interest]],
        *,
        on: bool,
        since: int,
    ) -> None:
        self._saves = saves
        self._publish = publish
        self._others = others
        self._since: int | None = since
        self.on = on
        """Whether anything is watched."""
        self._watch: Watch | None = None
        self._asked: set[asyncio.Event] = set()  # of those who wait until all has been seen
        self._interests: list[Interest] = []

    def begin(self, services: Sequence[Service], saved: Callable[[Any, float], None]) -> None:
        """Watch what these services ask for, if anything; hand over what is saved."""
        self._saved = saved
        self.redefine(services)

    def redefine(self, services: Sequence[Service]) -> None:
        """Watch what these services ask for, and no others any more."""
        self._services = tuple(services)
        wanted = [*interests(services), *self._others()] if self.on else []
        if not wanted:
            self.close()
        elif self._watch is None:
            self._watch = Watch(
                wanted, self._saved, lambda text: self._publish(events.Notice(text)), since=self._since
            )
            self._watch.attach(asyncio.get_running_loop())
        elif wanted != self._interests:
            self._watch.change(wanted)
        self._interests = wanted
        self._since = None  # whoever begins later begins with what is there then

    def close(self) -> None:
        """See nothing any more."""
        if self._watch:
            self._watch.close()
            self._watch = None
        for each in self._asked:
            each.set()  # nobody sees anything any more

    async def seen(self) -> None:
        """Wait until all that was saved before has been told, or was nothing."""
        if not self._watch:
            return
        seen = asyncio.Event()
        self._asked.add(seen)
        try:
            self._watch.when_seen(seen.set)
            await seen.wait()
        finally:
            self._asked.discard(seen)

    def hold(self, maker: object, root: str, paths: Sequence[str]) -> None:
        """What is saved of these files while somebody makes them is one save; see `Watch.hold`."""
        if self._watch:
            self._watch.hold(maker, root, paths)

    def release(self, maker: object) -> None:
        """He has ended."""
        if self._watch:
            self._watch.release(maker)

    # --- on and off ---

    def turn(self, names: Collection[str], *, on: bool) -> None:
        """Act on the saves of services from now on, or leave them alone; no name means all, and the definition too.

        Raises:
            AuraError: one of them watches nothing (exit code 1).
        """
        watched = self._watched()
        for name in names:
            if name not in watched:
                words = f"{name} watches nothing"
                raise AuraError(words, "watch: true in the stack file makes it", ExitCode.FAILED)
        chosen = set(names) or watched
        if not on:
            self._saves.off |= chosen
            self.on = self.on and bool(names)
        else:
            if not names:
                self._saves.circling_definition.clear()
            self._saves.off = (self._saves.off if self.on else watched) - chosen
            self.on = True
            for name in sorted(chosen):
                self._saves.circling.pop(name, None)
                self._tell_missed(name)
        self.redefine(self._services)

    def suspend(self, name: str) -> None:
        """Leave the saves of a service alone while it is paused."""
        self._saves.paused.add(name)

    def resume(self, name: str) -> None:
        """Act on them again; what was saved meanwhile is told."""
        self._saves.paused.discard(name)
        self._tell_missed(name)

    def keep(self, families: Collection[str], paused: Callable[[str], bool]) -> None:
        """Know only these services any more.

        Args:
            families: their names.
            paused: whether anything of one is paused still.
        """
        self._saves.keep(families)
        for name in sorted(self._saves.paused):
            if not paused(name):
                self.resume(name)

    def _tell_missed(self, name: str) -> None:
        """What was saved meanwhile is not in what runs: who goes on debugging may not want it yet."""
        if missed := sorted(self._saves.missed.pop(name, ())):
            words = f"{listed(missed[:3], 'and')}{' and more' if len(missed) > 3 else ''}"  # noqa: PLR2004 - enough to know
            self._publish(
                events.Notice(f"{name} does not know of {words}, saved meanwhile: aura-stack restart {name}")
            )

    def _watched(self) -> set[str]:
        return {one.family for one in self._services if one.watch or any(step.inputs for step in one.prepare)}

    # --- what can be known ---

    def account(self, names: Collection[str]) -> dict[str, Any]:
        """How saves are seen, and what every service watches: see `aura-stack watch status --json`."""
        services = [one for one in self._services if one.replica == 1 and one.family in self._watched()]
        return {
            "on": self.on,
            "means": self._watch.means() if self._watch else [],
            "services": [self._told(one) for one in services if not names or one.family in names],
        }

    def _told(self, service: Service) -> dict[str, Any]:
        name, saves = service.family, self._saves
        trigger = saves.triggers.get(name)
        state = "off" if not self.on or name in saves.off else "paused" if name in saves.paused else "on"
        return {
            "service": name,
            "watch": state,
            "paths": list(service.watch.paths) if service.watch else [],
            "ignore": list(service.watch.ignore) if service.watch else [],
            "inputs": [path for step in service.prepare for path in step.inputs],
            "saves": saves.counts.get(name, 0),
            "last": {"time": trigger.time, "files": list(trigger.files), "deed": trigger.deed}
            if trigger
            else None,
            "circling": sorted(saves.circling.get(name, ())),
            "missed": sorted(saves.missed.get(name, ())),
        }


def may_have_written(supervisor: Supervisor, service: Service, files: Collection[str]) -> bool:
    """Whether the run of a service may have written to files of its folder: not if the kernel has counted nothing."""
    pid = supervisor.view(service.name).pid
    if not pid or any(mounts.kind(os.path.join(service.cwd, name)) in _IN_MEMORY for name in files):
        return True
    counts = [processes.dirtied(each) for each in (pid, *processes.descendants(pid))]
    return any(count is None or count > 0 for count in counts)
