"""Carries out the supervisor's moves on real processes: the rim of supervision.

It can spawn before there is an event loop; what needs one (probes) is kept until `attach`.
"""

import os
import signal
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from aura_stack.errors import AuraError
from aura_stack.frozen import Frozen
from aura_stack.messages import events
from aura_stack.stack.model import Command, ProbeKind, Service
from aura_stack.system import memory, processes
from aura_stack.system.processes import Identity

from . import endings, lifecycle, stopping
from .clearance import Clearance, Numbers
from .health import Pulse
from .holding import Holding
from .output import Output
from .pauses import Pauses
from .process import NOTHING, Children, Gift, judge, spawn, spawn_in_terminal
from .tree import MARK, Tree, look_at_all, orphans
from .usage import Meter, Usage
from .verdict import NotExecutable, Verdict
from .works import Works

if TYPE_CHECKING:
    import asyncio

    from .acceptance import Door
    from .fronting import Front
    from .notice import Notice
    from .notify import NotifySocket
    from .probes import Means
    from .supervisor import Supervisor

POLL = 0.05  # seconds between looks at a run's remains where orphans do not become ours
PATIENCE = 1.0  # seconds that a run may take to end before it is told who is waited for
AGAIN = 5.0  # seconds until that is told again
SELDOM = 30.0  # the same where it is not ours to end
FRESH = 0.05  # seconds for which the number of the kernel's kills is not read again


class Leader(Frozen):
    """The main process of a run."""

    service: str
    run: int
    identity: Identity


_Key = tuple[str, int]  # a service and the number of one of its runs


class _Run:
    """What there is to a run, besides its status."""

    def __init__(
        self,
        number: int,
        service: Service,
        tree: Tree,
        variables: Mapping[str, str],
        notify: "NotifySocket | None" = None,
        ports: tuple[int, ...] = (),
        kills: tuple[int, ...] = (),
    ) -> None:
        self.number = number
        self.variables = (
            variables  # its own: files may say others by now, or have mistakes, which is not its affair
        )
        self.ports = ports  # that it listens at
        self.clearance: Clearance | None = None  # once nothing of it lives
        self.next_look: asyncio.Handle | None = None  # at its ports
        self.tree = tree
        self.service = (
            service  # as the run is: behind a front its ports are others than those that are declared
        )
        self.notify = notify  # where it says that it is ready, if it was asked to
        self.deadline: float | None = None  # loop time of KILL
        self.timer: asyncio.TimerHandle | None = None
        self.reminder: asyncio.TimerHandle | None = None  # while it is ending
        self.signum = signal.SIGTERM.value  # what it was asked to end with
        self.probe: asyncio.Task[None] | None = None
        self.attendant: asyncio.Task[None] | None = None  # asks whether it is well
        self.pulse = Pulse()  # what that was answered
        self.told = False  # that it says of itself that it is ending
        self.stopper: asyncio.Task[str] | None = None  # runs its stop command
        self.exited = False
        self.asked = False  # somebody of ours has told it to end
        self.kills = kills  # the kernel's, when it began
        self.identity: Identity | None = None  # of its main process, once somebody has asked
        self.killed: set[int] = set()
        self.meter = Meter(time.monotonic())


