"""Numbers other than those that are written: of a profile with a range of its own, and of further replicas."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain

from aura_stack.errors import Problem
from aura_stack.reading.suggest import did_you_mean
from aura_stack.reading.tree import Scalar
from aura_stack.reading.words import quoted
from aura_stack.stack.model import Port

from .browsers import BLOCKED
from .entries import Manifest
from .leases import slot
from .policy import Assigned, range_of

_SPAN = r"\s*([0-9]{1,5})\s*(?:-\s*([0-9]{1,5})\s*)?"
_HIGHEST = 65535

Ports = Mapping[str, tuple[Port, ...]]


def spans(
    words: Iterable[Scalar], manifest: Manifest | None
) -> tuple[tuple[range, ...], tuple[Problem, ...]]:
    """The numbers that a profile's `range` means: names of ranges in the manifest, `4200-4299`, single numbers."""
    found: list[range] = []
    problems = []
    known = manifest.ranges if manifest else {}
    for word in words:
        match = re.fullmatch(_SPAN, word.text)
        if word.text in known:
            found += known[word.text]
        elif match and 0 < int(match[1]) <= int(match[2] or match[1]) <= _HIGHEST:
            found.append(range(int(match[1]), int(match[2] or match[1]) + 1))
        else:
            hint = did_you_mean(word.text, known) or "write numbers such as 4200-4299"
            problems.append(
                Problem(
                    word.place,
                    f"{quoted(word.text)} is no range of the manifest and no range of numbers",
                    hint,
                )
            )
    return tuple(found), tuple(problems)


def relocated(
    ports: Ports, external: Iterable[str], within: Sequence[range], manifest: Manifest | None
) -> Assigned:
    """Every port of our own services moved into other numbers.

    A port keeps its distance from the beginning of its range where it can, so that 4010 of 4000-4099 is 4210 in
    4200-4299; others get the first that nobody has.

    Args:
        ports: by service.
        external: services whose ports are not ours to move.
        within: where to.
        manifest: says where a number's range begins, and which numbers have names already.
    """
    numbers = list(dict.fromkeys(chain.from_iterable(within)))
    spared = set(external)
    own = [port for name, each in ports.items() if name not in spared for port in each]
    taken = {port.number for name in spared for port in ports.get(name, ())}
    taken |= {entry.number for entry in manifest.entries.values()} if manifest else set()
    places = {port: _same_distance(port.number, numbers, manifest) for port in own}
    moved: dict[Port, int] = {}
    for keeps in (True, False):
        for port in own:
            wish = places[port]
            number = wish if keeps else next((each for each in numbers if each not in taken), None)
            if port not in moved and number is not None and number not in taken:
                moved[port] = number
                taken.add(number)
    problems = [
        Problem(
            port.place, f"the range of the profile has no number left for port {port.number}", "make it wider"
        )
        for port in own
        if port not in moved
    ]
    to = {
        name: each if name in spared else tuple(_at(port, moved.get(port, port.number)) for port in each)
        for name, each in ports.items()
    }
    return Assigned(to, tuple(problems))


def exchanged(ports: Ports, numbers: Mapping[str, int]) -> Ports:
    """The ports with other numbers than the written ones.

    Args:
        ports: by service.
        numbers: by `service` or `service/key`; whoever is not named keeps its own.
    """
    if not numbers:
        return ports
    return {
        name: tuple(_exchanged(port, numbers.get(slot(name, port.key), port.number)) for port in each)
        for name, each in ports.items()
    }


def _exchanged(port: Port, number: int) -> Port:
    return port if number == port.number else port.but(number=number, written=port.number)


def replacements(port: Port, within: Sequence[range], manifest: Manifest | None) -> Iterator[int]:
    """The numbers that may stand in the place of a port's, the next one first: without a name, not blocked.

    Args:
        port: whose number is not to be had.
        within: where its number comes from, if a profile says so; else the manifest does.
        manifest: says which ranges there are, and which numbers have names already.
    """
    named = {entry.number for entry in manifest.entries.values()} if manifest else set()
    numbers = sorted(set(chain.from_iterable(within or range_of(port.number, manifest))))
    numbers = numbers or list(range(port.number + 1, _HIGHEST + 1))
    later = (each for each in numbers if each > port.number)
    earlier = (each for each in numbers if each < port.number)
    return (each for each in chain(later, earlier) if each not in named and each not in BLOCKED)


def spread(
    ports: Ports,
    counts: Mapping[str, int],
    names: Mapping[str, Sequence[str]],
    manifest: Manifest | None,
    spared: Collection[int] = (),
) -> Assigned:
    """Ports for replicas: the first has those of its service, each further one the next numbers of their ranges.

    Args:
        ports: by service.
        counts: replicas by service; a service with none keeps its numbers, so that others do not get them.
        names: of all replicas by service, the first one first.
        manifest: says which ranges there are, and which numbers have names already.
        spared: further numbers that no replica gets.
    """
    found: dict[str, tuple[Port, ...]] = dict(ports)
    taken = {port.number for each in ports.values() for port in each} | set(spared)
    taken |= {entry.number for entry in manifest.entries.values()} if manifest else set()
    problems: list[Problem] = []
    for name, count in counts.items():
        last = {port.key: port.number for port in ports.get(name, ())}
        for number in range(1, count):
            replica = names[name][number]
            more = []
            for port in ports.get(name, ()):
                free = next(
                    (each for each in _after(last[port.key], port.number, manifest) if each not in taken),
                    None,
                )
                if free is None:
                    message = f"there is no number left in the range of {port.number} for {replica}"
                    problems.append(Problem(port.place, message, "make the range wider, or replicas fewer"))
                    continue
                taken.add(free)
                last[port.key] = free
                more.append(_at(port, free))
            if more:
                found[replica] = tuple(more)
    return Assigned(found, tuple(problems))


def _same_distance(number: int, numbers: Sequence[int], manifest: Manifest | None) -> int | None:
    own = sorted(set(chain.from_iterable(range_of(number, manifest))))
    distance = own.index(number) if number in own else len(numbers)
    return numbers[distance] if distance < len(numbers) else None


def _after(number: int, first: int, manifest: Manifest | None) -> Iterator[int]:
    """The numbers behind that one: of the range of the first, else all above."""
    within = sorted(set(chain.from_iterable(range_of(first, manifest)))) or range(number + 1, _HIGHEST + 1)
    yield from (each for each in within if each > number)
    yield from (each for each in within if each < number)


def _at(port: Port, number: int) -> Port:
    return port if port.number == number else port.but(number=number, entry="", written=0)
