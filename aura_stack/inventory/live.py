"""Who listens on this machine now: on the numbers that matter to a project, and which of its processes on others."""

import os
from collections.abc import Collection, Iterable, Iterator

from aura_stack.ports.owners import listeners
from aura_stack.system import processes

from .verdicts import Holder


def holders(numbers: Iterable[int], directory: str, project: str) -> tuple[Holder, ...]:
    """Who listens on these numbers, and on which others processes of this stack do.

    Args:
        numbers: those that matter.
        directory: the project's folder.
        project: the name of its stack.
    """
    return tuple(_holders(frozenset(numbers), directory, project))


def _holders(wanted: frozenset[int], directory: str, project: str) -> Iterator[Holder]:
    for number, held in listeners().items():
        services = [_service(owner.pid, directory, project) if owner.pid else "" for owner in held]
        if number not in wanted and not any(services):
            continue
        if number not in wanted and any(_was_given(owner.pid, number) for owner in held):
            continue  # a run behind the front
        engines = {owner.pid for owner in held if owner.pid and _is_engine(owner.pid, directory, project)}
        for owner, service in zip(held, services, strict=True):
            if owner.pid not in engines and (service or not _is_front(owner.pid, engines)):
                inside = _is_inside(owner.cwd, directory)
                addresses = tuple(sorted(owner.hosts))
                yield Holder(number, owner.pid, owner.command, service, inside, addresses)


def _is_engine(pid: int, directory: str, project: str) -> bool:
    """Whether it is the engine of the stack, which listens for its services where their sockets are held."""
    return any(_service(child, directory, project) for child in processes.children(pid))


def _is_front(pid: int | None, engines: Collection[int]) -> bool:
    """Whether it accepts from a socket that the engine which started it has as well."""
    return pid is not None and processes.parent(pid) in engines


def _was_given(pid: int | None, number: int) -> bool:
    """Whether the stack has told a process of a service to listen there."""
    environment = (processes.environment(pid) if pid else None) or {}
    told = {value for name, value in environment.items() if name == "PORT" or name.startswith("PORT_")}
    return "AURA_SERVICE" in environment and str(number) in told


def _service(pid: int, directory: str, project: str) -> str:
    """The service as whose run a process was started: the stack leaves its name in the environment."""
    environment = processes.environment(pid) or {}
    if environment.get("AURA_PROJECT") != project or not environment.get("AURA_SERVICE"):
        return ""
    return environment["AURA_SERVICE"] if _is_inside(processes.cwd(pid) or "", directory) else ""


def _is_inside(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip(os.sep) + os.sep)
