"""Says of every finding which entry it is of, and whether it is the number that the manifest has for it."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from .findings import Confidence, Finding, Form, Language
from .ground import Declared, Ground, Owned
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
    """

    finding: Finding
    verdict: Verdict
    entry: str = ""
    service: str = ""
    expected: int = 0

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
    for finding in findings:
        judged = _judged(finding, ground)
        if judged is not None:
            yield judged


def _judged(finding: Finding, ground: Ground) -> Judged | None:
    number = finding.number
    owner = ground.owner(finding.place.file)
    service = owner.name if owner else ""
    declared = ground.by_number.get(number)
    if finding.aside:
        return Judged(finding, Verdict.OK, declared.name if declared else "", service, number)
    if finding.own and owner is not None and owner.ports:
        return _of_owner(finding, owner, declared)
    return _named(finding, service, declared, ground)


def _named(finding: Finding, service: str, declared: Declared | None, ground: Ground) -> Judged | None:
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
    if finding.weak:
        return None
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


def reads_environment(finding: Finding) -> bool:
    """Whether a number stands there for the case alone that a variable is not set."""
    return finding.form is Form.DEFAULT
