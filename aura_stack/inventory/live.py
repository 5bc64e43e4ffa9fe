"""Who listens on this machine now: on the numbers that matter to a project, and which of its processes on others."""

import os
from collections.abc import Iterable

from aura_stack.ports.owners import Kind, owners
from aura_stack.system import processes

from .verdicts import Holder


def holders(numbers: Iterable[int], directory: str, project: str) -> tuple[Holder, ...]:
    """Who listens on these numbers, and on which others processes of this stack do.

    Args:
        numbers: those that matter.
        directory: the project's folder.
        project: the name of its stack.
    """
    listening = _listening()
    services: dict[int, str] = {}
    found: dict[int, list[tuple[int | None, str]]] = {}
    wanted = set(numbers)
    for number, pid, address in listening:
        if pid is not None and pid not in services:
            services[pid] = _service(pid, directory, project)
        if number in wanted or (pid is not None and services[pid]):
            found.setdefault(number, []).append((pid, address))
    held = owners(found) if found else {}
    return tuple(
        Holder(
            number,
            owner.pid,
            owner.command,
            services.get(owner.pid or 0, "")
            or (_service(owner.pid, directory, project) if owner.pid else ""),
            _is_inside(owner.cwd, directory),
            tuple(sorted({address for pid, address in found[number] if pid == owner.pid})),
        )
        for number in sorted(found)
        for owner in held[number]
        if owner.kind is not Kind.CONNECTION and not _holds(owner.pid, directory, project)
    )


def _holds(pid: int | None, directory: str, project: str) -> bool:
    """Whether it is the engine of the stack, which listens for its services where their sockets are held."""
    return any(_service(child, directory, project) for child in processes.children(pid)) if pid else False


def _listening() -> list[tuple[int, int | None, str]]:
    """Every listener that can be seen: its number, its process, its address."""
    import psutil  # noqa: PLC0415 - costs 20 ms

    try:
        found = psutil.net_connections("tcp")
    except psutil.AccessDenied:  # macOS shows the whole table to root alone
        return []
    return [
        (one.laddr.port, one.pid, one.laddr.ip)
        for one in found
        if one.status == psutil.CONN_LISTEN and one.laddr
    ]


def _service(pid: int, directory: str, project: str) -> str:
    """The service as whose run a process was started: the stack leaves its name in the environment."""
    environment = processes.environment(pid) or {}
    if environment.get("AURA_PROJECT") != project or not environment.get("AURA_SERVICE"):
        return ""
    return environment["AURA_SERVICE"] if _is_inside(processes.cwd(pid) or "", directory) else ""


def _is_inside(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip(os.sep) + os.sep)
