"""The one place where orders and facts meet: an inbox, the table, and the moves handed to a rim.

`ask` takes an order and answers a ticket that resolves when the order has been carried out or has failed.
Everything happens in one thread, message by message; a move that yields a message (a command that cannot be
executed) puts it into the inbox instead of calling back, so nothing is ever half decided. No event loop is
needed to take the first orders: timers and probes are the rim's affair.
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from aura_stack.messages import commands, events
from aura_stack.stack import graph
from aura_stack.stack.model import Service

from . import handover, lifecycle, plan, restart, stopping, tickets
from .ledger import Entry, Statuses, View, newer_run, outcome
from .lifecycle import ALIVE, AT_REST, Move, Phase, State, Status, Wanted
from .restart import History
from .tickets import NO_SERVICE, Goal, Outcome, Ticket
from .verdict import NotExecutable, Verdict

if TYPE_CHECKING:
    from .rim import Rim

_ORDERS = (lifecycle.Start, lifecycle.Restart, lifecycle.Rearmed)


class Supervisor:
    """Keeps services as they are wanted.

    Args:
        services: our own, resolved; external ones are somebody else's.
        rim: makes the moves.
        publish: the direct path of facts to the record.
    """

    def __init__(
        self, services: tuple[Service, ...], rim: "Rim", publish: Callable[[events.Event], None]
    ) -> None:
        self._entries = {service.name: Entry(service) for service in services}
        self._needs = {service.name: tuple(service.depends_on) for service in services}
        self._dependents = graph.reverse(self._needs)
        self._rim = rim
        for entry in self._entries.values():
            entry.since = rim.now()
        self._publish = publish
        self._inbox: deque[tuple[str, lifecycle.Message]] = deque()
        self._busy = False

    # --- the door in ---

    def ask(self, command: commands.Command) -> Ticket:
        """Take an order; KeyError for a name that is not a service of ours."""
        match command:
            case commands.Start():
                return self._start(command)
            case commands.Restart():
                return self._restart(command)
            case commands.Stop():
                return self._stop(command)

    def expect(self, names: tuple[str, ...], wanted: Wanted, *, patient: bool = True) -> Ticket:
        """A ticket for what others have ordered: up or at rest; KeyError as in `ask`."""
        names = self._named(names)
        ticket = Ticket(names)
        for name in names:
            self._add_ticket(self._entries[name], ticket, Goal(wanted, others=True, patient=patient))
        return ticket

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
        return Statuses(self._entries)

    def views(self) -> list[View]:
        """All services, in the order of the definition."""
        return [self._view(entry) for entry in self._entries.values()]

    def view(self, name: str) -> View:
        """One service; KeyError for a name that is not one of ours."""
        return self._view(self._entries[name])

    def waits(self, service: str, what: str) -> None:
        """Record what a service waits for, if that is news."""
        entry = self._entries[service]
        if what and what != entry.told:
            self._publish(events.Waiting(service, what))
        entry.told = what

    def moved(self, service: str, run: int, pid: int) -> None:
        """Another process is the main one of a run from now on."""
        entry = self._entries[service]
        if entry.status.run == run:
            entry.pid = pid
        elif entry.status.other and entry.status.other.run == run:
            entry.beside_pid = pid

    @property
    def at_rest(self) -> bool:
        """Whether nothing runs and nothing will run without a new order."""
        return all(entry.status.state in AT_REST for entry in self._entries.values())

    def _view(self, entry: Entry) -> View:
        alive = entry.status.state in ALIVE
        seconds = self._rim.now() - entry.began if alive else 0.0
        pid = entry.pid if alive else 0
        waits_for = entry.told if entry.status.state in (State.WAITING, State.STARTING) else ""
        since = self._rim.now() - entry.since
        return View(entry.service, entry.status, pid, seconds, entry.restarts, waits_for, since)

    # --- another definition ---

    def redefine(self, services: tuple[Service, ...]) -> None:
        """Other services from now on, in this order; those that stay are as they are now with their next run.

        Services that go have to be at rest.
        """
        entries = {service.name: self._entries.get(service.name) or Entry(service) for service in services}
        for service in services:
            entries[service.name].service = service
        for name in self._entries.keys() - entries.keys():
            for ticket, _ in self._entries[name].tickets:
                ticket.settle(Outcome(name, ok=False, words=NO_SERVICE))
        self._entries.clear()  # and not another one: `statuses` looks into this one
        self._entries.update(entries)
        self._needs = {service.name: tuple(service.depends_on) for service in services}
        self._dependents = graph.reverse(self._needs)
        for name, entry in entries.items():  # what was in its way may be none of its dependencies any more
            if self._may_rearm(entry):
                self.tell(name, lifecycle.Rearmed())
            else:
                self._look(entry)

    # --- orders ---

    def _named(self, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            self._entries[name]  # a KeyError here is the caller's answer
        return names or tuple(self._entries)

    def _start(self, command: commands.Start) -> Ticket:
        names = self._named(command.services)
        if command.dependencies:
            names = graph.closure(names, self._needs)
        ticket = Ticket(names)
        for name in names:
            entry = self._entries[name]
            if entry.status.state is State.COMPLETED and name not in command.services and command.services:
                self._add_ticket(entry, ticket, Goal(Wanted.UP))  # what it had to do is done
                continue
            entry.alone = not command.dependencies
            ending = entry.status.state is State.ENDING
            goal = Goal(Wanted.UP, entry.status.next if ending else 0, patient=command.patient)
            self._order(entry, lifecycle.Start(), ticket, goal, None)
            if entry.alone and entry.status.state is State.WAITING:
                self._look(entry)
        return ticket

    def _restart(self, command: commands.Restart) -> Ticket:
        names = self._named(command.services)
        ticket = Ticket(names)
        now = self._rim.now()
        since = now if command.since is None else min(command.since, now)
        for name in names:
            entry = self._entries[name]
            if newer := newer_run(entry, since):
                self._add_ticket(entry, ticket, Goal(Wanted.UP, newer, patient=command.patient))
                continue
            has_run = entry.status.state in ALIVE
            goal = Goal(Wanted.UP, entry.status.next if has_run else 0, patient=command.patient)
            # who is to have no time to end is not to serve meanwhile either
            beside = command.grace != 0 and self._rim.may_stand_beside(entry.service)
            self._order(entry, lifecycle.Restart(beside), ticket, goal, command.grace)
        return ticket

    def _order(
        self, entry: Entry, order: lifecycle.Message, ticket: Ticket, goal: Goal, grace: float | None
    ) -> None:
        """Want it up; a grace period of the order's own also shortens one that runs already."""
        entry.grace = grace
        if grace is not None:
            self._shorten(entry)
        entry.tickets.append((ticket, goal))
        self.tell(entry.service.name, order)
        self._check_tickets(entry)

    def _stop(self, command: commands.Stop) -> Ticket:
        names = self._named(command.services)
        ticket = Ticket(names)
        for name in names:
            entry = self._entries[name]
            entry.grace = command.grace
            entry.tickets.append((ticket, Goal(Wanted.DOWN)))
            # the wish goes to all before anybody looks, so that dependents are seen to stop as well
            entry.status = entry.status.but(wanted=Wanted.DOWN)
        for name in names:
            self.tell(name, lifecycle.Stop())
            if not command.orderly:
                self._hurry(self._entries[name])
            elif command.grace is not None:
                self._shorten(self._entries[name])
            self._check_tickets(self._entries[name])
        return ticket

    def _hurry(self, entry: Entry) -> None:
        """Do not wait for dependents, and shorten a grace period that runs already."""
        self._shorten(entry)
        if entry.status.state is not State.ENDING:
            self.tell(entry.service.name, lifecycle.Released())

    def _shorten(self, entry: Entry) -> None:
        """Whoever has been asked to end already has no longer than the order says, also the old run of a hand-over."""
        other = entry.status.other
        if other and other.phase is not lifecycle.Phase.COMING and entry.beside_pid:
            self._rim.end(entry.service, other.run, self._grace(entry))
        if entry.status.state is State.ENDING:
            self._rim.end(entry.service, entry.status.run, self._grace(entry))

    # --- one message ---

    def _handle(self, name: str, message: lifecycle.Message) -> None:
        entry = self._entries[name]
        if self._is_outdated(entry, message):
            self._look(entry)
            return
        before = entry.status
        entry.status, moves = handover.step(before, message)
        if entry.status.state is not before.state:
            entry.since = self._rim.now()
        if _begins_anew(before, entry.status, message):
            entry.history = History()
            needed = before.verdict.needed if before.verdict else ""
            entry.why = f"waited for {needed}" if needed else ""
        if isinstance(message, lifecycle.Lost) and message.run == before.run and entry.status != before:
            entry.why = "did not take the socket that is held for it"
        if isinstance(message, lifecycle.Exited):
            self._publish_exit(entry, before, message)
        if isinstance(message, lifecycle.Emptied) and before.other and message.run == before.other.run:
            self._publish(events.Gone(name, message.run, entry.beside_pid))
        if before.other and entry.status.run == before.other.run:
            entry.change_places()
        for move in moves:
            self._make(move, entry, message)
        if entry.status != before:
            self._check_tickets(entry)
            self._wake_neighbours(entry, before)

    def _is_outdated(self, entry: Entry, message: lifecycle.Message) -> bool:
        """Whether what it waited for has gone again since it was told that nothing is in the way."""
        waits = entry.status.state is State.WAITING and isinstance(message, lifecycle.Unblocked)
        return waits and not isinstance(self._in_the_way(entry), plan.Clear)

    def _in_the_way(self, entry: Entry) -> plan.Clear | plan.Held | plan.Hopeless:
        return plan.CLEAR if entry.alone else plan.may_start(entry.service, self.statuses)

    def _make(self, move: Move, entry: Entry, message: lifecycle.Message) -> None:
        service, run = entry.service, entry.status.run
        match move:
            case Move.LOOK:
                self._look(entry)
            case Move.SPAWN:
                self._spawn(entry)
            case Move.PROBE if entry.pid and not service.task:  # a task is never ready, it completes
                self._rim.probe(service, run)
            case Move.ATTEND if service.health:
                self._rim.attend(service, run)
            case Move.END if entry.pid:
                self._ask_to_end(entry, run, entry.pid)
            case Move.SWEEP:
                self._rim.sweep(service, run, self._grace(entry))
            case Move.SPAWN_BESIDE | Move.PROBE_BESIDE | Move.END_BESIDE | Move.SWEEP_BESIDE:
                self._make_beside(move, entry)
            case Move.JUDGE:
                self._judge(entry)
            case Move.DELAY:
                assert isinstance(message, lifecycle.Again)
                self._rim.later(service, message.delay, run)
            case _:
                self._publish_state(move, entry)

    def _make_beside(self, move: Move, entry: Entry) -> None:
        """A move of the second run of a hand-over."""
        service, other = entry.service, entry.status.other
        assert other is not None
        match move:
            case Move.SPAWN_BESIDE:
                self._spawn_beside(entry, other.run)
            case Move.PROBE_BESIDE if entry.beside_pid:
                self._rim.probe(service, other.run)
            case Move.END_BESIDE if entry.beside_pid:
                self._ask_to_end(entry, other.run, entry.beside_pid)
            case Move.SWEEP_BESIDE:
                self._rim.sweep(service, other.run, self._grace(entry))

    def _look(self, entry: Entry) -> None:
        name, status = entry.service.name, entry.status
        if status.wanted is Wanted.DOWN:
            if isinstance(plan.may_end(name, self._dependents, self.statuses), plan.Clear):
                self.tell(name, lifecycle.Released())
            return
        if status.state is not State.WAITING:
            return
        match self._in_the_way(entry):
            case plan.Clear() if entry.service.task and self._rim.up_to_date(entry.service):
                self.tell(name, lifecycle.UpToDate(Verdict(ok=True, words="up to date", code=0)))
            case plan.Clear():
                self.tell(name, lifecycle.Unblocked())
            case plan.Held() as held:
                self.waits(name, str(held))
            case plan.Hopeless(other, words):
                words = f"{other}, which it needs, is down: {words}"
                verdict = Verdict(ok=False, words=words, code=1, needed=other)
                self.tell(name, lifecycle.Blocked(verdict))

    def _spawn(self, entry: Entry) -> None:
        service, run = entry.service, entry.status.run
        entry.ready_at, entry.pid, entry.told, entry.grace = None, 0, "", None
        entry.seen = self._followed(service)
        entry.began = self._rim.now()
        try:
            entry.pid = self._rim.spawn(service, run)
        except NotExecutable as error:
            self.tell(service.name, lifecycle.NotSpawned(run, error.verdict))
            return
        self._publish(
            events.Started(service.name, run, entry.pid, entry.why, behind=self._rim.behind(service, run))
        )
        entry.why = ""

    def _followed(self, service: Service) -> dict[str, int]:
        return {name: self.statuses[name].run for name in service.follows if name in self.statuses}

    def _spawn_beside(self, entry: Entry, run: int) -> None:
        service = entry.service
        entry.seen = self._followed(service)
        entry.beside_pid, entry.beside_began = 0, self._rim.now()
        try:
            entry.beside_pid = self._rim.spawn(service, run)
        except NotExecutable as error:
            self.tell(service.name, lifecycle.NotSpawned(run, error.verdict))
            return
        self._publish(
            events.Started(
                service.name, run, entry.beside_pid, beside=entry.pid, behind=self._rim.behind(service, run)
            )
        )

    def _ask_to_end(self, entry: Entry, run: int, pid: int) -> None:
        service = entry.service
        grace = self._grace(entry)
        command, name = stopping.command(service, grace), stopping.signal_name(service.stop.signal)
        text = command.shown if command else ""
        if entry.status.wanted is Wanted.DOWN:
            self._rim.release(service)
        self._publish(events.Stopping(service.name, run, pid, name, grace, text))
        self._rim.end(service, run, grace)

    @staticmethod
    def _grace(entry: Entry) -> float:
        own = entry.service.stop.grace
        return own if entry.grace is None else min(own, entry.grace)

    def _judge(self, entry: Entry) -> None:
        name, run, verdict = entry.service.name, entry.status.run, entry.status.verdict
        assert verdict is not None
        now = self._rim.now()
        if entry.ready_at is not None and now - entry.ready_at >= restart.STEADY:
            entry.history = entry.history.but(failures=0)
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

    def _publish_exit(self, entry: Entry, before: Status, exited: lifecycle.Exited) -> None:
        """Only of a run that ended by itself."""
        other, run, verdict = before.other, exited.run, exited.verdict
        current = run == before.run and before.state in (State.STARTING, State.READY)
        coming = other is not None and run == other.run and other.phase is Phase.COMING
        if current or coming:
            pid = entry.pid if current else entry.beside_pid
            code, words = verdict.code, verdict.words
            self._publish(events.Exited(entry.service.name, run, pid, code, words, verdict.ok))

    def _publish_state(self, move: Move, entry: Entry) -> None:
        name, run, verdict = entry.service.name, entry.status.run, entry.status.verdict
        words = verdict.words if verdict else ""
        if entry.status.state in AT_REST:
            self._rim.release(entry.service)
        match move:
            case Move.TELL_READY:
                entry.ready_at = self._rim.now()
                seconds = round(entry.ready_at - entry.began, 3)
                self._publish(events.Ready(name, run, entry.pid, seconds, entry.service.url or ""))
            case Move.TELL_SETBACK:
                assert entry.status.setback is not None
                setback, pid = entry.status.setback, entry.pid
                self._publish(events.SetBack(name, setback.run, pid, setback.verdict.words))
            case Move.TELL_STOPPED:
                self._publish(events.Stopped(name, run))
            case Move.TELL_COMPLETED:
                self._publish(events.Completed(name, run, words))
            case Move.TELL_FAILED:
                self._publish(events.Failed(name, run, verdict.code if verdict else 1, words))

    # --- what follows for others ---

    def _wake_neighbours(self, entry: Entry, before: Status) -> None:
        """Who may go on depends on its neighbours' states alone, so only they are looked at."""
        dependents = self._dependents.get(entry.service.name, ())
        if not dependents and not entry.service.depends_on:
            return
        if entry.status == before.but(verdict=entry.status.verdict):
            return
        for name in dependents:
            self._renew_if_outdated(self._entries[name])
            if self._entries[name].status.state is State.WAITING:
                self._look(self._entries[name])
            elif self._may_rearm(self._entries[name]):
                self.tell(name, lifecycle.Rearmed())
        for name in entry.service.depends_on:
            other = self._entries.get(name)
            if other and other.status.wanted is Wanted.DOWN and other.status.state in ALIVE:
                self._look(other)

    def _renew_if_outdated(self, entry: Entry) -> None:
        """Begin a new run of one that follows another which has begun one."""
        runs = entry.status.state in (State.STARTING, State.READY) and entry.status.wanted is Wanted.UP
        if runs and (name := plan.outdated(entry.service, entry.seen, self.statuses)):
            entry.seen[name] = self.statuses[name].run  # until the new run is there, this is no reason again
            self._publish(events.Following(entry.service.name, entry.status.run, name))
            beside = self._rim.may_stand_beside(entry.service)
            entry.why = "" if beside else f"ended for a new run of {name}"
            self.tell(entry.service.name, lifecycle.Outdated(beside))

    def _may_rearm(self, entry: Entry) -> bool:
        """Whether nothing is in the way any more of one that failed for that reason alone."""
        clear = isinstance(plan.may_start(entry.service, self.statuses), plan.Clear)
        return entry.status.state is State.FAILED and _was_blocked(entry.status) and clear

    def _add_ticket(self, entry: Entry, ticket: Ticket, goal: Goal) -> None:
        entry.tickets.append((ticket, goal))
        self._check_tickets(entry)

    def _check_tickets(self, entry: Entry) -> None:
        still = []
        for ticket, goal in entry.tickets:
            found = tickets.answer(entry.status, goal)
            if found:
                ticket.settle(outcome(entry, *found))
            else:
                still.append((ticket, goal))
        entry.tickets = still


def _was_blocked(status: Status) -> bool:
    return bool(status.verdict and status.verdict.needed)


def _begins_anew(before: Status, after: Status, message: lifecycle.Message) -> bool:
    """Whether an order, and no policy, begins a new run: what failed before no longer counts."""
    return isinstance(message, _ORDERS) and (before.state, before.verdict) != (after.state, after.verdict)
