"""What is wanted of a place: that it reads a variable, or holds another number, or why it is left as it is."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from aura_stack.frozen import NamedTuple
from aura_stack.inventory.findings import SCRIPTS, Confidence, Finding, Form, Language
from aura_stack.inventory.ground import Ground, Owned
from aura_stack.inventory.judging import Judged, Verdict
from aura_stack.reading.words import listed
from aura_stack.stack.model import MAIN_PORT
from aura_stack.stack.outline import as_variable


class Read(NamedTuple):
    """The number is to come from a variable, and to be `number` where that is not set.

    `address` is a variable that holds the whole address of whom is asked, "" for none.
    """

    variable: str
    number: int
    address: str = ""


class Digits(NamedTuple):
    """Another number is to stand there."""

    number: int


class Left(NamedTuple):
    """It is left as it is, though somebody might wish otherwise."""

    reason: str


Wanted = Read | Digits | Left | None
_NONE: Mapping[int, frozenset[str]] = MappingProxyType({})
_HARD = frozenset((Form.NUMBER, Form.TEXT, Form.ABSENT, Form.ADDRESS, Form.TEMPLATE, Form.FLAG))


class Surroundings(NamedTuple):
    """What is to be known of a project besides one finding.

    Attributes:
        ground: what is declared.
        browser: programs that run in a browser.
        listening: by file, how many numbers are listened on in it by programs that belong to no service.
        shared: numbers on which several servers listen that should listen elsewhere, each with their entries.
        held: those of them that nobody may give up now, with the files whose servers do not.
    """

    ground: Ground
    browser: frozenset[str]
    listening: Mapping[str, int]
    shared: Mapping[int, frozenset[str]] = _NONE
    held: Mapping[int, frozenset[str]] = _NONE


def wanted(judged: Judged, around: Surroundings) -> Wanted:
    """What is wanted of a place; None if it is well as it is, or nobody's business."""
    if judged.finding.aside:
        return None
    held = around.held.get(judged.finding.number) if gives_up(judged) else None
    if held and judged.finding.place.file not in held:
        return _not_alone(judged.finding.number, min(held))
    return _wanted(judged, around)


def _wanted(judged: Judged, around: Surroundings) -> Wanted:
    finding = judged.finding
    if finding.confidence is Confidence.LISTENER and finding.own and finding.form in _HARD:
        return _listener(judged, around)
    if finding.form in {Form.ADDRESS, Form.TEMPLATE} or (
        finding.form is Form.FLAG and finding.what == "address"
    ):
        return _address(judged, around)
    if finding.form is Form.DEFAULT and finding.confidence is Confidence.LISTENER and finding.own:
        return _unread(judged, around) or _drifted(judged)
    if judged.verdict is Verdict.UNDECLARED and finding.confidence is Confidence.CLIENT:
        return _undeclared(finding.number, around)
    return _drifted(judged)


def gives_up(judged: Judged) -> bool:
    """Whether it is the number of a server that should listen elsewhere."""
    return judged.verdict is Verdict.DRIFT and judged.finding.own


def shared(every: Iterable[Judged]) -> dict[int, frozenset[str]]:
    """The numbers that several servers are to give up, with their entries: who asks for one means any of them."""
    found: dict[int, set[str]] = {}
    for judged in every:
        if gives_up(judged):
            found.setdefault(judged.finding.number, set()).add(judged.entry)
    return {number: frozenset(entries) for number, entries in found.items() if len(entries) > 1}


def _not_alone(number: int, file: str) -> Left:
    """Whoever gave a number up alone would leave it to others: who asks for it would then be taken for theirs."""
    then = f"whom those mean who ask for {number} could not be told any more"
    return Left(f"{file} listens on {number} as well, and is not changed with it: {then}")


def _undeclared(number: int, around: Surroundings) -> Left:
    if number in around.shared:
        names = listed(sorted(around.shared[number]), "and")
        return Left(f"{names} listen on {number}: which of them is meant cannot be told")
    return Left(f"nobody is called {number} in the manifest (aura-stack ports adopt)")


def _drifted(judged: Judged) -> Wanted:
    return Digits(judged.expected) if judged.verdict is Verdict.DRIFT else None


def _listener(judged: Judged, around: Surroundings) -> Wanted:
    """A server whose number stands in its code: it is to listen where it is told to."""
    finding = judged.finding
    owner = around.ground.service(judged.service)
    if judged.further:
        return Left(
            f"a second server of {judged.service}: give it a port of its own in the stack file (ports: ...)"
        )
    if finding.barrier:
        return Digits(judged.expected) if judged.verdict is Verdict.DRIFT else Left(finding.barrier)
    if owner is None and around.listening.get(finding.place.file, 0) > 1:
        return Left(
            "several servers in a program that is no service of the stack: which of them is PORT cannot be told"
        )
    if owner is not None and owner.ports:
        variable = next((port.variable for port in owner.ports if port.number == judged.expected), "")
        if not variable:
            return Left(f"which of the ports of {owner.name} is meant cannot be told")
        return Read(variable, judged.expected)
    return Read(MAIN_PORT, judged.expected)


def _unread(judged: Judged, around: Surroundings) -> Wanted:
    """A server that reads a variable which nobody sets."""
    variable, owner = judged.finding.variable, around.ground.service(judged.service)
    if (
        owner is None
        or not owner.ports
        or variable in {port.variable for port in owner.ports} | owner.env.keys()
    ):
        return None
    if judged.finding.language not in SCRIPTS | {Language.PYTHON} or judged.verdict is Verdict.DRIFT:
        return None
    return Left(
        f'reads {variable}, which the stack does not set: env: {{{variable}: "${{port}}"}} of {owner.name} would'
    )


def _address(judged: Judged, around: Surroundings) -> Wanted:
    """A client whose address stands in its code: it is to ask where the stack says."""
    finding, ground = judged.finding, around.ground
    if judged.verdict is Verdict.UNDECLARED:
        if finding.confidence is Confidence.MENTION:
            return None
        return _undeclared(finding.number, around)
    barrier = finding.barrier
    if finding.place.file in around.browser:
        barrier = "runs in a browser, which has no environment: ask a path of the page, and let its server pass that on"
    if barrier:
        return Digits(judged.expected) if judged.verdict is Verdict.DRIFT else Left(barrier)
    target = _target(judged.entry, ground)
    if target is None or target.main is None:
        return _drifted(judged)
    asking = ground.service(judged.service)
    if asking is not None and target.name == asking.name and finding.confidence is Confidence.MENTION:
        return Read(MAIN_PORT, judged.expected)
    named = _address_variable(asking, target) if asking else ""
    return Read(f"AURA_PORT_{as_variable(target.name)}", judged.expected, named)


def _target(entry: str, ground: Ground) -> Owned | None:
    """The service that has an entry as its main port, which is the one that others are told of."""
    return next((one for one in ground.services if one.entries[:1] == (entry,)), None)


def _address_variable(asking: Owned, target: Owned) -> str:
    """The variable in which a service is given the address of another one, "" if there is none."""
    return next((name for name, value in asking.env.items() if value and value.rstrip("/") == target.url), "")


def counted(every: tuple[Judged, ...]) -> dict[str, int]:
    """By file, how many numbers are listened on in it by programs that belong to no service."""
    found: dict[str, int] = {}
    for judged in every:
        finding: Finding = judged.finding
        if (
            finding.confidence is Confidence.LISTENER
            and finding.own
            and not judged.service
            and not finding.aside
        ):
            found[finding.place.file] = found.get(finding.place.file, 0) + 1
    return found
