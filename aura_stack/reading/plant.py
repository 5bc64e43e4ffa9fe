"""Grows a placed tree from the flat events of a parser, without recursion and within limits.

What a parser reads is a flat row: a mapping opens, words follow, it closes. The planter keeps the open ones
in a list of its own, so no depth of nesting can exhaust a stack. An alias shares the node it names, but
counts in full, so a file of one page cannot stand for a billion words.
"""

import re
from typing import Self

from aura_stack.errors import Place, Problem
from aura_stack.frozen import NamedTuple

from .tree import Entry, Form, Items, Node, Scalar, Table, Void
from .words import quoted

DEEPEST = 50  # levels; a stack file needs nine
MOST_NODES = 100_000  # words, lists and mappings, each alias counted as what it stands for
MERGE = "<<"
_UNUSABLE = "[\0\ud800-\udfff]"  # NUL ends an argument of a program, a lone surrogate is no character


class Refused(Exception):  # noqa: N818 - it reads as what it is: the file is refused
    """A file cannot be read any further; it carries the one problem that ends the reading."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem

    @classmethod
    def at(cls, place: Place, message: str, hint: str = "") -> Self:
        """The same from the parts of its problem."""
        return cls(Problem(place, message, hint))


class _Anchored(NamedTuple):
    """A node that aliases can name, with what it counts."""

    node: Node
    size: int
    height: int


class _Open:
    """A list or mapping whose end has not been read yet; a mapping holds key, value, key, value."""

    __slots__ = ("anchor", "height", "is_table", "nodes", "place", "size")

    def __init__(self, place: Place, anchor: str | None, *, is_table: bool) -> None:
        self.place, self.anchor, self.is_table = place, anchor, is_table
        self.nodes: list[Node] = []
        self.size, self.height = 1, 1


class Planter:
    """Takes events in the order of the file; afterwards `root` and `problems` say what grew.

    Every method raises Refused where reading further makes no sense.
    """

    def __init__(self) -> None:
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self._open: list[_Open] = []
        self._anchored: dict[str, _Anchored] = {}

    def open(self, place: Place, anchor: str | None = None, *, is_table: bool) -> None:
        """A list or a mapping begins."""
        self._limit_depth(place, 1)
        self._open.append(_Open(place, anchor, is_table=is_table))

    def scalar(self, place: Place, text: str, form: Form, anchor: str | None = None) -> None:
        """A word, which may be a key."""
        if not text.isprintable() and (found := re.search(_UNUSABLE, text)):
            message = f"a word holds the character U+{ord(found[0]):04X}, which no program can be given"
            raise Refused.at(place, message)
        self._add(Scalar(place, text, form, ""), 1, 0, anchor)

    def alias(self, place: Place, anchor: str) -> None:
        """What an anchor names, once more."""
        if any(frame.anchor == anchor for frame in self._open):
            raise Refused.at(place, f"*{anchor} stands inside of what it names, so it would never end")
        if anchor not in self._anchored:
            raise Refused.at(place, f"nothing is called &{anchor} before this line")
        self._limit_depth(place, self._anchored[anchor].height)
        self._add(*self._anchored[anchor], None)

    def close(self) -> None:
        """The innermost list or mapping ends."""
        frame = self._open.pop()
        node = self._table(frame) if frame.is_table else Items(frame.place, tuple(frame.nodes))
        self._add(node, frame.size, frame.height, frame.anchor)

    def _add(self, node: Node, size: int, height: int, anchor: str | None) -> None:
        if anchor is not None:
            self._anchored[anchor] = _Anchored(node, size, height)
        if not self._open:
            self.root = node
            return
        frame = self._open[-1]
        frame.nodes.append(node)
        frame.size += size
        if height >= frame.height:
            frame.height = height + 1
        if frame.size > MOST_NODES:
            message = f"stands for more than {MOST_NODES:,} words, each alias counted as what it names"
            raise Refused.at(frame.place, message)

    def _table(self, frame: _Open) -> Table:
        """The mapping of the words between its beginning and its end."""
        entries: dict[str, Entry] = {}
        merged: list[Node] = []
        for key, node in zip(frame.nodes[::2], frame.nodes[1::2], strict=True):
            if not isinstance(key, Scalar):
                self._report(key.place, "a key should be a word, not a list or a mapping")
            elif key.text == MERGE and key.form is Form.PLAIN:
                merged.append(node)
            elif key.text in entries:
                first = entries[key.text].key.place.line
                self._report(key.place, f"the key {quoted(key.text)} stands twice, first on line {first}")
            else:
                entries[key.text] = Entry(key, node)
        for node in merged:
            self._merge(entries, node)
        return Table(frame.place, entries)

    def _merge(self, entries: dict[str, Entry], node: Node) -> None:
        """Take over what is not there yet: the mapping's own keys win, then the first one merged.

        Source: yaml.org/type/merge.html.
        """
        for source in node.nodes if isinstance(node, Items) else (node,):
            if isinstance(source, Table):
                for name, entry in source.entries.items():
                    entries.setdefault(name, entry)
            elif not isinstance(source, Void):
                self._report(source.place, "<< takes a mapping or a list of mappings")

    def _limit_depth(self, place: Place, height: int) -> None:
        if len(self._open) + height > DEEPEST:
            raise Refused.at(place, f"nested more than {DEEPEST} levels deep")

    def _report(self, place: Place, message: str) -> None:
        self.problems.append(Problem(place, message))
