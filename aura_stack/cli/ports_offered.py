"""`ports next`: numbers that can be had, and what else is offered from the manifest of a stack.

Nothing here knows how a command line is parsed: see `quick`.
"""

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from aura_stack.errors import AuraError, ExitCode

from . import tables, target
from .settings import Settings

if TYPE_CHECKING:
    from aura_stack.ports.entries import Manifest

_FIRST = 3000  # where numbers are looked for when nobody says where


def offered(
    settings: Settings,
    *,
    first: int | None = None,
    count: int = 1,
    name: str | None = None,
    as_json: bool = False,
) -> int:
    """Print numbers that can be had.

    Args:
        settings: the global flags.
        first: where to begin, None for the beginning.
        count: how many.
        name: of the range of the manifest that they are taken from, None for any.
        as_json: whether programs read the answer.

    Raises:
        AuraError: there are not so many, no such range (exit code 4), or no stack where a range is asked for.
    """
    found = manifest(settings, required=name is not None)
    numbers: Iterator[int] = iter(range(first or _FIRST, 65536))
    if name is not None:
        numbers = iter(n for span in spans(found, name) for n in span if n >= (first or 0))
    found_free = []
    for number in offers(numbers, found):
        found_free.append(number)
        if len(found_free) == count:
            break
    if as_json:
        tables.print_json(found_free)
    else:
        tables.print_lines(map(str, found_free))
    if len(found_free) < count:
        where = f" in {name}" if name else ""
        raise AuraError(
            f"only {len(found_free)} of {count} can be had{where}", "make the range wider, or stop something"
        )
    return ExitCode.OK


def manifest(settings: Settings, *, required: bool) -> "Manifest | None":
    """The manifest of the stack, None for none; that there is no stack is a mistake only where one is required."""
    from aura_stack.session.stackfile import StackFile  # noqa: PLC0415 - not before the line was read
    from aura_stack.stack.find import is_procfile  # noqa: PLC0415 - as above

    try:
        file, _ = target.found(settings)
    except AuraError:
        if required or settings.file:
            raise
        return None
    return None if is_procfile(file) else StackFile(file, os.environ).manifest()


def spans(found: "Manifest | None", name: str) -> Sequence[range]:
    """The numbers of a range.

    Raises:
        AuraError: the manifest has none of that name (exit code 4).
    """
    ranges = found.ranges if found else {}
    if name not in ranges:
        from aura_stack.reading.suggest import did_you_mean  # noqa: PLC0415 - only a mistake needs it
        from aura_stack.reading.words import quoted  # noqa: PLC0415 - likewise

        hint = did_you_mean(name, ranges) or (f"there are {', '.join(ranges)}" if ranges else "")
        raise AuraError(f"the manifest has no range {quoted(name)}", hint, ExitCode.UNKNOWN)
    return ranges[name]


def offers(numbers: Iterator[int], found: "Manifest | None") -> Iterator[int]:
    """Those of the numbers that nobody has and that make a good port."""
    from aura_stack.ports.browsers import BLOCKED  # noqa: PLC0415 - as above
    from aura_stack.ports.leases import by_number  # noqa: PLC0415 - as above
    from aura_stack.ports.machine import kernel  # noqa: PLC0415 - as above
    from aura_stack.ports.probe import can_be_had  # noqa: PLC0415 - as above
    from aura_stack.ports.register import Register  # noqa: PLC0415 - as above
    from aura_stack.system import places as where  # noqa: PLC0415 - as above

    taken = set(by_number(Register(where.leases(os.environ)).living())) | BLOCKED
    machine = kernel()
    if found:
        taken |= {entry.number for entry in found.entries.values()}
        taken |= {number for span in found.reserved for number in span}
    for number in numbers:
        lent = number in machine.ephemeral and not any(number in span for span in machine.reserved)
        if number not in taken and not lent and can_be_had(number):
            yield number
