"""Cuts JSON and YAML into their words, each with the keys that lead to it and the offsets where it stands."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from aura_stack.frozen import NamedTuple

_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/|[\[\]{}:,]|[^\s\[\]{},:"]+', re.DOTALL)
_MOST = 200_000  # words
_DEEPEST = 60


class Leaf(NamedTuple):
    """A word: the keys and positions that lead to it, what it says, and its offsets in characters, without quotes."""

    path: tuple[str, ...]
    text: str
    start: int
    end: int
    quoted: bool


class _Open:
    """The lists and mappings that are open, with the way to what comes next."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.kinds: list[str] = []  # "{" or "["
        self.counts: list[int] = []  # of what has come in each
        self.key = ""

    @property
    def step(self) -> tuple[str, ...]:
        """The last step of the way to what comes next."""
        return (self.key if self.kinds[-1] == "{" else str(self.counts[-1]),) if self.kinds else ()

    @property
    def is_key(self) -> bool:
        """Whether a key comes next, in a mapping whose keys and values are counted."""
        return bool(self.kinds) and self.kinds[-1] == "{" and self.counts[-1] % 2 == 0

    def open(self, kind: str) -> None:
        """One begins."""
        self.path += self.step
        if self.kinds:
            self.counts[-1] += 1
        self.kinds.append(kind)
        self.counts.append(0)

    def close(self) -> None:
        """The innermost one ends."""
        self.kinds.pop()
        self.counts.pop()
        if self.path:
            self.path.pop()

    def way(self) -> tuple[str, ...]:
        """The way to a word that comes now, and is counted."""
        found = (*self.path, *self.step)
        if self.kinds:
            self.counts[-1] += 1
        return found


def in_json(text: str) -> Iterator[Leaf]:
    """The words of a JSON file; comments and commas at the end are no mistake, as in the files of many tools."""
    open_ones = _Open()
    for number, match in enumerate(_TOKEN.finditer(text)):
        word = match[0]
        if number > _MOST or len(open_ones.kinds) > _DEEPEST:
            return
        if word in {",", ":"} or word.startswith(("//", "/*")):
            continue
        if word in {"{", "["}:
            open_ones.open(word)
        elif word in {"}", "]"}:
            if not open_ones.kinds:
                return
            open_ones.close()
        elif open_ones.is_key:
            open_ones.key = _said(word)
            open_ones.counts[-1] += 1
        else:
            quoted = word[0] == '"'
            yield Leaf(open_ones.way(), _said(word), match.start() + quoted, match.end() - quoted, quoted)


def _said(word: str) -> str:
    if word[0] != '"':
        return word
    try:
        return str(json.loads(word)) if "\\" in word else word[1:-1]
    except ValueError:
        return word[1:-1]


def in_yaml(text: str) -> Iterator[Leaf]:
    """The words of a YAML file, of all its documents, up to the first mistake."""
    import yaml  # noqa: PLC0415 - for files of its kind

    skipped = len(text) - len(text.removeprefix("\ufeff"))
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        yield from _leaves(yaml.parse(text[skipped:], Loader=loader), skipped)
    except (yaml.YAMLError, UnicodeEncodeError):
        return


def _leaves(events: Iterable[Any], skipped: int) -> Iterator[Leaf]:
    import yaml  # noqa: PLC0415 - see above

    open_ones = _Open()
    for number, event in enumerate(events):
        if number > _MOST or len(open_ones.kinds) > _DEEPEST:
            return
        if isinstance(event, yaml.CollectionStartEvent):
            open_ones.open("{" if isinstance(event, yaml.MappingStartEvent) else "[")
        elif isinstance(event, yaml.CollectionEndEvent):
            open_ones.close()
        elif isinstance(event, yaml.AliasEvent):
            open_ones.way()
        elif isinstance(event, yaml.ScalarEvent):
            if open_ones.is_key:
                open_ones.key = event.value
                open_ones.counts[-1] += 1
                continue
            assert event.start_mark is not None
            assert event.end_mark is not None
            quoted = event.style in {"'", '"'}
            start, end = event.start_mark.index + skipped + quoted, event.end_mark.index + skipped - quoted
            yield Leaf(open_ones.way(), event.value, start, end, event.style is not None)
