"""All checks, one after the other: gathers what each needs to know, and lets it judge."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from aura_stack.errors import AuraError, ExitCode, InvalidDefinition
from aura_stack.frozen import Frozen
from aura_stack.stack.model import Stack
from aura_stack.system import limits, mounts, places, removal

from . import census, leftovers, locations, machine, numbers, programs, stacks
from .census import State
from .findings import Finding, note, ok, trouble

_EPHEMERAL_ELSEWHERE = range(49_152, 65_536)
"""What macOS gives to outgoing connections (net.inet.ip.portrange in sysctl), the dynamic ports of RFC 6335."""


class Definition(Protocol):
    """A definition without mistakes."""

    @property
    def label(self) -> str:
        """What the stack file is called in messages."""

    @property
    def stack(self) -> Stack:
        """What it defines."""


class Means(Frozen):
    """What the rooms above lend.

    Attributes:
        read: reads the definition of a stack file; AuraError for its mistakes.
        asking: finds programs and asks them.
        say_size: bytes in words.
    """

    read: Callable[[str, Mapping[str, str]], Definition]
    asking: programs.Asking
    say_size: Callable[[int], str]


class Case(Frozen):
    """What is looked at.

    Attributes:
        file: the stack file, "" where there is none: then the machine alone is looked at.
        absence: why there is none.
        asked_for: whether one was named, so that its absence is a fault.
        folder: the current one.
        environ: the shell's variables.
        fix: whether to take away what dead stacks left.
    """

    file: str
    absence: AuraError | None
    asked_for: bool
    folder: str
    environ: Mapping[str, str]
    fix: bool = False


def check(case: Case, means: Means) -> Iterator[Finding]:
    """Make every check; each finding comes as soon as it is known."""
    yield machine.check_python(sys.version_info[:3], sys.executable)
    yield machine.check_yaml(_libyaml())
    system = os.uname()
    yield machine.check_system(system.sysname, system.release, subreaper=sys.platform == "linux")
    yield machine.check_inotify(limits.inotify())
    finding, stack = _definition(case, means)
    yield finding
    yield machine.check_open_files(limits.open_files(), len(stack.own) if stack else 0)
    yield from _programs(case, stack, means)
    if stack:
        yield from _ports(stack)
    yield from _locations(case, means)
    yield from _stacks(case)


def _libyaml() -> str | None:
    import yaml  # noqa: PLC0415 - 10 ms; the first finding is printed by then

    if not yaml.__with_libyaml__:
        return None
    from yaml import _yaml  # noqa: PLC0415 - there is one only with libyaml

    return str(_yaml.get_version_string())


def _definition(case: Case, means: Means) -> tuple[Finding, Stack | None]:
    """Whether there is a stack file without mistakes."""
    if case.absence:
        said = trouble if case.asked_for or case.absence.exit_code == ExitCode.NOT_PERMITTED else note
        return said("definition", case.absence.message, case.absence.hint), None
    try:
        found = means.read(case.file, case.environ)
    except InvalidDefinition as error:
        first, more = error.problems[0], len(error.problems) - 1
        text = f"{first}" + (f", and {more} more" if more else "")
        return trouble("definition", text, "aura-stack config check shows every mistake with its line"), None
    except AuraError as error:
        return trouble("definition", error.message, error.hint), None
    services = len(found.stack.services)
    return ok(
        "definition", f"{found.label}: no mistakes, {services} service{'s' * (services != 1)}"
    ), found.stack


def _programs(case: Case, stack: Stack | None, means: Means) -> Iterator[Finding]:
    path = case.environ.get("PATH", os.defpath)
    requirements = stack.requires if stack else ()
    folder = stack.directory if stack else ""
    return programs.check_programs(requirements, path, "", folder, means.asking)


def _ports(stack: Stack) -> Iterator[Finding]:
    found = limits.ports()
    told = found or limits.Ports(_EPHEMERAL_ELSEWHERE, (), 0)
    return numbers.check_ports(
        stack.services, told.ephemeral, told.reserved, told.lowest, reservable=found is not None
    )


def _locations(case: Case, means: Means) -> Iterator[Finding]:
    """Where the stack's things are; without a stack, where those of any stack here would be."""
    try:
        found = places.places(case.file or os.path.join(case.folder, "stack.yaml"), case.environ)
    except AuraError as error:
        yield trouble("socket", error.message, error.hint)
        return
    login = case.environ.get("XDG_RUNTIME_DIR", "")
    usable = found.runtime.startswith(os.path.join(login, ""))
    yield locations.check_socket(found.socket, found.runtime, login, usable=usable)
    root, beside = os.path.dirname(found.runtime), os.path.dirname(found.socket)
    private = (root, found.runtime) + ((os.path.dirname(beside), beside) if beside != found.runtime else ())
    data = (found.data, found.logs) if case.file else ()
    yield from locations.check_folders((*data, found.runtime, beside), private)
    checkout = os.path.dirname(found.data)
    kinds = mounts.kind(checkout), mounts.kind(found.runtime)
    yield from locations.check_file_systems(checkout, kinds[0], found.runtime, kinds[1])
    if case.file:
        size = removal.size(found.data)
        yield locations.check_record(found.data, size, means.say_size(size))


def _stacks(case: Case) -> Iterator[Finding]:
    home = os.path.expanduser("~")
    try:
        known = census.take(case.environ)
        strays = leftovers.strays(case.environ)
    except AuraError:  # without a home directory there is none; that was told before
        return
    yield from stacks.check_stacks(known, home)
    if case.file:
        yield from stacks.check_elsewhere(known, places.places(case.file, case.environ).runtime)
    dead = [one for one in known if one.state is State.DEAD]
    if case.fix:
        yield from _fixed(case, dead, strays)
    else:
        yield from stacks.check_leftovers(dead, strays, home)


def _fixed(case: Case, dead: list[census.Known], strays: list[str]) -> Iterator[Finding]:
    """Take the leftovers away, and look again."""
    removed = leftovers.Removed()
    try:
        for one in dead:
            removed += leftovers.remove(one)
        for path in strays:
            removed += leftovers.remove_stray(path)
    except AuraError as error:
        yield trouble("leftovers", error.message, error.hint)
    home = os.path.expanduser("~")
    if removed.paths:
        yield ok("leftovers", f"removed {', '.join(stacks.short(path, home) for path in removed.paths)}")
    left = census.dead(case.environ)
    if left or not removed.paths:
        yield from stacks.check_leftovers(left, leftovers.strays(case.environ), home)
