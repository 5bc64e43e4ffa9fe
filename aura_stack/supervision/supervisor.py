"""The one place where orders and facts meet: an inbox, the table, and the moves handed to a rim.

`ask` takes an order and answers a ticket that resolves when the order has been carried out or has failed.
Everything happens in one thread, message by message; a move that yields a message (a command that cannot be
executed) puts it into the inbox instead of calling back, so nothing is ever half decided. No event loop is
needed to take the first orders: timers and probes are the rim's affair.
"""

import signal
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from aura_stack.frozen import Frozen
from aura_stack.messages import commands, events
from aura_stack.stack import graph
from aura_stack.stack.model import Service

from . import lifecycle, plan, restart
from .lifecycle import ALIVE, AT_REST, Move, State, Status, Wanted
from .restart import History
from .verdict import NotExecutable, Verdict


class Rim(Protocol):
    """What carries out moves; tests hand in one that only notes them."""

    def spawn(self, service: Service, run: int) -> int:
        """Execute a run and answer its pid; raises `NotExecutable`."""

    def probe(self, service: Service, run: int) -> None:
        """Begin to ask for readiness; ends by telling Answered or Unanswered."""

    def end(self, service: Service, grace: float) -> None:
        """Ask the run to end, KILL after `grace` seconds; ends by telling Exited and Emptied."""

    def sweep(self, service: Service, grace: float) -> None:
        """End what the main process left behind; ends by telling Emptied."""

    def later(self, service: Service, delay: float, run: int) -> None:
        """Tell Elapsed after `delay` seconds."""

    def now(self) -> float:
        """Monotonic seconds."""

    def chance(self) -> float:
        """A number from 0 to 1."""


class Outcome(Frozen):
    """What became of an order for one service."""

    service: str
    ok: bool
    words: str


class Ticket:
    """The receipt of an order; `outcomes` is complete once `resolved`."""

    def __init__(self, services: tuple[str, ...]) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self._open = set(services)
        self._callbacks: list[Callable[[Ticket], None]] = []

    @property
    def resolved(self) -> bool:
        """Whether there is an outcome for every service of the order."""
        return not self._open

    def then(self, callback: Callable[["Ticket"], None]) -> None:
        """Call back once, at the resolution; at once if that has been."""
        if self.resolved:
            callback(self)
        else:
            self._callbacks.append(callback)

    def settle(self, outcome: Outcome) -> None:
        """Enter one outcome; the last one resolves the ticket."""
        self.outcomes[outcome.service] = outcome
        self._open.discard(outcome.service)
        if self.resolved:
            callbacks, self._callbacks = self._callbacks, []
            for callback in callbacks:
                callback(self)


