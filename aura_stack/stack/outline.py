"""Reads the parts of a checked stack file that more than one of its readers asks for."""

import posixpath
from collections.abc import Iterator

from aura_stack.frozen import Frozen
from aura_stack.reading.tree import Entry, Items, Scalar, Table

from .model import MAIN_PORT, Condition, EnvFile


class DeclaredPort(Frozen):
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


class Dependency(Frozen):
    """What a service depends on, how far that must have come, and whether its new runs are followed by new ones."""

    name: Scalar
    condition: Condition
    restart: bool = False


def dependencies_of(service: Table) -> Iterator[Dependency]:
    """What a service depends on: names where they stand, and how."""
    if service.entries.keys().isdisjoint(("depends_on", "needs")):
        return
    for item in service.items("depends_on"):
        if isinstance(item, Scalar):
            yield Dependency(item, Condition.READY)
    for item in service.items("needs"):
        if isinstance(item, Scalar):
            yield Dependency(item, Condition.READY)
    for key, node in service.table("depends_on").entries.values():
        if isinstance(node, Scalar):
            # nothing behind the name is what a list says; any other word is told where the file is checked
            yield Dependency(key, Condition(node.text) if node.text in set(Condition) else Condition.READY)
        elif isinstance(node, Table):
            condition, restart = node.scalar("condition"), node.scalar("restart")
            yield Dependency(
                key,
                Condition(condition.text) if condition else Condition.READY,
                restart is not None and restart.value is True,
            )


def ports_of(service: Table) -> Iterator[DeclaredPort]:
    """The ports of a service, the main one first: it is `port`, or else the first of `ports`."""
    entries = {"": service.entries["port"]} if "port" in service.entries else {}
    entries |= service.table("ports").entries
    for position, (key, entry) in enumerate(entries.items()):
        variable = f"{MAIN_PORT}_{as_variable(key)}" if position else MAIN_PORT
        yield DeclaredPort(key, variable, entry)


def tasks(root: Table) -> Iterator[tuple[Scalar, Table]]:
    """Every task that is written as a mapping: its name where it stands, and the mapping."""
    for entry in root.table("tasks").entries.values():
        if isinstance(entry.node, Table):
            yield entry.key, entry.node


def profiles(root: Table) -> Iterator[tuple[Scalar, Table | None, tuple[Scalar, ...] | None]]:
    """Every profile: its name, the mapping if it is one, and the services it names; None for all."""
    for entry in root.table("profiles").entries.values():
        node = entry.node
        if isinstance(node, Items):
            yield entry.key, None, tuple(each for each in node.nodes if isinstance(each, Scalar))
        elif isinstance(node, Table):
            named = node.items("services") if "services" in node.entries else None
            words = None if named is None else tuple(each for each in named if isinstance(each, Scalar))
            yield entry.key, node, words


def says_how(profile: Table | None) -> bool:
    """Whether a profile says how its services run, and not only which: then it is a stack of its own."""
    return profile is not None and not profile.entries.keys().isdisjoint(("env", "env_file", "range"))


def env_files_of(table: Table, directory: str) -> tuple[EnvFile, ...]:
    """The files of variables that stand in a mapping, absolute."""
    found = []
    for node in table.items("env_file"):
        word = node.scalar("path") if isinstance(node, Table) else node
        required = node.scalar("required") if isinstance(node, Table) else None
        if isinstance(word, Scalar):
            path = posixpath.normpath(posixpath.join(directory, word.text))
            found.append(EnvFile(path, required is None or required.value is not False, word.place))
    return tuple(found)


def as_variable(name: str) -> str:
    """A name of ours as part of the name of a variable: upper case, - as _."""
    return name.upper().replace("-", "_")
