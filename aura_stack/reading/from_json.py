"""Plants a tree from JSON, which the standard library checks and which is then cut into words with places."""

import json
import re

from aura_stack.errors import Place, Problem

from .plant import DEEPEST, Planter, Refused
from .tree import Form

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]|[^\s\[\]{},:"]+')


def plant(planter: Planter, text: str, label: str) -> None:
    """Hand every word of the text to the planter.

    Raises:
        Refused: the text is not JSON (RFC 8259), or goes beyond a limit of the planter.
    """
    _refuse_depth(text, label)
    if text.strip():
        _refuse_mistakes(text, label)
    line, line_start, seen = 1, 0, 0
    for match in _TOKEN.finditer(text):
        start = match.start()
        if breaks := text.count("\n", seen, start):
            line, line_start = line + breaks, text.rfind("\n", seen, start) + 1
        seen = start
        _plant(planter, match[0], Place(label, line, start - line_start + 1))


def _plant(planter: Planter, word: str, place: Place) -> None:
    if word in "[{":
        planter.open(place, is_table=word == "{")
    elif word in "]}":
        planter.close()
    elif word[0] == '"':
        text = json.loads(word) if "\\" in word else word[1:-1]
        planter.scalar(place, text, Form.QUOTED)
    else:
        planter.scalar(place, word, Form.PLAIN)


def _refuse_mistakes(text: str, label: str) -> None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        raise Refused(Problem(Place(label, error.lineno, error.colno), message)) from None


def _refuse_depth(text: str, label: str) -> None:
    """Look at the brackets first: the standard library's parser recurses for each level."""
    depth = 0
    for match in _TOKEN.finditer(text):
        depth += (match[0] in "[{") - (match[0] in "]}")
        if depth > DEEPEST:
            line, column = (
                text.count("\n", 0, match.start()) + 1,
                match.start() - text.rfind("\n", 0, match.start()),
            )
            raise Refused.at(Place(label, line, column), f"nested more than {DEEPEST} levels deep")
