"""The rules that numbers of a manifest keep, each with a name by which an entry can be exempted from it."""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from aura_stack.errors import Place, Problem
from aura_stack.frozen import Frozen
from aura_stack.reading.words import quoted

from .browsers import BLOCKED
from .entries import Entry, Manifest, spelled

_PRIVILEGED = 1024  # below it, systems ask for root as they come
NOWHERE = Place("", 1, 1)


class Rule(StrEnum):
    """What can be wrong with a number."""

    DUPLICATE = "duplicate"
    OUT_OF_RANGE = "out-of-range"
    RESERVED = "reserved"
    PRIVILEGED = "privileged"
    BLOCKED = "blocked-by-browsers"
    EPHEMERAL = "ephemeral"


class Finding(Frozen):
    """What is wrong with an entry, why that matters, and what to do; `waived` is the reason why it does not count.

    An `error` keeps the stack from starting, anything else is worth knowing.
    """

    rule: Rule
    entry: str
    number: int
    reason: str
    cure: str
    place: Place
    error: bool = True
    waived: str = ""


class Kernel(Frozen):
    """What the machine does with numbers: those it gives to outgoing connections, but for the reserved ones."""

    ephemeral: range = range(0)
    reserved: Sequence[range] = ()
    reservable: bool = False


ANYWHERE = Kernel()
"""A machine of which nothing is known."""


def findings(manifest: Manifest, kernel: Kernel = ANYWHERE) -> list[Finding]:
    """All that is wrong with the entries of ours, in the order of the file; those that are waived are among them.

    Args:
        manifest: whose entries.
        kernel: what this machine does with numbers; by default nothing, so that what is found is true everywhere.
    """
    own = [entry for entry in manifest.entries.values() if not entry.external]
    foreign = {entry.number: entry.name for entry in manifest.entries.values() if entry.external}
    first: dict[int, Entry] = {}
    for entry in own:
        first.setdefault(entry.number, entry)
    found = []
    for entry in sorted(own, key=lambda one: one.place):
        for rule, reason, cure in _broken(entry, first[entry.number], foreign, manifest, kernel):
            waived = entry.waived.get(rule, "")
            error = rule is not Rule.EPHEMERAL
            found.append(Finding(rule, entry.name, entry.number, reason, cure, entry.place, error, waived))
    return found


def problems(manifest: Manifest) -> Iterator[Problem]:
    """The findings that keep a stack from starting wherever it is."""
    for one in findings(manifest):
        if one.error and not one.waived:
            yield Problem(one.place, f"{one.reason} [{one.rule}]", one.cure)


_Broken = Iterator[tuple[Rule, str, str]]


def _broken(
    entry: Entry, first: Entry, foreign: dict[int, str], manifest: Manifest, kernel: Kernel
) -> _Broken:
    spans = manifest.ranges.get(entry.range, ())
    if first is entry and _is_plain(entry.number, spans, foreign, manifest, kernel):
        return  # nearly all are, and words cost more than looks
    called = f"port {entry.number} of {quoted(entry.name)}"
    other = _other_number(entry.range)
    if first is not entry:
        reason = f"{called} is already that of {quoted(first.name)}, on line {first.place.line}"
        yield Rule.DUPLICATE, reason, other
    if spans and not _within(entry.number, spans):
        yield Rule.OUT_OF_RANGE, f"{called} is outside of its range", f"{entry.range} is {spelled(spans)}"
    if entry.number in foreign:
        reason = f"{called} is that of the external system {quoted(foreign[entry.number])}"
        yield Rule.RESERVED, reason, other
    elif _within(entry.number, manifest.reserved):
        yield Rule.RESERVED, f"{called} is one that the manifest reserves", other
    if entry.number < _PRIVILEGED:
        yield Rule.PRIVILEGED, f"{called} is kept for root on most systems", f"take one from {_PRIVILEGED} up"
    if entry.number in BLOCKED:
        yield Rule.BLOCKED, f"{called} is one that browsers refuse to talk to", other
    if entry.number in kernel.ephemeral and not _within(entry.number, kernel.reserved):
        yield Rule.EPHEMERAL, *_ephemeral(entry, called, kernel)


def _is_plain(
    number: int, spans: Sequence[range], foreign: dict[int, str], manifest: Manifest, kernel: Kernel
) -> bool:
    """Whether a number breaks none of the rules that look at it alone."""
    return (
        number >= _PRIVILEGED
        and number not in BLOCKED
        and number not in foreign
        and number not in kernel.ephemeral
        and not _within(number, manifest.reserved)
        and (not spans or _within(number, spans))
    )


def _ephemeral(entry: Entry, called: str, kernel: Kernel) -> tuple[str, str]:
    low, high = kernel.ephemeral[0], kernel.ephemeral[-1]
    reason = (
        f"{called} is one of {low}-{high}, which the kernel gives to outgoing connections: while one has it, "
        "nobody can listen there, and no listener is to be seen"
    )
    cure = f"take a number below {low}"
    return reason, f"{cure}, or {reserving([entry.number], kernel)}" if kernel.reservable else cure


def rules_of(number: int) -> list[str]:
    """The rules that a number breaks by itself, wherever it stands."""
    entry = Entry(
        "", number, "", external=False, description="", owner="", place=NOWHERE, range_place=NOWHERE
    )
    return [str(one.rule) for one in findings(Manifest("", {}, {"": entry}))]


def reserving(numbers: Iterable[int], kernel: Kernel) -> str:
    """The line that keeps numbers from outgoing connections, besides those that are kept already."""
    spans = sorted(
        {(span[0], span[-1]) for span in kernel.reserved} | {(number, number) for number in numbers}
    )
    value = ",".join(f"{low}-{high}" if high > low else f"{low}" for low, high in spans)
    return (
        f"sudo sysctl net.ipv4.ip_local_reserved_ports={value} (for good: a line in a file in /etc/sysctl.d)"
    )


def _other_number(within: str) -> str:
    return (
        f"aura-stack ports next --range {within} shows one that is free" if within else "take another number"
    )


def _within(number: int, spans: Sequence[range]) -> bool:
    return any(number in span for span in spans)
