"""The port manifest as data: every number a name, every name perhaps a range it belongs to."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from aura_stack.errors import Place


class Entry(NamedTuple):
    """A number that was given a name; `range` is "" when it belongs to none, `place` is where the number stands."""

    name: str
    number: int
    range: str
    external: bool
    description: str
    owner: str
    place: Place
    range_place: Place


class Manifest(NamedTuple):
    """All entries, also those of programs that are not ours.

    A range is a row of spans, a single number being a short one. `unusable` are names that stand in the file
    with a mistake: nobody can use them, and nobody need be told that they do not exist.
    """

    file: str
    ranges: Mapping[str, tuple[range, ...]]
    entries: Mapping[str, Entry]
    unusable: frozenset[str] = frozenset()


def spelled(spans: Iterable[range]) -> str:
    """A range as it stands in the file: `3000-3099, 5173`."""
    return ", ".join(str(span[0]) if len(span) == 1 else f"{span[0]}-{span[-1]}" for span in spans)
