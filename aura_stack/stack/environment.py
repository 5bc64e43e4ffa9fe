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


def port_variables(stack: Stack) -> Layer:
    """What every service is told of the ports of all: `AURA_PORT_<SERVICE>`."""
    return {
        f"AURA_PORT_{service.name.upper().replace('-', '_')}": Assignment(str(service.port), OURS)
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
    ports: Layer
    shell: Mapping[str, str]
    read: ReadFile
    coloured: bool


def child_environment(sources: Sources, service: Service) -> dict[str, str]:
    """All variables of one service."""
    below, files, above = _layers(sources, service)
    found = {
        name: value for layer in (below, files) for name, (value, _) in layer.items() if value is not None
    }
    found.update(sources.shell)  # in bulk: it is the longest by far
    for layer in reversed(above):
        for name, (value, _) in layer.items():
            if value is None:
                found.pop(name, None)
            else:
                found[name] = value
    return found


def explained(sources: Sources, service: Service) -> dict[str, Origin]:
    """The same with the origin of every value, also of those that are taken away."""
    below, files, above = _layers(sources, service)
    shell = {name: Assignment(value, "the shell") for name, value in sources.shell.items()}
    found: dict[str, Origin] = {}
    for layer in (below, files, shell, *reversed(above)):
        for name, assignment in layer.items():
            under = found.get(name)
            found[name] = Origin(assignment, (under.holds, *under.over) if under else ())
    return found


def _layers(sources: Sources, service: Service) -> tuple[Layer, Layer, list[Layer]]:
    """What each source says: our hint and the stack's files, which stand below the shell, and all above it."""
    stack, _, shell, read, coloured = sources
    files = _files(stack.env_files, shell, read, override=False)
    known = {**_values(files), **shell} if service.env_files or service.profile_files else {}
    own_files = _files(service.env_files, known, read)
    profile_files = _files(service.profile_files, {**known, **_values(own_files)}, read)
    return (
        {"FORCE_COLOR": Assignment("1", OURS)} if coloured and not {"NO_COLOR"} & {*files, *shell} else {},
        files,
        [
            {name: Assignment(value, "a profile") for name, value in service.profile_env.items()},
            {name: Assignment(value, _place(service, name)) for name, value in service.env.items()},
            _injected(sources, service),
            profile_files,
            own_files,
            # Python holds output to a pipe back, and one would wait for it
            {"PYTHONUNBUFFERED": Assignment("1", OURS)},
        ],
    )


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


def _injected(sources: Sources, service: Service) -> Layer:
    own = {
        "AURA_PROJECT": sources.stack.name,
        "AURA_SERVICE": service.name,
        "AURA_REPLICA": str(service.replica),
    }
    if service.offered:
        own[MAIN_PORT] = str(service.offered)
    own |= {port.variable: str(port.number) for port in service.ports}
    return {**sources.ports, **{name: Assignment(value, OURS) for name, value in own.items()}}
