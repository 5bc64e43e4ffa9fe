"""Carries out the supervisor's moves on real processes: the rim of supervision.

It spawns, also before there is an event loop. What needs one is loaded at `attach`: to ask runs (`asking`) and to see
them to their end (`termination`).
"""

import os
import signal
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from aura_stack.errors import AuraError
from aura_stack.messages import events
from aura_stack.stack.model import ProbeKind, Service
from aura_stack.system import memory, processes

from . import endings, lifecycle
from .clearance import Numbers
from .health import Pulse
from .holding import Holding
from .pauses import Pauses
from .process import NOTHING, Children, Gift, judge, spawn, spawn_in_terminal
from .run import Key, Leader, Run
from .tree import MARK, Tree
from .usage import Usage
from .verdict import NotExecutable, Verdict

if TYPE_CHECKING:
    import asyncio

    from .asking import Asking
    from .fronting import Front
    from .notify import NotifySocket
    from .output import Output
    from .supervisor import Supervisor
    from .termination import Termination
    from .works import Works

_Ends = TypeVar("_Ends")

FRESH = 0.05  # seconds for which the number of the kernel's kills is not read again


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
        output: "Output",
        environment: Callable[[Service], Mapping[str, str]],
        mark: str,
        publish: Callable[[events.Event], None],
        works: "Works",
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
        self._runs: dict[Key, Run] = {}
        self._early: list[tuple[Service, int]] = []
        self._kills: tuple[int, ...] = ()
        self._kills_until = 0.0
        self._null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        # held open and never written: many development servers end when their input ends
        self._stdin, self._stdin_held = os.pipe()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asking: Asking | None = None
        self._termination: Termination | None = None
        self._supervisor: Supervisor | None = None
        self._change: asyncio.Handle | None = None  # about to be told
        self.changed: Callable[[], None] = _nobody
        """Told when a run has begun or ended; once for all that did so in one turn of the loop."""

    def serve(self, supervisor: "Supervisor") -> None:
        """Tell this supervisor what happens."""
        self._supervisor = supervisor

    def attach(self, loop: "asyncio.AbstractEventLoop", tasks: "asyncio.TaskGroup") -> None:
        """There is an event loop now: begin the probes that waited for it, hear of children that end."""
        from .asking import Asking  # noqa: PLC0415 - needs asyncio, which comes after the first spawn
        from .termination import Termination  # noqa: PLC0415 - likewise

        self._loop = loop
        self._asking = Asking(
            self._runs,
            self.children,
            self._holding,
            self._output,
            self.pauses,
            self._publish,
            self._tell,
            self._waits,
            loop,
            tasks,
            self._null,
            self._mark,
        )
        self._termination = Termination(
            self._runs,
            self.children,
            self._holding,
            self._output,
            self._numbers,
            self._mark,
            self._publish,
            self._tell,
            self._tell_change,
            loop,
            tasks,
            inherits_orphans=self._inherits,
        )
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
        assert self._termination is not None
        self.children.reap()
        self._termination.look_at_remains()

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
        self._runs[service.name, run] = Run(
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
            terminal = _kept(lambda: self._output.open_terminal(service.name, run))
            try:
                return spawn_in_terminal(argv, environment, service.cwd, terminal, gift)
            finally:
                os.close(terminal)
        stdin = self._null if service.stdin_null else self._stdin
        out, err = _kept(lambda: self._output.open(service.name, run))
        try:
            return spawn(argv, environment, service.cwd, (stdin, out, err), gift)
        finally:
            os.close(out)
            os.close(err)

    def has_terminal(self, service: Service) -> bool:
        """Whether the runs of a service get terminals of their own, by the definition or by the order."""
        return service.tty or service.name in self._terminals

    def _variables(self, service: Service) -> Mapping[str, str]:
        try:
            return self._environment(service)
        except AuraError as error:  # a file of variables has a mistake since it was read last
            words = f"its environment: {error.message}"
            raise NotExecutable(Verdict(ok=False, words=words, code=error.exit_code, retry=False)) from error

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
        if self._asking:
            self._asking.probe(service, run)
        else:
            self._early.append((service, run))

    def attend(self, service: Service, run: int) -> None:
        """Ask whether it is well from now on."""
        assert self._asking is not None
        self._asking.attend(service, run)

    def end(self, service: Service, run: int, grace: float) -> None:
        """The stop signal or command at the first call; every call can only bring KILL nearer."""
        assert self._termination is not None
        self._termination.end(service, run, grace)

    def sweep(self, service: Service, run: int, grace: float) -> None:
        """TERM to what the main process left behind, KILL after the grace period."""
        assert self._termination is not None
        self._termination.sweep(service, run, grace)

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

    def _current(self, service: str) -> Run | None:
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
        run.ask_no_more()
        if not run.asked:
            self._output.drain(service.name)  # its last words come before the word that it has ended
        if self._holding.ended(service.name, number):
            self._tell(service.name, lifecycle.Lost(number))
        if not (verdict.ok or run.asked or run.killed):
            verdict = self._explained(run, verdict)
        if service.task and verdict.ok:
            verdict = self._works.succeeded(service, verdict)
        self._tell(service.name, lifecycle.Exited(number, verdict))

    def _goes_on(self, service: Service, run: Run) -> bool:
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

    def _explained(self, run: Run, verdict: Verdict) -> Verdict:
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

    def _held(self, run: Run) -> list[int]:
        """The ports of a run that cannot be bound; what others of ours may bind just now is left alone."""
        assert self._numbers is not None
        assert self._termination is not None
        spared = self._termination.spared(run)
        return [port for port in run.ports if port not in spared and not self._numbers.is_free(port)]

    def _kills_by_now(self) -> tuple[int, ...]:
        """How often the kernel has killed for want of memory, read once for all that begin together."""
        if self.now() > self._kills_until:
            self._kills, self._kills_until = memory.kills(), self.now() + FRESH
        return self._kills

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


def _kept(open_ends: Callable[[], _Ends]) -> _Ends:
    """What a run is to write into; NotExecutable where there is nowhere to keep what it says."""
    try:
        return open_ends()
    except OSError as error:  # no descriptors left, or the folder of the record has gone with all above it
        words = f"its output cannot be kept: {(error.strerror or str(error)).lower()}"
        raise NotExecutable(Verdict(ok=False, words=words, code=126, retry=False)) from error


def _nobody() -> None:
    """Nobody listens yet."""
