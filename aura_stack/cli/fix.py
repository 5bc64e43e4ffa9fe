"""`ports fix`: numbers in the project's files put right, shown as a diff or written."""

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from aura_stack.errors import AuraError, ExitCode
from aura_stack.reading.words import quoted, visible

from . import tables
from .arguments import complete_service, json_option
from .inventory import take
from .report import show_notices
from .settings import Settings

if TYPE_CHECKING:
    from aura_stack.inventory.survey import Survey
    from aura_stack.mending.planning import Change, Plan, Untouched

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@click.command
@click.option("--apply", "write", is_flag=True, help="Write the changes instead of showing them.")
@click.option(
    "--only", metavar="SERVICE", shell_complete=complete_service, help="Only what is about this service."
)
@click.option("--force", is_flag=True, help="Also change files that differ from what git has.")
@json_option
@click.pass_context
def fix(context: click.Context, write: bool, only: str | None, force: bool, as_json: bool) -> None:
    r"""Show, as a unified diff, what would bring the project's files to its manifest; --apply writes it.

    A server whose number stands in its code comes to read it from the variable that the stack sets; a client's
    address gets the number of whom it asks the same way; other places, documents among them, get the number of the
    manifest. Each result is checked to be a program still, and files are replaced in one step each. Tests, what was
    installed or built, and what git ignores are left alone. What cannot be changed safely is told with the reason.
    1 if there is something to change and it was not written.

    \b
    Examples:
      aura-stack ports fix
      aura-stack ports fix --apply
      aura-stack ports fix --apply --only backend --force

    \b
    Keys of --json:
      applied, changes (path, diff), left (file, line, column, port, expression, reason)
    """
    from aura_stack.mending.planning import plan  # noqa: PLC0415 - `--help` reads no project

    settings: Settings = context.obj
    taken = take(settings, live=False)
    if only is not None and taken.ground.service(only) is None:
        raise AuraError(f"there is no service {quoted(only)}", exit_code=ExitCode.UNKNOWN)
    found = plan(taken, only or "")
    if write and found.changes:
        _write(taken, found, force=force)
    if as_json:
        tables.print_json(_document(found, written=write))
    else:
        _print(found, written=write, quiet=settings.quiet)
    context.exit(ExitCode.FAILED if found.changes and not write else ExitCode.OK)


def _write(taken: "Survey", found: "Plan", *, force: bool) -> None:
    from aura_stack.mending.writing import put, require_clean  # noqa: PLC0415 - for those who write

    if not force:
        require_clean(taken.directory, found.changes)
    put(taken.directory, found.changes)


def _print(found: "Plan", *, written: bool, quiet: bool) -> None:
    if not written:
        for change in found.changes:
            for line in _diff(change):
                # a patch keeps every byte; on a terminal nothing may move the cursor
                shown = visible(line.rstrip("\r")) if sys.stdout.isatty() else line
                click.echo(click.style(shown, fg=_COLOURS.get(line[:1])))
    show_notices(_left(found.left))
    if quiet:
        return
    if written and found.changes:
        click.echo(f"wrote {', '.join(visible(change.path) for change in found.changes)}")
    elif not found.changes:
        click.echo("nothing to change")
    else:
        click.echo(f"{_counted(len(found.changes))} to change; --apply writes", err=True)


def _counted(number: int) -> str:
    return "1 file" if number == 1 else f"{number} files"


def _diff(change: "Change") -> Iterator[str]:
    from aura_stack.mending.edits import diff  # noqa: PLC0415 - `--help` reads no project

    return diff(change.path, change.old, change.new)


def _left(left: "Iterable[Untouched]") -> Iterator[str]:
    for one in left:
        finding = one.judged.finding
        yield visible(f"left {finding.place} {finding.expression}: {one.reason}")


def _document(found: "Plan", *, written: bool) -> dict[str, Any]:
    return {
        "applied": written and bool(found.changes),
        "changes": [{"path": one.path, "diff": "\n".join(_diff(one)) + "\n"} for one in found.changes],
        "left": [
            {
                "file": one.judged.finding.place.file,
                "line": one.judged.finding.place.line,
                "column": one.judged.finding.place.column,
                "port": one.judged.finding.number,
                "expression": one.judged.finding.expression,
                "reason": one.reason,
            }
            for one in found.left
        ],
    }
