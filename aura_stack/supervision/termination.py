"""Ends runs: asks them to, kills what does not, and sees each of them to its last process and its ports.

Loaded once there is an event loop: no run ends before.
"""

import asyncio
import time
from collections.abc import Callable, Sequence

from aura_stack.messages import events
from aura_stack.stack.model import Command, Service
from aura_stack.system import processes
from aura_stack.system.processes import Identity

from . import errand, lifecycle, stopping
from .clearance import Clearance, Numbers
from .holding import Holding
from .output import Output
from .process import Children
from .run import Key, Run
from .tree import look_at_all, orphans

POLL = 0.05  # seconds between looks at a run's remains where orphans do not become ours
PATIENCE = 1.0  # seconds that a run may take to end before it is told who is waited for
AGAIN = 5.0  # seconds until that is told again
SELDOM = 30.0  # the same where it is not ours to end


class Termination:
    """Sees runs to their end.

    Args:
        runs: all there are; those of which nothing is left are taken out.
        children: tell of their end.
        holding: what is held for them.
        output: where stop commands print.
        numbers: tells whether the ports of a run that has ended can be bound again; None: nobody asks.
        mark: begins the marks of stop commands.
        publish: the direct path of facts to the record.
        tell: takes what the table has to know.
        changed: told that a run has gone.
        loop: runs.
        tasks: the stop commands are some of these.
        inherits_orphans: whether this process is a child subreaper.
    """

    def __init__(
        self,
        runs: dict[Key, Run],
        children: Children,
        holding: Holding,
        output: Output,
        numbers: Numbers | None,
        mark: str,
        publish: Callable[[events.Event], None],
        tell: Callable[[str, lifecycle.Message], None],
        changed: Callable[[], None],
        loop: asyncio.AbstractEventLoop,
        tasks: asyncio.TaskGroup,
        *,
        inherits_orphans: bool,
    ) -> None:
        self._runs = runs
        self._children = children
        self._holding = holding
        self._output = output
        self._numbers = numbers or Numbers(lambda _: True, str)
        self._mark = mark
        self._publish = publish
        self._tell = tell
        self._changed = changed
        self._loop = loop
        self._tasks = tasks
        self._inherits = inherits_orphans
        self._orphans: list[int] | None = None  # as they were in this turn of the loop
        self._to_sweep: dict[Key, float] = {}  # whose remains are to end, in so many seconds

    def end(self, service: Service, run: int, grace: float) -> None:
        """The stop signal or command at the first call; every call can only bring KILL nearer."""
        current = self._runs[service.name, run]
        current.asked = True
        current.ask_no_more()
        if current.clearance:
            self._hurry(service.name, current)
            return
        if current.deadline is None:
            current.signum = service.stop.signal
            self._holding.withdraw(
                service.name, run, lambda: self._ask_to_end(current.service, current, grace)
            )
        self._arm(service.name, current, grace)

    def _ask_to_end(self, service: Service, run: Run, grace: float) -> None:
        if self._runs.get((service.name, run.number)) is not run or run.killed:
            return  # meanwhile it has gone
        command = stopping.command(service, grace)
        if command is None or run.exited:
            run.tree.ask_to_end(service.stop.signal, self._orphans_of_this_turn())
            return
        run.tree.look()  # while the main process lives it still shows who belongs to it
        coroutine = self._run_stop_command(service, run, command)
        run.stopper = self._tasks.create_task(coroutine, name=f"stop command of {service.name}")
        began = time.monotonic()
        run.stopper.add_done_callback(
            lambda task: self._stop_command_ended(
                service, run, command, _failure(task, time.monotonic() - began)
            )
        )

    def sweep(self, service: Service, run: int, grace: float) -> None:
        """TERM to what the main process left behind, KILL after the grace period.

        Once for all whose main processes have ended together, as at a stop: each look goes through all our children.
        """
        self._runs[service.name, run].ask_no_more()
        if not self._to_sweep:
            self._loop.call_soon(self._sweep)  # should nobody look before
        self._to_sweep[service.name, run] = grace

    def _sweep(self) -> None:
        if self._to_sweep:
            self.look_at_remains()

    def look_at_remains(self) -> None:
        """End what was left behind, and see whose run is empty now, of those whose main process has ended."""
        ended = [(key, run) for key, run in self._runs.items() if run.exited]
        to_sweep, self._to_sweep = self._to_sweep, {}
        if not ended:
            return
        remains = look_at_all([run.tree for _, run in ended], self._children)
        for (key, run), left in zip(ended, remains, strict=True):
            if self._runs.get(key) is not run:
                continue
            service, _ = key
            if left and key in to_sweep:
                run.tree.sweep(left)
                self._arm(service, run, to_sweep[key])
            self._judge_remains(service, run, left)

    def spared(self, run: Run) -> frozenset[int]:
        """Ports that others of ours may bind just now, or that we hold ourselves."""
        if not run.ports:
            return frozenset()
        others = (other.ports for other in self._runs.values() if other is not run)
        return self._holding.ports.union(*others)

    def _orphans_of_this_turn(self) -> list[int]:
        """The children of ours that are no main process, read once for all that are asked to end together."""
        if self._orphans is None:
            self._orphans = orphans(self._children)
            self._loop.call_soon(self._forget_orphans)
        return self._orphans

    def _forget_orphans(self) -> None:
        self._orphans = None

    def _look(self, service: str, run: Run) -> None:
        """Whether anything of an ended run is left."""
        self._judge_remains(service, run, run.tree.look())

    def _judge_remains(self, service: str, run: Run, left: list[Identity]) -> None:
        """What is left of an ended run is waited for; what appears after KILL is killed too."""
        if left and run.killed:
            run.killed.update(identity.pid for identity in run.tree.kill())
        if left:
            self._poll(service, run)
            return
        if run.stopper:
            return  # what it ends may be the next run's
        if not run.clearance:
            self._emptied(service, run)
        if self._is_clear(service, run):
            del self._runs[service, run.number]
            self._holding.gone(service, run.number)
            self._changed()
            self._tell(service, lifecycle.Emptied(run.number))

    def _emptied(self, service: str, run: Run) -> None:
        """No process of it is left."""
        for timer in (run.timer, run.reminder):
            if timer:
                timer.cancel()
        if run.notify:
            run.notify.close()
        if run.killed:
            self._publish(events.Killed(service, run.number, tuple(sorted(run.killed))))
        run.clearance = Clearance(run.ports, self._numbers, time.monotonic())

    def _is_clear(self, service: str, run: Run) -> bool:
        """Whether the next run can have its ports, or has been waiting for them long enough."""
        assert run.clearance is not None
        if run.next_look:
            run.next_look.cancel()
        held = run.clearance.held(self.spared(run))
        if not held:
            return True
        pause = run.clearance.pause(time.monotonic())
        if pause is not None:
            run.next_look = self._loop.call_later(pause, self._look_again, service, run)
            return False
        for port in held:
            self._publish(events.PortHeld(service, run.number, port, self._numbers.holder(port)))
        return True

    def _hurry(self, service: str, run: Run) -> None:
        """Somebody cannot wait for the ports of a run of which nothing lives."""
        assert run.clearance is not None
        run.clearance.hurry()
        if run.next_look:
            run.next_look.cancel()
        # not from within the supervisor, which is just telling us
        run.next_look = self._loop.call_soon(self._look_again, service, run)

    def _poll(self, service: str, run: Run) -> None:
        """Without a subreaper nobody tells us that an orphan has ended."""
        if not self._inherits:
            self._loop.call_later(POLL, self._look_again, service, run)

    def _look_again(self, service: str, run: Run) -> None:
        if self._runs.get((service, run.number)) is run:
            self._look(service, run)

    def _arm(self, service: str, run: Run, grace: float) -> None:
        deadline = self._loop.time() + grace
        if run.deadline is not None and run.deadline <= deadline:
            return
        if run.timer:
            run.timer.cancel()
        run.deadline = deadline
        run.timer = self._loop.call_at(deadline, self._kill, service, run)
        if run.reminder is None:
            run.reminder = self._loop.call_later(PATIENCE, self._remind, service, run)

    def _remind(self, service: str, run: Run) -> None:
        """Say who is waited for, as long as KILL is to come."""
        assert run.deadline is not None
        left = run.deadline - self._loop.time()
        if run.killed or left < PATIENCE / 2:
            return
        pids = run.tree.members()
        deaf = [] if run.stopper else [pid for pid in pids if not processes.takes(pid, run.signum)]
        if pids:
            first = tuple(sorted(pids, key=lambda pid: pid not in deaf))
            ignored = stopping.signal_name(run.signum).removeprefix("SIG") if deaf else ""
            self._publish(events.Lingering(service, run.number, first, round(left, 1), ignored))
        run.reminder = self._loop.call_later(AGAIN, self._remind, service, run)

    def _kill(self, service: str, run: Run) -> None:
        main = [] if run.exited else [run.tree.leader]
        whom = (*main, *(identity.pid for identity in run.tree.kill()))
        beyond = [pid for pid in whom if processes.is_beyond_us(pid)]
        run.killed.update(pid for pid in whom if pid not in beyond)
        if beyond:
            self._tell_beyond_us(service, run, beyond)
        if run.stopper:
            run.stopper.cancel()
        if run.exited:
            self._look(service, run)

    def _tell_beyond_us(self, service: str, run: Run, pids: Sequence[int]) -> None:
        """Say that others have to end what we may not, and look again whether it still is so."""
        self._publish(events.Notice(_beyond_us(service, pids), alarm=True))
        if run.reminder:
            run.reminder.cancel()
        run.reminder = self._loop.call_later(SELDOM, self._kill, service, run)

    def _stop_command_ended(self, service: Service, run: Run, command: Command, failure: str) -> None:
        """Where it failed before the grace period was over, the signal is sent after all."""
        run.stopper = None
        if failure:
            in_time = not run.exited and not run.killed
            if in_time:
                run.tree.ask_to_end(service.stop.signal)
            sent = stopping.signal_name(service.stop.signal) if in_time else ""
            self._publish(events.StopFailed(service.name, run.number, command.shown, failure, sent))
        if run.exited:
            self._look(service.name, run)

    async def _run_stop_command(self, service: Service, run: Run, command: Command) -> str:
        """Run it to its end: "" when it exits 0; cancelled, it is killed."""
        mark = f"{self._mark}:{service.name}:{run.number}:stop"
        order = errand.Errand(command.argv, run.variables, service.cwd, mark)
        verdict = await errand.run(
            order, self._children, lambda: self._output.open_one(service.name, run.number, "stop"), grace=0.0
        )
        return "" if verdict.ok else verdict.words


def _beyond_us(service: str, pids: Sequence[int]) -> str:
    """What is said of processes that would not end, and that only another user can end."""
    numbers, user = " ".join(map(str, pids)), processes.user(pids[0]) or "another user"
    return f"{service} cannot be ended: it runs as {user}, and our KILL does not reach it (sudo kill -9 {numbers})"


def _failure(stopper: "asyncio.Task[str]", seconds: float) -> str:
    """How a stop command failed, "" when it did not."""
    return f"not done after {seconds:.1f} s" if stopper.cancelled() else stopper.result()
