"""Finds every mistake in a stack file that shows without its manifest and without a look at this machine."""

from collections.abc import Iterator, Mapping

from aura_stack.errors import Problem
from aura_stack.frozen import Frozen
from aura_stack.reading.tree import Node, Scalar, Table

from .check import check
from .model import PortClaim
from .outline import is_external, ports_of, services
from .rules import broken
from .shape import STACK


class Valid(Frozen):
    """What can be used of a stack file: all of it when there are no problems."""

    root: Table
    claims: tuple[PortClaim, ...]
    problems: tuple[Problem, ...]
    notices: tuple[Problem, ...]


def validate(root: Node, signals: Mapping[str, int]) -> Valid:
    """Check shape and sense of a stack file.

    Args:
        root: the file, its variables filled in.
        signals: the signals of this system, numbers by names without SIG.
    """
    checked = check(root, STACK, "the stack file")
    table = checked.root if isinstance(checked.root, Table) else Table(root.place, {})
    problems = (*checked.problems, *broken(table, signals))
    return Valid(table, tuple(_claims(table)), problems, checked.notices)


def _claims(root: Table) -> Iterator[PortClaim]:
    """The ports that services ask for, as far as they can be read."""
    for name, service in services(root):
        external = is_external(service)
        for port in ports_of(service):
            node = port.entry.node
            if isinstance(node, Scalar):
                word = node.value if isinstance(node.value, int) else node.text
                yield PortClaim(name.text, external, port.key, port.variable, word, node.place)
