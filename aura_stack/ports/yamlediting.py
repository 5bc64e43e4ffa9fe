"""Puts an entry into the text of a YAML manifest, or takes one out; all else stays as it is written, comments too.

The marks of the parser's events say where each word stands. Whoever writes the text compares what it then says with
what it should: where a file is written in a way that is not foreseen here, nothing is lost but the edit.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from aura_stack.errors import AuraError
from aura_stack.frozen import NamedTuple
from aura_stack.reading.words import meaning, quoted
from aura_stack.reading.yamltext import pairs, word

_BLANK = re.compile(r"(?:[ \t\r\n]|(?<![^\s,{}\[\]])#[^\n]*)*")
_STEP = 2
_BY_HAND = "write it by hand"


class _Node:
    """A word, a list, a mapping or an alias, from its first sign to behind its last one."""

    __slots__ = ("begin", "end", "flow", "is_nothing", "kind", "nodes", "text")

    def __init__(self, kind: str, begin: int, end: int, *, flow: bool = False) -> None:
        self.kind, self.begin, self.end, self.flow = kind, begin, end, flow
        self.nodes: list[_Node] = []
        self.text, self.is_nothing = "", False

    def members(self) -> "list[_Member]":
        """The pairs of a mapping."""
        return [_Member(*each) for each in zip(self.nodes[::2], self.nodes[1::2], strict=True)]

    def member(self, name: str) -> "_Member | None":
        """The pair with that key."""
        return next((one for one in self.members() if one.key.text == name), None)


class _Member(NamedTuple):
    key: _Node
    value: _Node


def with_entry(text: str, table: str, name: str, entry: Mapping[str, object]) -> str:
    """The text with an entry behind the others, written as the last of them is.

    Args:
        text: of the manifest, without mistakes and without a byte order mark.
        table: `ports` or `external`; it is made if it is not there.
        name: of the entry, which is not there yet.
        entry: what it says.

    Raises:
        AuraError: the table is written in a way that cannot be added to.
    """
    root = _grown(text)
    place = root.member(table)
    if place is None:
        return _added(text, root, table, {name: entry})
    value = place.value
    if value.kind == "mapping":
        return _added(text, value, name, entry)
    if not value.is_nothing:
        raise AuraError(f"{quoted(table)} is no mapping of its own, so nothing can be put into it", _BY_HAND)
    cut = text[: value.begin].rstrip(" \t") + text[value.end :] if value.begin < value.end else text
    if root.flow:
        return text[: value.begin].rstrip() + f" {_flow({name: entry})}" + text[value.end :]
    indent = _column(text, place.key.begin) + _STEP
    return _with_lines(cut, place.key.end, _block(indent, 0, name, entry))


def without_entry(text: str, table: str, name: str) -> str:
    """The text without an entry that is there.

    Raises:
        AuraError: it stands there by way of an alias or of `<<`.
    """
    place = _grown(text).member(table)
    found = place.value.member(name) if place and place.value.kind == "mapping" else None
    if place is None or found is None:
        raise AuraError(
            f"{quoted(name)} comes from an alias, so it cannot be taken out by itself", "change it by hand"
        )
    begin = text.rfind("\n", 0, found.key.begin) + 1
    if not place.value.flow:
        return text[:begin] + text[_next_line(text, found.value.end) :]
    return _without_flow(text, place.value, found, begin)


# --- what is there ---


def _grown(text: str) -> _Node:
    """The mapping that the document is."""
    open_ones = [_Node("document", 0, 0)]
    for node, is_open in _nodes(text):
        if node is None:
            done = open_ones.pop()
            if not done.flow and done.nodes:
                done.end = max(each.end for each in done.nodes)  # its own mark lies behind comments
            continue
        open_ones[-1].nodes.append(node)
        if is_open:
            open_ones.append(node)
    root = open_ones[0].nodes[0] if open_ones[0].nodes else None
    if root is None or root.kind != "mapping":
        raise AuraError("the manifest is no mapping, so nothing can be put into it", _BY_HAND)
    return root


def _nodes(text: str) -> Iterator[tuple[_Node | None, bool]]:
    """The nodes in the order of the text, and whether others follow that belong to them; None where that ends."""
    import yaml  # noqa: PLC0415 - for manifests of its kind

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    flows: list[_Node] = []
    for event in yaml.parse(text, Loader=loader):
        begin, end = _marks(event)
        if isinstance(event, yaml.CollectionStartEvent):
            kind = "mapping" if isinstance(event, yaml.MappingStartEvent) else "list"
            flows.append(_Node(kind, begin, end, flow=bool(event.flow_style)))
            yield flows[-1], True
        elif isinstance(event, yaml.CollectionEndEvent):
            flows.pop().end = end
            yield None, False
        elif isinstance(event, yaml.ScalarEvent):
            node = _Node("word", begin, end)
            node.text = event.value
            node.is_nothing = not event.style and meaning(event.value) is None
            yield node, False
        elif isinstance(event, yaml.AliasEvent):
            yield _Node("alias", begin, end), False


def _marks(event: Any) -> tuple[int, int]:
    return event.start_mark.index, event.end_mark.index


# --- what is written ---


def _added(text: str, table: _Node, name: str, value: Mapping[str, object]) -> str:
    """The text with one more member behind the last one of a mapping."""
    if table.flow:
        return _with_flow(text, table, f"{word(name)}: {_flow(value)}")
    last = table.members()[-1]
    indent = _column(text, last.key.begin)
    below = last.value.members()[0].key if last.value.kind == "mapping" and not last.value.flow else None
    step = _column(text, below.begin) - indent if below else 0
    if not step and any(isinstance(each, Mapping) for each in value.values()):
        step = _STEP  # a table that was not there
    return _with_lines(text, last.value.end, _block(indent, step, name, value))


def _block(indent: int, step: int, name: str, value: Mapping[str, object]) -> list[str]:
    """A member as lines: its value on the first of them, or, with a step, below."""
    lead = f"{' ' * indent}{word(name)}:"
    if not step:
        return [f"{lead} {_flow(value)}"]
    inner = " " * (indent + step)
    return [lead, *(f"{inner}{word(key)}: {_said(each)}" for key, each in value.items())]


def _flow(value: Mapping[str, object]) -> str:
    return pairs({word(key): _said(each) for key, each in value.items()})


def _said(value: object) -> str:
    if isinstance(value, Mapping):
        return _flow(value)
    return word(value) if isinstance(value, str) else str(value)


def _with_lines(text: str, behind: int, lines: list[str]) -> str:
    """The text with lines behind the one that holds an offset."""
    ending = _ending(text)
    place = _next_line(text, behind)
    added = ending.join(lines)
    if place and text[place - 1] != "\n":  # the last line of the file has no end
        return f"{text}{ending}{added}"
    return f"{text[:place]}{added}{ending}{text[place:]}"


def _with_flow(text: str, table: _Node, added: str) -> str:
    if not table.nodes:
        begin = text.index("{", table.begin) + 1
        return f"{text[:begin]}{added}{text[begin:]}"
    last = table.members()[-1]
    end = last.value.end
    comma = _comma(text, end)
    behind = end if comma is None else comma + 1
    start = text.rfind("\n", 0, last.key.begin) + 1
    lead, line_end = text[start : last.key.begin], _line_end(text, behind)
    if lead.strip() or _blank(text, behind) < line_end:
        more = f", {added}" if comma is None else f" {added},"
        return text[:behind] + more + text[behind:]
    before = text[:end] + "," + text[end:line_end] if comma is None else text[:line_end]
    return f"{before}{_ending(text)}{lead}{added}{'' if comma is None else ','}{text[line_end:]}"


def _without_flow(text: str, table: _Node, found: _Member, line: int) -> str:
    members = table.members()
    at = next(number for number, one in enumerate(members) if one.key is found.key)
    end = found.value.end
    comma = _comma(text, end)
    behind = end if comma is None else comma + 1
    before = members[at - 1].value.end if at else None
    if not text[line : found.key.begin].strip() and _blank(text, behind) >= _line_end(text, behind):
        rest = text[_next_line(text, behind) :]
        if comma is None and before is not None:  # the one before has become the last
            mark = _comma(text, before)
            assert mark is not None
            return text[:mark] + text[mark + 1 : line] + rest
        return text[:line] + rest
    if at + 1 < len(members):
        return text[: found.key.begin] + text[members[at + 1].key.begin :]
    return text[: found.key.begin if before is None else before] + text[behind:].removeprefix(" ")


def _comma(text: str, behind: int) -> int | None:
    """Where the comma stands that follows a value, None where none does."""
    place = _blank(text, behind)
    return place if text[place : place + 1] == "," else None


def _blank(text: str, offset: int) -> int:
    """Where the next sign stands behind an offset that is neither a blank nor a comment's."""
    match = _BLANK.match(text, offset)
    return match.end() if match else offset


def _column(text: str, offset: int) -> int:
    return offset - text.rfind("\n", 0, offset) - 1


def _line_end(text: str, offset: int) -> int:
    """Where the line ends that holds an offset, before what ends it."""
    end = text.find("\n", offset)
    end = len(text) if end < 0 else end
    return end - 1 if text[end - 1 : end] == "\r" else end


def _next_line(text: str, offset: int) -> int:
    """Where the line behind an offset begins; the offset itself, if a line begins there."""
    if offset and text[offset - 1] == "\n":
        return offset
    end = text.find("\n", offset)
    return len(text) if end < 0 else end + 1


def _ending(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
