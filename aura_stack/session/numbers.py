"""Gives a stack its numbers before it starts, and keeps them for it against the other stacks of its user."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from aura_stack.errors import AuraError, ExitCode
from aura_stack.frozen import Frozen
from aura_stack.ports import leases
from aura_stack.ports.leases import Allotment, Around, Asked, Given, Lease, Moved, Why, allot
from aura_stack.ports.probe import can_be_had
from aura_stack.ports.register import Register, is_living, is_near
from aura_stack.stack.model import Port, Service
from aura_stack.stack.variant import Variant
from aura_stack.system import network
from aura_stack.system import places as where
from aura_stack.system.checkouts import Checkout, checkout
from aura_stack.system.places import Places

from .defined import Definition, Source
from .definition import source

_MOST_TRIES = 100  # of replicas whose numbers are busy


class Claim:
    """The numbers of one stack: what it has is kept against others, until it lets go or its lock is dropped.

    Args:
        register: where all stacks of this user note theirs.
        lease: what it has.
    """

    def __init__(self, register: Register, lease: Lease) -> None:
        self._register = register
        self.lease = lease
        self.why_not = ""
        """Why nothing can be noted; then nothing is kept."""

    def taken(self, services: Iterable[Service]) -> dict[int, Lease]:
        """Take also the numbers of these services, and answer those that other stacks have."""
        wanted = _given(services)
        have = {one.number for one in self.lease.given}
        if self.why_not or wanted.keys() <= have:
            return {}
        try:
            with self._register.locked():
                held = leases.by_number(self.others())
                more = [one for number, one in wanted.items() if number not in have and number not in held]
                self.lease = self.lease.but(given=(*self.lease.given, *more))
                self.note()
        except OSError:
            return {}  # it was noted at the start, so the disk is full: the kernel still says who listens where
        return {number: held[number] for number in wanted if number in held}

    def narrow(self, services: Iterable[Service]) -> None:
        """Let others have the numbers that none of these services has: another definition, or fewer replicas."""
        needed = _given(services)
        given = tuple(needed[one.number] for one in self.lease.given if one.number in needed)
        if self.why_not or given == self.lease.given:
            return
        with suppress(OSError), self._register.locked():  # they are given back at the end all the same
            self.lease = self.lease.but(given=given)
            self.note()

    def others(self) -> list[Lease]:
        """The leases of the other stacks that run."""
        return [one for one in self._register.living() if one.id != self.lease.id]

    def spared(self) -> frozenset[int]:
        """The numbers that other stacks have now."""
        return frozenset(leases.by_number(self.others()))

    def extended(self, source: Source, definition: Definition) -> Definition:
        """A definition that was read again, in a worktree with numbers of its own also for ports that came to it.

        Raises:
            AuraError: there is no number left in a range (exit code 6).
        """
        numbers = definition.variant.numbers
        new = [
            one
            for one in _asked(definition, frozenset())
            if leases.slot(one.service, one.port.key) not in numbers
        ]
        if not self.lease.worktree or self.lease.takes or not new:
            return definition
        ours = {port.number for service in definition.stack.own for port in service.ports}
        held = leases.by_number(self.others())
        found = allot(
            new,
            Around(self.lease.stack, apart=True, held=held),
            lambda port: _replacements(port, definition),
            lambda number: number not in ours and can_be_had(number),
        )
        if found.missing:
            raise _none_left(found)
        spared = definition.variant.spared | frozenset(held)
        return _renewed(source, definition, {**numbers, **found.numbers}, spared)

    def let_go(self) -> None:
        """End the lease; numbers that are others than written are remembered for the next time."""
        if self.why_not:
            return
        moved = self.lease.moved
        takes = self._takes()
        try:
            if moved or takes:
                self._register.write(self.lease.but(pid=0, given=moved, takes=takes))
            else:
                self._register.remove(self.lease.id)
        except OSError:
            return  # it ends with the lock all the same

    def note(self) -> None:
        """Put it into the register; OSError if that is not possible."""
        self._register.write(self.lease.but(takes=self._takes()))

    def _takes(self) -> bool:
        """Whether it has the written numbers from its next start on: somebody may have said so since it started."""
        noted = next((one for one in self._register.leases() if one.id == self.lease.id), self.lease)
        return noted.takes


class Settled(Frozen):
    """A definition with the numbers that it has here, and what is to be said of them."""

    definition: Definition
    claim: Claim
    notices: tuple[str, ...]


def settle(
    source: Source,
    definition: Definition,
    meant: Iterable[str],
    places: Places,
    environ: Mapping[str, str],
    *,
    shift: bool = False,
) -> Settled:
    """Give the stack its numbers, and note them in the register; the lock of the stack is held.

    Args:
        source: of the definition, to be made another variant of.
        definition: with the numbers that are written.
        meant: names of the services that are about to start.
        places: of the stack.
        environ: says where the register is.
        shift: whether busy numbers are exchanged for others.

    Raises:
        AuraError: there is no number left in a range (exit code 6).
    """
    stand = _Stand(source, definition, places, environ)
    wanted = frozenset(meant)
    try:
        with stand.register.locked():
            stand.register.forget_the_gone()
            settled = stand.settle(wanted, shift=shift, others=stand.others())
            settled.claim.note()
    except OSError as error:
        settled = stand.settle(wanted, shift=shift, others=[])
        settled.claim.why_not = f"{stand.register.directory}: {error.strerror}"
        words = f"other stacks cannot be told which ports this one has: {settled.claim.why_not}"
        settled = settled.but(notices=(*settled.notices, words))
    return settled


def as_it_is(source: Source, variant: Variant, places: Places, environ: Mapping[str, str]) -> Definition:
    """A definition with the numbers that its stack has here, or would be given if it started now; nothing is noted.

    Raises:
        AuraError: as `Source.definition` and `settle`.
    """
    definition = source.definition(variant)
    stand = _Stand(source, definition, places, environ)
    if stand.own is not None and is_living(stand.own):
        numbers = {one.slot: one.number for one in stand.own.moved}
        return (
            _renewed(source, definition, numbers, _spared(stand.others(), definition))
            if numbers
            else definition
        )
    others = stand.others()
    if not (stand.apart or any(one.stack == _called(definition) and _runs_here(one) for one in others)):
        return definition
    return stand.settle(frozenset(), shift=False, others=others).definition


def take(file: str, variant: Variant, places: Places, environ: Mapping[str, str]) -> str:
    """Let this checkout have the numbers that are written, from its next start on; what was done, in words.

    Raises:
        AuraError: it stands in no linked worktree and needs none, or another checkout has them and runs (exit code 6).
    """
    files = source(file, environ)
    stand = _Stand(files, files.definition(variant), places, environ)
    try:
        return stand.take()
    except OSError as error:
        message = f"nothing can be noted in {stand.register.directory}: {error.strerror}"
        raise AuraError(message, exit_code=ExitCode.NOT_PERMITTED) from error


def _runs_here(lease: Lease) -> bool:
    return is_near(lease) and is_living(lease)


def _called(definition: Definition) -> str:
    return "@".join(filter(None, (definition.stack.name, definition.instance)))


class _Stand:
    """A stack in its checkout, and what it had the last time."""

    def __init__(
        self, source: Source, definition: Definition, places: Places, environ: Mapping[str, str]
    ) -> None:
        self._source = source
        self._definition = definition
        self._places = places
        self.register = Register(where.leases(environ))
        self.id = os.path.basename(places.runtime)
        self._leases = self.register.leases()
        self.own = next((one for one in self._leases if one.id == self.id), None)
        self._checkout = checkout(definition.stack.directory)

    @property
    def linked(self) -> str:
        """The name of the linked worktree in which it stands, "" for none."""
        return self._checkout.linked if self._checkout else ""

    @property
    def apart(self) -> bool:
        """Whether it is a linked worktree that did not take the written numbers."""
        return bool(self.linked) and not (self.own and self.own.takes)

    def take(self) -> str:
        """See `take`; OSError if nothing can be noted."""
        definition, stack = self._definition, _called(self._definition)
        written = {one.port.number for one in _asked(definition, frozenset())}
        with self.register.locked():
            others = [one for one in self.others() if one.stack == stack]
            for one in others:
                if _runs_here(one) and any(each.number in written for each in one.given):
                    folder = os.path.dirname(one.file)
                    message = f"{stack} runs in {folder} (pid {one.pid}) and has them"
                    raise AuraError(message, f"aura-stack -C {folder} down", ExitCode.PORT_CONFLICT)
            for one in others:
                if one.takes:
                    self.register.write(one.but(takes=False))
            if self.linked:
                file, lock = definition.stack.file, self._places.lock
                own = self.own or Lease(self.id, stack, file, lock, worktree=self.linked)
                self.register.write(own.but(takes=True))
        when = "from its next start on" if self.own and is_living(self.own) else "from now on"
        return f"{definition.stack.file} has the numbers of the manifest {when}"

    def others(self) -> list[Lease]:
        """What all other stacks have, or had."""
        self._leases = self.register.leases()
        return [one for one in self._leases if one.id != self.id]

    def settle(self, meant: frozenset[str], *, shift: bool, others: Sequence[Lease]) -> Settled:
        """Decide; nothing is written."""
        definition = self._definition
        stack = _called(definition)
        living = [one for one in others if _runs_here(one)]
        dead = [one for one in others if one not in living]
        around = Around(
            stack,
            apart=self.apart,
            shift=shift,
            had={one.slot: one for one in self.own.given} if self.own else {},
            held=leases.by_number(living),
            spared=frozenset(one.number for lease in dead for one in lease.moved),
        )
        asked = _asked(definition, meant)
        allotment = allot(asked, around, self._candidates, can_be_had)
        if allotment.missing:
            raise _none_left(allotment)
        if allotment.numbers or any(one.number in around.held for one in _of_replicas(definition)):
            spared = _spared(living, definition)
            definition = _renewed(self._source, definition, allotment.numbers, spared)
        if shift:
            definition = _past_busy_replicas(self._source, definition)
        lease = Lease(
            self.id,
            stack,
            definition.stack.file,
            self._places.lock,
            os.getpid(),
            self.linked,
            bool(self.own and self.own.takes),
            (*allotment.given, *_of_replicas(definition)),
            network.here(),
        )
        return Settled(
            definition, Claim(self.register, lease), tuple(_notices(allotment, self._checkout, stack))
        )

    def _candidates(self, port: Port) -> Iterator[int]:
        return _replacements(port, self._definition)


def _replacements(port: Port, definition: Definition) -> Iterator[int]:
    from aura_stack.ports.moving import replacements  # noqa: PLC0415 - for a port whose number is not to be had

    return replacements(port, definition.within, definition.manifest)


def _given(services: Iterable[Service]) -> dict[int, Given]:
    """The numbers of these services, as far as they are ours."""
    return {
        port.number: Given(service.name, port.key, port.written or port.number, port.number)
        for service in services
        if not service.external
        for port in service.ports
    }


def _asked(definition: Definition, meant: frozenset[str]) -> list[Asked]:
    own = [one for one in definition.stack.own if one.replica == 1]
    return [Asked(one.name, port, one.name in meant) for one in own for port in one.ports]


def _of_replicas(definition: Definition) -> Iterator[Given]:
    for service in definition.stack.own:
        for port in service.ports:
            if service.replica > 1:
                yield Given(service.name, port.key, port.number, port.number)


def _spared(living: Iterable[Lease], definition: Definition) -> frozenset[int]:
    """What no replica gets: what other stacks have, and what is written for the services of this one."""
    written = {port.written or port.number for service in definition.stack.own for port in service.ports}
    return frozenset(leases.by_number(living)) | written


def _renewed(
    source: Source, definition: Definition, numbers: Mapping[str, int], spared: frozenset[int]
) -> Definition:
    return source.definition(definition.variant.but(numbers=numbers, spared=spared))


def _past_busy_replicas(source: Source, definition: Definition) -> Definition:
    """Replicas have the next numbers, whoever may listen there: pass over those."""
    for _ in range(_MOST_TRIES):
        replicas = [service for service in definition.stack.own if service.replica > 1]
        busy = {port.number for one in replicas for port in one.ports if not can_be_had(port.number)}
        if not busy:
            break
        spared = definition.variant.spared | busy
        definition = source.definition(definition.variant.but(spared=spared))
    return definition


def _none_left(allotment: Allotment) -> AuraError:
    words = [
        f"{one.service}: no number is left in the place of {one.port.number}"
        + (f" in {one.port.range}" if one.port.range else "")
        for one in allotment.missing
    ]
    hint = "make the range wider in the manifest; aura-stack ports leases shows who has its numbers"
    return AuraError("\n".join(words), hint, ExitCode.PORT_CONFLICT)


def _notices(allotment: Allotment, found: Checkout | None, stack: str) -> Iterator[str]:
    """Say which numbers are others than written, and why."""
    home = os.path.expanduser("~")

    def short(path: str) -> str:
        return "~" + path[len(home) :] if path == home or path.startswith(home.rstrip("/") + "/") else path

    apart = [one for one in allotment.moved if one.why is Why.WORKTREE]
    if apart and found:
        yield f"this is the worktree {found.linked} of {short(found.main)}, with ports of its own: {_told(apart)}"
    holders = {
        one.holder.file: one.holder for one in allotment.moved if one.why is Why.RUNNING and one.holder
    }
    for file, holder in holders.items():
        moved = [one for one in allotment.moved if one.holder is holder]
        yield f"{stack} runs already in {short(os.path.dirname(file))} (pid {holder.pid}), so here: {_told(moved)}"
    busy = [one for one in allotment.moved if one.why is Why.BUSY]
    if busy:
        yield f"ports that are taken were exchanged: {_told(busy)}"


def _told(moved: Iterable[Moved]) -> str:
    return ", ".join(f"{one.given.slot} {one.given.number} (for {one.given.written})" for one in moved)
