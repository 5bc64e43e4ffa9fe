"""`watch` and `reload`: what is done about saves, and the definition that a running stack has."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import click

from aura_stack.errors import AuraError

from . import running, tables, target
from .arguments import json_option, profile_option, seconds_option, services_argument


@click.command
@click.argument("what", type=click.Choice(["on", "off", "status"]))
@services_argument
@profile_option
@json_option
@click.pass_context
def watch(context: click.Context, what: str, services: tuple[str, ...], as_json: bool) -> None:
    r"""Act on the saves of SERVICES, or leave them alone, or show what is watched; no name means all.

    While it is off, what runs stays as it is; nothing is caught up on by turning it on, but what was saved
    meanwhile is told. Without names, it is also about the files of the definition.

    \b
    Examples:
      aura-stack watch off backend
      aura-stack watch on
      aura-stack watch status --json

    \b
    Keys of --json:
      on (whether anything is watched), means (how saves are seen),
      services: service, watch (on, off, paused), paths, ignore, inputs (of its steps),
      saves (how many), last (time, files, deed; null for none),
      circling (files that it writes itself, and that count for nothing),
      missed (what was saved while it was off)
    """
    engine = target.engine(context.obj)
    turn = {} if what == "status" else {"on": what == "on"}
    told = engine.call("watch", services=list(services), **turn)
    if as_json:
        tables.print_json(told)
    elif what == "status":
        tables.print_lines(_screen(told))
    elif not context.obj.quiet:
        names = ", ".join(one["service"] for one in told["services"])
        tables.print_lines([f"watching {names}" if what == "on" else f"leaving alone {names}"])


def _screen(told: Mapping[str, Any]) -> Iterator[str]:
    if not told["services"]:
        yield "no service watches anything; watch: true in the stack file makes one"
        return
    head = ("SERVICE", "WATCH", "SAVES", "LAST", "PATHS")
    yield from tables.table([head, *map(_row, told["services"])])
    yield from (
        f"{one['service']}: {name} counts for nothing, it writes it itself"
        for one, name in _each(told, "circling")
    )
    yield from (f"{one['service']}: {name} was saved meanwhile" for one, name in _each(told, "missed"))
    yield from told["means"]


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    last = one["last"]
    ago = f"{tables.duration(max(0.0, time.time() - last['time']))} ago: {last['files'][0]}" if last else "-"
    more = f" and {len(last['files']) - 1} more" if last and len(last["files"]) > 1 else ""
    paths = ", ".join((*one["paths"], *one["inputs"]))
    return one["service"], one["watch"], str(one["saves"]), ago + more, paths


def _each(told: Mapping[str, Any], key: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    for one in told["services"]:
        for name in one[key]:
            yield one, name


@click.command
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option(
    "--wait/--no-wait", default=True, help="Wait until it is done, or come back at once.", show_default=True
)
@seconds_option("--wait-timeout", help="Give up waiting after so long, with 124; the order stands.")
@profile_option
@json_option
@click.pass_context
def reload(
    context: click.Context, dry_run: bool, wait: bool, wait_timeout: float | None, as_json: bool
) -> None:
    r"""Take over the stack file, the manifest and files of variables as they are now, without a stop of the stack.

    Everything is read and checked first: a mistake, a port that is taken or a program that is missing changes
    nothing. Then what is new starts, what is gone stops, and what is another now restarts; all else goes on. With
    the watch on, a save of one of these files does the same by itself.

    \b
    Examples:
      aura-stack reload --dry-run
      aura-stack reload
      aura-stack reload --json

    \b
    Keys of --json:
      changes: service, what (starts, stops, restarts, goes on), why;
      outcomes, one for each service that started, stopped or restarted: those of restart
    """
    engine = target.engine(context.obj)
    with running.patience(context.obj, (), wait_timeout, done=(*running.UP, *running.AT_REST)):
        told = engine.call("reload", patience=wait_timeout, dry_run=dry_run, wait=wait)
    if "refused" in told:
        from .face import refusal  # noqa: PLC0415 - only a mistake needs it

        raise refusal(told["refused"])
    if as_json:
        tables.print_json(told)
    elif told["changes"]:
        rows: list[tuple[str, ...]] = [(one["service"], one["what"], one["why"]) for one in told["changes"]]
        tables.print_lines(tables.table(rows))
    elif wait and not context.obj.quiet:
        tables.print_lines(["nothing has changed"])
    if failed := [one for one in told["outcomes"] if not one["ok"]]:
        from .failed import sentence  # noqa: PLC0415 - as above

        raise AuraError("\n".join(map(sentence, failed)), "aura-stack logs shows what they printed")
