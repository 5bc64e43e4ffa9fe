"""`logs`: what the services printed, from the record; the stack need not run."""

import json
import os
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any, NamedTuple

import click

from aura_stack.errors import AuraError, ExitCode
from aura_stack.logs.follow import Piece
from aura_stack.logs.framing import Kind, Lines
from aura_stack.logs.render import Style
from aura_stack.logs.terminal import Merger
from aura_stack.reading.suggest import did_you_mean
from aura_stack.reading.words import listed, quoted

from . import target
from .arguments import json_option, profile_option, services_argument
from .reader import Reader, known_services, require_record
from .screen import standard_screen
from .settings import Settings

DEFAULT_TAIL = "200"


class _Tail(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on only
    """A number of lines, or `all`; None stands for all."""

    name = "lines"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        """The number."""
        if value == "all":
            return None
        if isinstance(value, int):
            return value
        if not value.isdecimal() or len(value) > 9:  # noqa: PLR2004 - more lines than any record has
            self.fail(f"{value!r} is neither a number of lines nor all", param, ctx)
        return int(value)


@click.command
@services_argument
@profile_option
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until the stack ends.")
@click.option(
    "-n",
    "--tail",
    type=_Tail(),
    metavar="LINES",
    default=DEFAULT_TAIL,
    show_default=True,
    help="Lines to begin with, or all.",
)
@json_option
@click.pass_context
def logs(
    context: click.Context, services: tuple[str, ...], follow: bool, tail: int | None, as_json: bool
) -> None:
    r"""Print the last lines of all services, or of the named SERVICES, merged in the order of arrival.

    \b
    Examples:
      aura-stack logs -n 50 backend
      aura-stack logs -f
      aura-stack logs -n all --json

    \b
    Keys of --json, one object a line:
      time (seconds since 1970), service, stream (out, err, prepare, stop), run, line
    """
    file, places = target.found(context.obj)
    client = target.engine(context.obj) if follow else None
    record = client.call("attach", own=False)["record"] if client else 0
    require_record(file, places)
    known = known_services(places)
    declared = _declared(services, file, context.obj)
    for name in services:
        if not any(_means(name, service, declared) for service in known):
            raise _unknown(name, known)
    printer = _Objects() if as_json else _Prefixed(Style(known, colour=target.coloured(context.obj)))

    def of_them(service: str, _: str) -> bool:
        return service != "" and (not services or any(_means(name, service, declared) for name in services))

    reader = Reader(places, standard_screen(), printer.texts, of_them, record)
    reader.print_last(tail)
    if client:
        reader.follow(client)
    else:
        reader.finish()


class _Declared(NamedTuple):
    """Names in the definition: of services, and by profiles."""

    services: frozenset[str] = frozenset()
    profiles: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def _declared(services: tuple[str, ...], file: str, settings: Settings) -> _Declared:
    """What the definition declares; nothing where nobody is named, or it cannot be read: logs outlive it."""
    if not services:
        return _Declared()
    from aura_stack.session.definition import read  # noqa: PLC0415 - only names need it

    try:
        stack = read(file, os.environ, variant=settings.variant).stack
    except AuraError:
        return _Declared()
    return _Declared(frozenset(service.family for service in stack.services), stack.profiles)


def _means(pattern: str, service: str, declared: _Declared) -> bool:
    """Whether a name means a service: itself, a pattern, a profile, or the service it is a replica of."""
    if pattern.startswith("@"):
        return service in declared.profiles.get(pattern[1:], ())
    if fnmatchcase(service, pattern) or (pattern not in declared.services and pattern == f"{service}-1"):
        return True
    family, _, number = service.rpartition("-")
    return family == pattern and number.isdecimal() and service not in declared.services


def _unknown(name: str, known: list[str]) -> AuraError:
    hint = did_you_mean(name, known) or f"there are {listed(known)}"
    return AuraError(f"there are no logs of a service {quoted(name)}", hint, ExitCode.UNKNOWN)


class _Prefixed:
    """Lines for people."""

    def __init__(self, style: Style) -> None:
        self._merger = Merger(style, screen=os.isatty(1))

    def texts(self, piece: Piece | None) -> Iterator[bytes]:
        """Whole lines, each with its prefix."""
        yield self._merger.text(piece) if piece else self._merger.finish()


class _Objects:
    """Lines for programs."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str, int], tuple[Lines, float]] = {}

    def texts(self, piece: Piece | None) -> Iterator[bytes]:
        """One JSON object for each whole line; bytes that are no UTF-8 are replaced."""
        if piece is None:
            for key, (lines, moment) in self._lines.items():
                yield from self._objects(key, lines.finish(), moment)
            self._lines = {}
            return
        key, moment = (piece.service, piece.stream, piece.run), piece.time / 1e9
        lines, _ = self._lines.pop(key, (Lines(), 0.0))
        if piece.kind is Kind.END:
            yield from self._objects(key, lines.finish(), moment)
        else:
            self._lines[key] = (lines, moment)
            yield from self._objects(key, lines.feed(piece.data), moment)

    @staticmethod
    def _objects(key: tuple[str, str, int], text: bytes, moment: float) -> Iterator[bytes]:
        service, stream, run = key
        for line in text.replace(b"\r\n", b"\n").split(b"\n")[:-1]:
            record = {
                "time": round(moment, 6),
                "service": service,
                "stream": stream,
                "run": run,
                "line": line.decode("utf-8", "replace"),
            }
            yield json.dumps(record, ensure_ascii=False).encode() + b"\n"
