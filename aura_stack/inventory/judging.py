"""Says of every finding which entry it is of, and whether it is the number that the manifest has for it."""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from aura_stack.errors import Place
from aura_stack.frozen import NamedTuple

from .findings import SCRIPT, Confidence, Finding, Language
from .ground import Declared, Ground, Owned, names
from .names import telling


class Verdict(StrEnum):
    """What is to be said of a number."""

    OK = "ok"
    DRIFT = "drift"  # a place has another number than the manifest
    UNDECLARED = "undeclared"  # a number in use that the manifest does not have
    SQUATTED = "squatted"  # somebody else listens on a number of ours
    GHOST = "ghost"  # declared, and nobody uses it
    SPLIT = "split"  # two have the same number


class Judged(NamedTuple):
    """A finding, and what it comes to.

    Attributes:
        finding: as it was found.
        verdict: ok, drift or undeclared.
        entry: of the manifest, "" for none.
        service: whose file it is, "" where that cannot be told.
        expected: the number that should stand there; for what is ok and undeclared, the one that does.
        further: it is that of another server of the service than its main one.
    """

    finding: Finding
    verdict: Verdict
    entry: str = ""
    service: str = ""
    expected: int = 0
    further: bool = False

    @property
    def counts(self) -> bool:
        """Whether something is wrong here that somebody should look at.

        A number that nobody declared is only that where something listens or asks; a document may speak of other
        machines.
        """
        if self.verdict is Verdict.UNDECLARED:
            return self.finding.confidence is not Confidence.MENTION and not self.finding.aside
        return self.verdict is Verdict.DRIFT


def judge(findings: Iterable[Finding], ground: Ground) -> Iterator[Judged]:
    """Every finding that is a port; one that may be something else, and that nothing speaks for, is left out."""
    every = tuple(findings)
    further = _further(every, ground)
    known = [_judged(each, ground, is_further=(each.place, each.start) in further) for each in every]
    moved = _moved(known)
    for one in known:
        declared = ground.declared.get(moved.get(one.finding.number, ""))
        if declared is not None and one.verdict is Verdict.UNDECLARED and not one.further:
            yield one._replace(verdict=Verdict.DRIFT, entry=declared.name, expected=declared.number)
        elif not (one.finding.weak and one.verdict is Verdict.UNDECLARED):
            yield one


def _moved(every: Iterable[Judged]) -> dict[int, str]:
    """Numbers on which servers listen that should listen elsewhere, with their entries: whoever says one means it."""
    found: dict[int, set[str]] = {}
    for one in every:
        if one.verdict is Verdict.DRIFT and one.finding.own:
            found.setdefault(one.finding.number, set()).add(one.entry)
    return {number: entries.pop() for number, entries in found.items() if len(entries) == 1}


def _further(findings: Sequence[Finding], ground: Ground) -> set[tuple[Place, int]]:
    """Numbers of servers that a service has besides its main one: what differs there is no drift of that.

    It is so where its own number is found as well, or what reads the variable for it, or the script that its
    command runs; and where several numbers differ, so that none of them can be called the one.
    """
    by_service: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.own and not finding.aside and finding.confidence is Confidence.LISTENER:
            owner = ground.owner(finding.place.file)
            if owner is not None and owner.ports:
                by_service.setdefault(owner.name, []).append(finding)
    found: set[tuple[Place, int]] = set()
    for name, listeners in by_service.items():
        owner = ground.service(name)
        assert owner is not None
        found |= {(each.place, each.start) for each in _besides(listeners, owner)}
    return found


def _besides(listeners: list[Finding], owner: Owned) -> list[Finding]:
    numbers = {port.number for port in owner.ports}
    variables = {port.variable for port in owner.ports}
    scripts = {each.what for each in listeners if each.what.startswith(SCRIPT)}
    run = {each for each in scripts if _runs(owner, each.removeprefix(SCRIPT))}
    others = [each for each in listeners if run and each.what in scripts - run]
    rest = [each for each in listeners if each not in others]
    known = any(each.number in numbers or each.variable in variables for each in rest)
    first = {each.number for each in rest if each.what in run}
    named = {each.number for each in rest if not each.variable and names(owner, each.place.file)}
    if not known and not first and len(named) == 1:
        first = named  # the program that the command names
    numbers |= first
    unknown = [each for each in rest if each.number not in numbers and not each.variable]
    settled = known or first or len({each.number for each in unknown}) > 1
    return [*(each for each in others if each.number not in numbers), *(unknown if settled else ())]


def _runs(owner: Owned, script: str) -> bool:
    """Whether the command of a service runs a script of package.json: `npm run dev`, `pnpm dev`, `npm start`."""
    parts = " ".join(owner.words).split()
    return script in parts and bool({"npm", "pnpm", "yarn", "bun"}.intersection(parts))


def _judged(finding: Finding, ground: Ground, *, is_further: bool) -> Judged:
    owner = ground.owner(finding.place.file)
    service = owner.name if owner else ""
    declared = ground.by_number.get(finding.number)
    if finding.aside or (is_further and declared is not None):
        return Judged(finding, Verdict.OK, declared.name if declared else "", service, finding.number)
    if is_further:
        return Judged(finding, Verdict.UNDECLARED, "", service, finding.number, further=True)
    if finding.own and owner is not None and owner.ports:
        return _of_owner(finding, owner, declared)
    return _named(finding, service, declared, ground)


def _named(finding: Finding, service: str, declared: Declared | None, ground: Ground) -> Judged:
    """Of what is called by a name, or by none."""
    number = finding.number
    document = finding.language is Language.DOCUMENT
    named = ground.named(finding.names, exactly=not document)
    if declared is not None:
        if named is not None and named.number != number and not document and _is_own_name(finding):
            return Judged(finding, Verdict.DRIFT, named.name, service, named.number)
        return Judged(finding, Verdict.OK, declared.name, service, number)
    if named is not None:
        return Judged(finding, Verdict.DRIFT, named.name, service, named.number)
    return Judged(finding, Verdict.UNDECLARED, "", service, number)


def _is_own_name(finding: Finding) -> bool:
    """Whether a name that contradicts the number is that of the variable itself, and not of what is around it."""
    return bool(finding.variable) and finding.names[:1] == telling(finding.variable)


def _of_owner(finding: Finding, owner: Owned, declared: Declared | None) -> Judged:
    """Of what a service says about itself: it is one of its ports, or should be."""
    for port, entry in zip(owner.ports, owner.entries, strict=True):
        if finding.number == port.number:
            return Judged(finding, Verdict.OK, entry, owner.name, finding.number)
    wanted = next(
        (place for place, port in enumerate(owner.ports) if port.variable == finding.variable), None
    )
    if wanted is None and (len(owner.ports) == 1 or finding.variable in {"", "PORT"}):
        wanted = 0
    if wanted is None or (len(owner.ports) > 1 and not finding.variable):
        # a second server in a program of several ports: which of them is meant cannot be told
        entry = declared.name if declared else ""
        return Judged(
            finding, Verdict.OK if declared else Verdict.UNDECLARED, entry, owner.name, finding.number
        )
    return Judged(finding, Verdict.DRIFT, owner.entries[wanted], owner.name, owner.ports[wanted].number)
