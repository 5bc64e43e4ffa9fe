"""`doctor`: what is wrong with this machine and stack, and what to do about it."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from aura_stack.errors import AuraError, ExitCode
from aura_stack.stack import find

from . import tables
from .arguments import json_option
from .settings import Settings

if TYPE_CHECKING:
    from aura_stack.doctor.checkup import Case, Means
    from aura_stack.doctor.findings import Finding

_COLOURS = {"ok": "green", "note": "yellow", "trouble": "red"}


@click.command
@click.option("--fix", is_flag=True, help="Take away what dead stacks left: sockets and notes.")
@json_option
@click.pass_context
def doctor(context: click.Context, fix: bool, as_json: bool) -> None:
    r"""Look for what is wrong with this machine and with the stack, and say what to do; 1 if there is trouble.

    Trouble is what keeps something from working; a note is what works and may surprise, and is no failure. Where
    there is no stack file, the machine alone is looked at. Nothing is changed without --fix.

    \b
    Examples:
      aura-stack doctor
      aura-stack doctor --fix
      aura-stack -q doctor

    \b
    Keys of --json, one object for each finding:
      check, level (ok, note, trouble), found, cure (empty where there is nothing to do)
    """
    from aura_stack.doctor.checkup import check  # noqa: PLC0415 - `--help` needs none of it

    findings = check(_case(context.obj, fix=fix), _means())
    if as_json:
        kept = list(findings)
        tables.print_json([_object(finding) for finding in kept])
    else:
        kept = list(_printed(findings, quiet=context.obj.quiet))
        if not context.obj.quiet:
            click.echo(_summary(kept))
    if any(finding.level == "trouble" for finding in kept):
        context.exit(ExitCode.FAILED)


def _case(settings: Settings, *, fix: bool) -> "Case":
    from aura_stack.doctor.checkup import Case  # noqa: PLC0415 - as above

    folder = os.getcwd()
    asked_for = bool(settings.file or os.environ.get(find.VARIABLE))
    try:
        file, absence = find.stack_file(settings.file, folder, os.environ), None
    except AuraError as error:
        file, absence = "", error
    return Case(file, absence, asked_for, folder, os.environ, fix)


def _means() -> "Means":
    """What the checks need of the rooms above theirs."""
    from aura_stack.doctor.checkup import Means  # noqa: PLC0415 - as above
    from aura_stack.doctor.programs import Asking  # noqa: PLC0415 - as above
    from aura_stack.session import definition, programs, requires  # noqa: PLC0415 - as above

    asking = Asking(programs.find, programs.versions, requires.unmet)
    return Means(definition.read, asking, tables.size)


def _printed(findings: Iterable["Finding"], *, quiet: bool) -> Iterable["Finding"]:
    """Print each as soon as it comes."""
    for finding in findings:
        if not (quiet and finding.level == "ok"):
            level = click.style(f"{finding.level:<8}", fg=_COLOURS[finding.level])
            click.echo(f"{level} {finding.check:<12} {finding.found}")
            if finding.cure:
                click.echo(f"{'':<8} {'':<12} {click.style('cure:', fg='cyan')} {finding.cure}")
        yield finding


def _summary(findings: Iterable["Finding"]) -> str:
    levels = [finding.level for finding in findings]
    trouble, notes = (levels.count(level) for level in ("trouble", "note"))  # type: ignore[arg-type]  # texts, too
    noted = f", {notes} note{'s' * (notes != 1)}" if notes else ""
    return (f"{trouble} in trouble" if trouble else "nothing is wrong") + noted


def _object(finding: "Finding") -> dict[str, str]:
    return {
        "check": finding.check,
        "level": str(finding.level),
        "found": finding.found,
        "cure": finding.cure,
    }
