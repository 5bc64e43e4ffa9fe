"""`ports inventory`: what is declared, what stands in the code, who listens, and whether the three agree."""

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from aura_stack.errors import ExitCode
from aura_stack.reading.words import visible
from aura_stack.session import definition
from aura_stack.stack import find

from . import tables
from .arguments import json_option
from .report import show_notices
from .settings import Settings

if TYPE_CHECKING:
    from aura_stack.inventory.judging import Judged
    from aura_stack.inventory.survey import Survey
    from aura_stack.inventory.verdicts import Holder, Row
    from aura_stack.session.defined import Definition

_HEAD = ("PORT", "ENTRY", "SERVICE", "PLACES", "LISTENING", "VERDICT")
_MARKS = {"ok": "green", "ghost": "yellow"}
_REMARKS = 3  # told of a row, where not all are asked for


@click.command
@click.option("--all", "every", is_flag=True, help="Also every place where a number stands.")
@click.option("--no-live", is_flag=True, help="Do not look who listens on this machine.")
@json_option
@click.pass_context
def inventory(context: click.Context, every: bool, no_live: bool, as_json: bool) -> None:
    r"""Compare the manifest with every port in the project's files, and with who listens now.

    Programs in JavaScript, TypeScript and Python are read by their syntax, other files by readers of their own. What
    git ignores is not read. 1 if something is wrong: a number that differs from the manifest (drift), one that
    it does not have (undeclared), one on which a stranger listens (squatted), one that two share (split). An entry
    that nobody uses (ghost) is told, and is no fault.

    \b
    Examples:
      aura-stack ports inventory
      aura-stack ports inventory --all
      aura-stack ports inventory --no-live --json

    \b
    Keys of --json:
      files (how many were read), passed (not read: path, reason)
      ports: port, entry, services, verdict, remarks, listening (pid, command, service, addresses)
      places: file, line, column, port, expression, confidence (listener, client, mention), what,
        verdict, entry, service, expected, aside (test, container, history, debugger, example)
    """
    settings: Settings = context.obj
    taken = take(settings, live=not no_live)
    if as_json:
        tables.print_json(_document(taken))
    else:
        _print(taken, every=every or settings.verbose > 0, quiet=settings.quiet)
    context.exit(ExitCode.FAILED if any(row.is_wrong for row in taken.rows) else ExitCode.OK)


def definition_of(settings: Settings) -> "Definition":
    """The definition that is meant."""
    file = find.stack_file(settings.file, os.getcwd(), os.environ)
    return definition.read(file, os.environ, variant=settings.variant)


def take(settings: Settings, *, live: bool) -> "Survey":
    """The inventory of the project whose stack file is meant."""
    from aura_stack.inventory.survey import survey  # noqa: PLC0415 - `--help` reads no project

    found = definition_of(settings)
    manifest_file = found.files[1] if len(found.files) > 1 else ""
    return survey(found.stack, found.manifest, manifest_file, live=live)


def _print(taken: "Survey", *, every: bool, quiet: bool) -> None:
    lines = tables.table([_HEAD, *(_cells(row) for row in taken.rows)])
    if not quiet:
        for line, row in zip(lines, (None, *taken.rows), strict=True):
            click.echo(line if row is None else _coloured(line, str(row.verdict)))
        click.echo()
    for row in taken.rows:
        _print_row(row, every=every)
    shown = {place for row in taken.rows for place in row.places}
    for place in taken.judged if every else ():
        if place not in shown:
            click.echo(visible(f"{place.finding.number}: {_place(place)}"))
    if not quiet:
        show_notices(visible(f"{one.path or '.'} {one.reason}") for one in taken.found.passed)
        click.echo(_summary(taken))


def _cells(row: "Row") -> tuple[str, ...]:
    return (
        str(row.number),
        row.entry or "-",
        ", ".join(row.services) or "-",
        str(len(row.places)),
        ", ".join(dict.fromkeys(_holder(each) for each in row.holders)) or "-",
        str(row.verdict),
    )


def _holder(holder: "Holder") -> str:
    if holder.service:
        return holder.service
    return f"pid {holder.pid}" if holder.pid else "another user's"


def _coloured(line: str, verdict: str) -> str:
    head = line.removesuffix(verdict)
    return head + click.style(verdict, fg=_MARKS.get(verdict, "red"))


def _print_row(row: "Row", *, every: bool) -> None:
    """What is wrong with a number, and with `every` also where it stands."""
    from aura_stack.inventory.judging import Verdict  # noqa: PLC0415 - `--help` reads no project

    if row.verdict is Verdict.OK and not every:
        return
    name = f"{row.number} {row.entry}".strip()
    told = list(row.remarks) if every else list(row.remarks[:_REMARKS])
    for remark in told:
        click.echo(visible(f"{name}: {row.verdict}: {remark}"))
    if len(told) < len(row.remarks):
        click.echo(f"{name}: and {len(row.remarks) - len(told)} more (--all)")
    for place in row.places if every else ():
        click.echo(visible(f"  {_place(place)}"))


def _place(judged: "Judged") -> str:
    finding = judged.finding
    facts = [str(finding.confidence), finding.what, finding.aside]
    return f"{finding.place}: {finding.number} ({', '.join(filter(None, facts))})  {finding.expression}"


def _summary(taken: "Survey") -> str:
    counts: dict[str, int] = {}
    for row in taken.rows:
        counts[str(row.verdict)] = counts.get(str(row.verdict), 0) + 1
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items()) or "no ports"
    return f"{told}; {taken.found.files} files read, {len(taken.judged)} places"


def _document(taken: "Survey") -> dict[str, Any]:
    return {
        "files": taken.found.files,
        "passed": [{"path": one.path, "reason": one.reason} for one in taken.found.passed],
        "ports": [_object(row) for row in taken.rows],
        "places": list(_places(taken.judged)),
    }


def _object(row: "Row") -> dict[str, Any]:
    return {
        "port": row.number,
        "entry": row.entry or None,
        "services": list(row.services),
        "verdict": str(row.verdict),
        "remarks": list(row.remarks),
        "listening": [
            {
                "pid": each.pid,
                "command": each.command or None,
                "service": each.service or None,
                "addresses": list(each.addresses),
            }
            for each in row.holders
        ],
    }


def _places(every: "Iterable[Judged]") -> Iterator[dict[str, Any]]:
    for judged in every:
        finding = judged.finding
        yield {
            "file": finding.place.file,
            "line": finding.place.line,
            "column": finding.place.column,
            "port": finding.number,
            "expression": finding.expression,
            "confidence": str(finding.confidence),
            "what": finding.what,
            "verdict": str(judged.verdict),
            "entry": judged.entry or None,
            "service": judged.service or None,
            "expected": judged.expected,
            "aside": finding.aside or None,
        }
