"""`aura-stack init`: a first stack file for a folder, out of what is found in it."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

import click

from aura_stack.drafting import account, drafts, writing
from aura_stack.drafting.detect import LOOKED_FOR, Source
from aura_stack.drafting.drafts import Drafted, Targets
from aura_stack.errors import AuraError
from aura_stack.reading.words import visible
from aura_stack.session import definition
from aura_stack.system.places import STACK_FILES

from . import tables
from .arguments import json_option
from .report import show_notices
from .settings import Settings


@click.command
@click.option(
    "--from",
    "source",
    type=click.Choice([source.value for source in Source], case_sensitive=False),
    default=Source.DETECT.value,
    help="Where to look; without it everywhere, and a Procfile comes before all else.",
)
@click.option("--force", is_flag=True, help="Replace a stack file that is there.")
@click.option("--dry-run", "--stdout", is_flag=True, help="Print the files instead of writing them.")
@click.option("--makefile", is_flag=True, help="Also add the targets up, down, restart, status and logs.")
@json_option
@click.pass_obj
def init(settings: Settings, source: str, force: bool, dry_run: bool, makefile: bool, as_json: bool) -> None:
    r"""Write a first stack.yaml, and the manifest of its ports, for the folder this is called in.

    Services are found in a Procfile, in package.json files, in Python programs and in code that listens. Of a
    compose file databases are taken over as programs that are not ours, and what it builds here with its command,
    variables, order and replicas; what is left out is told. Every line says where it comes from. A manifest that is
    there is only added to, and so is a Makefile. Nothing of what is found is executed.

    \b
    Examples:
      aura-stack init
      aura-stack init --dry-run
      aura-stack init --from procfile --makefile

    \b
    Keys of --json:
      stack_file, written (paths), starter (nothing was found, so it is an example), notes
      services: name, why, command, folder, port, entry (of the manifest), port_from (where the
        number stands), port_found (the one that stands there), port_fixed (it stands in code)
      external: name, why, port, entry, hint
      files (with --dry-run): texts by paths
    """
    directory, name, there = _place(settings)
    keep = there and makefile and not force
    if there and not (keep or force or dry_run):
        raise AuraError(
            f"{name} is there already", "--force replaces it, --dry-run prints what would be written"
        )
    made = None if keep else drafts.draft(directory, name, Source(source))
    targets = drafts.with_targets(directory) if makefile else None
    files = _files(made, targets)
    if made:
        writing.rehearse(made.files, made.stack_file, made.folders, _check)
    if not dry_run:
        writing.put(directory, files)
    notes = [*_notes(made, name), *(targets.notes if targets else ())]
    if as_json:
        tables.print_json(_document(name, made, files, notes, dry_run=dry_run))
        return
    if not settings.quiet:
        _tell(made, err=dry_run)
    show_notices(map(visible, notes))
    if dry_run:
        click.echo("\n".join(f"# {path}\n{text}" for path, text in files.items()), nl=False)
    elif not settings.quiet:
        click.echo(_written(made, tuple(files)))


def _place(settings: Settings) -> tuple[str, str, bool]:
    """The folder, what the stack file in it is called, and whether it is there."""
    if settings.file:
        directory, name = os.path.split(os.path.abspath(settings.file))
        if name.endswith(".json"):
            raise AuraError("a draft has comments, which JSON has not", "name a file that ends in .yaml")
        return directory, name, os.path.lexists(os.path.join(directory, name))
    directory = os.getcwd()
    there = next((name for name in STACK_FILES if os.path.lexists(os.path.join(directory, name))), "")
    return directory, there or STACK_FILES[0], bool(there)


def _check(path: str) -> None:
    definition.read(path, os.environ, os.path.dirname(path))


def _files(made: Drafted | None, targets: Targets | None) -> dict[str, str]:
    """What is to be written, in this order: a stack file never names a manifest that is not there."""
    files = {path: made.files[path] for path in made.changed} if made else {}
    return files | ({targets.file: targets.text} if targets and targets.changed else {})


def _notes(made: Drafted | None, name: str) -> Iterator[str]:
    if made is None:
        yield f"{name} is there already and stays as it is; --force replaces it"
    elif made.starter:
        yield f"nothing was found that could be run (looked for {LOOKED_FOR[Source.DETECT]})"
        yield f"so {name} has an example that works, to put a program of yours in its place"
    if made is not None:
        yield from made.draft.notes


def _tell(made: Drafted | None, *, err: bool) -> None:
    """Print one line for each service: what was found, and where."""
    lines = account.lines(made.draft) if made else []
    for line in tables.table([(name, visible(text)) for name, text in lines]) if lines else ():
        click.echo(line, err=err)


def _written(made: Drafted | None, files: tuple[str, ...]) -> str:
    """What was done, and what comes next."""
    wrote = f"wrote {', '.join(files)}" if files else "nothing to write: all of it is there"
    return f"{wrote}; aura-stack config check: ok; next: aura-stack up" if made else wrote


def _document(
    name: str, made: Drafted | None, files: Mapping[str, str], notes: list[str], *, dry_run: bool
) -> dict[str, Any]:
    head = {
        "stack_file": name,
        "written": [] if dry_run else list(files),
        "starter": made is not None and made.starter,
    }
    found = account.document(made.draft) if made else {}
    return head | found | {"notes": notes} | ({"files": dict(files)} if dry_run else {})
