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

from aura_stack.frozen import NamedTuple

from .model import MAIN_PORT, EnvFile, Service, Stack

OURS = "aura-stack"


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


def port_variables(stack: Stack) -> dict[str, str]:
    """What every service is told of the ports of all: `AURA_PORT_<SERVICE>`."""
    return {
        f"AURA_PORT_{service.name.upper().replace('-', '_')}": str(service.port)
        for service in stack.services
        if service.port is not None
    }


class Sources(NamedTuple):
    """What the variables of services are made of.

    `ports` are the `port_variables` of the stack, `shell` the variables of the shell that gave the order; `read`
    reads a file of variables; `coloured` is whether our own output is coloured, so that a program whose output is
    a pipe may colour too.
    """

    stack: Stack
    ports: Mapping[str, str]
    shell: Mapping[str, str]
    read: ReadFile
    coloured: bool


def child_environment(sources: Sources, service: Service) -> dict[str, str]:
    """All variables of one service."""
    found: dict[str, str | None] = {}
    for values, _ in _said(sources, service):
        found.update(values)
    return {name: value for name, value in found.items() if value is not None}


def explained(sources: Sources, service: Service) -> dict[str, Origin]:
    """The same with the origin of every value, also of those that are taken away."""
    found: dict[str, Origin] = {}
    for values, origin in _said(sources, service):
        for name, value in values.items():
            under = found.get(name)
            over = (under.holds, *under.over) if under else ()
            found[name] = Origin(Assignment(value, origin(name)), over)
    return found


_Said = tuple[Mapping[str, str | None], Callable[[str], str]]
"""What one source says of variables, and what tells the origin of each, which few ask for."""


def _said(sources: Sources, service: Service) -> tuple[_Said, ...]:
    """What each source says, the lowest first."""
    stack, _, shell, read, coloured = sources
    files = _files(stack.env_files, shell, read, override=False)
    known = {**_values(files), **shell} if service.env_files or service.profile_files else {}
    own_files = _files(service.env_files, known, read)
    profile_files = _files(service.profile_files, {**known, **_values(own_files)}, read)
    may_colour = coloured and "NO_COLOR" not in files and "NO_COLOR" not in shell
    return (
        ({"FORCE_COLOR": "1"} if may_colour else {}, _ours),
        _of_files(files),
        (shell, lambda _: "the shell"),
        ({"PYTHONUNBUFFERED": "1"}, _ours),  # Python holds output to a pipe back, and one would wait for it
        _of_files(own_files),
        _of_files(profile_files),
        (_injected(sources, service), _ours),
        (service.env, lambda name: _place(service, name)),
        (service.profile_env, lambda _: "a profile"),
    )


def _ours(_: str) -> str:
    return OURS


def _of_files(layer: Layer) -> _Said:
    if not layer:
        return {}, _ours
    return {name: value for name, (value, _) in layer.items()}, lambda name: layer[name].origin


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


def _injected(sources: Sources, service: Service) -> dict[str, str]:
    own = {
        **sources.ports,
        "AURA_PROJECT": sources.stack.name,
        "AURA_SERVICE": service.name,
        "AURA_REPLICA": str(service.replica),
    }
    if service.offered:
        own[MAIN_PORT] = str(service.offered)
    own.update((port.variable, str(port.number)) for port in service.ports)
    return own
