"""Puts together what is declared, what stands in the files and who listens: one verdict for every number."""

from collections.abc import Iterable, Iterator, Sequence

from aura_stack.frozen import NamedTuple

from .findings import Confidence, Language
from .ground import Declared, Ground
from .judging import Judged, Verdict

_GRAVEST = (Verdict.SPLIT, Verdict.SQUATTED, Verdict.DRIFT, Verdict.UNDECLARED, Verdict.GHOST)


class Holder(NamedTuple):
    """A process that listens on a port.

    Attributes:
        number: the port.
        pid: None where it may not be seen.
        command: its command line, "" where it may not be seen.
        service: of the stack, as whose run it was started; "" for another process.
        inside: it runs in the project's folder.
        addresses: on which it listens, where that can be seen.
    """

    number: int
    pid: int | None
    command: str = ""
    service: str = ""
    inside: bool = False
    addresses: tuple[str, ...] = ()


class Row(NamedTuple):
    """A number.

    Attributes:
        number: what is declared, or for a number without a name, what was found.
        entry: its name, "" for none.
        services: who uses the entry.
        verdict: the gravest of what is to be said.
        places: where it stands, or should stand.
        holders: who listens on it.
        remarks: what is wrong, in words.
    """

    number: int
    entry: str
    services: tuple[str, ...]
    verdict: Verdict
    places: tuple[Judged, ...]
    holders: tuple[Holder, ...]
    remarks: tuple[str, ...] = ()

    @property
    def is_wrong(self) -> bool:
        """Whether somebody should look at it; a ghost harms nobody."""
        return self.verdict not in {Verdict.OK, Verdict.GHOST}


def rows(ground: Ground, judged: Sequence[Judged], holders: Iterable[Holder]) -> tuple[Row, ...]:
    """A row for every entry, in the order of the manifest, then one for every number that has none."""
    held: dict[int, list[Holder]] = {}
    for holder in holders:
        held.setdefault(holder.number, []).append(holder)
    found = [
        _declared(one, [each for each in judged if each.entry == one.name], held.get(one.number, []))
        for one in sorted(ground.declared.values(), key=lambda one: one.external)
    ]
    known = {one.number for one in ground.declared.values()}
    unknown = sorted(
        {each.finding.number for each in judged if each.counts and not each.entry} | (held.keys() - known)
    )
    return (*found, *(_unknown(number, judged, held.get(number, [])) for number in unknown))


def _declared(one: Declared, places: list[Judged], holders: list[Holder]) -> Row:
    said = [
        *(_split(places, holders)),
        *(_squatted(one, holders)),
        *((Verdict.DRIFT, _drift(each)) for each in places if each.verdict is Verdict.DRIFT),
    ]
    if not said and not one.services and not holders and not any(_is_use(each) for each in places):
        said = [(Verdict.GHOST, "no service has it, nothing in the code names it, nobody listens")]
    return _row(one.number, one.name, one.services, places, holders, said)


def _unknown(number: int, judged: Sequence[Judged], holders: list[Holder]) -> Row:
    places = [each for each in judged if not each.entry and each.finding.number == number]
    listening = [each for each in holders if each.service]
    said = [(Verdict.UNDECLARED, f"{each.service} listens on it") for each in listening]
    said += [
        (Verdict.UNDECLARED, f"{each.finding.place} {each.finding.expression}")
        for each in places
        if each.counts
    ]
    said = [*_split(places, []), *said]
    return _row(number, "", (), places, holders, said)


def _row(
    number: int,
    entry: str,
    services: tuple[str, ...],
    places: list[Judged],
    holders: list[Holder],
    said: list[tuple[Verdict, str]],
) -> Row:
    verdict = next((each for each in _GRAVEST if any(each is one for one, _ in said)), Verdict.OK)
    remarks = tuple(dict.fromkeys(text for one, text in said if text))
    return Row(number, entry, services, verdict, tuple(places), tuple(holders), remarks)


def _drift(judged: Judged) -> str:
    return f"{judged.finding.place} has {judged.finding.number}"


def _split(places: Iterable[Judged], holders: list[Holder]) -> Iterator[tuple[Verdict, str]]:
    """One number, two servers: in the code of two services, or on two addresses of this machine."""
    listening = {
        each.service: each
        for each in places
        if each.finding.confidence is Confidence.LISTENER
        and each.finding.own
        and each.service
        and each.verdict is not Verdict.DRIFT
        and not each.finding.aside
    }
    if len(listening) > 1:
        told = " and ".join(f"{name} ({each.finding.place})" for name, each in sorted(listening.items()))
        yield Verdict.SPLIT, f"{told} listen on the same number"
    by_process = {each.pid: each for each in holders if each.addresses}
    addresses = {each.addresses for each in by_process.values()}
    if len(by_process) > 1 and len(addresses) > 1:
        told = " and ".join(
            f"pid {pid} on {', '.join(each.addresses)}" for pid, each in sorted(by_process.items(), key=str)
        )
        yield Verdict.SPLIT, f"two servers share it: {told}"


def _squatted(one: Declared, holders: list[Holder]) -> Iterator[tuple[Verdict, str]]:
    """Somebody who is neither the service nor started by hand in the project listens on a number of ours."""
    if one.external:
        return
    for each in holders:
        if (each.service and each.service not in one.services) or (not each.service and not each.inside):
            who = (
                f"service {each.service}"
                if each.service
                else f"pid {each.pid}"
                if each.pid
                else "another user"
            )
            yield Verdict.SQUATTED, f"{who} listens on it"


def _is_use(judged: Judged) -> bool:
    """Whether a place is more than talk."""
    return judged.finding.language is not Language.DOCUMENT and not judged.finding.aside
