"""Puts an entry into the text of a JSON manifest, or takes one out; everything else stays as it is written."""

import json
import re
from collections.abc import Mapping

from aura_stack.frozen import NamedTuple

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()
_STEP = "  "


class _Member(NamedTuple):
    """A member of an object, by positions in the text: of its key, of its value, and behind that."""

    name: str
    key: int
    value: int
    end: int


class _Object(NamedTuple):
    """An object, from its brace to behind the other one."""

    begin: int
    end: int
    members: tuple[_Member, ...]

    def member(self, name: str) -> _Member | None:
        """The member of that name."""
        return next((one for one in self.members if one.name == name), None)


def with_entry(text: str, table: str, name: str, entry: Mapping[str, object]) -> str:
    """The text with an entry behind the others, written as those are.

    Args:
        text: of the manifest, without mistakes.
        table: `ports` or `external`; it is made if it is not there.
        name: of the entry, which is not there yet.
        entry: what it says.
    """
    root = _object(text, _skip(text, 0))
    place = root.member(table)
    if place is None:
        return _appended(text, root, table, {name: entry}, 0)
    if text[place.value] != "{":  # null, which is as good as an empty one
        text = f"{text[: place.value]}{{}}{text[place.end :]}"
    return _appended(text, _object(text, place.value), name, entry, 1)


def without_entry(text: str, table: str, name: str) -> str:
    """The text without an entry that is there."""
    root = _object(text, _skip(text, 0))
    place = root.member(table)
    assert place is not None
    inner = _object(text, place.value)
    at = [one.name for one in inner.members].index(name)
    members = inner.members
    if len(members) == 1:
        return text[: inner.begin + 1] + text[inner.end - 1 :]
    if at + 1 < len(members):
        return text[: members[at].key] + text[members[at + 1].key :]
    return text[: members[at - 1].end] + text[members[at].end :]


def _appended(text: str, table: _Object, name: str, value: Mapping[str, object], depth: int) -> str:
    if not table.members:
        around = _ending(text) + _STEP * (depth + 1), _ending(text) + _STEP * depth
        return (
            text[: table.begin + 1] + f"{around[0]}{_written(name, value)}{around[1]}" + text[table.end - 1 :]
        )
    last = table.members[-1]
    before = table.members[-2].end if len(table.members) > 1 else table.begin + 1
    space = text[before : last.key].rpartition(",")[2] or " "
    written = _written(name, value)
    if "\n" in text[last.value : last.end] and space.startswith(("\n", "\r")):
        written = _written(name, value, space.strip("\r\n"), _deeper(text[last.value : last.end], space))
        written = written.replace("\n", _ending(text))
    return f"{text[: last.end]},{space}{written}{text[last.end :]}"


def _written(name: str, value: Mapping[str, object], indent: str = "", step: str = "") -> str:
    """A member on one line, or, with a step, on several."""
    key = json.dumps(name, ensure_ascii=False)
    if not step:
        return f"{key}: {json.dumps(value, ensure_ascii=False)}"
    lines = json.dumps(value, ensure_ascii=False, indent=step).splitlines()
    return f"{key}: " + f"\n{indent}".join(lines)


def _ending(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _deeper(value: str, space: str) -> str:
    """By how much what is in a value is indented, beyond its own key."""
    found = re.search(r"\n([ \t]+)\S", value)
    own = space.strip("\r\n")
    return found[1].removeprefix(own) or _STEP if found else _STEP


def _object(text: str, begin: int) -> _Object:
    members = []
    position = _skip(text, begin + 1)
    while text[position] != "}":
        name, behind = _DECODER.raw_decode(text, position)
        value = _skip(text, _skip(text, behind) + 1)
        _, end = _DECODER.raw_decode(text, value)
        members.append(_Member(name, position, value, end))
        position = _skip(text, end)
        if text[position] == ",":
            position = _skip(text, position + 1)
    return _Object(begin, position + 1, tuple(members))


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position
