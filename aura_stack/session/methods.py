"""What a client may call: orders, the state, and being told of what happens."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol
from weakref import WeakKeyDictionary, WeakSet

from aura_stack.control import params as read
from aura_stack.control.protocol import Request, refusal
from aura_stack.control.server import Connection, Method
from aura_stack.errors import AuraError, ExitCode
from aura_stack.logs.capture import Capture
from aura_stack.logs.store import Store
from aura_stack.messages import events
from aura_stack.messages.hub import Hub
from aura_stack.stack import buffering
from aura_stack.stack.model import Condition, ProbeKind
from aura_stack.supervision import plan
from aura_stack.supervision.health import Pulse
from aura_stack.supervision.ledger import View
from aura_stack.supervision.lifecycle import State, Wanted
from aura_stack.supervision.runner import Runner
from aura_stack.supervision.supervisor import Supervisor
from aura_stack.supervision.tickets import NO_SERVICE, Outcome

from .environment import Environment
from .orders import Orders, resolved
from .reloading import Reloading, as_told
from .saves import Saves
from .scaling import Scaling
from .watching import Watching

Params = dict[str, Any]
Order = Coroutine[Any, Any, list[Outcome]]
Result = list[Outcome] | AuraError
_LONGEST = (1 << 16) - 1  # rows and columns that a terminal can have (tty_ioctl(4), struct winsize)
_NO_TERMINAL = "aura-stack down first, or tty: true in the stack file and then up again"
PAUSE = 0.008  # seconds between two answers to one follower
PAUSE_OF_RECORDS = 0.025  # the same where nobody is looking
CHUNK = 1 << 16  # bytes of events that are read at once for a subscriber


class Stage(Protocol):
    """What the methods need of the session."""

    saves: Saves
    watching: Watching
    reloading: Reloading

    async def open_to_orders(self) -> None:
        """Wait until nothing would cross the preparation; AuraError while the stack stops."""

    def shutdown(self, reason: str, grace: float | None, *, orderly: bool) -> None:
        """Stop the whole stack."""

    def attach(self, connection: Connection | None) -> dict[str, Any]:
        """Make a client the face, if there is none, and tell it where to read the record."""

    def detach(self, connection: Connection) -> None:
        """Let the stack live without the face."""

    def hold(self, connection: Connection) -> None:
        """Keep the stack up as long as this client is there, and has not let go."""

    async def let_go(self, connection: Connection) -> list[Outcome]:
        """End what is up only for this client."""

    @property
    def over(self) -> bool:
        """Whether the stack ends now."""

    def perform(self, order: Callable[[], Order]) -> "asyncio.Task[Result]":
        """Carry out an order once orders are taken, whether or not its client stays; a refusal is an answer."""

    def perform_alone(self, order: Callable[[], Order]) -> "asyncio.Task[Result]":
        """The same where nobody waits for the answer: a refusal becomes a notice."""

    def doing(self, service: str) -> str:
        """The step that is being run for a service, "" if none is."""

    @property
    def ending(self) -> bool:
        """Whether nothing more will happen."""


class Methods:
    """The methods of one engine.

    Args:
        supervisor: knows the state.
        runner: knows the processes.
        orders: carries out what a client orders.
        store: the record.
        hub: wakes when the record has grown.
        publish: the direct path of facts to the record.
        capture: reads what services print, and has their terminals.
        scaling: makes more or fewer of a service.
        environment: makes the variables of services.
        stage: the session.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        runner: Runner,
        orders: Orders,
        store: Store,
        hub: Hub,
        publish: Callable[[events.Event], None],
        capture: Capture,
        scaling: Scaling,
        environment: Environment,
        stage: Stage,
    ) -> None:
        self._supervisor = supervisor
        self._runner = runner
        self._orders = orders
        self._store = store
        self._hub = hub
        self._publish = publish
        self._capture = capture
        self._scaling = scaling
        self._environment = environment
        self._stage = stage
        self._answered: WeakKeyDictionary[Connection, float] = WeakKeyDictionary()  # followers, when last
        self._kept_for: WeakSet[Connection] = WeakSet()  # followers that must miss nothing
        self._warned: WeakSet[Connection] = WeakSet()  # followers that know that something is lost

    def table(self) -> dict[str, Method]:
        """Name → method, as the server wants them."""
        return {
            "attach": self.attach,
            "detach": self.detach,
            "start": self.start,
            "stop": self.stop,
            "restart": self.restart,
            "scale": self.scale,
            "hold": self.hold,
            "let_go": self.let_go,
            "environment": self.environment,
            "signal": self.signal,
            "pause": self.pause,
            "resume": self.resume,
            "reload": self.reload,
            "watch": self.watch,
            "wait": self.wait,
            "status": self.status,
            "why": self.why,
            "follow": self.follow,
            "clear": self.clear,
            "subscribe": self.subscribe,
            "terminal": self.terminal,
            "shutdown": self.shutdown,
        }

    # --- faces ---

    async def attach(self, params: Params, connection: Connection) -> dict[str, Any]:
        """Become the face if there is none, unless `own` is false; tells where to read the record."""
        return self._stage.attach(connection if read.flag(params, "own", otherwise=True) else None)

    async def detach(self, _: Params, connection: Connection) -> None:
        """Be the face no longer; the stack goes on."""
        self._stage.detach(connection)

    # --- orders ---

    async def start(self, params: Params, _: Connection) -> list[dict[str, Any]]:
        """Bring services up; answers when each is ready, completed or failed."""
        dependencies = read.flag(params, "dependencies", otherwise=True)
        patient = read.flag(params, "patient", otherwise=False)
        missing = read.flag(params, "missing", otherwise=False)
        names = self._orders.named(read.names(params))

        def order() -> Order:
            meant = tuple(name for name in names if name in self._orders.missing()) if missing else names
            return self._orders.start(meant, dependencies=dependencies, patient=patient)

        return await self._carry_out(params, order)

    async def restart(self, params: Params, _: Connection) -> list[dict[str, Any]]:
        """Begin a new run of services; answers when each is ready, completed or failed."""
        since, grace = read.number(params, "since"), read.number(params, "grace")
        patterns = read.names(params)
        names = self._extended(params, self._orders.named(patterns))
        return await self._carry_out(
            params, lambda: self._orders.restart(names if patterns else self._orders.up(), since, grace)
        )

    async def stop(self, params: Params, _: Connection) -> list[dict[str, Any]]:
        """Take services down; answers when nothing of them is left."""
        grace = read.number(params, "grace")
        names = self._extended(params, self._orders.named(read.names(params)))
        return await self._carry_out(params, lambda: self._orders.stop(names, grace))

    async def scale(self, params: Params, _: Connection) -> list[dict[str, Any]]:
        """More or fewer replicas; answers when those that came are ready and those that went are gone."""
        counts = read.counts(params, "replicas")
        return await self._carry_out(params, lambda: self._scaling.scale(counts))

    async def hold(self, params: Params, connection: Connection) -> list[dict[str, Any]]:
        """Bring services up until this client lets go or ends; answers when each is ready, completed or failed."""
        names = self._orders.named(patterns) if (patterns := read.names(params)) else ()
        self._stage.hold(connection)
        return await self._carry_out(
            params, lambda: self._orders.start(names, dependencies=True, patient=False, holder=connection)
        )

    async def let_go(self, _: Params, connection: Connection) -> dict[str, Any]:
        """End what is up only for this client; answers when nothing of it is left, and whether that ends the stack."""
        await asyncio.shield(self._stage.perform(lambda: self._stage.let_go(connection)))
        return {"over": self._stage.over}

    async def environment(self, params: Params, _: Connection) -> dict[str, Any]:
        """The folder and all variables that the next run of a service would have."""
        service = self._supervisor.view(self._orders.only(read.text(params, "service", ""))).service
        return {"service": service.name, "cwd": service.cwd, "variables": self._environment(service)}

    async def signal(self, params: Params, _: Connection) -> list[dict[str, Any]]:
        """Send a signal to the processes of services; answers to which."""
        name = read.text(params, "signal", "TERM").upper().removeprefix("SIG")
        signum = _signum(name)
        main_only = read.flag(params, "main_only", otherwise=False)
        answer = []
        for service in self._orders.named(_some(params)):
            pids = self._runner.signal(service, signum, main_only=main_only)
            if not pids and (pid := self._supervisor.view(service).pid):
                words = f"{service} (pid {pid}) runs as another user, whom we may not send signals"
                raise AuraError(words, f"sudo kill -{name} {pid}", ExitCode.NOT_PERMITTED)
            if pids:
                run = self._supervisor.statuses[service].run
                self._publish(events.Signalled(service, run, f"SIG{name}", tuple(pids)))
            answer.append({"service": service, "pids": pids})
        return answer

    async def pause(self, params: Params, _: Connection) -> list[dict[str, Any]]:
        """Leave services alone: nobody asks whether they are well, and no save restarts them."""
        names = self._orders.named(_some(params))
        answer = [{"service": name, "changed": self._runner.pauses.pause(name)} for name in names]
        for name in names:
            self._stage.watching.suspend(self._family(name))
        return answer

    async def resume(self, params: Params, _: Connection) -> list[dict[str, Any]]:
        """Look after services again; what was saved meanwhile is told."""
        names = self._orders.named(_some(params))
        answer = [{"service": name, "changed": self._runner.pauses.resume(name)} for name in names]
        for family in dict.fromkeys(map(self._family, names)):
            if not any(name in self._runner.pauses for name in self._orders.family(family)):
                self._stage.watching.resume(family)
        return answer

    def _family(self, name: str) -> str:
        return self._orders.service(name).family

    async def terminal(self, params: Params, connection: Connection) -> dict[str, Any]:
        """Give a service's terminal a size; a notification `terminal` with its master comes before the answer.

        The answer names its run, None where there is none now. Whoever has the master types into it, and leaves
        the reading to us: two readers would share what comes.
        """
        name = self._orders.only(read.text(params, "service", ""))
        if not self._runner.has_terminal(self._supervisor.view(name).service):
            raise AuraError(f"{name} has no terminal of its own in the stack that runs", _NO_TERMINAL)
        rows, columns = read.position(params, "rows"), read.position(params, "columns")
        if rows and columns:
            self._capture.resize(name, min(rows, _LONGEST), min(columns, _LONGEST))
        found = self._capture.terminal(name)
        if found is None:
            return {"service": name, "run": None}
        master = os.dup(found.master)  # whatever becomes of the run until it is sent
        try:
            await connection.say(Request("terminal", {"service": name, "run": found.run}), master)
        finally:
            os.close(master)
        return {"service": name, "run": found.run}

    async def shutdown(self, params: Params, _: Connection) -> None:
        """Stop the whole stack; `grace` (seconds) shortens every service's own, `at_once` waits for no dependents."""
        at_once = read.flag(params, "at_once", otherwise=False)
        reason, grace = read.text(params, "reason", "asked to"), read.number(params, "grace")
        self._stage.shutdown(reason, grace, orderly=not at_once)

    async def reload(self, params: Params, _: Connection) -> dict[str, Any]:
        """Take over the definition as its files are now; answers what changes, and when that has been done.

        With `dry_run` nothing is done. Mistakes are an answer as well, `refused`, with the places of all.
        """
        reloading, changes = self._stage.reloading, []

        async def order() -> list[Outcome]:
            plan, outcomes = await reloading.reload()
            changes.extend(as_told(plan))
            return outcomes

        try:
            if read.flag(params, "dry_run", otherwise=False):
                await self._stage.open_to_orders()
                return {"changes": as_told(reloading.plan()), "outcomes": []}
            outcomes = await self._carry_out(params, order)
        except AuraError as error:
            return {"refused": refusal(error)}
        return {"changes": changes, "outcomes": outcomes}

    async def watch(self, params: Params, _: Connection) -> dict[str, Any]:
        """Act on the saves of services or leave them alone, as `on` says; answers what is watched, and how."""
        patterns = read.names(params)
        names = {self._supervisor.view(name).service.family for name in self._orders.named(patterns)}
        watching = self._stage.watching
        if "on" in params:
            watching.turn(names if patterns else (), on=read.flag(params, "on", otherwise=True))
        return watching.account(names if patterns else ())

    # --- the state ---

    async def status(self, params: Params, _: Connection) -> list[dict[str, Any]]:
        """Services in the order of the definition, all or those named."""
        patterns = read.names(params)
        names = set(self._orders.named(patterns) if patterns else self._supervisor.statuses)
        usage = read.flag(params, "usage", otherwise=False)
        views = [view for view in self._supervisor.views() if view.service.name in names]
        return [self._told(view, usage=usage) for view in views]

    async def why(self, params: Params, _: Connection) -> dict[str, Any]:
        """One service: since when it is where it is, what it needs, and its ports with who holds them meanwhile."""
        name = self._orders.only(read.text(params, "service", ""))
        view = self._supervisor.view(name)
        if not view.pid:
            self._capture.drain(name)  # whoever asks looks for its last words
        front, behind = self._runner.fronted(name) or (0, {})
        return {
            **self._told(view, usage=False),
            "state_seconds": round(view.since, 3),
            "needs": [self._needed(need, condition) for need, condition in view.service.depends_on.items()],
            "ports": [
                {
                    "name": port.key or port.entry or None,
                    "port": port.number,
                    "behind": behind.get(port.number),
                }
                for port in view.service.ports
            ],
            "front_pid": front or None,
            "watched": view.service.watch is not None,
            "held_back": self._held_back(view) or None,
        }

    def _held_back(self, view: View) -> str:
        command = view.service.command
        return buffering.advice(command.text, tty=self._runner.has_terminal(view.service)) if command else ""

    def _needed(self, name: str, condition: Condition) -> dict[str, Any]:
        status = self._supervisor.statuses.get(name)  # an external one has none
        verdict = status.verdict if status else None
        return {
            "service": name,
            "condition": str(condition),
            "state": str(status.state) if status else "external",
            "met": status is None or plan.met(condition, status),
            "ended": verdict.words if verdict else None,
        }

    async def wait(self, params: Params, _: Connection) -> list[dict[str, Any]]:
        """Answers when each of the services is ready or never will be; `for` "exit", when it is at rest.

        `for` "healthy", when it is ready and its last answer was a good one. `for` "reloaded", when all that was saved
        before has been acted on, and serves or has failed.
        """
        what = read.text(params, "for", "ready")
        if what not in (*_WAITS, "reloaded"):
            raise AuraError(f"for must be one of {', '.join(_WAITS)}, reloaded", exit_code=ExitCode.USAGE)
        await self._stage.open_to_orders()
        patterns = read.names(params)
        if what == "reloaded":
            return [self._reported(one) for one in await self._reloaded(patterns)]
        names = self._orders.named(patterns) if patterns else self._orders.up()
        if not names:
            return []
        outcomes = await self._expected(names, _WAITS[what])
        while what == "healthy" and any(self._is_unwell(one) for one in outcomes.values()):
            await self._news()
            outcomes = await self._expected(names, Wanted.UP)
        return [self._reported(outcomes[name]) for name in names]

    async def _expected(self, names: tuple[str, ...], wanted: Wanted) -> dict[str, Outcome]:
        """What became of each, by name; another definition may have taken some away."""
        there = tuple(name for name in names if name in self._supervisor.statuses)
        found = {name: Outcome(name, ok=False, words=NO_SERVICE) for name in names}
        return found | (await resolved(self._supervisor.expect(there, wanted))).outcomes if there else found

    def _is_unwell(self, one: Outcome) -> bool:
        """Whether one that is up has answered badly last, and may be well again or be restarted."""
        return one.ok and self._runner.pulse(one.service).failures > 0

    async def _reloaded(self, patterns: tuple[str, ...]) -> list[Outcome]:
        saves = self._stage.saves
        if not self._stage.watching.on:
            raise AuraError("no save is acted on: the watch is off", "aura-stack watch on")
        await self._stage.watching.seen()
        await saves.done()
        if failure := self._stage.reloading.failure:
            raise AuraError(f"the definition was not taken over: {failure.message}", failure.hint)
        names = self._orders.named(patterns) if patterns else self._orders.up()
        failed = {name: outcome for name in names if (outcome := self._failed(name))}
        rest = tuple(name for name in names if name not in failed)
        ticket = self._supervisor.expect(rest, Wanted.UP, patient=False) if rest else None
        found = {**failed, **((await resolved(ticket)).outcomes if ticket else {})}
        return [found[name] for name in names]

    def _failed(self, name: str) -> Outcome | None:
        """What failed of the last save, where something has; a run that is ready since counts for more."""
        view, stale = self._supervisor.view(name), self._orders.stale.get(name)
        if setback := view.status.setback:
            stale = f"the new version failed: {setback.verdict.words}; the old one goes on"
        if stale:
            return Outcome(name, False, stale, view.status.state, view.status.run, view.pid)
        last = self._stage.saves.outcomes.get(name)
        return last if last and not last.ok and view.status.state is not State.READY else None

    # --- what happens ---

    async def follow(self, params: Params, connection: Connection) -> dict[str, Any]:
        """Answers as soon as the record is longer than `position` (bytes of the index), or another one.

        Who asks again at once is answered after a pause: in a flood each answer then stands for many chunks. What a
        reader that says its name in `keep` has not read is kept for it.
        """
        position, record = read.position(params, "position"), read.position(params, "record")
        if name := read.text(params, "keep", ""):
            self._keep_for(connection, name, position if record in (0, self._store.number) else 0)
        pause = PAUSE_OF_RECORDS if name else PAUSE
        pause += self._answered.get(connection, 0.0) - time.monotonic()
        if pause > 0:
            await asyncio.sleep(pause)
        while not (
            self._stage.ending
            or record not in (0, self._store.number)
            or self._store.position > position
            or (self._store.trouble and connection not in self._warned)
        ):
            await self._news()
        self._answered[connection] = time.monotonic()
        trouble = self._store.trouble if connection not in self._warned else ""
        if trouble:
            self._warned.add(connection)
        return {
            "position": self._store.position,
            "record": self._store.number,
            "trouble": trouble or None,
        }

    async def clear(self, params: Params, _: Connection) -> dict[str, Any]:
        """Remove what services have printed, as far as it is stored; answers how many bytes that were."""
        try:
            return {"freed": self._store.clear(read.names(params) or None)}
        except OSError as error:
            raise AuraError(f"the logs cannot be removed: {error.strerror}") from error

    def _keep_for(self, connection: Connection, name: str, position: int) -> None:
        if connection not in self._kept_for:
            self._kept_for.add(connection)
            connection.ended.append(lambda: self._forget(connection))
        self._store.retention.reads(connection, name, position)

    def _forget(self, connection: Connection) -> None:
        """A reader has gone; at the end, when we are the one who goes, it still reads."""
        if not self._stage.ending:
            self._store.retention.gone(connection)

    async def subscribe(self, params: Params, connection: Connection) -> None:
        """Sends every event from now on as a notification; answers when the stack has come to its end.

        They are read from the record as fast as the client reads, so a slow one costs nothing but its delay.
        """
        kinds = set(read.names(params, "kinds"))
        if unknown := kinds - events.KINDS.keys():
            raise AuraError(f"there are no events {', '.join(sorted(unknown))}", exit_code=ExitCode.USAGE)
        number, place = self._store.number, self._store.events_end
        while True:
            if self._store.number != number:  # the record was deleted, and a new one begun
                number, place = self._store.number, (0, 0)
            whole, place = self._store.read_events(place, CHUNK)
            for line in whole.splitlines():
                facts = events.facts(line)
                if not kinds or facts["kind"] in kinds:
                    await connection.say(Request("event", facts))
            if not whole:
                if self._stage.ending:
                    return
                await self._news()

    async def _news(self) -> None:
        """Wait until the record has grown."""
        news: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        withdraw = self._hub.look(lambda: None if news.done() else news.set_result(None))
        try:
            await news
        finally:
            withdraw()

    # --- in common ---

    def _extended(self, params: Params, names: tuple[str, ...]) -> tuple[str, ...]:
        dependents = read.flag(params, "dependents", otherwise=False)
        return self._orders.with_dependents(names) if dependents else names

    async def _carry_out(self, params: Params, order: Callable[[], Order]) -> list[dict[str, Any]]:
        """The order goes on when its client goes; without `wait` the client is not kept."""
        wait = read.flag(params, "wait", otherwise=True)
        before = {name: str(status.state) for name, status in self._supervisor.statuses.items()}
        if not wait:
            self._stage.perform_alone(order)
            return []
        result = await asyncio.shield(self._stage.perform(order))
        if isinstance(result, AuraError):
            raise result
        for outcome in result:
            if not outcome.ok:
                self._capture.drain(outcome.service)  # whoever hears of a failure looks for its last words
        return [{**self._reported(outcome), "before": before.get(outcome.service)} for outcome in result]

    def _reported(self, outcome: Outcome) -> dict[str, Any]:
        return {
            "service": outcome.service,
            "ok": outcome.ok,
            "words": outcome.words,
            "state": str(outcome.state),
            "run": outcome.run,
            "pid": outcome.pid or None,
            "ready_seconds": outcome.seconds,
            "address": self._address(outcome.service),
            "exit_code": None if outcome.pid else outcome.code,
        }

    def _address(self, name: str) -> str | None:
        """None also for a replica that has just gone."""
        return self._supervisor.view(name).service.url if name in self._supervisor.statuses else None

    def _told(self, view: View, *, usage: bool) -> dict[str, Any]:
        name, status = view.service.name, view.status
        setback = status.setback
        step = self._stage.doing(name)
        at_work = view.service.task and status.state is State.STARTING
        used = self._runner.usage(name) if usage else None
        fronted = self._runner.fronted(name)
        return {
            "service": name,
            "state": "preparing" if step and not view.pid else "running" if at_work else str(status.state),
            "wanted": str(status.wanted),
            "health": _health(view, self._runner.pulse(name)),
            "unwell": self._runner.pulse(name).words or None,
            "paused": name in self._runner.pauses,
            "waits_for": step or view.waits_for or None,
            "run": status.run,
            "pid": view.pid or None,
            "uptime_seconds": round(view.seconds, 3) if view.pid else None,
            "restarts": view.restarts,
            "held_back_for": self._store.retention.blocked or None,
            "logs_lost": self._store.trouble or None,
            "replica": view.service.replica,
            "ports": [port.number for port in view.service.ports],
            "written_ports": [port.written or port.number for port in view.service.ports],
            "behind_front": {str(port): own for port, own in fronted[1].items()} if fronted else None,
            "address": view.service.url,
            "cpu_percent": round(used.percent, 1) if used else None,
            "cpu_seconds": round(used.seconds, 2) if used else None,
            "memory_bytes": used.memory if used else None,
            "processes": used.processes if used else None,
            "stop_command": view.service.stop.command.shown if view.service.stop.command else None,
            "ended": status.verdict.words if status.verdict else None,
            "exit_code": status.verdict.code if status.verdict else None,
            "stale": self._orders.stale.get(name) or (setback.verdict.words if setback else None),
            "stale_run": setback.run if setback else None,
        }


_WAITS = {"ready": Wanted.UP, "healthy": Wanted.UP, "exit": Wanted.DOWN}


def _some(params: Params) -> tuple[str, ...]:
    """The names of services, one at least.

    Raises:
        AuraError: there is none (exit code 2).
    """
    names = read.names(params)
    if not names:
        raise AuraError("services must name one at least", exit_code=ExitCode.USAGE)
    return names


def _health(view: View, pulse: Pulse) -> str | None:
    """What the service answered last, being asked whether it is ready or well; None where nobody asks or answers."""
    asked = view.service.health or view.service.ready.kind is not ProbeKind.STARTED
    if not asked or not view.pid:
        return None
    match view.status.state:
        case State.READY:
            return pulse.silent or ("unwell" if pulse.failures else "ok")
        case State.STARTING:
            return "waiting"
        case _:
            return None


def _signum(name: str) -> int:
    """The number of a signal by its name without SIG, or by its number.

    Raises:
        AuraError: there is none (exit code 2).
    """
    try:
        return signal.Signals(int(name)) if name.isdigit() else signal.Signals[f"SIG{name}"]
    except (KeyError, ValueError):
        raise AuraError(f"there is no signal {name}", "kill -l lists them", ExitCode.USAGE) from None
