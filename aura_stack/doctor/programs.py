"""Whether the programs that the stack requires are there, and which Node is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from aura_stack.frozen import NamedTuple
from aura_stack.stack.model import Requirement
from aura_stack.stack.versions import parse_version

from .findings import Finding, ok, trouble

_ALWAYS = "node"  # what most stacks run, so it is told even where no stack asks for it


class Unmet(Protocol):
    """A requirement that is not met."""

    @property
    def requirement(self) -> Requirement:
        """What was asked for."""

    @property
    def message(self) -> str:
        """Where that is, and what is wrong."""

    @property
    def cure(self) -> str:
        """How to get it."""


class Reply(Protocol):
    """What a program said when it was asked for its version."""

    @property
    def printed(self) -> str:
        """On stdout and stderr."""

    @property
    def fault(self) -> str:
        """Why that is no answer, or ""."""


class Asking(NamedTuple):
    """How programs are found and asked.

    Attributes:
        find: the file of a program on a PATH.
        versions: what programs print, by name, from their files, the PATH, the file of a cache and a folder.
        unmet: the requirements that are not met, from them, the PATH, the cache and the folder.
    """

    find: Callable[[str, str], str | None]
    versions: Callable[[Mapping[str, str], str, str, str], Mapping[str, Reply]]
    unmet: Callable[[Sequence[Requirement], str, str, str], Sequence[Unmet]]


def check_programs(
    requirements: Sequence[Requirement], path: str, cache: str, folder: str, asking: Asking
) -> Iterator[Finding]:
    """Look at what the stack requires, and at Node in any case.

    Args:
        requirements: of the stack.
        path: the PATH where programs are looked for.
        cache: keeps answers, "" for none.
        folder: where programs are asked, as the shims of version managers answer by that; "" for the current one.
        asking: how.
    """
    faults = {one.requirement.program: one for one in asking.unmet(requirements, path, cache, folder)}
    wanted = {one.program: one.versions for one in requirements}
    files = {name: asking.find(name, path) for name in dict.fromkeys((*wanted, _ALWAYS))}
    replies = asking.versions({name: file for name, file in files.items() if file}, path, cache, folder)
    for name, file in files.items():
        if fault := faults.get(name):
            yield trouble(name, fault.message, fault.cure)
        elif file is None:
            yield ok(name, "not on PATH, and nothing here asks for it")
        else:
            yield ok(name, f"{_version(replies.get(name))}, {file}{_required(wanted.get(name))}")


def _required(versions: str | None) -> str:
    if versions is None:
        return ""
    return ", required" if versions.strip() == "*" else f", {versions} is required"


def _version(reply: Reply | None) -> str:
    found = parse_version(reply.printed) if reply and not reply.fault else None
    return str(found) if found else "of unknown version"
