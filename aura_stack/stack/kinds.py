"""What a value may be: the few kinds out of which the shape of a file is put together."""

from collections.abc import Mapping
from types import MappingProxyType

from aura_stack.frozen import Frozen
from aura_stack.reading.words import listed

# Patterns match the whole text and keep to what Python and JSON Schema (ECMA-262) both understand.
SOMETHING = r"[\s\S]*\S[\s\S]*"


class Text(Frozen):
    """Text of a certain form.

    `loose` text takes a number or a truth value as it was written; in text with `references`, `${port}` and
    `${services.NAME.port}` may stand; `unit` is what a bare number most likely lacks.
    """

    what: str = "text"
    pattern: str = SOMETHING
    loose: bool = False
    references: bool = False
    unit: str = ""


class Whole(Frozen):
    """A whole number within bounds, both included."""

    low: int
    high: int

    @property
    def what(self) -> str:
        """How a message calls it."""
        return f"a number from {self.low} to {self.high}" if self.low < self.high else str(self.low)


class Flag(Frozen):
    """A truth value."""

    what: str = "true or false"


class Choice(Frozen):
    """One of a few words."""

    words: tuple[str, ...]

    @property
    def what(self) -> str:
        """How a message calls it."""
        return listed(self.words)


class Nothing(Frozen):
    """No value at all: `null`."""

    what: str = "null"


class ListOf(Frozen):
    """Any number of one kind; no value is an empty list, if that will do."""

    item: "Kind"
    least: int = 0
    what: str = "a list"


class MapOf(Frozen):
    """Names of the user's own choice, each with a value of one kind; no value is an empty mapping."""

    key: Text
    item: "Kind"
    least: int = 0
    what: str = "a mapping"


class Record(Frozen):
    """A mapping with keys of our choice; `x-` keys are the user's. Of the `exclusive` keys one may stand.

    `elsewhere` are keys that other tools have and this one has not, each with what to do instead.
    """

    name: str  # what such a mapping describes, as in `unknown key in a service`
    keys: "Mapping[str, Key]"
    exclusive: tuple[str, ...] = ()
    what: str = "a mapping"
    elsewhere: Mapping[str, str] = MappingProxyType({})


class Either(Frozen):
    """The first of several kinds that fits."""

    kinds: "tuple[Kind, ...]"

    @property
    def what(self) -> str:
        """How a message calls it."""
        return listed([kind.what for kind in self.kinds])


class Key(Frozen):
    """One key of a record.

    `default` is what holds without the key; `later` is how a notice calls a key that is accepted and not yet
    acted on, `now` the one value that is; `only` says whether it belongs to our `own` or to `external`
    services alone; `also` lists what people write for it who come from other tools.
    """

    kind: "Kind"
    doc: str
    default: object = None
    required: bool = False
    later: str = ""
    now: str = ""
    only: str = ""
    also: tuple[str, ...] = ()


Kind = Text | Whole | Flag | Choice | Nothing | ListOf | MapOf | Record | Either
