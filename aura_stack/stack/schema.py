"""Writes the JSON Schema of the stack file (draft 2020-12), from the same shape that files are held against.

Editors read it to complete and to check. It accepts what the check of the shape accepts, as far as a schema
can tell: it takes every text with a `${` in it for granted.
"""

from collections.abc import Mapping
from typing import Any

from .check import takes_nothing
from .kinds import Choice, Either, Flag, Key, Kind, ListOf, MapOf, Nothing, Record, Text, Whole
from .shape import STACK

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FILLED_IN = r"\$\{"
_FREE = r"[\s\S]*"


def document(kind: Kind = STACK, title: str = "stack.yaml") -> Schema:
    """The schema of the whole stack file, or of another one."""
    return {"$schema": DIALECT, "title": f"aura-stack: {title}", **schema(kind)}


def schema(kind: Kind) -> Schema:
    """The schema of one kind."""
    if isinstance(kind, Either):
        return {"anyOf": [schema(each) for each in kind.kinds]}
    if isinstance(kind, Text):
        return _text(kind)
    if isinstance(kind, Whole | Flag | Choice | Nothing):
        return _word(kind)
    found = _container(kind)
    return {"anyOf": [found, {"type": "null"}]} if takes_nothing(kind) else found


def _text(kind: Text) -> Schema:
    found: Schema = {"type": ["string", "number", "boolean"] if kind.loose else "string"}
    if kind.pattern != _FREE:
        found["pattern"] = f"^(?:{kind.pattern})$|{_FILLED_IN}"
    return found


def _word(kind: Whole | Flag | Choice | Nothing) -> Schema:
    """A word that is not just text; it may come out of a variable."""
    if isinstance(kind, Nothing):
        return {"type": "null"}
    if isinstance(kind, Whole):
        found: Schema = {"type": "integer", "minimum": kind.low, "maximum": kind.high}
    else:
        found = {"enum": list(kind.words)} if isinstance(kind, Choice) else {"type": "boolean"}
    return {"anyOf": [found, {"type": "string", "pattern": _FILLED_IN}]}


def _container(kind: ListOf | MapOf | Record) -> Schema:
    if isinstance(kind, ListOf):
        return {"type": "array", "items": schema(kind.item), "minItems": kind.least}
    if isinstance(kind, MapOf):
        return {
            "type": "object",
            "propertyNames": {"pattern": f"^(?:{kind.key.pattern})$"},
            "additionalProperties": schema(kind.item),
            "minProperties": kind.least,
        }
    return {
        "type": "object",
        "properties": {name: _described(key) for name, key in kind.keys.items()},
        "patternProperties": {"^x-": True},
        "additionalProperties": False,
        "required": [name for name, key in kind.keys.items() if key.required],
        **_exclusive(kind.exclusive),
        **_sides(kind.keys),
    }


def _described(key: Key) -> Schema:
    default = {} if key.default is None else {"default": key.default}
    return {"description": key.doc, **default, **schema(key.kind)}


def _exclusive(names: tuple[str, ...]) -> Schema:
    """Each of these keys forbids the others."""
    if not names:
        return {}
    return {
        "dependentSchemas": {
            name: {"properties": {other: False for other in names if other != name}} for name in names
        }
    }


def _sides(keys: Mapping[str, Key]) -> Schema:
    """Some keys belong to external services, some to our own, which need a command."""
    forbidden = {
        only: {"properties": {name: False for name, key in keys.items() if key.only == only}}
        for only in ("own", "external")
    }
    if not any(key.only for key in keys.values()):
        return {}
    return {
        "if": {"properties": {"external": {"const": True}}, "required": ["external"]},
        "then": {**forbidden["own"], "anyOf": [{"required": [key]} for key in ("port", "ports", "ready")]},
        "else": {**forbidden["external"], "required": ["command"]},
    }