class _Entry:
    """What is known of one service."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.status = Status()
        self.history = History()
        self.pid = 0
        self.began = 0.0  # monotonic, of the current run
        self.ready_at: float | None = None
        self.restarts = 0
        self.grace: float | None = None  # the order's own grace period, where it names one
        self.why = ""  # of the next run
        self.told = ""  # what it was last said to wait for
        self.tickets: list[tuple[Ticket, Wanted, int]] = []


class _Statuses(Mapping[str, Status]):
    """The statuses seen through the entries: nothing is copied, whoever looks sees the present."""

    def __init__(self, entries: dict[str, _Entry]) -> None:
        self._entries = entries

    def __getitem__(self, name: str) -> Status:
        return self._entries[name].status

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


class View(Frozen):
    """What a client may know of a service."""

    service: str
    status: Status
    pid: int
    seconds: float  # since the run began; 0 without a run
    restarts: int
    address: str


class Supervisor:
    """Keeps services as they are wanted.

    Args:
        services: our own, resolved; external ones are somebody else's.
        rim: makes the moves.
        publish: the direct path of facts to the record.
    """

    def __init__(
        self, services: tuple[Service, ...], rim: Rim, publish: Callable[[events.Event], None]
    ) -> None:
        self._entries = {service.name: _Entry(service) for service in services}
        self._needs = {service.name: tuple(service.depends_on) for service in services}
        self._dependents = graph.reverse(self._needs)
        self._rim = rim
        self._publish = publish
        self._inbox: deque[tuple[str, lifecycle.Message]] = deque()
        self._busy = False

    # --- the door in ---

    def ask(self, command: commands.Command) -> Ticket:
        """Take an order; KeyError for a name that is not a service of ours."""
        match command:
            case commands.Start():
                return self._order(self._with_dependencies(command.services), lifecycle.Start(), Wanted.UP)
            case commands.Restart():
                return self._order(self._named(command.services), lifecycle.Restart(), Wanted.UP)
            case commands.Stop():
                return self._stop(command)

    def tell(self, service: str, message: lifecycle.Message) -> None:
        """Take a fact about a service, and do at once all that follows from it."""
        self._inbox.append((service, message))
        if self._busy:
            return
        self._busy = True
        try:
            while self._inbox:
                self._handle(*self._inbox.popleft())
        finally:
            self._busy = False

    # --- what can be known ---

    @property
    def statuses(self) -> Mapping[str, Status]:
        """The status of every service of ours, as it is when one looks."""
        return _Statuses(self._entries)

    def views(self) -> list[View]:
        """All services, in the order of the definition."""
        return [self._view(entry) for entry in self._entries.values()]

    def waits(self, service: str, what: str) -> None:
        """Record what a service waits for, if that is news."""
        entry = self._entries[service]
        if what and what != entry.told:
            self._publish(events.Waiting(service, what))
        entry.told = what

    @property
    def at_rest(self) -> bool:
        """Whether nothing runs and nothing will run without a new order."""
        return all(entry.status.state in AT_REST for entry in self._entries.values())

    def _view(self, entry: _Entry) -> View:
        alive = entry.status.state in ALIVE
        seconds = self._rim.now() - entry.began if alive else 0.0
        pid = entry.pid if alive else 0
        return View(entry.service.name, entry.status, pid, seconds, entry.restarts, entry.service.url or "")

    # --- orders ---

    def _named(self, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            self._entries[name]  # a KeyError here is the caller's answer
        return names or tuple(self._entries)

    def _with_dependencies(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The names and all they need, what is needed first."""
        return graph.closure(self._named(names), self._needs)

    def _order(self, names: tuple[str, ...], order: lifecycle.Message, wanted: Wanted) -> Ticket:
        ticket = Ticket(names)
        for name in names:
            self._entries[name].grace = None
            goal = self._goal(self._entries[name].status, order)
            self._entries[name].tickets.append((ticket, wanted, goal))
            self.tell(name, order)
            self._check_tickets(self._entries[name])
        return ticket

    def _stop(self, command: commands.Stop) -> Ticket:
        names = self._named(command.services)
        ticket = Ticket(names)
        for name in names:
            entry = self._entries[name]
            entry.grace = command.grace
            entry.tickets.append((ticket, Wanted.DOWN, 0))
            # the wish goes to all before anybody looks, so that dependents are seen to stop as well
            entry.status = entry.status.but(wanted=Wanted.DOWN)
        for name in names:
            self.tell(name, lifecycle.Stop())
            if not command.orderly:
                self._hurry(self._entries[name])
            self._check_tickets(self._entries[name])
        return ticket

    def _hurry(self, entry: _Entry) -> None:
        """Do not wait for dependents, and shorten a grace period that runs already."""
        if entry.status.state is State.ENDING:
            self._rim.end(entry.service, self._grace(entry))
        else:
            self.tell(entry.service.name, lifecycle.Released())

    @staticmethod
    def _goal(status: Status, order: lifecycle.Message) -> int:
        """The number of the run that fulfils an order: a restart wants one later than that which serves."""
        if isinstance(order, lifecycle.Restart) and status.state in (State.STARTING, State.READY):
            return status.run + 1
        return status.run + 1 if status.state is State.ENDING else 0

    # --- one message ---

    def _handle(self, name: str, message: lifecycle.Message) -> None:
        entry = self._entries[name]
        before = entry.status
        entry.status, moves = lifecycle.step(before, message)
        if isinstance(message, lifecycle.Exited) and before.state in (State.STARTING, State.READY):
            self._publish_exit(entry, message.verdict)
        for move in moves:
            self._make(move, entry, message)
        if entry.status != before:
            self._check_tickets(entry)
            self._wake_neighbours(entry, before)

    def _make(self, move: Move, entry: _Entry, message: lifecycle.Message) -> None:
        service, run = entry.service, entry.status.run
        match move:
            case Move.LOOK:
                self._look(entry)
            case Move.SPAWN:
                self._spawn(entry)
            case Move.PROBE if entry.pid:
                self._rim.probe(service, run)
            case Move.END if entry.pid:
                self._end(entry)
            case Move.SWEEP:
                self._rim.sweep(service, self._grace(entry))
            case Move.JUDGE:
                self._judge(entry)
            case Move.DELAY:
                assert isinstance(message, lifecycle.Again)
                self._rim.later(service, message.delay, run)
            case _:
                self._publish_state(move, entry)

    def _look(self, entry: _Entry) -> None:
        name, status = entry.service.name, entry.status
        if status.wanted is Wanted.DOWN:
            if isinstance(plan.may_end(name, self._dependents, self.statuses), plan.Clear):
                self.tell(name, lifecycle.Released())
            return
        if status.state is not State.WAITING:
            return
        match plan.may_start(entry.service, self.statuses):
            case plan.Clear():
                self.tell(name, lifecycle.Unblocked())
            case plan.Held() as held:
                self.waits(name, str(held))
            case plan.Hopeless(other, words):
                verdict = Verdict(ok=False, words=f"{other}, which it needs, is down: {words}", code=1)
                self.tell(name, lifecycle.Blocked(verdict))

    def _spawn(self, entry: _Entry) -> None:
        service, run = entry.service, entry.status.run
        entry.ready_at, entry.pid, entry.told = None, 0, ""
        entry.began = self._rim.now()
        try:
            entry.pid = self._rim.spawn(service, run)
        except NotExecutable as error:
            self.tell(service.name, lifecycle.NotSpawned(run, error.verdict))
            return
        self._publish(events.Started(service.name, run, entry.pid, entry.why))
        entry.why = ""

    def _end(self, entry: _Entry) -> None:
        service, run = entry.service, entry.status.run
        grace = self._grace(entry)
        self._publish(events.Stopping(service.name, run, entry.pid, _name(service.stop.signal), grace))
        self._rim.end(service, grace)

    @staticmethod
    def _grace(entry: _Entry) -> float:
        own = entry.service.stop.grace
        return own if entry.grace is None else min(own, entry.grace)

    def _judge(self, entry: _Entry) -> None:
        name, run, verdict = entry.service.name, entry.status.run, entry.status.verdict
        assert verdict is not None
        now = self._rim.now()
        if entry.ready_at is not None and now - entry.ready_at >= restart.STEADY:
            entry.history = History(0, entry.history.restarts)
        match restart.decide(entry.service.restart, verdict, entry.history, now, self._rim.chance()):
            case restart.Again(delay, history):
                entry.history = history
                entry.restarts += 1
                entry.why = verdict.words
                self._publish(events.Backoff(name, run, delay, verdict.words))
                self.tell(name, lifecycle.Again(run, delay))
            case restart.Done():
                self.tell(name, lifecycle.Done(run))
            case restart.GiveUp(words):
                final = Verdict(ok=False, words=words, code=verdict.code)
                self.tell(name, lifecycle.GivenUp(run, final))

    def _publish_exit(self, entry: _Entry, verdict: Verdict) -> None:
        name, run = entry.service.name, entry.status.run
        self._publish(events.Exited(name, run, entry.pid, verdict.code, verdict.words))

    def _publish_state(self, move: Move, entry: _Entry) -> None:
        name, run, verdict = entry.service.name, entry.status.run, entry.status.verdict
        words = verdict.words if verdict else ""
        match move:
            case Move.TELL_READY:
                entry.ready_at = self._rim.now()
                seconds = round(entry.ready_at - entry.began, 3)
                self._publish(events.Ready(name, run, entry.pid, seconds, entry.service.url or ""))
            case Move.TELL_STOPPED:
                self._publish(events.Stopped(name, run))
            case Move.TELL_COMPLETED:
                self._publish(events.Completed(name, run, words))
            case Move.TELL_FAILED:
                self._publish(events.Failed(name, run, verdict.code if verdict else 1, words))

    # --- what follows for others ---

    def _wake_neighbours(self, entry: _Entry, before: Status) -> None:
        """Who may go on depends on its neighbours' states alone, so only they are looked at."""
        if entry.status.state is before.state:
            return
        for name in self._dependents.get(entry.service.name, ()):
            if self._entries[name].status.state is State.WAITING:
                self._look(self._entries[name])
        for name in entry.service.depends_on:
            other = self._entries.get(name)
            if other and other.status.wanted is Wanted.DOWN and other.status.state in ALIVE:
                self._look(other)

    def _check_tickets(self, entry: _Entry) -> None:
        still = []
        for ticket, wanted, goal in entry.tickets:
            outcome = _outcome(entry.service.name, entry.status, wanted, goal)
            if outcome:
                ticket.settle(outcome)
            else:
                still.append((ticket, wanted, goal))
        entry.tickets = still


def _name(signum: int) -> str:
    try:
        return signal.Signals(signum).name
    except ValueError:
        return f"signal {signum}"


def _outcome(name: str, status: Status, wanted: Wanted, goal: int) -> Outcome | None:
    """What has become of an order, if that is settled: orders of others may have overtaken it."""
    words = status.verdict.words if status.verdict else str(status.state)
    if wanted is Wanted.DOWN:
        if status.state in AT_REST:
            return Outcome(name, ok=True, words=words)
        return Outcome(name, ok=False, words="started again") if status.wanted is Wanted.UP else None
    if status.state in (State.FAILED, State.COMPLETED):
        return Outcome(name, ok=status.state is State.COMPLETED, words=words)
    if status.wanted is Wanted.DOWN:
        return Outcome(name, ok=False, words="stopped before it was ready")
    ready = status.state is State.READY and status.run >= goal
    return Outcome(name, ok=True, words=words) if ready else None
