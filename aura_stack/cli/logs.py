"""`logs`: what the services printed, from the record; the stack need not run."""

import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from aura_stack.errors import AuraError, ExitCode
from aura_stack.frozen import Frozen
from aura_stack.logs import index, lives
from aura_stack.logs.levels import LEVELS
from aura_stack.logs.moments import last_start, moment, previous_runs
from aura_stack.logs.render import Style
from aura_stack.logs.search import Span
from aura_stack.logs.sieve import Terms, pattern
from aura_stack.logs.store import Store
from aura_stack.logs.terminal import Merger
from aura_stack.reading.words import listed, quoted
from aura_stack.stack import units
from aura_stack.system.places import Places

from . import tables, target
from .arguments import json_option, profile_option, services_argument
from .history import Asked, Flow, span_of, stored
from .printers import People, Printer, Programs
from .reader import Reader, known_services, require_record
from .screen import Screen, standard_screen
from .settings import Settings

if TYPE_CHECKING:
    from aura_stack.control.client import Client

DEFAULT_TAIL = 200
ALL = "all"
LAST_RESTART = "last-restart"
_PAUSE = 0.3  # seconds between two looks whether a stack is up again


class _Tail(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on only
    """A number of lines, or `all`."""

    name = "lines"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """The number, or the word."""
        if value == ALL:
            return ALL
        if isinstance(value, int):
            return value
        if not value.isdecimal() or len(value) > 9:  # noqa: PLR2004 - more lines than any record has
            self.fail(f"{value!r} is neither a number of lines nor all", param, ctx)
        return int(value)


class _Moment(click.ParamType):  # type: ignore[type-arg]  # as above
    """A moment, a duration before now, or `last-restart`."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """In ns since 1970, or the word."""
        if isinstance(value, int):
            return value
        value = str(value)
        if value == LAST_RESTART:
            return LAST_RESTART
        if re.fullmatch(units.DURATION, value):
            return time.time_ns() - round(units.seconds(value) * 1e9)
        found = moment(value, datetime.now().astimezone())
        if found is None:
            self.fail(
                f"{value!r} is no time such as 5m, 14:03, 2026-11-28T14:03:07 or {LAST_RESTART}", param, ctx
            )
        return found


class _Pattern(click.ParamType):  # type: ignore[type-arg]  # as above
    """A regular expression."""

    name = "pattern"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> re.Pattern[bytes]:
        """Compiled, for bytes."""
        if isinstance(value, re.Pattern):
            return value
        try:
            return pattern(value)
        except re.error as error:
            self.fail(f"{value!r} is no regular expression: {error}", param, ctx)


@click.command
@services_argument
@profile_option
@click.option(
    "-f",
    "--follow",
    is_flag=True,
    help="Go on with what comes, also after the stack was stopped and started.",
)
@click.option(
    "-n",
    "--tail",
    type=_Tail(),
    metavar="LINES",
    help=f"Lines to begin with, or all.  [default: {DEFAULT_TAIL}; all with what limits them otherwise]",
)
@click.option(
    "--since",
    type=_Moment(),
    metavar="WHEN",
    help="From then on: 5m, 14:03, 2026-11-28T14:03 or last-restart.",
)
@click.option("--until", type=_Moment(), metavar="WHEN", help="Up to then.")
@click.option(
    "-g", "--grep", type=_Pattern(), multiple=True, metavar="RE", help="Lines that hold one of these."
)
@click.option("--exclude", type=_Pattern(), multiple=True, metavar="RE", help="And none of these.")
@click.option(
    "--context",
    "around",
    type=click.IntRange(0, 1000),
    default=0,
    metavar="LINES",
    help="And lines around each.",
)
@click.option("--level", type=click.Choice(LEVELS), help="Lines that are as grave as that, or graver.")
@click.option("--stdout", "only", flag_value="out", help="Only what was printed there.")
@click.option("--stderr", "only", flag_value="err", help="Only what was printed there.")
@click.option(
    "--previous",
    is_flag=True,
    help="Of each service the last run that is over, such as the one that crashed.",
)
@click.option("-t", "--timestamps", is_flag=True, help="Begin each line with its time.")
@click.option("--no-prefix", is_flag=True, help="Do not begin each line with its service.")
@click.option(
    "--raw", is_flag=True, help="Lines of JSON as they were printed, as they are into a pipe or a file."
)
@click.option("--save", type=click.Path(dir_okay=False), metavar="FILE", help="Write into a file.")
@click.option("--clear", is_flag=True, help="Remove what is stored of these services instead.")
@json_option
@click.pass_context
def logs(context: click.Context, /, services: tuple[str, ...], *, as_json: bool, **flags: Any) -> None:
    r"""Print what all services, or the named SERVICES, have printed, merged in the order of arrival.

    Patterns are regular expressions of Python. They are looked for in the text without its colours.
    What services printed is kept in .aura/logs as it was, in up to eight files of 16 MB for each.

    \b
    Examples:
      aura-stack logs -n 50 backend
      aura-stack logs -f
      aura-stack logs -g 'timeout|refused' --context 3
      aura-stack logs --level error --since 10m
      aura-stack logs backend --previous
      aura-stack logs -n all --json

    \b
    Keys of --json, one object a line:
      time (seconds since 1970), service, stream (out, err, prepare, stop), run, line
    """
    options = Options(**flags)
    options.check(context)
    file, places = target.found(context.obj)
    client = target.engine(context.obj) if options.follow else None
    record = client.call("attach", own=False)["record"] if client else 0
    require_record(file, places)
    known = known_services(places)
    declared = _declared(services, file, context.obj)
    for name in services:
        if not any(_means(name, service, declared) for service in known):
            raise _unknown(name, known)
    chosen = {
        service
        for service in known
        if not services or any(_means(name, service, declared) for name in services)
    }
    if options.clear:
        _clear(context, file, places, chosen if services else None)
        return
    asked = _asked(places, file, services, chosen, declared, options)
    with _output(options.save) as screen:
        coloured = target.coloured(context.obj) and not options.save
        flow = Flow(asked, _printer(options, known, screen, as_json=as_json, coloured=coloured))
        reader = Reader(places, screen, flow.texts, asked.wanted, record)
        reader.print_stored(lambda end: stored(places.logs, asked, flow, options.count, end))
        if client:
            reader.follow(client, lambda: _again(file, places, screen))
        else:
            reader.finish()
            _tell_of_the_end(file, places, screen, options)
    if options.save and not context.obj.quiet:
        click.echo(f"saved in {options.save}", err=True)


class Options(Frozen):
    """The flags of `logs`."""

    follow: bool
    tail: int | str | None
    since: int | str | None
    until: int | str | None
    grep: tuple[re.Pattern[bytes], ...]
    exclude: tuple[re.Pattern[bytes], ...]
    around: int
    level: str | None
    only: str | None
    previous: bool
    timestamps: bool
    no_prefix: bool
    raw: bool
    save: str | None
    clear: bool

    def check(self, context: click.Context) -> None:
        """Flags that do not go together are a mistake of use."""
        if self.until is not None and self.follow:
            raise click.UsageError("--until and --follow do not go together", context)
        if self.until == LAST_RESTART:
            raise click.UsageError(f"--until {LAST_RESTART} would be --previous", context)
        if self.previous and self.follow:
            raise click.UsageError("--previous is over: there is nothing to --follow", context)
        if self.clear and (self.follow or self.save):
            raise click.UsageError("--clear goes alone, or with names of services", context)

    @property
    def terms(self) -> Terms:
        """Which lines."""
        level = LEVELS.index(self.level) if self.level else None
        return Terms(self.grep, self.exclude, level, self.around)

    @property
    def count(self) -> int | None:
        """How many lines to begin with, None for all."""
        if self.tail == ALL:
            return None
        if self.tail is not None:
            return int(self.tail)
        limits = not self.terms.all or self.since is not None or self.until is not None
        return None if limits or self.previous or self.save else DEFAULT_TAIL


def _asked(
    places: Places,
    file: str,
    services: tuple[str, ...],
    chosen: set[str],
    declared: "_Declared",
    options: Options,
) -> Asked:
    """What lines are meant.

    Raises:
        AuraError: there was no earlier run, or no start.
    """

    def wanted(service: str, stream: str) -> bool:
        """Also of a service that comes later."""
        if service == "" or (options.only and stream != options.only):
            return False
        return not services or service in chosen or any(_means(name, service, declared) for name in services)

    since, until = options.since, options.until
    assert not isinstance(until, str)
    if options.previous:
        runs = previous_runs(places.logs, chosen, running=os.path.exists(places.socket))
        if not runs:
            raise AuraError(
                f"there was no earlier run of {listed(sorted(chosen))}", exit_code=ExitCode.UNKNOWN
            )
        span = Span(
            min(run.position for run in runs.values()),
            run=lambda service, life, number: (
                service in runs and (life, number) == (runs[service].life, runs[service].number)
            ),
        )
        return Asked(wanted, options.terms, span, until)
    if isinstance(since, str):
        start = last_start(places.logs, chosen.__contains__)
        if start is None:
            raise AuraError(
                f"the record of {os.path.relpath(file)} knows of no start", exit_code=ExitCode.UNKNOWN
            )
        return Asked(wanted, options.terms, Span(start.position), until)
    if since is None and until is None:
        return Asked(wanted, options.terms, Span(), None)
    return Asked(wanted, options.terms, span_of(places.logs, since, until), until)


def _printer(options: Options, known: list[str], screen: Screen, *, as_json: bool, coloured: bool) -> Printer:
    if as_json:
        return Programs()
    style = Style(known, colour=coloured, short=screen.terminal, prefixes=not options.no_prefix)
    merger = Merger(style, screen=screen.terminal, stamps=options.timestamps)
    marks = options.terms.all and not options.no_prefix and not options.only
    return People(merger, style, marks=marks, reads=screen.terminal and not options.raw)


@contextmanager
def _output(path: str | None) -> Iterator[Screen]:
    """Where to print: standard output, or a file."""
    if path is None:
        yield standard_screen()
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise AuraError(f"{path} cannot be written: {error.strerror}") from error
    try:
        yield Screen(descriptor, sys.stderr.fileno())
    finally:
        os.close(descriptor)


def _again(file: str, places: Places, screen: Screen) -> "tuple[Client, int]":
    """Wait for the stack to be up again; its engine, and which record that writes."""
    said = False
    while True:
        client = target.running(file, places)
        if client is not None:
            return client, client.call("attach", own=False)["record"]
        if not said and screen.terminal:
            click.echo("the stack is down; this goes on when it is up again, Ctrl-C ends it", err=True)
        said = True
        time.sleep(_PAUSE)


def _tell_of_the_end(file: str, places: Places, screen: Screen, options: Options) -> None:
    """Say where the record of an engine that was killed ends, to whoever sees its end."""
    if options.until is not None or options.previous or not screen.terminal:
        return
    known = lives.read(places.logs)
    if known and not known[-1].ended and target.running(file, places) is None:
        last = next(index.backwards(places.logs), None)
        when = time.strftime("%H:%M:%S", time.localtime(last.time / 1e9)) if last else "its start"
        click.echo(
            f"the engine was killed: what services printed after {when} is not in the record", err=True
        )


def _clear(context: click.Context, file: str, places: Places, services: set[str] | None) -> None:
    """Remove what is stored, by the engine if one runs: it is the one that writes."""
    client = target.running(file, places)
    if client is not None:
        freed = client.call("clear", services=sorted(services) if services is not None else [])["freed"]
        client.close()
    else:
        from .clean import held  # noqa: PLC0415 - only this needs the lock

        with held(file, places):
            store = Store(places.logs, places.events, lambda: None, lambda: None)
            freed = store.clear(services)
            store.close()
    if not context.obj.quiet:
        whose = f" of {listed(sorted(services))}" if services is not None else ""
        click.echo(f"logs{whose} removed, {tables.size(freed)} freed")


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
    from aura_stack.reading.suggest import did_you_mean  # noqa: PLC0415 - 9 ms, for a mistake only

    hint = did_you_mean(name, known) or f"there are {listed(known)}"
    return AuraError(f"there are no logs of a service {quoted(name)}", hint, ExitCode.UNKNOWN)
