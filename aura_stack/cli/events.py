"""`events`: what has happened, from the record; the stack need not run."""

import time
from collections.abc import Iterator
from typing import Any

import click

from aura_stack.errors import AuraError, ExitCode
from aura_stack.logs.follow import Piece
from aura_stack.logs.framing import Kind
from aura_stack.logs.render import Style
from aura_stack.messages import events as facts

from . import target, words
from .arguments import json_option, profile_option
from .reader import Reader, known_services, require_record
from .screen import standard_screen


@click.command
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until the stack ends.")
@click.option(
    "-n", "--tail", type=click.IntRange(min=0), default=50, show_default=True, help="Events to begin with."
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    metavar="KIND",
    shell_complete=lambda _context, _parameter, begun: [
        kind for kind in facts.KINDS if kind.startswith(begun)
    ],
    help="Only these, such as ready or exited; repeatable.",
)
@json_option
@profile_option
@click.pass_context
def events(context: click.Context, follow: bool, tail: int, kinds: tuple[str, ...], as_json: bool) -> None:
    r"""Print what has happened to the services, oldest first.

    \b
    Examples:
      aura-stack events -n 20
      aura-stack events -f --json --kind ready --kind exited

    \b
    Keys of --json, one object a line:
      time (seconds since 1970), kind, and what belongs to the kind: service, run,
      pid, seconds, address, code, words, signal, grace, pids, delay, why, what,
      step, command, then, files, ready, failed, reason, text, alarm, changes, mistakes
    """
    if unknown := sorted(set(kinds) - facts.KINDS.keys()):
        raise AuraError(
            f"there are no events {', '.join(unknown)}", f"there are {', '.join(facts.KINDS)}", ExitCode.USAGE
        )
    file, places = target.found(context.obj)
    client = target.engine(context.obj) if follow else None
    record = client.call("attach", own=False)["record"] if client else 0
    require_record(file, places)
    style = Style(["aura", *known_services(places)], colour=target.coloured(context.obj))
    printer = _Printer(set(kinds), style, as_json=as_json)
    reader = Reader(places, standard_screen(), printer.texts, lambda service, _: not service, record)
    reader.print_last(tail)
    if client:
        reader.follow(client)
    else:
        reader.finish()


class _Printer:
    def __init__(self, kinds: set[str], style: Style, *, as_json: bool) -> None:
        self._kinds = kinds
        self._style = style
        self._as_json = as_json

    def texts(self, piece: Piece | None) -> Iterator[bytes]:
        """Whole lines of what a piece of the stream of events says."""
        for line in piece.data.splitlines() if piece and piece.kind is Kind.BYTES else ():
            found = facts.facts(line)
            if self._kinds and found["kind"] not in self._kinds:
                continue
            if self._as_json:
                yield line + b"\n"
            elif text := self._text(line, found):
                yield text

    def _text(self, line: bytes, found: dict[str, Any]) -> bytes:
        event = facts.decode(line)
        said = words.line(event, self._style) if event else b""
        if not said:  # one that the merged log has no line for
            named = found.get("service", "aura")
            said = self._style.mark(named) + self._style.dim(_spelled(found)) + b"\n"
        moment = time.strftime("%H:%M:%S", time.localtime(found["time"]))
        return self._style.dim(moment) + b" " + said


def _spelled(found: dict[str, Any]) -> str:
    """The kind of an event, and all that it says."""
    rest = {name: value for name, value in found.items() if name not in ("time", "kind", "service") and value}
    said = (
        f"{name} {', '.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in rest.items()
    )
    return f"{found['kind']}: {'; '.join(said)}" if rest else str(found["kind"])
