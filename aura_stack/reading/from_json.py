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
    if text.strip():
        _refuse_mistakes(text, label)
    for number, line in enumerate(text.split("\n"), 1):  # no word goes over the end of a line
        for match in _TOKEN.finditer(line):
            word = match[0]
            place = Place(label, number, match.start() + 1)
            first = word[0]
            if first == '"':
                planter.scalar(place, json.loads(word) if "\\" in word else word[1:-1], Form.QUOTED)
            elif first in "[{":
                planter.open(place, is_table=first == "{")
            elif first in "]}":
                planter.close()
            else:
                planter.scalar(place, word, Form.PLAIN)


def _refuse_mistakes(text: str, label: str) -> None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        raise Refused(Problem(Place(label, error.lineno, error.colno), message)) from None
    except RecursionError:  # the standard library's parser recurses for each level
        _refuse_depth(text, label)
        raise


def _refuse_depth(text: str, label: str) -> None:
    """Look for the bracket that is too deep."""
    depth = 0
    for match in _TOKEN.finditer(text):
        depth += (match[0] in "[{") - (match[0] in "]}")
        if depth > DEEPEST:
            line, column = (
                text.count("\n", 0, match.start()) + 1,
                match.start() - text.rfind("\n", 0, match.start()),
            )
            raise Refused.at(Place(label, line, column), f"nested more than {DEEPEST} levels deep")
