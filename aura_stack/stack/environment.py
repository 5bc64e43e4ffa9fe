"""The environment of a service: whose word counts for a variable, and where each value comes from.

The highest first; docs/stack-file.md has the same table:

1. `env` of the profiles that were chosen
2. `env` of the service, where null takes a variable away
3. what we inject: ports, AURA_PROJECT, AURA_SERVICE, AURA_REPLICA
4. files of the profiles
5. files of the service
6. PYTHONUNBUFFERED
7. the shell's environment
8. files of the stack
9. FORCE_COLOR
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from .model import EnvFile, Service, Stack


class Assignment(NamedTuple):
    """What one source says of a variable: None takes it away. `origin` is where: a place, or in words."""

    value: str | None
    origin: str


Layer = Mapping[str, Assignment]

ReadFile = Callable[[EnvFile, Mapping[str, str], bool], Layer]
"""What a file says, its `${NAME}` filled in from these variables, which it overrides or not."""


class Origin(NamedTuple):
    """What holds for a variable, and what does not because of that, the next one first."""

    holds: Assignment
    over: tuple[Assignment, ...]


def child_environment(
    stack: Stack, service: Service, shell: Mapping[str, str], read: ReadFile, *, coloured: bool
) -> dict[str, str]:
    """All variables of one service.

    Args:
        stack: names the project and the ports of the others (`AURA_PORT_<SERVICE>`).
        service: whose environment it is.
        shell: the variables of the shell that gave the order.
        read: reads a file of variables.
        coloured: whether our own output is coloured, so that a program whose output is a pipe may colour too.
    """
    found: dict[str, str] = {}
    for layer in reversed(layers(stack, service, shell, read, coloured=coloured)):
        for name, (value, _) in layer.items():
            if value is None:
                found.pop(name, None)
            else:
                found[name] = value
    return found


def explained(
    stack: Stack, service: Service, shell: Mapping[str, str], read: ReadFile, *, coloured: bool
) -> dict[str, Origin]:
    """The same with the origin of every value, also of those that are taken away."""
    found: dict[str, Origin] = {}
    for layer in reversed(layers(stack, service, shell, read, coloured=coloured)):
        for name, assignment in layer.items():
            below = found.get(name)
            found[name] = Origin(assignment, (below.holds, *below.over) if below else ())
    return found


def layers(
    stack: Stack, service: Service, shell: Mapping[str, str], read: ReadFile, *, coloured: bool
) -> list[Layer]:
    """What every source says, the highest first; arguments as for `child_environment`."""
    below = stack_variables(stack.env_files, (), shell, read)
    own_files = _files(service.env_files, below, read)
    profile_files = _files(service.profile_files, {**below, **_values(own_files)}, read)
    hint = "FORCE_COLOR" if coloured and "NO_COLOR" not in below else ""
    return [
        {name: Assignment(value, "a profile") for name, value in service.profile_env.items()},
        {name: Assignment(value, _place(service, name)) for name, value in service.env.items()},
        _injected(stack, service),
        profile_files,
        own_files,
        # Python holds output to a pipe back, and one would wait for it
        {"PYTHONUNBUFFERED": Assignment("1", "aura-stack")},
        {name: Assignment(value, "the shell") for name, value in shell.items()},
        _files(stack.env_files, shell, read, override=False),
        {hint: Assignment("1", "aura-stack")} if hint else {},
    ]


def stack_variables(
    files: Iterable[EnvFile], profile_files: Iterable[EnvFile], shell: Mapping[str, str], read: ReadFile
) -> dict[str, str]:
    """What `${NAME}` stands for in a stack file: files of profiles, the shell, files of the stack."""
    known = {**_values(_files(files, shell, read, override=False)), **shell}
    return {**known, **_values(_files(profile_files, known, read))}


def _files(
    files: Iterable[EnvFile], known: Mapping[str, str], read: ReadFile, *, override: bool = True
) -> Layer:
    """What several files say together: a later one knows and overrides the earlier ones."""
    found: dict[str, Assignment] = {}
    for file in files:
        around = {**known, **_values(found)} if override else {**_values(found), **known}
        found |= read(file, around, override)
    return found


def _values(layer: Layer) -> dict[str, str]:
    return {name: value for name, (value, _) in layer.items() if value is not None}


def _place(service: Service, name: str) -> str:
    place = service.env_places.get(name)
    return str(place) if place else "the stack file"


def _injected(stack: Stack, service: Service) -> Layer:
    others = {
        f"AURA_PORT_{other.name.upper().replace('-', '_')}": str(other.port)
        for other in stack.services
        if other.port is not None
    }
    offered = {"PORT": str(service.offered)} if service.offered else {}
    ports = {port.variable: str(port.number) for port in service.ports}
    own = {"AURA_PROJECT": stack.name, "AURA_SERVICE": service.name, "AURA_REPLICA": str(service.replica)}
    return {
        name: Assignment(value, "aura-stack") for name, value in {**others, **own, **offered, **ports}.items()
    }
