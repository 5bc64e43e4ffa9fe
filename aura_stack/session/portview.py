"""The ports of a definition beside what this machine says of them: for those who ask, whether or not the stack runs."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from aura_stack.errors import Place
from aura_stack.frozen import Frozen, NamedTuple
from aura_stack.ports import policy
from aura_stack.ports.entries import Entry, Manifest
from aura_stack.ports.leases import Lease, by_number
from aura_stack.ports.machine import kernel
from aura_stack.ports.probe import can_be_had
from aura_stack.ports.register import Register
from aura_stack.ports.rules import Finding, findings
from aura_stack.stack.find import is_procfile
from aura_stack.stack.variant import Variant
from aura_stack.system import places as where
from aura_stack.system.places import Places

from .defined import Definition, Source
from .numbers import as_it_is
from .stackfile import StackFile

if TYPE_CHECKING:
    from aura_stack.ports.owners import Owner


class Row(NamedTuple):
    """A declared number: `written` in the file, `number` in this checkout; whose it is, and who holds it now."""

    name: str
    service: str
    written: int
    number: int
    external: bool
    entry: Entry | None
    held: "tuple[Owner, ...]" = ()


class Declared(Frozen):
    """What a stack and its manifest declare.

    Attributes:
        manifest: None for a stack of plain numbers.
        rows: in the order of the manifest, those of external systems last; then those of the stack file alone.
        taken: the numbers that this and other stacks have.
    """

    definition: Definition
    manifest: Manifest | None
    rows: tuple[Row, ...]
    taken: frozenset[int]

    def is_ours(self, row: Row) -> bool:
        """Whether a service of this stack, in this checkout, holds the number."""
        return any(one.file and one.file == self.definition.stack.file for one in row.held)

    def next_free(self, row: Row) -> int | None:
        """The number to use in the place of one that is taken."""
        return policy.next_free(row.number, self.manifest, self.taken, can_be_had)


def violations(source: Source) -> list[Finding]:
    """What breaks a rule in the manifest of a definition, none for one of plain numbers.

    Raises:
        InvalidDefinition: the manifest cannot be understood.
    """
    found = source.manifest() if isinstance(source, StackFile) else None
    return findings(found, kernel()) if found else []


def manifest_path(file: str, environ: Mapping[str, str]) -> tuple[str, Place] | None:
    """Where the manifest is that a stack file names, and where it does that; None if it names none."""
    if is_procfile(file):
        return None
    word = StackFile(file, environ).root.scalar("ports")
    return (os.path.join(os.path.dirname(file), word.text), word.place) if word else None


def declared(source: Source, variant: Variant, places: Places, environ: Mapping[str, str]) -> Declared:
    """All numbers that a stack and its manifest declare, and who holds those that are busy.

    Raises:
        AuraError: as reading the definition does.
    """
    definition = as_it_is(source, variant, places, environ)
    rows = list(_rows(definition))
    living = Register(where.leases(environ)).living()
    others = by_number(one for one in living if one.file != definition.stack.file)
    asked = [row.number for row in rows if row.number in others or not can_be_had(row.number)]
    held = _holders(asked, living)
    rows = [row._replace(held=held.get(row.number, ())) for row in rows]
    taken = frozenset(by_number(living)) | {row.number for row in rows}
    return Declared(definition, definition.manifest, tuple(rows), taken)


def _holders(taken: Sequence[int], living: Iterable[Lease]) -> "Mapping[int, tuple[Owner, ...]]":
    if not taken:
        return {}
    from aura_stack.ports.owners import holders  # noqa: PLC0415 - mostly nobody is asked for

    return holders(taken, living)


def _rows(definition: Definition) -> Iterable[Row]:
    entries = definition.manifest.entries if definition.manifest else {}
    used = [(service, port) for service in definition.stack.services for port in service.ports]
    by_number = {port.written or port.number: (service, port) for service, port in used}
    shown = set()
    for name, entry in sorted(entries.items(), key=lambda one: one[1].external):  # others' come last
        service, port = by_number.get(entry.number, (None, None))
        number = port.number if port else entry.number
        shown.add(number)
        yield Row(name, service.name if service else "", entry.number, number, entry.external, entry)
    for service, port in used:
        if port.number not in shown:
            name = f"{service.name}/{port.key}" if port.key else service.name
            yield Row(name, service.name, port.written or port.number, port.number, service.external, None)