class Runner:
    """Runs of services as processes.

    Args:
        output: opens the pipes of a run.
        environment: all the variables of a service, made anew for each run.
        mark: unique to this engine; the runs' marks begin with it.
        publish: the direct path of facts to the record.
        works: knows which tasks are up to date.
        inherits_orphans: whether this process is a child subreaper.
        terminals: services that get terminals of their own although the definition does not say so.
        sockets: a folder closed to others, for the sockets on which runs say that they are ready.
        numbers: tells whether the ports of a run that has ended can be bound again; None: nobody asks.
        front: what is executed as the front of services that take no socket.
    """

    def __init__(
        self,
        output: Output,
        environment: Callable[[Service], Mapping[str, str]],
        mark: str,
        publish: Callable[[events.Event], None],
        works: Works,
        *,
        inherits_orphans: bool,
        terminals: Collection[str] = (),
        sockets: str = "",
        numbers: Numbers | None = None,
        front: Sequence[str] = (),
    ) -> None:
        self._sockets = sockets
        self._front = front
        spare = numbers.spare if numbers else Numbers(lambda _: True, str).spare
        self._holding = Holding(sockets, publish, self.now, self._make_front, spare)
        self._numbers = numbers
        self.children = Children()
        self.pauses = Pauses(publish)
        self._works = works
        self._output = output
        self._environment = environment
        self._mark = mark
        self._publish = publish
        self._inherits = inherits_orphans
        self._terminals = terminals
        self._runs: dict[_Key, _Run] = {}
        self._early: list[tuple[Service, int]] = []
        self._kills: tuple[int, ...] = ()
        self._kills_until = 0.0
        self._orphans: list[int] | None = None  # as they were in this turn of the loop
        self._null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        # held open and never written: many development servers end when their input ends
        self._stdin, self._stdin_held = os.pipe()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._supervisor: Supervisor | None = None
        self._change: asyncio.Handle | None = None  # about to be told
        self.changed: Callable[[], None] = _nobody
        """Told when a run has begun or ended; once for all that did so in one turn of the loop."""

    def serve(self, supervisor: "Supervisor") -> None:
        """Tell this supervisor what happens."""
        self._supervisor = supervisor

    def attach(self, loop: "asyncio.AbstractEventLoop", tasks: "asyncio.TaskGroup") -> None:
        """There is an event loop now: begin the probes that waited for it, hear of children that end."""
        self._loop, self._tasks = loop, tasks
        self._holding.attach(loop)
        early, self._early = self._early, []
        for service, run in early:
            self.probe(service, run)
        self._tell_change()
        loop.add_signal_handler(signal.SIGCHLD, self.reap)
        self.reap()

    def close(self) -> None:
        """Nothing runs any more, and nothing will."""
        self._holding.close()

    def _make_front(self) -> "Front":
        from .fronting import Front  # noqa: PLC0415 - for those who are behind one

        return Front(self._front, self.children, self._publish, self._null, self.now)

    def reap(self) -> None:
        """Bury what has ended, and see whose run is empty now."""
        self.children.reap()
        ended = [(service, run) for (service, _), run in self._runs.items() if run.exited]
        if not ended:
            return
        remains = look_at_all([run.tree for _, run in ended], self.children)
        for (service, run), left in zip(ended, remains, strict=True):
            if self._runs.get((service, run.number)) is run:
                self._judge_remains(service, run, left)

    # --- the rim ---

    def spawn(self, service: Service, run: int) -> int:
        """Execute a run: see `process.spawn`."""
        mark = f"{self._mark}:{service.name}:{run}"
        notify = self._notify_socket(service)
        try:
            service = self._holding.prepare(service, run)
            assert service.command is not None
            variables = self._variables(service)
            environment = {**variables, MARK: mark}
            if notify:
                environment |= notify.variables
            pid = self._spawn(service, run, service.command.argv, environment)
        except NotExecutable:
            self._holding.gone(service.name, run)
            if notify:
                notify.close()
            raise
        if service.task:
            self._works.began(service)
        tree = Tree(pid, mark, self.children)
        ports = tuple(port.number for port in service.ports)
        self._runs[service.name, run] = _Run(
            run, service, tree, variables, notify, ports, self._kills_by_now()
        )
        self.children.adopt(pid, lambda status: self._exited(service, run, status))
        self._tell_change()
        return pid

    def _spawn(self, service: Service, run: int, argv: Sequence[str], environment: Mapping[str, str]) -> int:
        """Execute it with what is held for it."""
        held = self._holding.deliver(service.name, run, argv, environment)
        if held is None:
            return self._execute(service, argv, environment, run, NOTHING)
        gift = Gift(held.descriptors, held.through)
        return self._execute(service, held.argv, {**environment, **held.variables}, run, gift)

    def _notify_socket(self, service: Service) -> "NotifySocket | None":
        watchdog = service.health if service.health and service.health.ask.kind is ProbeKind.NOTIFY else None
        if not watchdog and all(one.kind is not ProbeKind.NOTIFY for one in service.ready.conditions):
            return None
        from .notify import NotifySocket  # noqa: PLC0415 - for those who ask for it

        try:
            return NotifySocket(self._sockets, watchdog.every if watchdog else 0.0)
        except OSError as error:
            words = f"its socket for sd_notify cannot be made: {(error.strerror or str(error)).lower()}"
            raise NotExecutable(Verdict(ok=False, words=words, code=126, retry=False)) from error

    def _execute(
        self, service: Service, argv: Sequence[str], environment: Mapping[str, str], run: int, gift: Gift
    ) -> int:
        if self.has_terminal(service):
            with self._opened(lambda: (self._output.open_terminal(service.name, run),)) as (terminal,):
                return spawn_in_terminal(argv, environment, service.cwd, terminal, gift)
        stdin = self._null if service.stdin_null else self._stdin
        with self._opened(lambda: self._output.open(service.name, run)) as (out, err):
            return spawn(argv, environment, service.cwd, (stdin, out, err), gift)

    def has_terminal(self, service: Service) -> bool:
        """Whether the runs of a service get terminals of their own, by the definition or by the order."""
        return service.tty or service.name in self._terminals

    def _variables(self, service: Service) -> Mapping[str, str]:
        try:
            return self._environment(service)
        except AuraError as error:  # a file of variables has a mistake since it was read last
            words = f"its environment: {error.message}"
            raise NotExecutable(Verdict(ok=False, words=words, code=error.exit_code, retry=False)) from error

    @contextmanager
    def _opened(self, ends: Callable[[], tuple[int, ...]]) -> Iterator[tuple[int, ...]]:
        """Ends of pipes or of a terminal for as long as a run needs to get them."""
        try:
            pipes = ends()
        except (
            OSError
        ) as error:  # no descriptors left, or the folder of the record has gone with all above it
            words = f"its output cannot be kept: {(error.strerror or str(error)).lower()}"
            raise NotExecutable(Verdict(ok=False, words=words, code=126, retry=False)) from error
        try:
            yield pipes
        finally:
            for pipe in pipes:
                os.close(pipe)

    def may_stand_beside(self, service: Service) -> bool:
        """Whether a new run would get the sockets of the current one, and take them."""
        return self._holding.may_stand_beside(service)

    def behind(self, service: Service, run: int) -> int:
        """The number at which a run is to listen behind the front, 0 for one that is not there."""
        gift = self._holding.gift(service.name, run)
        return gift.private.get(service.port or 0, 0) if gift else 0

    def release(self, service: Service) -> None:
        """Nobody is to serve any more: clients are refused."""
        self._holding.release(service.name)

    def up_to_date(self, service: Service) -> bool:
        """Whether all that a task would make is there, and made of what is there."""
        return self._works.up_to_date(service)

    def probe(self, service: Service, run: int) -> None:
        """Ask until it is answered, or time is up."""
        if self._tasks is None:
            self._early.append((service, run))
            return
        from . import probes  # noqa: PLC0415 - needs asyncio, which comes after the first spawn

        current = self._runs.get((service.name, run))
        if current is None:
            return
        if current.notify and self._loop:
            current.notify.listeners.append(lambda said: self._hear(service.name, current, said))
            current.notify.attach(self._loop, lambda pid: _may_speak(current.tree, pid))
        coroutine = probes.ask_until_ready(
            current.service, run, self._means(service, current), self._tell, self._waits
        )
        current.probe = self._tasks.create_task(coroutine, name=f"readiness of {service.name}")

    def attend(self, service: Service, run: int) -> None:
        """Ask whether it is well from now on."""
        from . import liveness  # noqa: PLC0415 - as above

        assert self._tasks is not None
        name, current = service.name, self._runs[service.name, run]
        attendant = liveness.Attendant(
            current.service,
            run,
            self._means(service, current),
            current.tree.members,
            lambda: name in self.pauses,
            lambda pulse: self._felt(service, current, pulse),
        )
        current.attendant = self._tasks.create_task(attendant.attend(self._tell), name=f"health of {name}")

    def _means(self, service: Service, run: _Run) -> "Means":
        from . import probes  # noqa: PLC0415 - as above

        def ask_command(service: Service) -> Awaitable[str]:
            return self._ask_command(service, run.variables)

        return probes.Means(
            self._output,
            ask_command,
            self._stranger,
            run.notify,
            self._door(service, run),
            lambda: self._holding.may_be_lost(service.name),
        )

    def _door(self, service: Service, run: _Run) -> "Door | None":
        """How a run is asked whose port others may answer as well: those before it, and the kernel."""
        gift = self._holding.gift(service.name, run.number)
        if gift is None or gift.private:
            return None
        from .acceptance import Door  # noqa: PLC0415 - needs asyncio, see the module's first lines

        def taken(near: processes.Address, far: processes.Address) -> bool | None:
            return processes.taken(run.tree.members(), near, far)

        return Door(gift.ports, taken, lambda: gift.is_lost)

    def end(self, service: Service, run: int, grace: float) -> None:
        """The stop signal or command at the first call; every call can only bring KILL nearer."""
        current = self._runs[service.name, run]
        current.asked = True
        self._cancel_probe(current)
        if current.clearance:
            self._hurry(service.name, current)
            return
        if current.deadline is None:
            current.signum = service.stop.signal
            self._holding.withdraw(
                service.name, run, lambda: self._ask_to_end(current.service, current, grace)
            )
        self._arm(service.name, current, grace)

    def _ask_to_end(self, service: Service, run: _Run, grace: float) -> None:
        if self._runs.get((service.name, run.number)) is not run or run.killed:
            return  # meanwhile it has gone
        command = stopping.command(service, grace)
        if command is None or run.exited:
            run.tree.ask_to_end(service.stop.signal, self._orphans_of_this_turn())
            return
        assert self._tasks is not None
        run.tree.look()  # while the main process lives it still shows who belongs to it
        coroutine = self._run_stop_command(service, run, command)
        run.stopper = self._tasks.create_task(coroutine, name=f"stop command of {service.name}")
        began = self.now()
        run.stopper.add_done_callback(
            lambda task: self._stop_command_ended(service, run, command, _failure(task, self.now() - began))
        )

    def sweep(self, service: Service, run: int, grace: float) -> None:
        """TERM to what the main process left behind, KILL after the grace period."""
        current = self._runs[service.name, run]
        self._cancel_probe(current)
        if current.tree.sweep():
            self._arm(service.name, current, grace)

    def later(self, service: Service, delay: float, run: int) -> None:
        """Tell Elapsed after the delay."""
        assert self._loop is not None
        self._loop.call_later(delay, self._elapsed, service.name, run)

    def _elapsed(self, service: str, run: int) -> None:
        assert self._supervisor is not None
        status = self._supervisor.statuses.get(service)
        if status and (status.state, status.run) == (lifecycle.State.BACKOFF, run):
            self._holding.again(service)  # not where an order has come in between: that begins anew
            self._tell(service, lifecycle.Elapsed(run))

    def now(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    def chance(self) -> float:
        """A number from 0 to 1."""
        return int.from_bytes(os.urandom(4)) / 2**32  # loading random would cost what a restart may

    # --- what a client may ask for ---

    def usage(self, service: str) -> Usage | None:
        """What the processes of the service's run use; None without a run."""
        run = self._current(service)
        return run.meter.read(run.tree.members(), time.monotonic()) if run else None

    def pulse(self, service: str) -> Pulse:
        """What the service's run answered when it was last asked whether it is well."""
        run = self._current(service)
        if service in self.pauses:
            return Pulse(silent="paused")
        leaving = run is not None and run.notify is not None and run.notify.leaving
        return Pulse(silent="leaving") if leaving else run.pulse if run else Pulse()

    def fronted(self, service: str) -> tuple[int, Mapping[int, int]] | None:
        """The pid of the front that accepts for the service's run, and where that listens, by declared number."""
        run = self._current(service)
        gift = self._holding.gift(service, run.number) if run else None
        return (self._holding.front_pid, gift.private) if gift and gift.private else None

    def traced(self, service: str) -> bool:
        """Whether a debugger is attached to a process of the service's run."""
        run = self._current(service)
        return run is not None and any(map(processes.tracer, run.tree.members()))

    def leaders(self) -> Iterator[Leader]:
        """The main processes of all runs that have theirs, or had one when somebody asked before."""
        for (service, _), run in self._runs.items():
            if not run.identity and not run.exited:
                run.identity = processes.identify(run.tree.leader)
            if run.identity:
                yield Leader(service, run.number, run.identity)

    def held(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """The runs of which anything lives, each with its service and the ports that it was given."""
        return ((service, run.ports) for (service, _), run in self._runs.items())

    def signal(self, service: str, signum: int, *, main_only: bool) -> list[int]:
        """Send a signal to all processes of the service's run, or to its main one; the answer is to whom."""
        run = self._current(service)
        if run is None:
            return []
        run.asked = run.asked or signum == signal.SIGKILL
        return run.tree.signal(signum, main_only=main_only)

    def _current(self, service: str) -> _Run | None:
        assert self._supervisor is not None
        status = self._supervisor.statuses.get(service)
        return self._runs.get((service, status.run)) if status else None

    # --- what happens to a run ---

    def _exited(self, service: Service, number: int, status: int) -> None:
        run = self._runs[service.name, number]
        if status == 0 and not run.asked and not service.task and self._goes_on(service, run):
            return
        verdict = endings.counted(judge(status), service.success_codes)
        run.exited = True
        self._cancel_probe(run)
        if self._holding.ended(service.name, number):
            self._tell(service.name, lifecycle.Lost(number))
        if not (verdict.ok or run.asked or run.killed):
            verdict = self._explained(run, verdict)
        if service.task and verdict.ok:
            verdict = self._works.succeeded(service, verdict)
        self._tell(service.name, lifecycle.Exited(number, verdict))

    def _goes_on(self, service: Service, run: _Run) -> bool:
        """Whether a run goes on whose main process has ended well: what it left serves, and is followed."""
        left = run.tree.look()
        if not left:
            return False
        from . import background  # noqa: PLC0415 - for those who leave something

        asks = service.ready.kind is not ProbeKind.STARTED
        asked = asks and run.probe is not None and not run.probe.done()
        pid = background.successor(left, run.ports, run.notify.main if run.notify else 0, asked=asked)
        if not pid:
            self._publish(events.LeftBehind(service.name, run.number, tuple(one.pid for one in left)))
            return False
        before = run.tree.leader
        run.tree.follow(pid)
        run.identity = None
        self.children.adopt(pid, lambda status: self._exited(service, run.number, status))
        self._publish(events.Background(service.name, run.number, pid, before))
        assert self._supervisor is not None
        self._supervisor.moved(service.name, run.number, pid)
        self._tell_change()
        return True

    def _hear(self, service: str, run: _Run, said: "Notice") -> None:
        """What a run says of itself besides being ready."""
        if said.leaving and not (run.told or run.asked):
            run.told = True
            self._publish(events.Leaving(service, run.number))

    def _felt(self, service: Service, run: _Run, pulse: Pulse) -> None:
        """A run has answered whether it is well, otherwise than before."""
        assert service.health is not None
        name, most, was = service.name, service.health.failures, run.pulse
        run.pulse = pulse
        if pulse.failures:
            self._publish(events.Unwell(name, run.number, pulse.failures, most, pulse.words))
        elif was.failures and not pulse.silent:
            self._publish(events.Well(name, run.number))

    def _explained(self, run: _Run, verdict: Verdict) -> Verdict:
        """Who is to blame that a run failed by itself, if that is to be seen."""
        if self._holding.ignores_port(run.service.name, run.number):
            return endings.behind_the_front(verdict, run.service.port or 0)
        if verdict.code == endings.KILLED:
            return endings.starved(verdict) if memory.kills() != run.kills else verdict
        if self._numbers is None:
            return verdict
        for port in self._held(run):
            if holder := self._numbers.stranger(port, run.tree.members()):
                return endings.shut_out(verdict, holder)
        return verdict

    def _held(self, run: _Run) -> list[int]:
        """The ports of a run that cannot be bound; what others of ours may bind just now is left alone."""
        assert self._numbers is not None
        spared = self._spared(run)
        return [port for port in run.ports if port not in spared and not self._numbers.is_free(port)]

    def _spared(self, run: _Run) -> frozenset[int]:
        """Ports that others of ours may bind just now, or that we hold ourselves."""
        if not run.ports:
            return frozenset()
        others = (other.ports for other in self._runs.values() if other is not run)
        return self._holding.ports.union(*others)

    def _kills_by_now(self) -> tuple[int, ...]:
        """How often the kernel has killed for want of memory, read once for all that begin together."""
        if self.now() > self._kills_until:
            self._kills, self._kills_until = memory.kills(), self.now() + FRESH
        return self._kills

    def _orphans_of_this_turn(self) -> list[int]:
        """The children of ours that are no main process, read once for all that are asked to end together."""
        if self._loop is None:
            return orphans(self.children)
        if self._orphans is None:
            self._orphans = orphans(self.children)
            self._loop.call_soon(self._forget_orphans)
        return self._orphans

    def _forget_orphans(self) -> None:
        self._orphans = None

    def _look(self, service: str, run: _Run) -> None:
        """Whether anything of an ended run is left."""
        self._judge_remains(service, run, run.tree.look())

    def _judge_remains(self, service: str, run: _Run, left: list[Identity]) -> None:
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
            self._tell_change()
            self._tell(service, lifecycle.Emptied(run.number))

    def _emptied(self, service: str, run: _Run) -> None:
        """No process of it is left."""
        for timer in (run.timer, run.reminder):
            if timer:
                timer.cancel()
        if run.notify:
            run.notify.close()
        if run.killed:
            self._publish(events.Killed(service, run.number, tuple(sorted(run.killed))))
        numbers = self._numbers or Numbers(lambda _: True, str)
        run.clearance = Clearance(run.ports, numbers, self.now())

    def _is_clear(self, service: str, run: _Run) -> bool:
        """Whether the next run can have its ports, or has been waiting for them long enough."""
        assert run.clearance is not None
        assert self._loop is not None
        if run.next_look:
            run.next_look.cancel()
        held = run.clearance.held(self._spared(run))
        if not held:
            return True
        pause = run.clearance.pause(self.now())
        if pause is not None:
            run.next_look = self._loop.call_later(pause, self._look_again, service, run)
            return False
        for port in held:
            by = self._numbers.holder(port) if self._numbers else ""
            self._publish(events.PortHeld(service, run.number, port, by))
        return True

    def _hurry(self, service: str, run: _Run) -> None:
        """Somebody cannot wait for the ports of a run of which nothing lives."""
        assert run.clearance is not None
        assert self._loop is not None
        run.clearance.hurry()
        if run.next_look:
            run.next_look.cancel()
        # not from within the supervisor, which is just telling us
        run.next_look = self._loop.call_soon(self._look_again, service, run)

    def _poll(self, service: str, run: _Run) -> None:
        """Without a subreaper nobody tells us that an orphan has ended."""
        if not self._inherits and self._loop:
            self._loop.call_later(POLL, self._look_again, service, run)

    def _look_again(self, service: str, run: _Run) -> None:
        if self._runs.get((service, run.number)) is run:
            self._look(service, run)

    def _arm(self, service: str, run: _Run, grace: float) -> None:
        assert self._loop is not None
        deadline = self._loop.time() + grace
        if run.deadline is not None and run.deadline <= deadline:
            return
        if run.timer:
            run.timer.cancel()
        run.deadline = deadline
        run.timer = self._loop.call_at(deadline, self._kill, service, run)
        if run.reminder is None:
            run.reminder = self._loop.call_later(PATIENCE, self._remind, service, run)

    def _remind(self, service: str, run: _Run) -> None:
        """Say who is waited for, as long as KILL is to come."""
        assert self._loop is not None
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

    def _kill(self, service: str, run: _Run) -> None:
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

    def _tell_beyond_us(self, service: str, run: _Run, pids: Sequence[int]) -> None:
        """Say that others have to end what we may not, and look again whether it still is so."""
        assert self._loop is not None
        self._publish(events.Notice(_beyond_us(service, pids), alarm=True))
        if run.reminder:
            run.reminder.cancel()
        run.reminder = self._loop.call_later(SELDOM, self._kill, service, run)

    def _stop_command_ended(self, service: Service, run: _Run, command: Command, failure: str) -> None:
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

    def _cancel_probe(self, run: _Run) -> None:
        for task in (run.probe, run.attendant):
            if task:
                task.cancel()
        run.probe = run.attendant = None

    async def _run_stop_command(self, service: Service, run: _Run, command: Command) -> str:
        """Run it to its end: "" when it exits 0; cancelled, it is killed."""
        from . import errand  # noqa: PLC0415 - needs asyncio, see the module's first lines

        mark = f"{self._mark}:{service.name}:{run.number}:stop"
        order = errand.Errand(command.argv, run.variables, service.cwd, mark)
        verdict = await errand.run(
            order, self.children, lambda: self._output.open_one(service.name, run.number, "stop"), grace=0.0
        )
        return "" if verdict.ok else verdict.words

    # --- telling ---

    def _tell_change(self) -> None:
        if self._loop and not self._change:
            self._change = self._loop.call_soon(self._changed)

    def _changed(self) -> None:
        self._change = None
        self.changed()

    def _tell(self, service: str, message: lifecycle.Message) -> None:
        assert self._supervisor is not None
        if isinstance(message, lifecycle.Answered):
            self._holding.ready(service, message.run)
        elif isinstance(message, lifecycle.Lost):
            self._holding.lost(service)
        self._supervisor.tell(service, message)

    def _waits(self, service: str, what: str) -> None:
        assert self._supervisor is not None
        self._supervisor.waits(service, what)

    def _stranger(self, service: Service, port: int) -> str:
        """Who answers at a port in the place of the service, "" where that is nobody.

        Its replicas may; and where the port is none of its own, whichever service of the stack has it.
        """
        from . import answering  # noqa: PLC0415 - it is of use once a service answers

        declared = any(one.number == port for one in service.ports)
        ours = [run for run in self._runs.values() if run.service.family == service.family or not declared]
        others = [run.tree for run in self._runs.values() if run not in ours]
        return answering.stranger(port, [run.tree for run in ours], others)

    async def _ask_command(self, service: Service, variables: Mapping[str, str]) -> str:
        """Run an exec probe once: "" when it exits 0."""
        import asyncio  # noqa: PLC0415 - see the module's first lines

        assert service.ready.command is not None
        ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        stdio = (self._null, self._null, self._null)
        pid = spawn(service.ready.command.argv, variables, service.cwd, stdio)
        self.children.adopt(pid, lambda status: None if ended.done() else ended.set_result(status))
        try:
            verdict = judge(await ended)
        finally:
            if pid in self.children:
                with suppress(
                    ProcessLookupError, PermissionError
                ):  # a set-user-ID program is not ours to kill
                    os.killpg(pid, signal.SIGKILL)
        return "" if verdict.ok else verdict.words


def _nobody() -> None:
    """Nobody listens yet."""


def _beyond_us(service: str, pids: Sequence[int]) -> str:
    """What is said of processes that would not end, and that only another user can end."""
    numbers, user = " ".join(map(str, pids)), processes.user(pids[0]) or "another user"
    return f"{service} cannot be ended: it runs as {user}, and our KILL does not reach it (sudo kill -9 {numbers})"


def _may_speak(tree: Tree, pid: int) -> bool:
    """Whether a process is of the run, or has gone and cannot be asked any more."""
    if tree.marks(pid) or pid in tree.members():
        return True
    # asked last: who ends just now has lost its environment first
    return processes.identify(pid) is None or processes.is_zombie(pid)


def _failure(stopper: "asyncio.Task[str]", seconds: float) -> str:
    """How a stop command failed, "" when it did not."""
    return f"not done after {seconds:.1f} s" if stopper.cancelled() else stopper.result()
