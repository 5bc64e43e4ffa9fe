"""Gives every service its name and its number: no two the same, and those of a manifest that is there."""

from collections.abc import Iterable, Mapping
from itertools import chain
from types import MappingProxyType

from aura_stack.frozen import Frozen
from aura_stack.stack.outline import as_variable

from .findings import External, Findings, Found, Hold, Listening
from .naming import Names

FIRST = 4000
"""Where numbers are taken from for a service that listens wherever it is told to."""

_LAST_PORT = 65535


class Entry(Frozen):
    """A number with a name in a manifest; `external` for one of a program that is not ours."""

    number: int
    external: bool = False


class Named(Frozen):
    """A service with its name, its number and the entry of it; 0 and "" for one without.

    Attributes:
        name: unique.
        found: everything else.
        number: what it is to listen on.
        entry: what the number is called in the manifest.
        remarks: what is to be said of the number.
        needs: services that its code asks something, with where that stands.
        urls: variables that seem to stand for the address of a service, with its name.
        after: services that come before it, and how far each has to be.
    """

    name: str
    found: Found
    number: int = 0
    entry: str = ""
    remarks: tuple[str, ...] = ()
    needs: Mapping[str, str] = MappingProxyType({})
    urls: Mapping[str, str] = MappingProxyType({})
    after: Mapping[str, str] = MappingProxyType({})


class NamedExternal(Frozen):
    """A program that is not ours, with its name and the entry of its number."""

    name: str
    found: External
    entry: str


class Draft(Frozen):
    """Everything that goes into the files.

    Attributes:
        services: ours.
        externals: others.
        requires: programs and versions.
        added: the entries that the manifest does not have yet.
        ports: whether there are any numbers, and so a manifest.
        notes: what the user should know of.
        env_files: files of variables for all.
    """

    services: tuple[Named, ...]
    externals: tuple[NamedExternal, ...]
    requires: Mapping[str, str]
    added: Mapping[str, Entry]
    ports: bool
    notes: tuple[str, ...]
    env_files: tuple[str, ...] = ()


def assign(findings: Findings, manifest: Mapping[str, Entry], outgoing: range) -> Draft:
    """Name everything and number what listens.

    Args:
        findings: what was found.
        manifest: the entries that are there already; they stay as they are.
        outgoing: the numbers that the kernel takes for outgoing connections.
    """
    return _Assignment(findings, manifest, outgoing).draft()


