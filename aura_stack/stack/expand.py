"""Fills the variables of the environment into a tree, before anything is known of what it defines."""

from collections.abc import Mapping

from aura_stack.errors import Problem
from aura_stack.frozen import Frozen
from aura_stack.reading.tree import Entry, Form, Items, Node, Scalar, Table, Void

from .template import BadTemplate, fill_variables

EXTENSION = "x-"


class Expanded(Frozen):
    """The tree with variables filled in, what went wrong, and which variables were used with what value."""

    root: Node
    problems: tuple[Problem, ...]
    variables: Mapping[str, str]


def expand(root: Node, environ: Mapping[str, str]) -> Expanded:
    """Fill in every value of the tree; keys, and what stands under the user's own `x-` keys, stay."""
    used: dict[str, str] = {}
    problems: list[Problem] = []

    def value(name: str) -> str | None:
        found = environ.get(name)
        if found is not None:
            used[name] = found
        return found

    def scalar(node: Scalar) -> Scalar | Void:
        try:
            text = fill_variables(node.text, value)
        except BadTemplate as bad:
            problems.append(Problem(node.place, bad.message, bad.hint))
            return Void(node.place)
        if text == node.text:
            return node
        shown = fill_variables(node.text, lambda name: _disguised(name, environ.get(name)))
        return Scalar(node.place, text, Form.EXPANDED, shown if shown != text else "")

    def walk(node: Node, spared: str | None = None) -> Node:
        if isinstance(node, Scalar):
            return scalar(node) if "$" in node.text else node
        if isinstance(node, Items):
            return Items(node.place, tuple(walk(item) for item in node.nodes))
        if isinstance(node, Table):
            entries = {
                name: entry if spared and name.startswith(spared) else Entry(entry.key, walk(entry.node))
                for name, entry in node.entries.items()
            }
            return Table(node.place, entries)
        return node

    return Expanded(walk(root, spared=EXTENSION), tuple(problems), used)


def _disguised(name: str, value: str | None) -> str | None:
    """What a variable brings in, for messages."""
    from .secrets import is_secret, masked  # noqa: PLC0415 - patterns to compile, for those who use variables

    return f"${{{name}}}" if value and is_secret(name) else value and str(masked(value))
