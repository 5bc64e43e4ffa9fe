"""Everything that is checked before the first service is executed: whoever refuses here has started nothing."""

import os
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from aura_stack.errors import AuraError, ExitCode, InvalidDefinition, Problem
from aura_stack.frozen import Frozen
from aura_stack.ports.check import require_free
from aura_stack.ports.probe import can_be_had
from aura_stack.reading.words import listed, quoted
from aura_stack.stack import graph
from aura_stack.stack.model import Service, Stack
from aura_stack.system.places import Places

from . import numbers
from .defined import Definition, Source
from .environment import Environment
from .options import Options

if TYPE_CHECKING:
    from .prepare import Due


class Ground(Frozen):
    """What a start stands on: the definition, which services are meant, which steps are due, and what to say."""

    source: Source
    definition: Definition
    services: tuple[Service, ...]
    due: "tuple[Due, ...]"
    notices: tuple[str, ...]
    claim: numbers.Claim
    unseen: tuple[str, ...] = ()
    """The services whose logs the face is not to show."""

    @property
    def stack(self) -> Stack:
        """What the definition describes."""
        return self.definition.stack


def check(files: Source, options: Options, environ: Mapping[str, str], places: Places) -> Ground:
    """Look whether the stack can start.

    Args:
        files: those of its definition.
        options: the services that are asked for, and whether what they depend on comes with them.
        environ: the shell's variables.
        places: where the stack keeps its things; they exist.

    Raises:
        AuraError: with the exit code of what is wrong: 4 no such service, 5 definition, 6 ports, 1 the rest.
    """
    definition = files.definition(options.variant)
    stack = definition.stack
    services = meant(definition, options)
    _require_own(stack, (*options.tty, *filter(None, (options.code_from,))))
    unseen = _unseen(stack, options)
    environment = Environment(files, definition, environ, coloured=options.coloured)
    read_variables(environment, services, shared=bool(stack.env_files))
    notices = [str(notice) for notice in definition.notices]
    cache = os.path.join(places.runtime, "programs.json")
    if stack.requires:
        from . import requires  # noqa: PLC0415 - many stacks require nothing

        requires.require(stack.requires, environ.get("PATH", os.defpath), cache, stack.directory)
    notices += _end_remains(places.run)
    names = [service.name for service in services]
    settled = numbers.settle(files, definition, names, places, environ, shift=options.port_shift)
    definition, claim = settled.definition, settled.claim
    notices += settled.notices
    services = tuple(service for service in definition.stack.services if service.name in names)
    environment.redefine(definition)
    try:
        require_ports(definition, services, claim)
        notices += _require_externals(services, environment)
        own = tuple(service for service in services if not service.external)
        due = _due(own, places)
    except AuraError:
        claim.let_go()
        raise
    return Ground(files, definition, own, due, tuple(notices), claim, unseen)


def _require_externals(services: tuple[Service, ...], environment: Environment) -> list[str]:
    """See `externals.require`, which is loaded where there are some."""
    if not any(service.external for service in services):
        return []
    from . import externals  # noqa: PLC0415 - see above

    return externals.require(services, environment)


def _due(services: tuple[Service, ...], places: Places) -> "tuple[Due, ...]":
    """The steps that are due, where there are any."""
    if not any(service.prepare for service in services):
        return ()
    from . import prepare  # noqa: PLC0415 - many stacks prepare nothing

    return tuple(prepare.due(services, places.fingerprints))


def _unseen(stack: Stack, options: Options) -> tuple[str, ...]:
    """The services whose logs are not to be shown."""
    own = [service.name for service in stack.own]
    seen = meant_by(options.attach, stack, own) if options.attach else tuple(own)
    hidden = meant_by(options.no_attach, stack, own) if options.no_attach else ()
    return tuple(name for name in own if name not in seen or name in hidden)


def _require_own(stack: Stack, names: Iterable[str]) -> None:
    """Refuse names that no service of ours has (exit code 4)."""
    own = [service.name for service in stack.own if not service.task]
    for name in names:
        if name not in own:
            raise unknown_service(name, own)


