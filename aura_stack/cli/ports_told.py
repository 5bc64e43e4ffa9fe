"""What `ports ls`, `ports check` and `ports who` find: asked, printed, and turned into an exit code.

Nothing here knows how a command line is parsed, so that the parser need not be loaded: see `quick`.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from aura_stack.errors import ExitCode

from . import tables, target
from .settings import Settings

if TYPE_CHECKING:
    from aura_stack.ports.owners import Owner
    from aura_stack.ports.rules import Finding
    from aura_stack.ports.sharing import Sharing
    from aura_stack.session.portview import Declared, Row

_HEAD = ("PORT", "NAME", "SERVICE", "STATE", "HELD BY")
_COLOURS = {"error": 31, "warning": 33, "waived": 32}  # SGR (ECMA-48)
_CYAN = 36


def ls(settings: Settings, *, undeclared: bool = False, as_json: bool = False) -> int:
    """Print what is declared, and who holds it; 0.

    Raises:
        AuraError: there is no stack file, or it has mistakes.
    """
    from aura_stack.session.definition import source  # noqa: PLC0415 - `who` needs none of it
    from aura_stack.session.portview import declared  # noqa: PLC0415 - likewise

    file, places = target.found(settings)
    found = declared(source(file, os.environ), settings.variant, places, os.environ)
    others = _undeclared(found) if undeclared else {}
    if as_json:
        more = [_undeclared_object(number, held) for number, held in others.items()]
        tables.print_json([*(_row_object(found, row) for row in found.rows), *more])
        return ExitCode.OK
    home = os.path.expanduser("~")
    rows = [_line(found, row, home) for row in found.rows]
    rows += [(str(number), "-", "-", "undeclared", told(held, home)) for number, held in others.items()]
    tables.print_lines(tables.table([_HEAD, *rows]))
    return ExitCode.OK


def check(settings: Settings, *, quiet: bool = False, as_json: bool = False) -> int:
    """Print what is wrong with ports; 5 for a broken rule, 6 for a port that is taken, 0 for nothing but warnings.

    Raises:
        AuraError: there is no stack file, or it cannot be understood.
    """
    from aura_stack.session import portview  # noqa: PLC0415 - `who` needs none of it
    from aura_stack.session.definition import source  # noqa: PLC0415 - likewise

    file, places = target.found(settings)
    files = source(file, os.environ)
    rows = [_finding(one) for one in portview.violations(files)]
    invalid = any(row["level"] == "error" for row in rows)
    count = 0
    if not invalid:
        found = portview.declared(files, settings.variant, places, os.environ)
        count = len(found.rows)
        rows += _live(found)
    failed = any(row["level"] == "error" for row in rows)
    quiet = quiet or settings.quiet
    if as_json:
        tables.print_json(rows)
    else:
        shown = [row for row in rows if not quiet or row["level"] == "error"]
        tables.print_lines(_lines(shown, coloured=target.coloured(settings)))
        if not quiet:
            tables.print_lines([_summary(rows, count)])
    return ExitCode.INVALID if invalid else ExitCode.PORT_CONFLICT if failed else ExitCode.OK


def who(numbers: Sequence[int], *, as_json: bool = False) -> int:
    """Print who holds each of the ports; 1 if one of them is free."""
    from aura_stack.ports.machine import kernel  # noqa: PLC0415 - the others ask for it when there is a conflict
    from aura_stack.ports.owners import holders, shared  # noqa: PLC0415 - likewise
    from aura_stack.ports.register import Register  # noqa: PLC0415 - likewise
    from aura_stack.system import places as where  # noqa: PLC0415 - likewise

    held = holders(numbers, Register(where.leases(os.environ)).living())
    how = shared(held) if held else {}
    ephemeral = kernel().ephemeral
    notes = {number: list(_notes(number, held[number], how.get(number, ()), ephemeral)) for number in held}
    if as_json:
        rows = []
        for number in numbers:
            words = {"shared": sorted(how.get(number, ())), "notes": notes.get(number, [])}
            those = [owner_object(one) for one in held.get(number, ())]
            rows.append({"port": number, "free": not those, **words, "held_by": those})
        tables.print_json(rows)
    else:
        home = os.path.expanduser("~")
        for number in numbers:
            tables.print_lines([f"{number}: {told(held[number], home) if number in held else 'free'}"])
            tables.print_lines(f"  {note}" for note in notes.get(number, ()))
    return ExitCode.OK if held.keys() >= set(numbers) else ExitCode.FAILED


def told(held: "Sequence[Owner]", home: str) -> str:
    """Who holds a port, in words; "" for nobody."""
    if not held:
        return ""
    from aura_stack.ports.owners import describe  # noqa: PLC0415 - as above

    return " and ".join(describe(one, home) for one in held)


def owner_object(owner: "Owner") -> dict[str, Any]:
    """Who holds a port, for programs."""
    return {
        "kind": str(owner.kind),
        "pid": owner.pid,
        "command": owner.command or None,
        "user": owner.user or None,
        "cwd": owner.cwd or None,
        "age_seconds": None if owner.age is None else round(owner.age, 3),
        "hosts": list(owner.hosts),
        "remote": owner.remote or None,
        "state": owner.state or None,
        "seconds_left": owner.left,
        "stack": owner.stack or None,
        "service": owner.service or None,
        "file": owner.file or None,
    }


def _notes(number: int, held: "Sequence[Owner]", how: "Iterable[Sharing]", ephemeral: range) -> Iterator[str]:
    """What else is to be known of a port that is held."""
    from aura_stack.ports.owners import Kind  # noqa: PLC0415 - as above
    from aura_stack.system.tcp import TIME_WAIT  # noqa: PLC0415 - as above

    kinds = {one.kind for one in held}
    for each in sorted(how):
        yield _SHARED[each]
    if Kind.CONNECTION in kinds:
        span = f"one of {ephemeral[0]}-{ephemeral[-1]}, which the kernel gives to outgoing connections"
        given = f"{number} is {span}" if number in ephemeral else "the connection chose it itself"
        yield f"no listener: {given}; while one has it, nobody can listen there"
    if Kind.UNKNOWN in kinds:
        yield (
            "no listener and no connection is to be seen: a socket that is bound and does not listen, a container "
            "or machine whose network is another, or a reservation of the system below this one"
        )
    if os.geteuid() != 0 and any(one.pid is None and one.state != TIME_WAIT for one in held):
        yield f"root sees more: sudo aura-stack ports who {number}"


_SHARED = {
    "double": "double: several servers listen on one address (SO_REUSEPORT), and the kernel deals connections out "
    "between them",
    "split": "split: another server listens on IPv4 than on IPv6, so it depends on the client who is reached",
}


# --- ls ---


def _state(found: "Declared", row: "Row") -> str:
    if row.external:
        return "answering" if row.held else "absent"
    if not row.held:
        return "free"
    return "up" if found.is_ours(row) else "taken"


def _line(found: "Declared", row: "Row", home: str) -> tuple[str, ...]:
    state = _state(found, row)
    if row.entry and row.entry.state != "active" and state == "free":
        state = str(row.entry.state)
    return (
        tables.port(row.number, row.written),
        row.name,
        row.service or "-",
        state,
        told(row.held, home) or "-",
    )


def _row_object(found: "Declared", row: "Row") -> dict[str, Any]:
    entry = row.entry
    return {
        "port": row.number,
        "written": row.written,
        "name": row.name,
        "service": row.service or None,
        "external": row.external,
        "state": _state(found, row),
        "range": (entry.range if entry else "") or None,
        "purpose": (entry.purpose if entry else "") or None,
        "owner": (entry.owner if entry else "") or None,
        "description": (entry.description if entry else "") or None,
        "note": (entry.note if entry else "") or None,
        "entry_state": str(entry.state) if entry else None,
        "held_by": [owner_object(one) for one in row.held],
    }


def _undeclared(found: "Declared") -> "dict[int, tuple[Owner, ...]]":
    from aura_stack.ports.owners import listeners  # noqa: PLC0415 - as above
    from aura_stack.ports.register import Register  # noqa: PLC0415 - as above
    from aura_stack.system import places as where  # noqa: PLC0415 - as above

    known = {row.number for row in found.rows}
    every = listeners(Register(where.leases(os.environ)).living())
    return {number: held for number, held in every.items() if number not in known}


def _undeclared_object(number: int, held: "Sequence[Owner]") -> dict[str, Any]:
    nothing = ("name", "service", "range", "purpose", "owner", "description", "note", "entry_state")
    facts = {"port": number, "written": number, "external": False, "state": "undeclared"}
    return {**facts, **dict.fromkeys(nothing), "held_by": [owner_object(one) for one in held]}


# --- check ---


def _finding(one: "Finding") -> dict[str, Any]:
    level = "waived" if one.waived else "error" if one.error else "warning"
    return {
        "rule": str(one.rule),
        "level": level,
        "port": one.number,
        "name": one.entry,
        "reason": one.reason,
        "cure": one.cure,
        "waived": one.waived or None,
        "place": str(one.place),
        "held_by": [],
    }


def _live(found: "Declared") -> Iterator[dict[str, Any]]:
    """What the machine says of the numbers that are declared."""
    held = [row for row in found.rows if row.held]
    if not held:
        return
    from aura_stack.ports.owners import shared  # noqa: PLC0415 - mostly nobody is asked for

    home = os.path.expanduser("~")
    how = shared(row.number for row in held)
    for row in held:
        facts = {"port": row.number, "name": row.name, "waived": None, "place": None}
        facts["held_by"] = [owner_object(one) for one in row.held]
        if not row.external and not found.is_ours(row):
            reason = f"port {row.number} of {row.name} is taken by {told(row.held, home)}"
            yield {"rule": "taken", "level": "error", "reason": reason, "cure": _cure(found, row), **facts}
        for each in sorted(how.get(row.number, ())):
            cure = "let one server listen: aura-stack ports who tells which there are"
            yield {"rule": str(each), "level": "warning", "reason": _SHARED[each], "cure": cure, **facts}


def _cure(found: "Declared", row: "Row") -> str:
    """What to do about a port that is taken: what ends its holder, or what stands against that, and another number."""
    from aura_stack.ports.free import asker  # noqa: PLC0415 - as above
    from aura_stack.ports.freeing import Refusal, decide  # noqa: PLC0415 - as above

    plan = decide(row.number, row.held, asker(row.held), {})
    ways = [plan.instead] if isinstance(plan, Refusal) else [f"aura-stack ports free {row.number}"]
    if offer := found.next_free(row):
        within = f" in {row.entry.range}" if row.entry and row.entry.range else ""
        ways.append(f"the next free one{within} is {offer}")
    return ", or ".join(filter(None, ways))


def _lines(rows: Iterable[dict[str, Any]], *, coloured: bool) -> Iterator[str]:
    """Two for each finding."""

    def paint(text: str, code: int) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if coloured else text

    for row in rows:
        level = f"{row['level']:<8}"
        where = f"{row['place']}: " if row["place"] else ""
        yield f"{paint(level, _COLOURS[row['level']])} {where}{row['reason']} [{row['rule']}]"
        last = f"waived: {row['waived']}" if row["waived"] else f"{paint('cure:', _CYAN)} {row['cure']}"
        yield f"{'':<8} {last}"


def _summary(rows: Sequence[dict[str, Any]], count: int) -> str:
    levels = [row["level"] for row in rows]
    errors, warnings, waived = (levels.count(level) for level in ("error", "warning", "waived"))
    told = [f"{errors} in trouble" if errors else "nothing is wrong"]
    told += [f"{warnings} warning{'s' * (warnings != 1)}"] if warnings else []
    told += [f"{waived} waived"] if waived else []
    return (f"{count} ports: " if count else "") + ", ".join(told)
