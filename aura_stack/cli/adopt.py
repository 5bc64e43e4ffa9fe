"""`ports adopt`: entries for the numbers that were found in use and that the manifest does not have."""

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from aura_stack.errors import ExitCode
from aura_stack.reading.words import visible
from aura_stack.stack import find

from . import tables
from .arguments import json_option
from .inventory import definition_of, take
from .settings import Settings

if TYPE_CHECKING:
    from aura_stack.mending.adopting import Proposal

_SKIP = "-"
_PLACES = 3  # told of a number


@click.command
@click.argument("numbers", metavar="[PORT]...", nargs=-1, type=click.IntRange(1, 65535))
@click.option("-y", "--yes", is_flag=True, help="Take the names that are proposed, without asking.")
@json_option
@click.pass_context
def adopt(context: click.Context, numbers: tuple[int, ...], yes: bool, as_json: bool) -> None:
    r"""Give the numbers that are in use, and that the manifest does not have, entries in it.

    They are those that ports inventory calls undeclared; without any PORT, all of them. For each a name is asked for;
    an empty answer takes the one that is proposed, - leaves the number out. What nothing in the project listens on
    becomes an external entry. The rest of the manifest stays as it is written. With --json nothing is asked:
    without -y nothing is written either, and 1 says that there is something to adopt.

    \b
    Examples:
      aura-stack ports adopt
      aura-stack ports adopt 8080 -y
      aura-stack ports adopt --json

    \b
    Keys of --json:
      written
      entries: port, name, table (ports or external), range, places
    """
    from aura_stack.mending.adopting import proposals  # noqa: PLC0415 - `--help` reads no project
    from aura_stack.session.manifestfile import adopted, require_manifest  # noqa: PLC0415 - likewise

    settings: Settings = context.obj
    file = find.stack_file(settings.file, os.getcwd(), os.environ)
    require_manifest(file, os.environ)
    manifest = definition_of(settings).manifest
    assert manifest is not None
    found = [
        one
        for one in proposals(take(settings, live=True).rows, manifest)
        if not numbers or one.number in numbers
    ]
    chosen = found if yes or as_json else _asked(context, found, set(manifest.entries))
    written = bool(chosen) and (yes or not as_json)
    if written:
        adopted(file, [(one.table, one.name, one.entry) for one in chosen], os.environ)
    if as_json:
        tables.print_json({"written": written, "entries": [_object(one) for one in chosen]})
        context.exit(ExitCode.FAILED if chosen and not written else ExitCode.OK)
    for one in chosen:
        click.echo(f"{one.name} has port {one.number} in {manifest.file} ({one.table})")
    if not found and not settings.quiet:
        click.echo("nothing to adopt")


def _asked(context: click.Context, found: "list[Proposal]", taken: set[str]) -> "list[Proposal]":
    """The entries that are wanted, with the names that they are to have."""
    if not found:
        return []
    if not _is_asked():
        raise click.UsageError(
            "there is no terminal to ask for names on; -y takes those that are proposed", context
        )
    chosen = []
    for one in found:
        for place in one.places[:_PLACES]:
            click.echo(visible(f"{one.number}: {place}"), err=True)
        if len(one.places) > _PLACES:
            click.echo(f"{one.number}: and {len(one.places) - _PLACES} more places", err=True)
        named = _name(one, taken)
        if named is not None:
            taken.add(named.name)
            chosen.append(named)
    return chosen


def _name(one: "Proposal", taken: set[str]) -> "Proposal | None":
    from aura_stack.mending.adopting import renamed  # noqa: PLC0415 - see above

    while True:
        answer = click.prompt(f"name of {one.number} ({_SKIP} leaves it out)", default=one.name, err=True)
        if answer.strip() == _SKIP:
            return None
        made = renamed(one, answer, taken)
        if not isinstance(made, str):
            return made
        click.echo(made, err=True)


def _object(one: "Proposal") -> dict[str, Any]:
    return {
        "port": one.number,
        "name": one.name,
        "table": one.table,
        "range": one.range or None,
        "places": list(one.places),
    }


def _is_asked() -> bool:
    return sys.stdin.isatty()
