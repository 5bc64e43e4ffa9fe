"""Reads a program in any language: what is handed to a server, what is given to a name, which addresses stand there.

What a language calls all that is its own business (`scripts`, `pythons`).
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, ClassVar

from aura_stack.frozen import NamedTuple

from . import syntax
from .addresses import Address, addresses
from .findings import MOST, Confidence, Finding, Form, is_port
from .names import means_port
from .source import Source

if TYPE_CHECKING:
    from tree_sitter import Node

NUMBERS = re.compile(rb"(?<![\w.])[1-9][\d_]{1,5}(?!\w|\.\d)")
PLAIN_DIGITS = re.compile(r"[1-9]\d{1,4}")
DEEPEST = 4
"""How many names are followed to a number."""
_MOST_FOLLOWED = 5000  # names in a file: what is given to one may have names in it, and those others
_MOST_DEFINITIONS = 8
_MOST_NUMBERS = 400  # in a file; more are data


class Value(NamedTuple):
    """A number that an expression comes to, where it stands, and the variable that is asked first."""

    node: "Node"
    number: int
    variable: str
    text: bool


def plain(node: "Node", digits: str, variable: str, *, text: bool) -> Value | None:
    """The value of a word, if it is the number of a port."""
    return (
        Value(node, int(digits), variable, text)
        if PLAIN_DIGITS.fullmatch(digits) and is_port(int(digits))
        else None
    )


class Reader(ABC):
    """One file; what has been found once is not found again.

    Attributes:
        literals: the types of the nodes in which addresses are looked for.
        scopes: those of nodes that have names of their own inside.
        names: those of nodes that are a name in an expression.
        signs: of which names consist, as the inside of a set of a pattern.
    """

    literals: ClassVar[frozenset[str]]
    scopes: ClassVar[frozenset[str]]
    names: ClassVar[frozenset[str]]
    signs: ClassVar[bytes] = rb"\w"

    def __init__(self, source: Source) -> None:
        self.source = source
        self.data = source.data
        self.root = syntax.parse(source.data, source.language)
        self.taken: set[int] = set()
        self.unresolved = ""
        self._given_values: dict[str, tuple[Node, ...]] = {}
        self._followed = 0

    def findings(self) -> tuple[Finding, ...]:
        """Every port in the program."""
        return tuple(islice(chain(self.listeners(), self.settings(), self.urls()), MOST))

    @abstractmethod
    def listeners(self) -> Iterator[Finding]:
        """Numbers that are handed to something that listens."""

    @abstractmethod
    def settings(self) -> Iterator[Finding]:
        """Numbers that are given to names which mean a port."""

    def urls(self) -> Iterator[Finding]:
        """Addresses of this machine in texts, templates and comments."""
        for address in addresses(self.data):
            node = syntax.at(self.root, address.start, address.end)
            literal = next((one for one in (node, *syntax.above(node)) if one.type in self.literals), None)
            if literal is None or address.start in self.taken:
                continue
            self.taken.add(address.start)
            yield self.address(address, literal)

    @abstractmethod
    def address(self, address: Address, literal: "Node") -> Finding:
        """What an address is that stands in a text or a comment."""

    @abstractmethod
    def given(self, node: "Node") -> tuple["Node | None", "Node | None"]:
        """What is given to a name, and the node that gives it."""

    @abstractmethod
    def names_around(self, node: "Node") -> tuple[str, ...]:
        """What the names around a node say about whose number it is."""

    @abstractmethod
    def barrier(self, literal: "Node") -> str:
        """Why no expression can stand in the place of a literal; "" if it can."""

    def defines(self, holder: "Node") -> bool:  # noqa: ARG002 - in most languages all that gives does
        """Whether what gives something to a name says what the name stands for elsewhere."""
        return True

    def opening(self, literal: "Node") -> int:  # noqa: ARG002 - in most languages a quote has no prefix
        """How many bytes a text has before what it says."""
        return 1

    def definitions(self, name: str) -> tuple["Node", ...]:
        """What is given to a name anywhere in the file; nothing where too many names were followed already."""
        self._followed += 1
        if self._followed > _MOST_FOLLOWED:
            return ()
        if name not in self._given_values:
            self._given_values[name] = tuple(islice(self._found_definitions(name), _MOST_DEFINITIONS))
        return self._given_values[name]

    def _found_definitions(self, name: str) -> Iterator["Node"]:
        for match in re.finditer(
            rb"(?<![%b])%b(?![%b])" % (self.signs, re.escape(name.encode()), self.signs), self.data
        ):
            given, holder = self.given(syntax.at(self.root, *match.span()))
            if given is not None and holder is not None and self.defines(holder):
                yield given

    def last_name(self, node: "Node") -> str:
        """The last name in an expression that means a port."""
        found = [syntax.text(one) for one in syntax.below(node, self.scopes) if one.type in self.names]
        return next((name for name in reversed(found) if means_port(name)), "")

    def found(
        self,
        value: Value,
        confidence: Confidence,
        shown: "Node",
        what: str,
        *,
        own: bool,
        names: tuple[str, ...] = (),
    ) -> Iterator[Finding]:
        """The finding of a number, unless it was found before."""
        start, end = value.node.start_byte, value.node.end_byte
        if start in self.taken or len(self.taken) > _MOST_NUMBERS:
            return
        self.taken.add(start)
        digits = (start + self.opening(value.node), end - 1) if value.text else (start, end)
        near = shown if shown.start_byte <= start < shown.end_byte else (value.node.parent or value.node)
        yield self.source.finding(
            value.number,
            confidence,
            Form.DEFAULT if value.variable else Form.TEXT if value.text else Form.NUMBER,
            digits,
            shown=(near.start_byte, near.end_byte),
            outer=(start, end),
            what=what,
            names=names or self.names_around(value.node),
            variable=value.variable,
            own=own,
            barrier=self.barrier(value.node),
        )
