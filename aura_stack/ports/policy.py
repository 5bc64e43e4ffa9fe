"""Which number each service gets, what forbids it, and which number to offer in its place."""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from itertools import chain

from aura_stack.errors import Problem
from aura_stack.frozen import NamedTuple
from aura_stack.reading.suggest import did_you_mean
from aura_stack.reading.words import quoted
from aura_stack.stack.model import Port, PortClaim

from .browsers import BLOCKED
from .entries import Entry, Manifest, State

_PORTS = range(1, 65536)


class Assigned(NamedTuple):
    """The ports of each service that has some, and why others have none."""

    ports: Mapping[str, tuple[Port, ...]]
    problems: tuple[Problem, ...]


def assign(claims: Sequence[PortClaim], manifest: Manifest | None) -> Assigned:
    """Give every service its numbers.

    Args:
        claims: what the services ask for.
        manifest: where names are looked up; None for a stack that uses plain numbers.
    """
    ports: dict[str, tuple[Port, ...]] = {}
    holders: dict[int, PortClaim] = {}
    problems: list[Problem] = []
    for claim in claims:
        found = _port(claim, manifest)
        if isinstance(found, Problem):
            problems.append(found)
        elif found is not None:
            ports[claim.service] = (*ports.get(claim.service, ()), found)
            problems += _shared(claim, found, holders.setdefault(found.number, claim))
    return Assigned(ports, tuple(problems))


def lost(manifest: Manifest) -> Iterator[Problem]:
    """Entries whose range does not exist."""
    for entry in manifest.entries.values():
        if entry.range and entry.range not in manifest.ranges:
            hint = did_you_mean(entry.range, manifest.ranges)
            yield Problem(entry.range_place, f"there is no range called {quoted(entry.range)}", hint)


def next_free(
    number: int, manifest: Manifest | None, taken: Container[int], is_free: Callable[[int], bool]
) -> int | None:
    """The number to use in the place of one that is taken: of the same range if it is of one, else above it.

    The next one comes first; behind the end of a range, those from its beginning. Asked again with its answer,
    it gives the one after that.

    Args:
        number: what cannot be had.
        manifest: says which ranges there are; a number that has a name in it is never offered, nor
            one that browsers refuse.
        taken: further numbers that are spoken for, whether or not somebody listens there.
        is_free: whether a number can be had now.

    Returns:
        None if there is no such number.
    """
    within = sorted(set(chain.from_iterable(range_of(number, manifest)))) or _PORTS[number:]
    named = {entry.number for entry in manifest.entries.values()} if manifest else set()
    later = (candidate for candidate in within if candidate > number)
    earlier = (candidate for candidate in within if candidate < number)
    return next(
        (
            each
            for each in chain(later, earlier)
            if each not in named and each not in BLOCKED and each not in taken and is_free(each)
        ),
        None,
    )


def range_of(number: int, manifest: Manifest | None) -> tuple[range, ...]:
    """The spans of the range a number belongs to: that of its entry, else the first it lies in, else none."""
    if manifest is None:
        return ()
    own = [entry.range for entry in manifest.entries.values() if entry.number == number]
    around = [name for name, spans in manifest.ranges.items() if any(number in span for span in spans)]
    return next((manifest.ranges[name] for name in own + around if name in manifest.ranges), ())


def _port(claim: PortClaim, manifest: Manifest | None) -> Port | Problem | None:
    """The port that is claimed, what forbids it, or None if that has been reported."""
    if isinstance(claim.word, int):
        number = claim.word
        return _unnamed(claim, number, manifest) or _made(claim, number, "", "")
    if manifest is None:
        hint = "name one with ports: FILE at the top, or write a number"
        return Problem(
            claim.place, f"{quoted(claim.word)} is a name, and the stack has no port manifest", hint
        )
    entry = manifest.entries.get(claim.word)
    if entry is not None:
        return (
            _not_ours(claim, entry)
            or _retired(claim, entry)
            or _made(claim, entry.number, entry.name, entry.range)
        )
    if claim.word in manifest.unusable:
        return None
    hint = did_you_mean(claim.word, [*manifest.entries, *manifest.unusable])
    return Problem(claim.place, f"{manifest.file} has no port called {quoted(claim.word)}", hint)


def _made(claim: PortClaim, number: int, entry: str, within: str) -> Port:
    return Port(claim.key, number, claim.variable, entry, within, claim.place)


def _unnamed(claim: PortClaim, number: int, manifest: Manifest | None) -> Problem | None:
    """With a manifest every number has a name there, or the manifest would not be the whole truth."""
    if manifest is None:
        return None
    named = [name for name, entry in manifest.entries.items() if entry.number == number]
    hint = did_you_mean(named[0], named) if named else f"give it a name in {manifest.file}, and write that"
    return Problem(claim.place, f"{number} is a plain number, and the stack has a port manifest", hint)


def _not_ours(claim: PortClaim, entry: Entry) -> Problem | None:
    if not entry.external or claim.external:
        return None
    message = f"{quoted(entry.name)} is an external port, which only an external service can have"
    return Problem(claim.place, message, "move it to ports in the manifest, or write external: true")


def _retired(claim: PortClaim, entry: Entry) -> Problem | None:
    if entry.state is not State.RETIRED:
        return None
    hint = entry.note or "take another entry, or write another state in the manifest"
    return Problem(claim.place, f"port {quoted(entry.name)} is retired", hint)


def _shared(claim: PortClaim, port: Port, first: PortClaim) -> Iterator[Problem]:
    """Two services cannot listen on one port; two checks of one external program can be."""
    if first is not claim and not (claim.external and first.external):
        holder = f"service {quoted(first.service)}" if first.service != claim.service else "this service"
        message = f"port {port.number} is already that of {holder}, on line {first.place.line}"
        yield Problem(claim.place, message)
