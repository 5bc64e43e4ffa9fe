"""Who listens on this machine now: on the numbers that matter to a project, and which of its processes on others."""

import os
from collections.abc import Iterable, Iterator

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
        for owner, service in zip(held, services, strict=True):
            if not _holds(owner.pid, directory, project):
                inside = _is_inside(owner.cwd, directory)
                addresses = tuple(sorted(owner.hosts))
                yield Holder(number, owner.pid, owner.command, service, inside, addresses)


def _holds(pid: int | None, directory: str, project: str) -> bool:
    """Whether it is the engine of the stack, which listens for its services where their sockets are held."""
    return any(_service(child, directory, project) for child in processes.children(pid)) if pid else False


def _service(pid: int, directory: str, project: str) -> str:
    """The service as whose run a process was started: the stack leaves its name in the environment."""
    environment = processes.environment(pid) or {}
    if environment.get("AURA_PROJECT") != project or not environment.get("AURA_SERVICE"):
        return ""
    return environment["AURA_SERVICE"] if _is_inside(processes.cwd(pid) or "", directory) else ""


def _is_inside(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip(os.sep) + os.sep)
