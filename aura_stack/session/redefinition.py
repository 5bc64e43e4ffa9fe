"""What another definition means for a stack that runs: who starts, stops or restarts, and why.

Two services are compared field by field, without the places where their words stand. Of its variables what
counts is what the run was given, and what it would be given now, whatever file or key that comes from.
"""

from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from typing import Any

from aura_stack.errors import Place
from aura_stack.frozen import Frozen
from aura_stack.stack import graph
from aura_stack.stack.model import Port, Service

SHOWN = 4  # variables that are named

Variables = Mapping[str, str]


class Step(StrEnum):
    """What becomes of a service."""

    START = "starts"
    STOP = "stops"
    RESTART = "restarts"
    KEEP = "goes on"


class Change(Frozen):
    """One service: what becomes of it, and why, in words."""

    service: str
    step: Step
    why: str

    def __str__(self) -> str:
        return f"{self.service} {self.step} ({self.why})"


# What a run was made of, so that another value takes another run; and what stands in its variables.
_OF_A_RUN = {
    "command": "command",
    "cwd": "folder",
    "ports": "ports",
    "prepare": "prepare",
    "stdin_null": "stdin",
    "tty": "tty",
    "offered": "PORT",
    "handover": "handover",
}
_IN_VARIABLES = frozenset({"env", "env_places", "env_files", "profile_env", "profile_files"})
_MENDED = "its variables can be read again"
_OF_NOBODY = frozenset({"name", "place", "base", "replica", "behind", "moved"})


def changes(
    before: Mapping[str, Service],
    after: Mapping[str, Service],
    given: Mapping[str, Variables],
    now: Mapping[str, Variables],
    *,
    up: Collection[str],
    lacking: Collection[str],
    all_are_wanted: bool,
) -> tuple[Change, ...]:
    """Compare two definitions of one stack; who stays as it is, is not among the answers.

    Args:
        before: services of ours, by name.
        after: the same in the other definition.
        given: the variables that runs were given.
        now: those that they would be given.
        up: names of services that are wanted up.
        lacking: names of those that could not begin a run for want of their variables.
        all_are_wanted: whether a service that is new is to run.
    """
    found = [Change(name, Step.STOP, "no longer defined") for name in before if name not in after]
    for name, service in after.items():
        if name not in before:
            if all_are_wanted and not service.task:
                found.append(Change(name, Step.START, "new"))
        elif change := _change(
            before[name], service, given.get(name), now.get(name, {}), up=name in up, lacked=name in lacking
        ):
            found.append(change)
    return (*found, *_needed(found, before, after, up))


def _needed(
    found: Collection[Change],
    before: Mapping[str, Service],
    after: Mapping[str, Service],
    up: Collection[str],
) -> Iterator[Change]:
    """What somebody who begins needs now, and did not need before; what somebody stopped stays down otherwise."""
    begun = [one.service for one in found if one.step in (Step.START, Step.RESTART)]
    then, now = ({name: tuple(one.depends_on) for name, one in each.items()} for each in (before, after))
    known = {*up, *begun}
    for name in begun:
        needed = set(graph.closure([name], now)) - set(graph.closure([name], then)) - known
        for other in after:
            if other in needed:
                known.add(other)
                yield Change(other, Step.START, f"{name} needs it")


def _change(
    before: Service, after: Service, given: Variables | None, now: Variables, *, up: bool, lacked: bool
) -> Change | None:
    renewing: list[str] = []
    others: list[str] = []
    for field in after.__match_args__:
        old, new = _bare(getattr(before, field)), _bare(getattr(after, field))
        if old == new or field in _IN_VARIABLES | _OF_NOBODY:
            continue
        if field == "ports":
            renewing.append(_ports(before.ports, after.ports))
        else:
            (renewing if field in _OF_A_RUN else others).append(_OF_A_RUN.get(field, field.replace("_", " ")))
    if given is not None:
        renewing += _variables(given, now, after)
    if lacked and up and not (renewing or after.task):
        renewing.append(_MENDED)
    if not (renewing or others):
        return None
    words = ", ".join((*renewing, *others))
    if up and renewing and not after.task:
        return Change(after.name, Step.RESTART, words)
    return Change(after.name, Step.KEEP, f"{words}: from its next run on" if renewing else words)


def _ports(before: tuple[Port, ...], after: tuple[Port, ...]) -> str:
    old, new = ([str(port.number) for port in ports] for ports in (before, after))
    return f"port {', '.join(old) or 'none'} → {', '.join(new) or 'none'}" if old != new else "ports"


def _variables(given: Variables, now: Variables, service: Service) -> Iterator[str]:
    """Which variables are other ones; the ports of services that it does not depend on say nothing to it."""
    needed = {_port_variable(name) for name in service.depends_on}
    names = sorted(
        name
        for name in given.keys() | now.keys()
        if given.get(name) != now.get(name) and (not name.startswith("AURA_PORT_") or name in needed)
    )
    if names:
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        yield f"{', '.join(names[:SHOWN])}{more} changed"


def _port_variable(name: str) -> str:
    return f"AURA_PORT_{name.upper().replace('-', '_')}"


def _bare(value: Any) -> Any:
    """A value without the places where its words stand."""
    if isinstance(value, Place):
        return None
    if isinstance(value, Frozen):
        return (type(value), *(_bare(getattr(value, field)) for field in value.__match_args__))
    if isinstance(value, tuple):
        return tuple(map(_bare, value))
    if isinstance(value, Mapping):
        return {key: _bare(one) for key, one in value.items()}
    return value