def _end_remains(note_path: str) -> list[str]:
    """End what a crashed run of this stack has left, before it is taken for somebody else's; what to say of that."""
    if not os.path.lexists(note_path):
        return []
    from aura_stack.doctor import remains  # noqa: PLC0415 - for whoever comes after a crash

    ended, still = remains.end(remains.read_note(note_path))
    notices = []
    if ended:
        words = "process" if len(ended) == 1 else "processes"
        notices.append(f"ended {len(ended)} {words} that a crashed run had left: {remains.told(ended)}")
    if still:
        notices.append(f"a crashed run has left what cannot be ended: {remains.told(still)}")
    return notices


def require_ports(definition: Definition, services: tuple[Service, ...], claim: numbers.Claim) -> None:
    """Refuse if a port of these services is taken, or another stack's (exit code 6); take those that are not."""
    ranges = definition.manifest
    taken = {port.number for service in definition.stack.services for port in service.ports}
    leased = claim.taken(services)

    def next_free(number: int) -> int | None:
        from aura_stack.ports import policy  # noqa: PLC0415 - for whoever is refused

        return policy.next_free(number, ranges, taken | claim.spared(), can_be_had)

    require_free(services, next_free, leased, claim.others)


def read_variables(environment: Environment, services: Iterable[Service], *, shared: bool) -> None:
    """Every file of variables can be read; InvalidDefinition with the mistakes of all."""
    problems: list[Problem] = []
    for service in services:
        if not (shared or service.env_files or service.profile_files):
            continue
        try:
            environment(service)
        except InvalidDefinition as invalid:
            problems += invalid.problems
    if problems:
        raise InvalidDefinition(problems)


def meant(definition: Definition, options: Options) -> tuple[Service, ...]:
    """The services that an order is about, with what they depend on.

    Raises:
        AuraError: one of its names means nothing (exit code 4).
    """
    stack = definition.stack
    needs = {service.name: tuple(service.depends_on) for service in stack.services}
    if options.idle:
        names: tuple[str, ...] = ()
    elif options.services:
        names = meant_by(options.services, stack)
    elif definition.meant is not None:
        names = meant_by(definition.meant, stack) if definition.meant else ()
    else:
        names = tuple(needs)
    if options.excepted:
        spared = set(meant_by(options.excepted, stack))
        names = tuple(name for name in names if name not in spared)
    wanted = set(graph.closure(names, needs) if options.dependencies else names)
    return tuple(service for service in stack.services if service.name in wanted)


def meant_by(patterns: Iterable[str], stack: Stack, among: Collection[str] | None = None) -> tuple[str, ...]:
    """The names that are meant by names, patterns (`work*`) and profiles (`@minimal`), in the order of the stack.

    The name of a service with replicas means all of them, `worker-1` the first alone.

    Args:
        patterns: as typed.
        stack: whose services.
        among: those that may be meant; all if not given.

    Raises:
        AuraError: one means nothing (exit code 4).
    """
    known = [service for service in stack.services if among is None or service.name in among]
    wanted: set[str] = set()
    for pattern in patterns:
        found = {service.name for service in known if _is_meant(service, pattern, stack)}
        if not found:
            raise unknown_service(pattern, [service.name for service in known])
        wanted |= found
    return tuple(service.name for service in known if service.name in wanted)


def _is_meant(service: Service, pattern: str, stack: Stack) -> bool:
    if pattern.startswith("@"):
        return service.name in stack.profiles.get(pattern[1:], ())
    if service.replica == 1 and pattern == f"{service.family}-1":
        return True
    from fnmatch import fnmatchcase  # noqa: PLC0415 - for orders that name services

    return fnmatchcase(service.name, pattern) or service.family == pattern


def unknown_service(name: str, known: Iterable[str]) -> AuraError:
    """The answer to a name that no service has (exit code 4)."""
    from aura_stack.reading.suggest import did_you_mean  # noqa: PLC0415 - for whoever is refused

    names = sorted(known)
    hint = did_you_mean(name, names) or f"there are {listed(names)}"
    return AuraError(f"there is no service {quoted(name)} in this stack", hint, ExitCode.UNKNOWN)
