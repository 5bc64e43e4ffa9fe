"""Checks that the programs a stack asks for are there, in a version that will do."""

from collections.abc import Sequence

from aura_stack.errors import AuraError
from aura_stack.frozen import Frozen
from aura_stack.stack.model import Requirement
from aura_stack.stack.versions import Constraint, parse_constraint, parse_version

from .asking import Reply
from .cures import cure
from .programs import find, versions


class Unmet(Frozen):
    """A requirement that is not met: what is wrong and where it was asked for, and how to get what lacks."""

    requirement: Requirement
    message: str
    cure: str


def require(requirements: Sequence[Requirement], path: str, cache: str = "", directory: str = "") -> None:
    """Return if every requirement is met.

    Args:
        requirements: programs, and the versions that will do.
        path: the PATH they are looked for on, and asked with.
        cache: a file that keeps the answers from one call to the next; "" for none.
        directory: where they are asked, as a shim answers by that; "" for the current one.

    Raises:
        AuraError: some are not met; all are told, with how to get each (exit code 1).
        InvalidDefinition: the versions of one cannot be read.
    """
    found = unmet(requirements, path, cache, directory)
    if found:
        cures = dict.fromkeys(one.cure for one in found)
        raise AuraError("\n".join(one.message for one in found), "\n".join(cures))


def unmet(
    requirements: Sequence[Requirement], path: str, cache: str = "", directory: str = ""
) -> list[Unmet]:
    """The requirements that are not met, in their order; arguments and InvalidDefinition as for `require`."""
    constraints = [parse_constraint(one.versions, one.place) for one in requirements]
    files = {one.program: find(one.program, path) for one in requirements}
    to_ask = {
        one.program: file
        for one, constraint in zip(requirements, constraints, strict=True)
        if (file := files[one.program]) and not constraint.anything
    }
    replies = versions(to_ask, path, cache, directory)
    found = []
    for one, constraint in zip(requirements, constraints, strict=True):
        fault = _fault(files[one.program], replies.get(one.program), constraint)
        if fault:
            found.append(Unmet(one, _message(one, constraint, fault), cure(one.program, constraint.lowest)))
    return found


def _message(one: Requirement, constraint: Constraint, fault: str) -> str:
    wanted = one.program if constraint.anything else f"{one.program} {constraint.text}"
    return f"{one.place}: {wanted} is required, but {fault}"


def _fault(file: str | None, reply: Reply | None, constraint: Constraint) -> str:
    """What is wrong with a program; "" if nothing is."""
    if file is None:
        return "there is none on PATH"
    if constraint.anything or reply is None:
        return ""
    if reply.fault:
        return f"{file} {reply.fault}"
    version = parse_version(reply.printed)
    if version is None:
        said = reply.printed.strip().splitlines()[:1]
        return (
            f"{file} tells no version: it printed {said[0][:80]!r}" if said else f"{file} printed no version"
        )
    return "" if constraint.allows(version) else f"{file} is {version}"
