"""`clean`: removes what a stack that does not run has left."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from aura_stack.errors import AuraError, ExitCode

from . import tables, target
from .arguments import json_option, profile_option

if TYPE_CHECKING:
    from aura_stack.doctor.cleaning import Plan
    from aura_stack.doctor.leftovers import Removed
    from aura_stack.system.places import Places


@click.command
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--all", "everywhere", is_flag=True, help="Instead: what stacks of yours that died have left, wherever."
)
@json_option
@profile_option
@click.pass_context
def clean(context: click.Context, yes: bool, everywhere: bool, as_json: bool) -> None:
    r"""Remove the logs, events and fingerprints of the stack (.aura), and what else it left; not while it runs.

    Nothing else in the checkout is touched. The next up then runs every prepare step again. With --all, the stack of
    this folder keeps its logs: sockets and notes are removed that stacks left which died, here or elsewhere.

    \b
    Examples:
      aura-stack clean
      aura-stack clean -y
      aura-stack clean --all -y

    \b
    Keys of --json:
      removed (paths), freed_bytes
    """
    removed = _everywhere(context, yes=yes) if everywhere else _here(context, yes=yes)
    if as_json:
        tables.print_json({"removed": list(removed.paths), "freed_bytes": removed.freed})
    elif not context.obj.quiet:
        for line in _grouped(removed.paths):
            click.echo(f"removed {line}")
        click.echo(f"{tables.size(removed.freed)} freed" if removed.paths else "nothing to clean")


def _here(context: click.Context, *, yes: bool) -> "Removed":
    """What this stack left."""
    from aura_stack.doctor import cleaning, leftovers  # noqa: PLC0415 - `--help` needs none of it

    file, places = target.found(context.obj)
    if os.path.isdir(places.runtime):
        with held(file, places):
            pass  # refuses before anything is asked
    plan = cleaning.plan(places, os.environ)
    _tell_of_processes(plan)
    if not plan.paths:
        return leftovers.Removed()
    _ask(context, plan, yes=yes)
    with held(file, places):
        return cleaning.perform(places)


def _everywhere(context: click.Context, *, yes: bool) -> "Removed":
    """What dead stacks left."""
    from aura_stack.doctor import cleaning, leftovers  # noqa: PLC0415 - as above

    plan, dead, strays = cleaning.plan_everywhere(os.environ)
    _tell_of_processes(plan)
    if not plan.paths:
        return leftovers.Removed()
    _ask(context, plan, yes=yes)
    return cleaning.perform_everywhere(dead, strays)


@contextmanager
def held(file: str, places: "Places") -> Iterator[None]:
    """Hold the locks of the stack and of its record, so that nobody starts it.

    Raises:
        AuraError: it runs (exit code 7).
    """
    from aura_stack.session import lock  # noqa: PLC0415 - as above
    from aura_stack.system.places import create_runtime  # noqa: PLC0415 - as above

    create_runtime(places)
    descriptor = lock.open_lock(places.lock)
    try:
        try:
            lock.acquire(descriptor, os.path.relpath(file), places.socket)
            # where there is none nobody has ever written, and we leave nothing behind
            written = os.path.lexists(places.writer)
            record = lock.acquire_record(places, os.path.relpath(file)) if written else None
        except AuraError as error:
            hint = "aura-stack down first" if error.exit_code == ExitCode.LOCKED else error.hint
            raise AuraError(error.message, hint, error.exit_code) from error
        try:
            yield
        finally:
            if record is not None:
                os.close(record)
    finally:
        os.close(descriptor)


def _ask(context: click.Context, plan: "Plan", *, yes: bool) -> None:
    """Let the person decide; who cannot be asked has to say so beforehand."""
    if yes:
        return
    what = f"{', '.join(_grouped(plan.paths))} ({tables.size(plan.size)})"
    if not _asks():
        raise click.UsageError(
            f"there is no terminal to ask on whether to remove {what}; -y does it unasked", context
        )
    if not click.confirm(f"remove {what}?", err=True):
        click.echo("nothing was removed", err=True)
        context.exit(ExitCode.FAILED)


def _asks() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin.isatty()


def _tell_of_processes(plan: "Plan") -> None:
    if plan.left:
        from .report import show_notices  # noqa: PLC0415 - seldom

        pids = " ".join(map(str, plan.left))
        show_notices(
            [
                f"processes of a stack that died live on, and what they are known by stays: kill {pids} ends them"
            ]
        )


def _grouped(paths: Sequence[str]) -> list[str]:
    """Paths as one reads them; several of one folder as their number."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        folders.setdefault(os.path.dirname(path), []).append(path)
    return [
        _shown(inside[0]) if len(inside) == 1 else f"{len(inside)} files in {_shown(folder)}"
        for folder, inside in folders.items()
    ]


def _shown(path: str) -> str:
    """Relative to the current folder where it is below, else with `~` where it is below the home directory."""
    from aura_stack.doctor.stacks import short  # noqa: PLC0415 - as above

    here = os.path.join(os.getcwd(), "")
    below = path.removeprefix(here) if len(here) > 1 else path
    return below if below != path else short(path, os.path.expanduser("~"))