class _Assignment:
    """What is taken while one after the other gets its share."""

    def __init__(self, findings: Findings, manifest: Mapping[str, Entry], outgoing: range) -> None:
        self.findings = findings
        self.manifest = manifest
        self.outgoing = outgoing
        self.names = Names()
        self.entry_names = Names(tuple(manifest))
        self.added: dict[str, Entry] = {}
        self.holders: dict[int, str] = {}  # number → who has it

    def draft(self) -> Draft:
        services = [Named(self._service_name(found), found) for found in self.findings.services]
        externals = list(self._externals())
        # whoever cannot move comes first, so that the others make way
        order = sorted(
            services, key=lambda one: one.found.listening is not None and _can_move(one.found.listening)
        )
        numbered = {one.name: self._numbered(one) for one in order}
        final = [self._with_needs(numbered[one.name], list(numbered.values()), externals) for one in services]
        return Draft(
            services=tuple(final),
            externals=tuple(externals),
            requires=self.findings.requires,
            added={name: self.added[name] for name in self._order(final, externals) if name in self.added},
            ports=any(one.number for one in final) or bool(externals),
            notes=(*self.findings.notes, *_moved(final), *_addresses(final)),
            env_files=self.findings.env_files,
        )

    @staticmethod
    def _order(services: list[Named], externals: list[NamedExternal]) -> list[str]:
        return [*(one.entry for one in services), *(one.entry for one in externals)]

    def _service_name(self, found: Found) -> str:
        return self.names.take(found.name, found.folder.replace("/", "-") or found.name)

    def _externals(self) -> Iterable[NamedExternal]:
        ours = {one.listening.number for one in self.findings.services if one.listening}
        for found in self.findings.externals:
            # what a compose file and our own code both listen on is one program, run in two ways
            if found.number in ours or found.number in self.holders:
                continue
            name = self.names.take(found.name)
            self.holders[found.number] = name
            yield NamedExternal(name, found, self._entry(found.number, name, external=True))

    def _entry(self, number: int, name: str, *, external: bool = False) -> str:
        """The name of a number: the one it has in the manifest, else a new one."""
        for known, entry in self.manifest.items():
            if entry.number == number and (external or not entry.external):
                return known
        fresh = self.entry_names.take(name)
        self.added[fresh] = Entry(number, external)
        return fresh

    def _numbered(self, one: Named) -> Named:
        listening = one.found.listening
        if listening is None or (listening.number is None and not _can_move(listening)):
            return one
        number, remarks = self._number(one, listening)
        self.holders[number] = one.name
        remarks = [*remarks, *self._remarks(number)]
        return one.but(number=number, entry=self._entry(number, one.name), remarks=tuple(remarks))

    def _number(self, one: Named, listening: Listening) -> tuple[int, list[str]]:
        wanted, said = listening.number, listening.said
        known = self.manifest.get(one.name)
        if known and not known.external and known.number not in self.holders and _can_move(listening):
            there = f", where {said} has {wanted}" if wanted and wanted != known.number else ""
            return known.number, [f"{known.number}, from the manifest{there}"]
        if wanted is None:
            number = self._free(FIRST)
            return number, [f"{number}, chosen: {said} has no number of its own"]
        if not self._is_taken(wanted):
            return wanted, [f"{wanted}, {_from(said)}"]
        number = self._free(wanted)
        holder = self.holders.get(wanted) or "another entry of the manifest"
        if _can_move(listening):
            return number, [f"{number}, since {wanted} ({said}) is that of {holder}"]
        reads = "let it read PORT, or it will not be found there"
        return number, [
            f"{number}, since {wanted} is that of {holder}; but {wanted} stands in {said}: {reads}"
        ]

    def _remarks(self, number: int) -> Iterable[str]:
        if number in self.outgoing:
            first, last = self.outgoing[0], self.outgoing[-1]
            yield f"the kernel takes {first}-{last} for outgoing connections, so it may be busy at times"

    def _is_taken(self, number: int) -> bool:
        external = any(entry.number == number and entry.external for entry in self.manifest.values())
        return external or number in self.holders

    def _free(self, after: int) -> int:
        """A number that nobody else wants: above, else from 4000 on."""
        wanted = {one.listening.number for one in self.findings.services if one.listening}
        named = {entry.number for entry in self.manifest.values()}
        spoken_for = {*wanted, *named, *self.holders}
        candidates = chain(range(after, _LAST_PORT + 1), range(FIRST, after))
        return next(each for each in candidates if each not in spoken_for)

    def _with_needs(self, one: Named, services: list[Named], externals: list[NamedExternal]) -> Named:
        # of two that want one number, the one that has it is asked; and nobody asks itself through another
        wanted = {other.found.listening.number: other.name for other in services if other.found.listening}
        wanted |= {other.found.number: other.name for other in externals}
        wanted |= {other.number: other.name for other in services}
        if one.found.listening:
            wanted[one.found.listening.number] = one.name
        needs = {
            wanted[number]: f"{place} asks localhost:{number}"
            for number, place in one.found.asks.items()
            if wanted.get(number, one.name) != one.name
        }
        names = {f"{as_variable(other.name)}_URL": other.name for other in services if other.number}
        urls = {
            variable: names[variable]
            for variable in one.found.urls
            if names.get(variable, one.name) != one.name
        }
        said = {name: f"{one.found.urls[variable]} names {variable}" for variable, name in urls.items()}
        called = {other.found.name: other.name for other in services}
        after = {called[name]: how for name, how in one.found.after.items() if name in called}
        suggested = {name: why for name, why in (said | needs).items() if name not in after}
        return one.but(needs=suggested, urls=urls, after=after)


def _from(said: str) -> str:
    """A place, or whose habit it is."""
    return said if said.endswith("'s default") else f"from {said}"


def _can_move(listening: Listening) -> bool:
    return listening.hold is Hold.INJECTED


def _moved(services: list[Named]) -> Iterable[str]:
    """Those that have another number than was found."""
    for one in services:
        listening = one.found.listening
        if listening and listening.number and one.number != listening.number:
            yield f"{one.name} gets port {one.remarks[0]}"


def _addresses(services: list[Named]) -> Iterable[str]:
    """Those that may not run before an address of another service was given to them."""
    named = [f"{', '.join(one.urls)} of {one.name}" for one in services if one.urls]
    if named:
        yield f"lines to take out of their comments, if they are right: {', '.join(named)}"
