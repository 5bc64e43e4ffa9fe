"""The port manifest as data: every number a name, every name perhaps a range it belongs to."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

from aura_stack.errors import Place
from aura_stack.frozen import Frozen


class State(StrEnum):
    """What an entry is worth."""

    ACTIVE = "active"
    RESERVED = "reserved"  # kept for what is to come; a service may take it
    RETIRED = "retired"  # was in use; nobody gets the number, and no service may have it


class Entry(Frozen):
    """A number that was given a name; `range` is "" when it belongs to none, `place` is where the number stands.

    `waived` are rules that do not count for it, each with the reason (see `rules`).
    """

    name: str
    number: int
    range: str
    external: bool
    description: str
    owner: str
    place: Place
    range_place: Place
    purpose: str = ""
    state: State = State.ACTIVE
    note: str = ""
    waived: Mapping[str, str] = MappingProxyType({})


class Manifest(Frozen):
    """All entries, also those of programs that are not ours.

    A range is a row of spans, a single number being a short one. `unusable` are names that stand in the file
    with a mistake: nobody can use them, and nobody need be told that they do not exist. No entry of ours may have a
    number that is `reserved`.
    """

    file: str
    ranges: Mapping[str, tuple[range, ...]]
    entries: Mapping[str, Entry]
    unusable: frozenset[str] = frozenset()
    reserved: tuple[range, ...] = ()


def spelled(spans: Iterable[range]) -> str:
    """A range as it stands in the file: `3000-3099, 5173`."""
    return ", ".join(str(span[0]) if len(span) == 1 else f"{span[0]}-{span[-1]}" for span in spans)
