"""Carries out the supervisor's moves on real processes: the rim of supervision.

It can spawn before there is an event loop; what needs one (probes) is kept until `attach`.
"""

import os
import random
import signal
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from aura_stack.errors import AuraError
from aura_stack.messages import events
from aura_stack.stack.model import Command, Service

from . import lifecycle, stopping
from .output import Output
from .process import Children, judge, spawn, spawn_in_terminal
from .tree import MARK, Tree
from .usage import Meter, Usage
from .verdict import NotExecutable, Verdict
from .works import Works

if TYPE_CHECKING:
    import asyncio

    from .supervisor import Supervisor

POLL = 0.05  # seconds between looks at a run's remains where orphans do not become ours


class _Run:
    """What there is to a run, besides its status."""

    def __init__(self, number: int, tree: Tree) -> None:
        self.number = number
        self.tree = tree
        self.deadline: float | None = None  # loop time of KILL
        self.timer: asyncio.TimerHandle | None = None
        self.probe: asyncio.Task[None] | None = None
        self.stopper: asyncio.Task[str] | None = None  # runs its stop command
        self.exited = False
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
    ) -> None:
        self.children = Children()
        self._works = works
        self._output = output
        self._environment = environment
        self._mark = mark
        self._publish = publish
        self._inherits = inherits_orphans
        self._terminals = terminals
        self._runs: dict[str, _Run] = {}
        self._early: list[tuple[Service, int]] = []
        self._null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        # held open and never written: many development servers end when their input ends
        self._stdin, self._stdin_held = os.pipe()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._supervisor: Supervisor | None = None

    def serve(self, supervisor: "Supervisor") -> None:
        """Tell this supervisor what happens."""
        self._supervisor = supervisor

    def attach(self, loop: "asyncio.AbstractEventLoop", tasks: "asyncio.TaskGroup") -> None:
        """There is an event loop now: begin the probes that waited for it, hear of children that end."""
        self._loop, self._tasks = loop, tasks
        early, self._early = self._early, []
        for service, run in early:
            self.probe(service, run)
        loop.add_signal_handler(signal.SIGCHLD, self.reap)
        self.reap()

    def reap(self) -> None:
        """Bury what has ended, and see whose run is empty now."""
        self.children.reap()
        for service, run in list(self._runs.items()):
            if run.exited:
                self._look(service, run)

    # --- the rim ---

    def spawn(self, service: Service, run: int) -> int:
        """Execute a run: see `process.spawn`."""
        assert service.command is not None
        mark = f"{self._mark}:{service.name}:{run}"
        environment = {**self._variables(service), MARK: mark}
        pid = self._execute(service, service.command.argv, environment, run)
        if service.task:
            self._works.began(service)
        self._runs[service.name] = _Run(run, Tree(pid, mark, self.children))
        self.children.adopt(pid, lambda status: self._exited(service, run, status))
        return pid

    def _execute(
        self, service: Service, argv: Sequence[str], environment: Mapping[str, str], run: int
    ) -> int:
        if self.has_terminal(service):
            with self._opened(lambda: (self._output.open_terminal(service.name, run),)) as (terminal,):
                return spawn_in_terminal(argv, environment, service.cwd, terminal)
        stdin = self._null if service.stdin_null else self._stdin
        with self._opened(lambda: self._output.open(service.name, run)) as (out, err):
            return spawn(argv, environment, service.cwd, (stdin, out, err))

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

    def up_to_date(self, service: Service) -> bool:
        """Whether all that a task would make is there, and made of what is there."""
        return self._works.up_to_date(service)

    def probe(self, service: Service, run: int) -> None:
        """Ask until it is answered, or time is up."""
        if self._tasks is None:
            self._early.append((service, run))
            return
        from . import probes  # noqa: PLC0415 - needs asyncio, which comes after the first spawn

        current = self._runs.get(service.name)
        if current is None or current.number != run:
            return
        coroutine = probes.ask_until_ready(
            service, run, self._output, self._ask_command, self._tell, self._waits
        )
        current.probe = self._tasks.create_task(coroutine, name=f"readiness of {service.name}")

    def end(self, service: Service, grace: float) -> None:
        """The stop signal or command at the first call; every call can only bring KILL nearer."""
        current = self._runs[service.name]
        self._cancel_probe(current)
        if current.deadline is None:
            self._ask_to_end(service, current, grace)
        self._arm(service.name, current, grace)

    def _ask_to_end(self, service: Service, run: _Run, grace: float) -> None:
        command = stopping.command(service, grace)
        if command is None or run.exited:
            run.tree.ask_to_end(service.stop.signal)
            return
        assert self._tasks is not None
        run.tree.look()  # while the main process lives it still shows who belongs to it
        coroutine = self._run_stop_command(service, run.number, command)
        run.stopper = self._tasks.create_task(coroutine, name=f"stop command of {service.name}")
        began = self.now()
        run.stopper.add_done_callback(
            lambda task: self._stop_command_ended(service, run, command, _failure(task, self.now() - began))
        )

    def sweep(self, service: Service, grace: float) -> None:
        """TERM to what the main process left behind, KILL after the grace period."""
        current = self._runs[service.name]
        self._cancel_probe(current)
        if current.tree.sweep():
            self._arm(service.name, current, grace)

    def later(self, service: Service, delay: float, run: int) -> None:
        """Tell Elapsed after the delay."""
        assert self._loop is not None
        self._loop.call_later(delay, self._tell, service.name, lifecycle.Elapsed(run))

    def now(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    def chance(self) -> float:
        """A number from 0 to 1."""
        return random.random()  # noqa: S311 - it spreads restarts, it guards nothing

    # --- what a client may ask for ---

    def usage(self, service: str) -> Usage | None:
        """What the processes of the service's run use; None without a run."""
        run = self._runs.get(service)
        return run.meter.read(run.tree.members(), time.monotonic()) if run else None

    def signal(self, service: str, signum: int, *, main_only: bool) -> list[int]:
        """Send a signal to all processes of the service's run, or to its main one; the answer is to whom."""
        run = self._runs.get(service)
        return run.tree.signal(signum, main_only=main_only) if run else []

    # --- what happens to a run ---

    def _exited(self, service: Service, number: int, status: int) -> None:
        run, verdict = self._runs[service.name], judge(status)
        run.exited = True
        self._cancel_probe(run)
        if service.task and verdict.ok:
            verdict = self._works.succeeded(service, verdict)
        self._tell(service.name, lifecycle.Exited(number, verdict))

    def _look(self, service: str, run: _Run) -> None:
        """Whether anything of an ended run is left; what appears after KILL is killed too."""
        left = run.tree.look()
        if left and run.killed:
            run.killed.update(identity.pid for identity in run.tree.kill())
        if left:
            self._poll(service, run)
            return
        if run.stopper:
            return  # what it ends may be the next run's
        if run.timer:
            run.timer.cancel()
        del self._runs[service]
        if run.killed:
            self._publish(events.Killed(service, run.number, tuple(sorted(run.killed))))
        self._tell(service, lifecycle.Emptied(run.number))

    def _poll(self, service: str, run: _Run) -> None:
        """Without a subreaper nobody tells us that an orphan has ended."""
        if not self._inherits and self._loop:
            self._loop.call_later(POLL, self._look_again, service, run)

    def _look_again(self, service: str, run: _Run) -> None:
        if self._runs.get(service) is run:
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

    def _kill(self, service: str, run: _Run) -> None:
        main = [] if run.exited else [run.tree.leader]
        run.killed.update(main, (identity.pid for identity in run.tree.kill()))
        if run.stopper:
            run.stopper.cancel()
        if run.exited:
            self._look(service, run)

    def _stop_command_ended(self, service: Service, run: _Run, command: Command, failure: str) -> None:
        """Where it failed before the grace period was over, the signal is sent after all."""
        run.stopper = None
        if failure:
            in_time = not run.exited and not run.killed
            if in_time:
                run.tree.ask_to_end(service.stop.signal)
            sent = stopping.signal_name(service.stop.signal) if in_time else ""
            self._publish(events.StopFailed(service.name, run.number, command.text, failure, sent))
        if run.exited:
            self._look(service.name, run)

    def _cancel_probe(self, run: _Run) -> None:
        if run.probe:
            run.probe.cancel()
            run.probe = None

    async def _run_stop_command(self, service: Service, run: int, command: Command) -> str:
        """Run it to its end: "" when it exits 0; cancelled, it is killed."""
        from . import errand  # noqa: PLC0415 - needs asyncio, see the module's first lines

        try:
            variables = self._variables(service)
        except NotExecutable as error:
            return error.verdict.words
        mark = f"{self._mark}:{service.name}:{run}:stop"
        order = errand.Errand(command.argv, variables, service.cwd, mark)
        verdict = await errand.run(
            order, self.children, lambda: self._output.open_one(service.name, run, "stop"), grace=0.0
        )
        return "" if verdict.ok else verdict.words

    # --- telling ---

    def _tell(self, service: str, message: lifecycle.Message) -> None:
        assert self._supervisor is not None
        self._supervisor.tell(service, message)

    def _waits(self, service: str, what: str) -> None:
        assert self._supervisor is not None
        self._supervisor.waits(service, what)

    async def _ask_command(self, service: Service) -> str:
        """Run an exec probe once: "" when it exits 0."""
        import asyncio  # noqa: PLC0415 - see the module's first lines

        assert service.ready.command is not None
        ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        stdio = (self._null, self._null, self._null)
        pid = spawn(service.ready.command.argv, self._variables(service), service.cwd, stdio)
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


def _failure(stopper: "asyncio.Task[str]", seconds: float) -> str:
    """How a stop command failed, "" when it did not."""
    return f"not done after {seconds:.1f} s" if stopper.cancelled() else stopper.result()
