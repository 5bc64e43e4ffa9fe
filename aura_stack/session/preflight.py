"""Everything that is checked before the first service is executed: whoever refuses here has started nothing."""

import os
from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase

from aura_stack.errors import AuraError, ExitCode
from aura_stack.frozen import Frozen
from aura_stack.ports import policy
from aura_stack.ports.check import require_free
from aura_stack.ports.probe import is_free
from aura_stack.ports.reach import accepts
from aura_stack.reading.suggest import did_you_mean
from aura_stack.reading.words import listed, quoted
from aura_stack.stack import graph
from aura_stack.stack.model import Service, Stack
from aura_stack.system.places import Places

from . import prepare, requires
from .definition import Definition, read
from .options import Options


class Ground(Frozen):
    """What a start stands on: the definition, which services are meant, which steps are due, and what to say."""

    definition: Definition
    services: tuple[Service, ...]
    due: tuple[prepare.Due, ...]
    notices: tuple[str, ...]

    @property
    def stack(self) -> Stack:
        """What the definition describes."""
        return self.definition.stack


def check(file: str, options: Options, environ: Mapping[str, str], places: Places) -> Ground:
    """Read the definition and look whether the stack can start.

    Args:
        file: the stack file.
        options: the services that are asked for, and whether what they depend on comes with them.
        environ: the shell's variables.
        places: where the stack keeps its things; they exist.

    Raises:
        AuraError: with the exit code of what is wrong: 4 no such service, 5 definition, 6 ports, 1 the rest.
    """
    definition = read(file, environ)
    stack = definition.stack
    services = _meant(stack, options)
    notices = [str(notice) for notice in definition.notices]
    cache = os.path.join(places.runtime, "programs.json")
    requires.require(stack.requires, environ.get("PATH", os.defpath), cache, stack.directory)
    require_ports(definition, services)
    notices += _externals(services)
    own = tuple(service for service in services if not service.external)
    return Ground(definition, own, tuple(prepare.due(own, places.fingerprints)), tuple(notices))


def require_ports(definition: Definition, services: tuple[Service, ...]) -> None:
    """Refuse if a port of these services is taken (exit code 6)."""
    ranges = definition.manifest
    taken = {port.number for service in definition.stack.services for port in service.ports}
    require_free(services, lambda number: policy.next_free(number, ranges, taken, is_free))


def _meant(stack: Stack, options: Options) -> tuple[Service, ...]:
    needs = {service.name: tuple(service.depends_on) for service in stack.services}
    names = meant_by(options.services, needs) if options.services else tuple(needs)
    wanted = set(graph.closure(names, needs) if options.dependencies else names)
    return tuple(service for service in stack.services if service.name in wanted)


def meant_by(patterns: Iterable[str], known: Collection[str]) -> tuple[str, ...]:
    """The names that are meant by names and patterns (`work*`), in the order in which they are known.

    Raises:
        AuraError: one means nothing (exit code 4).
    """
    patterns = tuple(patterns)
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in known):
            raise unknown_service(pattern, known)
    return tuple(name for name in known if any(fnmatchcase(name, pattern) for pattern in patterns))


def unknown_service(name: str, known: Iterable[str]) -> AuraError:
    """The answer to a name that no service has (exit code 4)."""
    names = sorted(known)
    hint = did_you_mean(name, names) or f"there are {listed(names)}"
    return AuraError(f"there is no service {quoted(name)} in this stack", hint, ExitCode.UNKNOWN)


def _externals(services: tuple[Service, ...]) -> list[str]:
    """What to say of external services that do not answer; one that is required refuses the start."""
    said = []
    for service in services:
        silent = service.external and service.port is not None and not accepts(service.port)
        if not silent:
            continue
        if service.required:
            raise AuraError(
                f"{service.name}, which is external and required, does not answer on port {service.port}",
                service.hint,
            )
        hint = f" ({service.hint})" if service.hint else ""
        said.append(f"{service.name}: not answering on port {service.port}; not required{hint}")
    return said
