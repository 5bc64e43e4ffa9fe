"""Holds a tree against the kinds it should be of, and reports everything that does not fit.

What comes back is the tree without what was wrong: in its place stands a Void. So whoever reads on can trust
what is there, and go on finding other mistakes.
"""

import re

from aura_stack.errors import Place, Problem
from aura_stack.frozen import Frozen
from aura_stack.reading.suggest import did_you_mean
from aura_stack.reading.tree import Entry, Form, Items, Node, Scalar, Table, Void
from aura_stack.reading.words import listed, quoted

from .expand import EXTENSION
from .kinds import Choice, Either, Flag, Key, Kind, ListOf, MapOf, Nothing, Record, Text, Whole
from .template import fill_references, references

_MAPPINGS = (MapOf, Record)


class Checked(Frozen):
    """What is left of the tree, what was wrong with the rest, and which keys are not acted on yet."""

    root: Node
    problems: tuple[Problem, ...]
    notices: tuple[Problem, ...]


def check(root: Node, kind: Kind, name: str, *, templates: bool = True) -> Checked:
    """Hold a tree against its kind.

    Args:
        root: with its variables filled in, if it has any.
        kind: what it should be.
        name: what messages call the whole.
        templates: whether `$` means something in its text.
    """
    checker = _Checker(templates)
    return Checked(checker.node(root, kind, name), tuple(checker.problems), tuple(checker.notices))


def takes_nothing(kind: Kind) -> bool:
    """Whether a key of this kind may stand without a value, because nobody need say anything there."""
    if isinstance(kind, (ListOf, MapOf)):
        return kind.least == 0
    if isinstance(kind, Record):
        return not any(key.required or key.only for key in kind.keys.values())
    return isinstance(kind, Either) and any(map(takes_nothing, kind.kinds))


