"""What a project says of its ports besides the files that are read: the manifest, and the services of its stack."""

import posixpath
from collections.abc import Iterable, Mapping
from functools import cached_property

from aura_stack.frozen import NamedTuple
from aura_stack.ports.entries import Manifest
from aura_stack.stack.model import MAIN_PORT, Port, Service, Stack, address

from .names import words

_AMBIGUOUS = frozenset(
    ("next", "port", "dev", "test", "http", "https", "main", "default", "local", "all", "one", "the", "new")
)
_ELSEWHERE = frozenset(
    (
        "free",
        "instead",
        "formerly",
        "was",
        "were",
        "old",
        "former",
        "previously",
        "not",
        "never",
        "example",
        "eg",
    )
)
"""Words of a sentence that speaks of another number on purpose."""
_TOWARDS = frozenset(
    (
        "to",
        "asks",
        "calls",
        "uses",
        "needs",
        "connects",
        "reaches",
        "proxies",
        "via",
        "through",
        "from",
        "with",
        "behind",
    )
)
"""Words behind a name that lead to another one: `the backend asks the one at 9200`."""
_SYNONYMS = {
    "postgresql": ("postgres", "pg"), "postgres": ("postgresql", "pg"), "mongodb": ("mongo",), "mongo": ("mongodb",),
    "rabbitmq": ("amqp", "rabbit"), "mysql": ("mariadb",), "elasticsearch": ("elastic",), "redis": ("rediss",),
}  # fmt: skip


class Declared(NamedTuple):
    """A number that has a name: an entry of the manifest, or in a stack without one, a port of a service."""

    name: str
    number: int
    external: bool
    services: tuple[str, ...]


class Owned(NamedTuple):
    """A service, as far as its files go.

    Attributes:
        name: as in the stack file.
        folder: where it runs, from the project's folder; None outside of it.
        ports: its numbers, with the variables under which they reach it.
        entries: the names of these numbers.
        external: it is not ours.
        words: its command.
        env: variables that it is given by the stack file.
    """

    name: str
    folder: str | None
    ports: tuple[Port, ...]
    entries: tuple[str, ...]
    external: bool
    words: tuple[str, ...]
    env: Mapping[str, str | None]

    @property
    def main(self) -> Port | None:
        """The port that reaches it as PORT."""
        return next((port for port in self.ports if port.variable == MAIN_PORT), None)

    @property
    def url(self) -> str:
        """Its address, or "" without a port."""
        return address(self.main.number) if self.main else ""


