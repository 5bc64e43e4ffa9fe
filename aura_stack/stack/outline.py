"""Reads the parts of a checked stack file that more than one of its readers asks for."""

from collections.abc import Iterator
from typing import NamedTuple

from aura_stack.reading.tree import Entry, Scalar, Table

from .model import MAIN_PORT, Condition


class DeclaredPort(NamedTuple):
    """A port as it stands in a service; `key` and `variable` are those of model.Port."""

    key: str
    variable: str
    entry: Entry


def services(root: Table) -> Iterator[tuple[Scalar, Table]]:
    """Every service that is written as a mapping: its name where it stands, and the mapping."""
    for entry in root.table("services").entries.values():
        if isinstance(entry.node, Table):
            yield entry.key, entry.node


def is_external(service: Table) -> bool:
    """Whether a service is not ours."""
    flag = service.scalar("external")
    return flag is not None and flag.value is True


def dependencies_of(service: Table) -> Iterator[tuple[Scalar, Condition]]:
    """What a service depends on: names where they stand, and how far each must have come."""
    for item in service.items("depends_on"):
        if isinstance(item, Scalar):
            yield item, Condition.READY
    for key, node in service.table("depends_on").entries.values():
        if isinstance(node, Scalar):
            yield key, Condition(node.text)


def ports_of(service: Table) -> Iterator[DeclaredPort]:
    """The ports of a service, the main one first: it is `port`, or else the first of `ports`."""
    entries = {"": service.entries["port"]} if "port" in service.entries else {}
    entries |= service.table("ports").entries
    for position, (key, entry) in enumerate(entries.items()):
        variable = f"{MAIN_PORT}_{as_variable(key)}" if position else MAIN_PORT
        yield DeclaredPort(key, variable, entry)


def as_variable(name: str) -> str:
    """A name of ours as part of the name of a variable: upper case, - as _."""
    return name.upper().replace("-", "_")
