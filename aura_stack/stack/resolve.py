"""Makes the resolved Stack out of a checked stack file: references and defaults filled in, paths absolute."""

import posixpath
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from aura_stack.errors import Problem
from aura_stack.reading.tree import Scalar, Table
from aura_stack.reading.words import quoted

from .addresses import Addresses
from .filled import Filled
from .model import MAIN_PORT, Port, Prepare, Requirement, Restart, RestartPolicy, Service, Stack, Stop, Watch
from .outline import dependencies_of, is_external, services
from .readiness import readiness
from .units import rate, seconds, signal_number


class Surroundings(NamedTuple):
    """What the definition cannot say itself: where it stands, and what this system is like."""

    file: str  # absolute
    directory: str  # of the file; paths in it are relative to this one
    is_directory: Callable[[str], bool]
    signals: Mapping[str, int]


class Resolved(NamedTuple):
    """The stack, which is complete when there are no problems."""

    stack: Stack
    problems: tuple[Problem, ...]


def resolve(root: Table, ports: Mapping[str, tuple[Port, ...]], around: Surroundings) -> Resolved:
    """Resolve a stack.

    Args:
        root: what validate left of the file.
        ports: the ports of each service that has any.
        around: where the file stands.
    """
    problems: list[Problem] = []
    addresses = Addresses(root.table("services"), ports)
    found = tuple(
        _service(name, table, ports.get(name.text, ()), around, Filled(name.text, addresses, problems))
        for name, table in services(root)
    )
    name = root.scalar("name")
    stack = Stack(
        name=name.text if name else posixpath.basename(around.directory) or "stack",
        file=around.file,
        directory=around.directory,
        services=found,
        requires=tuple(_requirements(root)),
    )
    return Resolved(stack, tuple(problems))


def _requirements(root: Table) -> Iterator[Requirement]:
    for key, node in root.table("requires").entries.values():
        if isinstance(node, Scalar):
            yield Requirement(key.text, node.text, node.place)


def _service(
    name: Scalar, table: Table, ports: tuple[Port, ...], around: Surroundings, filled: Filled
) -> Service:
    main = next((port.number for port in ports if port.variable == MAIN_PORT), None)
    cwd = _cwd(table, around, filled)
    required, stdin, hint = table.scalar("required"), table.get("stdin"), table.scalar("hint")
    return Service(
        name=name.text,
        place=name.place,
        command=filled.command(table.get("command")),
        cwd=cwd,
        env=dict(_env(table, filled)),
        ports=ports,
        prepare=tuple(_prepare(table, filled)),
        watch=_watch(table),
        ready=readiness(table.table("ready"), filled, main, cwd),
        depends_on={need.text: condition for need, condition in dependencies_of(table)},
        restart=_restart(table),
        stop=_stop(table.table("stop"), filled, around),
        stdin_null=isinstance(stdin, Scalar) and stdin.is_nothing,
        external=is_external(table),
        required=required is None or required.value is True,
        hint=filled.text(hint) if hint else "",
    )


def _cwd(table: Table, around: Surroundings, filled: Filled) -> str:
    word = table.scalar("cwd")
    text = filled.text(word) if word else ""
    path = posixpath.normpath(posixpath.join(around.directory, text))
    if word and text and not around.is_directory(path):
        hint = "write ${HOME} for ~" if text.startswith("~") else ""
        filled.report(word.place, f"there is no folder {quoted(text)}", hint)
    return path


def _env(table: Table, filled: Filled) -> Iterator[tuple[str, str | None]]:
    for key, node in table.table("env").entries.values():
        if isinstance(node, Scalar):
            yield key.text, None if node.is_nothing else filled.text(node)


def _prepare(table: Table, filled: Filled) -> Iterator[Prepare]:
    for node in table.items("prepare"):
        command = filled.command(node.get("command")) if isinstance(node, Table) else None
        if isinstance(node, Table) and command:
            yield Prepare(command, _paths(node, "inputs"), _paths(node, "outputs"))


def _watch(table: Table) -> Watch | None:
    """`true` and a mapping turn it on, `false`, nothing and no key leave it off."""
    node = table.get("watch")
    if isinstance(node, Table):
        return Watch(_paths(node, "paths") or Watch.paths, _paths(node, "ignore"))
    return Watch() if isinstance(node, Scalar) and node.value is True else None


def _paths(table: Table, key: str) -> tuple[str, ...]:
    return tuple(item.text for item in table.items(key) if isinstance(item, Scalar))


def _restart(table: Table) -> Restart:
    word, give_up, default = table.scalar("restart"), table.scalar("give_up"), Restart()
    tries, window = default.tries, default.window
    if give_up:
        tries, window = (None, window) if give_up.text == "never" else rate(give_up.text)
    return Restart(
        policy=RestartPolicy(word.text) if word else default.policy,
        first=_seconds(table.table("backoff"), "first", default.first),
        maximum=_seconds(table.table("backoff"), "max", default.maximum),
        tries=tries,
        window=window,
    )


def _seconds(table: Table, key: str, default: float) -> float:
    word = table.scalar(key)
    return seconds(word.text) if word else default


def _stop(table: Table, filled: Filled, around: Surroundings) -> Stop:
    name = table.scalar("signal")
    number = signal_number(name.text, around.signals) if name else None
    default = Stop()
    return Stop(
        signal=default.signal if number is None else number,
        grace=_seconds(table, "grace", default.grace),
        command=filled.command(table.get("command")),
    )
