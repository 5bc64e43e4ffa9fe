"""Wires one stack's parts to each other: who writes the record, who makes the moves, who is told.

What must happen (bytes into the store, a child's end, a probe's answer) is handed over here as plain callables;
the hub only wakes those who look. Nothing here needs an event loop, so the first services run before there is
one.
"""

import errno
import os
import sys
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Any

from aura_stack.errors import AuraError
from aura_stack.frozen import Frozen
from aura_stack.logs.capture import Capture
from aura_stack.logs.store import Store
from aura_stack.messages import commands, events
from aura_stack.messages.hub import Hub
from aura_stack.ports.probe import is_free
from aura_stack.supervision.clearance import Numbers
from aura_stack.supervision.runner import Runner
from aura_stack.supervision.supervisor import Supervisor
from aura_stack.supervision.tickets import Ticket
from aura_stack.system.places import Places, create

from .definition import digest
from .environment import Environment
from .options import Aborts, Options
from .preflight import Ground
from .tasks import Tasks

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Record:
    """The direct path of facts: into the store first, then whoever listens here is told.

    A disk that takes no more is told once, on the screen only; the stack runs on.
    """

    def __init__(self, store: Store, wake: Callable[[], None]) -> None:
        self._store = store
        self._wake = wake
        self.listener: Callable[[events.Event], None] = _nobody

    def publish(self, event: events.Event) -> None:
        """Append an event."""
        try:
            self._store.event(events.encode(event, time.time()))
        except OSError as error:
            self.fault(error)
        self.listener(event)

    def fault(self, error: OSError) -> None:
        """The record cannot be written: tell whoever follows it, and say so in it if that can be written."""
        if self._store.trouble:
            return
        full = " (the disk is full)" if error.errno == errno.ENOSPC else ""
        self._store.trouble = f"{events.LOST}, the record cannot be written: {error.strerror}{full}"
        self._wake()
        self.publish(events.Notice(self._store.trouble, alarm=True))


def _hold_back(reader: str, capture: Capture, record: Record) -> None:
    """Take nothing more from the services for the sake of a reader, or go on."""
    capture.pause(on=bool(reader))
    words = f"output is held back: {reader} has left 1 GB of it unread" if reader else "output is taken again"
    record.publish(events.Notice(words, alarm=bool(reader)))


def _nobody(_: events.Event) -> None:
    """Nobody listens yet."""


class Parts(Frozen):
    """One stack's parts, joined.

    Attributes:
        first: the order that brings the stack up.
        idle: whether it is up only as long as somebody holds it.
        aborts: what else ends the stack than its own end; None for what the definition says of each service.
        code_from: the service whose exit code is the stack's, and whose end ends it; "" for none.
        watches: whether saves are acted on.
        began: when, in ns since 1970: what is saved from then on is news to the services.
        digest: of the definition as it was read.
        mark: begins the marks of all that this engine runs.
        where: what whoever follows has to know of the record, and of the stack.
    """

    ground: Ground
    places: Places
    hub: Hub
    store: Store
    record: Record
    capture: Capture
    runner: Runner
    supervisor: Supervisor
    environment: Environment
    first: commands.Start
    idle: bool
    aborts: Aborts | None
    code_from: str
    watches: bool
    began: int
    digest: str
    mark: str
    where: Mapping[str, Any]

    def bring_up(self) -> Ticket:
        """Give the first order; where nothing is to be brought up, it has been carried out."""
        if not self.first.services:
            return Ticket(())
        with suppress(OSError):  # of a disk that takes nothing each run tells itself
            self.capture.expect(self.first.services)
        return self.supervisor.ask(self.first)


def _create_folders(places: Places) -> None:
    """Make the folders of the record, again if somebody deleted them; a refusal is one of writing."""
    try:
        create(places)
    except AuraError as error:
        raise OSError(errno.ENOENT, error.message) from error


def _is_free(number: int) -> bool:
    """Whether a port can be bound; one that cannot be asked about keeps nobody waiting."""
    try:
        return is_free(number)
    except AuraError:
        return True


def _holder(number: int) -> str:
    from aura_stack.ports.owners import describe, owners  # noqa: PLC0415 - for a port that stays taken

    return describe(owners([number])[number][0], os.path.expanduser("~"))


def _stranger(number: int, ours: Collection[int]) -> str:
    from aura_stack.ports.owners import describe, owners  # noqa: PLC0415 - for a run that failed beside one

    found = (owner for owner in owners([number])[number] if owner.pid not in ours)
    return next((describe(owner, os.path.expanduser("~")) for owner in found), "")


def _spare(count: int, ground: Ground) -> list[int]:
    """So many numbers for runs behind the front: no declared one, none that another stack has."""
    import random  # noqa: PLC0415 - for those runs

    from aura_stack.ports import spare  # noqa: PLC0415 - for those runs
    from aura_stack.system import limits  # noqa: PLC0415 - likewise

    kernel = limits.ports()
    declared = {port.number for service in ground.definition.stack.services for port in service.ports}
    manifest = ground.definition.manifest
    entries = {entry.number for entry in manifest.entries.values()} if manifest else set()
    taken = declared | entries | ground.claim.spared()
    ephemeral = kernel.ephemeral if kernel else range(49152, 65536)
    return spare.numbers(count, spare.span(ephemeral), taken, is_free, random.choice)


def assemble(
    ground: Ground, places: Places, options: Options, environ: Mapping[str, str], *, inherits_orphans: bool
) -> Parts:
    """Make the parts and join them.

    Raises:
        AuraError: the record cannot be opened.
    """
    hub = Hub()
    try:
        store = Store(places.logs, places.events, hub.wake, lambda: _create_folders(places))
    except OSError as error:
        words = f"the record in {places.logs} cannot be written: {error.strerror}"
        raise AuraError(words, "aura-stack keeps what the services print there") from error
    record = Record(store, hub.wake)
    capture = Capture(store, record.fault)
    store.retention.changed = lambda reader: _hold_back(reader, capture, record)
    environment = Environment(ground.source, ground.definition, environ, coloured=options.coloured)
    mark = f"{os.getpid()}-{time.time_ns():x}"
    tasks = Tasks(places.fingerprints, record.publish)
    runner = Runner(
        capture,
        environment.give,
        mark,
        record.publish,
        tasks,
        inherits_orphans=inherits_orphans,
        terminals=options.tty,
        sockets=os.path.dirname(places.socket),
        numbers=Numbers(_is_free, _holder, _stranger, lambda count: _spare(count, ground)),
        front=(sys.executable, "-I", "-S", os.path.join(_PACKAGE, "front", "__main__.py")),
    )
    if options.size:
        for name in options.tty:
            capture.resize(name, *options.size)
    supervisor = Supervisor(ground.stack.own, runner, record.publish)
    runner.serve(supervisor)
    own = ground.stack.own
    return Parts(
        ground=ground,
        places=places,
        hub=hub,
        store=store,
        record=record,
        capture=capture,
        runner=runner,
        supervisor=supervisor,
        environment=environment,
        first=commands.Start(tuple(service.name for service in ground.services), options.dependencies),
        idle=options.idle,
        aborts=options.aborts,
        code_from=options.code_from,
        watches=options.watch,
        began=time.time_ns(),
        digest=digest(ground.definition.files),
        mark=mark,
        where={
            "stack": ground.stack.name,
            "services": [service.name for service in own],
            "logs": places.logs,
            "pid": os.getpid(),
            "began": store.position,
        },
    )
