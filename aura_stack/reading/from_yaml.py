"""Plants a tree from YAML: only PyYAML's parser is used, never its composer or its constructors.

Those recurse, read `no`, `22:22` and dates as YAML 1.1 did, and keep the last of two equal keys in silence.
"""

from typing import Any

from aura_stack.errors import Place, Problem
from aura_stack.system import lean

from .plant import Planter, Refused
from .tree import Form
from .words import quoted

lean.load_yaml()
import yaml  # noqa: E402 - loaded already

_CORE = "tag:yaml.org,2002:"
_TEXT_TAGS = frozenset(("!", _CORE + "str"))
_TAGS = _TEXT_TAGS | {_CORE + name for name in ("null", "bool", "int", "float", "seq", "map")}


def plant(planter: Planter, text: str, label: str) -> None:
    """Hand every event of the text to the planter.

    Raises:
        Refused: the text is not YAML, holds two documents, or goes beyond a limit of the planter.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # PyYAML built without libyaml has no C loader
    try:
        _plant(planter, yaml.parse(text, Loader=loader), label)
    except yaml.YAMLError as error:
        raise Refused(_explained(error, text, label)) from None


def _plant(planter: Planter, events: Any, label: str) -> None:
    begun = False
    for event in events:
        place = Place(label, event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, yaml.ScalarEvent):
            planter.scalar(place, event.value, _form(event, place), event.anchor)
        elif isinstance(event, yaml.CollectionStartEvent):
            _known_tag(event.tag, place)
            planter.open(place, event.anchor, is_table=isinstance(event, yaml.MappingStartEvent))
        elif isinstance(event, yaml.CollectionEndEvent):
            planter.close()
        elif isinstance(event, yaml.AliasEvent):
            planter.alias(place, event.anchor or "")
        elif isinstance(event, yaml.DocumentStartEvent):
            if begun:
                raise Refused.at(place, "a second document begins here, but a file holds one")
            begun = True


def _form(event: yaml.ScalarEvent, place: Place) -> Form:
    _known_tag(event.tag, place)
    if event.tag is None:
        return Form.QUOTED if event.style else Form.PLAIN
    return Form.QUOTED if event.tag in _TEXT_TAGS else Form.PLAIN


def _known_tag(tag: str | None, place: Place) -> None:
    if tag is not None and tag not in _TAGS:
        shown = tag.replace(_CORE, "!!", 1)
        raise Refused.at(place, f"the tag {quoted(shown)} means nothing here", "write the value without it")


def _explained(error: yaml.YAMLError, text: str, label: str) -> Problem:
    """The complaint of libyaml or of PyYAML's own parser, which mark the same places, in plain words."""
    from . import wording  # noqa: PLC0415 - only a mistake needs it

    if not isinstance(error, yaml.MarkedYAMLError):
        return wording.control_character(text, label)
    mark, began = error.problem_mark, error.context_mark
    fault = wording.Fault(
        problem=error.problem or "",
        line=mark.line if mark else 0,
        column=mark.column if mark else 0,
        began=(began.line, began.column) if began else None,
    )
    return wording.explain(fault, text, label)