class Ground:
    """Everything that is declared.

    Args:
        declared: by name.
        services: in the order of the stack file.
    """

    def __init__(self, declared: Mapping[str, Declared], services: tuple[Owned, ...]) -> None:
        self.declared = declared
        self.services = services
        self._owners: dict[str, Owned | None] = {}

    @cached_property
    def by_number(self) -> Mapping[int, Declared]:
        """Names by numbers; ours come before those of others."""
        ours_last = sorted(self.declared.values(), key=lambda one: not one.external)
        return {one.number: one for one in ours_last}

    @cached_property
    def aliases(self) -> Mapping[str, Declared]:
        """What an entry is called in programs and documents: its name, and that of its service."""
        found: dict[str, set[str]] = {}
        for one in self.declared.values():
            for name in (one.name, *one.services):
                phrase = " ".join(words(name))
                for each in (phrase, *_SYNONYMS.get(phrase, ())):
                    if each and each not in _AMBIGUOUS:
                        found.setdefault(each, set()).add(one.name)
        of_services = {
            " ".join(words(name)): one.name for one in self.declared.values() for name in one.services
        }
        clear = {phrase: next(iter(names)) for phrase, names in found.items() if len(names) == 1}
        return {phrase: self.declared[name] for phrase, name in (clear | self._mains(of_services)).items()}

    def _mains(self, of_services: Mapping[str, str]) -> dict[str, str]:
        """A service of several ports is called for its main one."""
        mains = {" ".join(words(one.name)): one.entries[0] for one in self.services if one.entries}
        return {
            phrase: mains.get(phrase, name)
            for phrase, name in of_services.items()
            if phrase not in _AMBIGUOUS
        }

    def named(self, phrases: Iterable[str], *, exactly: bool) -> Declared | None:
        """The entry that is called so.

        Args:
            phrases: lower-case words, the nearest first.
            exactly: whether a phrase has to be a name, or may contain it.
        """
        for phrase in phrases:
            if phrase in self.aliases:
                return self.aliases[phrase]
            if not exactly and (found := self._within(phrase)):
                return found
        return None

    def _within(self, phrase: str) -> Declared | None:
        """The name that stands last in a phrase, and of those that end there, the longest."""
        parts = phrase.split(" ")
        if _ELSEWHERE.intersection(parts):
            return None
        for end in range(len(parts), 0, -1):
            if _TOWARDS.intersection(parts[end:]):
                return None
            for begin in range(end):
                if found := self.aliases.get(" ".join(parts[begin:end])):
                    return found
        return None

    def service(self, name: str) -> Owned | None:
        """The service of that name."""
        return next((one for one in self.services if one.name == name), None)

    def owner(self, file: str) -> Owned | None:
        """The service to which a file belongs: whose command names it, or else in whose folder it lies.

        None where that cannot be told.
        """
        if file not in self._owners:
            self._owners[file] = self._found_owner(file)
        return self._owners[file]

    def _found_owner(self, file: str) -> Owned | None:
        ours = [one for one in self.services if not one.external and one.folder is not None]
        naming = [one for one in ours if names(one, file)]
        if len(naming) == 1:
            return naming[0]
        around = [one for one in ours if not one.folder or file.startswith(one.folder + "/")]
        deepest = max((len(one.folder or "") for one in around), default=0)
        nearest = [one for one in around if len(one.folder or "") == deepest]
        return nearest[0] if len(nearest) == 1 else None


def names(service: Owned, file: str) -> bool:
    """Whether the command of a service names a file: `node server.js`, `uvicorn api.main:app`."""
    inside = posixpath.relpath(file, service.folder or ".") if service.folder else file
    stem = inside.rsplit(".", 1)[0]
    module = stem.replace("/", ".")
    for word in " ".join(service.words).split():
        plain = word.strip("'\"").removeprefix("./")
        if (
            plain in {inside, stem, module}
            or plain.split(":")[0] == module
            or plain == inside.removeprefix("src/")
        ):
            return True
    return False


def ground(stack: Stack, manifest: Manifest | None) -> Ground:
    """What is declared in a definition."""
    users: dict[str, list[str]] = {}
    for service in stack.services:
        for port in service.ports:
            users.setdefault(_name(service, port), []).append(service.name)
    if manifest is not None:
        declared = {
            entry.name: Declared(entry.name, entry.number, entry.external, tuple(users.get(entry.name, ())))
            for entry in manifest.entries.values()
        }
    else:
        declared = {
            _name(service, port): Declared(
                _name(service, port), port.number, service.external, (service.name,)
            )
            for service in stack.services
            for port in service.ports
        }
    return Ground(declared, tuple(_owned(service, stack.directory) for service in stack.services))


def _name(service: Service, port: Port) -> str:
    return port.entry or (f"{service.name}-{port.key}" if port.key else service.name)


def _owned(service: Service, directory: str) -> Owned:
    top = directory.rstrip("/") + "/"
    folder = (
        ""
        if service.cwd == directory
        else service.cwd.removeprefix(top)
        if service.cwd.startswith(top)
        else None
    )
    command = service.command
    return Owned(
        service.name,
        None if service.external else folder,
        service.ports,
        tuple(_name(service, port) for port in service.ports),
        service.external,
        (*command.argv, command.text) if command else (),
        service.env,
    )