class _Checker:
    """One walk over one tree; depth is bounded by what the planter lets through."""

    def __init__(self, templates: bool) -> None:
        self.templates = templates
        self.problems: list[Problem] = []
        self.notices: list[Problem] = []

    def node(self, node: Node, kind: Kind, name: str) -> Node:
        if isinstance(node, Void):
            return node
        fitting = self._fitting(node, kind)
        if fitting is None:
            return self._wrong(node, kind, name)
        if isinstance(node, Scalar):
            return self._scalar(node, fitting, name)
        if isinstance(node, Items):
            return self._list(node, fitting, name)
        return self._record(node, fitting) if isinstance(fitting, Record) else self._map(node, fitting, name)

    def _scalar(self, node: Scalar, kind: Kind, name: str) -> Node:
        """A word that fits; text in which no reference may stand is spelled out here."""
        if not isinstance(kind, Text) or kind.references or not self._is_template(node.text):
            return node
        if found := references(node.text):
            return self._report(node.place, f"{found[0]} cannot stand in {name}")
        return Scalar(node.place, fill_references(node.text, str), Form.QUOTED)

    def _is_template(self, text: str) -> bool:
        return self.templates and "$" in text

    def _fitting(self, node: Node, kind: Kind) -> Kind | None:
        """The kind, or the one of several, that the node is of by itself, whatever is inside of it."""
        if isinstance(kind, Either):
            return next((each for each in kind.kinds if self._fitting(node, each)), None)
        return kind if self._fits(node, kind) else None

    def _fits(self, node: Node, kind: Kind) -> bool:
        if isinstance(node, Scalar):
            return self._text_fits(node, kind) if isinstance(kind, Text) else _word_fits(node, kind)
        return isinstance(kind, ListOf) if isinstance(node, Items) else isinstance(kind, _MAPPINGS)

    def _text_fits(self, word: Scalar, kind: Text) -> bool:
        if not word.is_text and (not kind.loose or word.is_nothing):
            return False
        text = word.text
        if self._is_template(text):
            if references(text):
                return True  # what it will be is not known yet
            text = fill_references(text, str)
        return re.fullmatch(kind.pattern, text) is not None

    def _list(self, node: Items, kind: Kind, name: str) -> Node:
        assert isinstance(kind, ListOf)
        if len(node.nodes) < kind.least:
            return self._report(node.place, f"{name} is empty")
        item = f"an item of {name}"
        return Items(node.place, tuple(self.node(each, kind.item, item) for each in node.nodes))

    def _map(self, node: Table, kind: Kind, name: str) -> Node:
        assert isinstance(kind, MapOf)
        if len(node.entries) < kind.least:
            return self._report(node.place, f"{name} is empty")
        entries: dict[str, Entry] = {}
        for key, entry in node.entries.items():
            if not re.fullmatch(kind.key.pattern, key):
                self._report(entry.key.place, f"{quoted(key)} should be {kind.key.what}")
            entries[key] = Entry(entry.key, self.node(entry.node, kind.item, quoted(key)))
        return Table(node.place, entries)

    def _record(self, node: Table, kind: Record) -> Node:
        entries: dict[str, Entry] = {}
        for name, entry in node.entries.items():
            key = kind.keys.get(name)
            if key is not None:
                fitting = self.node(entry.node, key.kind, quoted(name))
                entries[name] = entry if fitting is entry.node else Entry(entry.key, fitting)
                if key.later:
                    self._note(entry, key)
            elif not name.startswith(EXTENSION):
                message = f"unknown key {quoted(name)} in {kind.name}"
                self._report(entry.key.place, message, _known_key(name, kind))
        self._missing(node, kind)
        if kind.exclusive:
            self._exclusive(node, kind)
        return Table(node.place, entries)

    def _missing(self, node: Table, kind: Record) -> None:
        for name, key in kind.keys.items():
            if name not in node.entries and key.required:
                self._report(node.place, f"{kind.name} lacks the key {quoted(name)}")

    def _exclusive(self, node: Table, kind: Record) -> None:
        first, *others = [name for name in node.entries if name in kind.exclusive] or [""]
        for other in others:
            message = f"{quoted(other)} stands beside {quoted(first)}"
            hint = f"{kind.name} takes one of {listed(kind.exclusive)}"
            self._report(node.entries[other].key.place, message, hint)

    def _note(self, entry: Entry, key: Key) -> None:
        acted_on = isinstance(entry.node, Scalar) and (entry.node.is_nothing or entry.node.text == key.now)
        if not acted_on:
            self.notices.append(Problem(entry.key.place, f"{key.later} is not acted on by this version"))

    def _wrong(self, node: Node, kind: Kind, name: str) -> Void:
        if isinstance(node, Scalar) and node.is_nothing:
            return self._report(node.place, f"{name} has no value, it should be {kind.what}")
        message = f"{name} should be {kind.what}, not {_shown(node)}"
        return self._report(node.place, message, _remedy(node, kind) if isinstance(node, Scalar) else "")

    def _report(self, place: Place, message: str, hint: str = "") -> Void:
        self.problems.append(Problem(place, message, hint))
        return Void(place)


def _word_fits(word: Scalar, kind: Kind) -> bool:
    if word.is_nothing:
        return isinstance(kind, Nothing) or takes_nothing(kind)
    value = word.value
    if isinstance(kind, Whole):
        return type(value) is int and kind.low <= value <= kind.high
    if isinstance(kind, Flag):
        return isinstance(value, bool)
    return isinstance(kind, Choice) and value in kind.words


def _known_key(name: str, kind: Record) -> str:
    """What was meant by a key that is unknown: a word of another tool, or a slip."""
    for known, key in kind.keys.items():
        if name.casefold() in key.also:
            return did_you_mean(known, [known])
    return kind.elsewhere.get(name.casefold()) or did_you_mean(name, kind.keys)


def _remedy(word: Scalar, kind: Kind) -> str:
    """What to write instead, where it can be guessed."""
    kinds = kind.kinds if isinstance(kind, Either) else (kind,)
    for each in kinds:
        if isinstance(each, Choice) and (hint := did_you_mean(word.text, each.words)):
            return hint
        if isinstance(each, Text) and each.unit and not isinstance(word.value, str):
            return did_you_mean(word.text + each.unit, [word.text + each.unit])
        if isinstance(each, Text) and not word.is_text and not any(isinstance(one, Whole) for one in kinds):
            return "put it in quotes to make it text" if re.fullmatch(each.pattern, word.text) else ""
    return ""


def _shown(node: Node) -> str:
    if isinstance(node, Items):
        return "a list"
    if isinstance(node, Table):
        return "a mapping"
    assert isinstance(node, Scalar)
    return quoted(node.text) if isinstance(node.value, str) else node.text
