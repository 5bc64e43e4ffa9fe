"""Reads the port manifest, with the place of every mistake in it."""

from collections.abc import Iterable, Iterator

from aura_stack.errors import Place, Problem
from aura_stack.frozen import NamedTuple
from aura_stack.reading.load import Loaded, load, parse
from aura_stack.reading.tree import Items, Node, Scalar, Table, whole
from aura_stack.reading.words import listed, quoted
from aura_stack.stack.check import check
from aura_stack.stack.kinds import Choice, Either, Key, ListOf, MapOf, Record, Text, Whole
from aura_stack.system.plain import NotAFileError

from .entries import Entry, Manifest, State
from .policy import lost
from .rules import Rule
from .rules import problems as broken

_NAME = Text("a name", loose=True)
_NOTE = Text("text", r"[\s\S]*", loose=True)
_NUMBER = Whole(1, 65535)
_SPAN = Text('a span such as "3000-3099"', r"\s*[0-9]{1,5}\s*-\s*[0-9]{1,5}\s*")

_RULE = Text(f"the name of a rule ({listed(list(Rule))})", "|".join(Rule))
_SPANS = ListOf(Either((_NUMBER, _SPAN)), least=1)

_ENTRY = Record(
    "a port entry",
    {
        "port": Key(_NUMBER, "The number.", required=True, also=("number",)),
        "range": Key(_NAME, "The range it belongs to."),
        "description": Key(_NOTE, "What listens there.", ""),
        "purpose": Key(_NOTE, "What it is for.", ""),
        "owner": Key(_NOTE, "Who is asked about it.", ""),
        "state": Key(Choice(tuple(State)), "Whether it is in use.", State.ACTIVE.value),
        "note": Key(_NOTE, "What else is worth knowing.", ""),
        "waive": Key(MapOf(_RULE, Text("a reason", loose=True)), "Rules that it need not keep, and why.", {}),
    },
)

MANIFEST = Record(
    "the port manifest",
    {
        "$schema": Key(_NOTE, "For editors."),
        "version": Key(Whole(1, 1), "Of this format.", 1),
        "ranges": Key(MapOf(_NAME, _SPANS), "Spans and single numbers by name.", {}),
        "reserved": Key(_SPANS, "Numbers that no port of ours may have.", []),
        "ports": Key(MapOf(_NAME, _ENTRY), "The ports of our services by name.", {}),
        "external": Key(MapOf(_NAME, _ENTRY), "Ports of programs that are not ours.", {}),
    },
)


class ManifestRead(NamedTuple):
    """What could be read; `manifest` is None if nothing could, and then there is a problem."""

    manifest: Manifest | None
    problems: tuple[Problem, ...]


def read(path: str, label: str, mention: Place, *, policy: bool = True) -> ManifestRead:
    """Read a manifest.

    Args:
        path: of the file, JSON by RFC 8259, or YAML if its name does not end in `.json`.
        label: what it is called in messages.
        mention: where the stack file names it.
        policy: whether a number that breaks a rule is a problem; what cannot be understood always is.
    """
    try:
        loaded = load(path, label)
    except FileNotFoundError:
        return ManifestRead(None, (Problem(mention, f"there is no port manifest {label}"),))
    except NotAFileError as error:
        message = f"the port manifest {label} cannot be read: {error.words}"
        return ManifestRead(None, (Problem(mention, message, error.hint),))
    except OSError as error:
        message = f"the port manifest {label} cannot be read: {error.strerror}"
        return ManifestRead(None, (Problem(mention, message),))
    return _read(loaded, label, policy=policy)


def parsed(data: bytes, label: str, *, as_json: bool) -> ManifestRead:
    """What a file would be that holds this, all rules included; for what is about to be written."""
    return _read(parse(data, label, as_json=as_json), label, policy=True)


def _read(loaded: Loaded, label: str, *, policy: bool) -> ManifestRead:
    if loaded.root is None:
        return ManifestRead(None, loaded.problems)
    manifest, problems = _interpret(loaded.root, label)
    rules = broken(manifest) if manifest and policy else ()
    return ManifestRead(manifest, (*loaded.problems, *problems, *rules))


def _interpret(root: Node, label: str) -> tuple[Manifest | None, list[Problem]]:
    checked = check(root, MANIFEST, "the port manifest", templates=False)
    problems = list(checked.problems)
    if not isinstance(checked.root, Table):
        return None, problems
    ports, external = checked.root.table("ports"), checked.root.table("external")
    problems += _twice(ports, external)
    usable = {entry.name: entry for entry in (*_entries(external, external=True), *_entries(ports))}
    named = ports.entries.keys() | external.entries.keys()
    ranges = dict(_ranges(checked.root.table("ranges"), problems))
    reserved = tuple(_spans(checked.root.items("reserved"), problems))
    manifest = Manifest(label, ranges, usable, frozenset(named - usable.keys()), reserved)
    if checked.root.is_void("ranges"):
        return manifest, problems  # who belongs where cannot be said
    return manifest, [*problems, *lost(manifest)]


def _twice(ports: Table, external: Table) -> Iterator[Problem]:
    for name, entry in external.entries.items():
        if name in ports.entries:
            line = ports.entries[name].key.place.line
            yield Problem(entry.key.place, f"{quoted(name)} is already one of our ports, on line {line}")


def _entries(table: Table, *, external: bool = False) -> Iterator[Entry]:
    for key, node in table.entries.values():
        number = node.scalar("port") if isinstance(node, Table) else None
        if isinstance(node, Table) and number:
            within = node.scalar("range")
            yield Entry(
                name=key.text,
                number=whole(number),
                range=within.text if within else "",
                external=external,
                description=_text(node, "description"),
                owner=_text(node, "owner"),
                place=number.place,
                range_place=within.place if within else number.place,
                purpose=_text(node, "purpose"),
                state=State(_text(node, "state") or State.ACTIVE),
                note=_text(node, "note"),
                waived={name: _text(node.table("waive"), name) for name in node.table("waive").entries},
            )


def _ranges(table: Table, problems: list[Problem]) -> Iterator[tuple[str, tuple[range, ...]]]:
    """Every range; one with a mistake has no spans, so nothing is said to lie outside of it."""
    for key, node in table.entries.values():
        spans = list(_spans(node.nodes if isinstance(node, Items) else (), problems))
        yield key.text, tuple(spans) if all(spans) else ()


def _spans(words: Iterable[Node], problems: list[Problem]) -> Iterator[range]:
    return (_span(word, problems) if isinstance(word, Scalar) else range(0) for word in words)


def _span(word: Scalar, problems: list[Problem]) -> range:
    """`3000-3099` and 5173 as spans; a mistake gives an empty one."""
    low, high = map(int, word.text.split("-")) if word.is_text else (whole(word), whole(word))
    if not _NUMBER.low <= low <= high <= _NUMBER.high:
        message = f"{quoted(word.text)} should go from a lower port to a higher one, {_NUMBER.high} at most"
        problems.append(Problem(word.place, message))
        return range(0)
    return range(low, high + 1)


def _text(table: Table, key: str) -> str:
    word = table.scalar(key)
    return word.text if word else ""
