"""A file that was read as plain data: each of its words with the place where it stands."""

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias

from aura_stack.errors import Place
from aura_stack.frozen import NamedTuple

from .words import Value, meaning

if TYPE_CHECKING:
    Node: TypeAlias = "Scalar | Items | Table | Void"
else:
    Node = Any  # a name in quotes would be compiled for each class that mentions it


class Form(Enum):
    """How a word was written, which says what it may mean."""

    PLAIN = "plain"  # bare: it may be a number, true, false or nothing
    QUOTED = "quoted"  # text, whatever it looks like
    EXPANDED = "expanded"  # it held ${...}: text where text is asked for, elsewhere read like a bare word


class Scalar(NamedTuple):
    """One word: its text with quotes and escapes undone; `masked` is that without the secrets in it, "" for none."""

    place: Place
    text: str
    form: Form = Form.PLAIN
    masked: str = ""

    @property
    def value(self) -> Value:
        """What it stands for where it is not asked for as text."""
        return self.text if self.form is Form.QUOTED else meaning(self.text)

    @property
    def is_text(self) -> bool:
        """Whether it may stand where text is asked for."""
        return self.form is not Form.PLAIN or isinstance(meaning(self.text), str)

    @property
    def is_nothing(self) -> bool:
        """Whether it is an empty value."""
        return self.form is Form.PLAIN and meaning(self.text) is None


class Items(NamedTuple):
    """A list."""

    place: Place
    nodes: tuple[Node, ...]


class Entry(NamedTuple):
    """One line of a mapping."""

    key: Scalar
    node: Node


class Table(NamedTuple):
    """A mapping, in the order of the file; its keys are text, as they were written."""

    place: Place
    entries: Mapping[str, Entry]

    def get(self, key: str) -> Node | None:
        """What stands under that key; None if there is nothing, or nothing that could be used."""
        entry = self.entries.get(key)
        return None if entry is None or isinstance(entry.node, Void) else entry.node

    def is_void(self, key: str) -> bool:
        """Whether something stands under that key which could not be used."""
        return key in self.entries and isinstance(self.entries[key].node, Void)

    def scalar(self, key: str) -> Scalar | None:
        """The word under that key, if it is one."""
        entry = self.entries.get(key)
        return entry.node if entry and isinstance(entry.node, Scalar) else None

    def table(self, key: str) -> "Table":
        """The mapping under that key, or an empty one."""
        entry = self.entries.get(key)
        return entry.node if entry and isinstance(entry.node, Table) else Table(self.place, {})

    def items(self, key: str) -> tuple[Node, ...]:
        """The list under that key; a single word counts as a list of one."""
        entry = self.entries.get(key)
        if entry and isinstance(entry.node, Items):
            return entry.node.nodes
        is_word = entry and isinstance(entry.node, Scalar) and not entry.node.is_nothing
        return (entry.node,) if entry and is_word else ()


class Void(NamedTuple):
    """Stands where something was wrong and has been reported: it fits everywhere and means nothing."""

    place: Place


def whole(word: Scalar) -> int:
    """The number that a word stands for which was found to be a whole one."""
    assert isinstance(word.value, int)
    return word.value


def plain(node: Node) -> object:
    """The same without places: dicts, lists, text, numbers, truth values and None."""
    if isinstance(node, Table):
        return {name: plain(entry.node) for name, entry in node.entries.items()}
    if isinstance(node, Items):
        return [plain(item) for item in node.nodes]
    return node.value if isinstance(node, Scalar) else None
