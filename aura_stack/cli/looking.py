"""What `logs` does, whichever way its flags were read."""

import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import TYPE_CHECKING

from aura_stack.errors import AuraError, ExitCode
from aura_stack.frozen import Frozen, NamedTuple
from aura_stack.logs import index
from aura_stack.logs.render import Style
from aura_stack.logs.search import Span
from aura_stack.logs.sieve import Terms
from aura_stack.logs.terminal import Merger
from aura_stack.reading.words import listed, quoted
from aura_stack.system.places import Places

from . import target
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


def look(settings: Settings, services: tuple[str, ...], options: "Options", *, as_json: bool) -> None:
    """Print what services have printed, or remove it.

    Raises:
        AuraError: there is no stack, no such service, or nothing to print.
    """
    file, places = target.found(settings)
    client = target.engine(settings) if options.follow else None
    record = client.call("attach", own=False)["record"] if client else 0
    require_record(file, places)
    known = known_services(places)
    declared = _declared(services, file, settings)
    for name in services:
        if not any(_means(name, service, declared) for service in known):
            raise _unknown(name, known)
    chosen = {
        service
        for service in known
        if not services or any(_means(name, service, declared) for name in services)
    }
    if options.clear:
        _clear(settings, file, places, chosen if services else None)
        return
    asked = _asked(places, file, services, chosen, declared, options)
    with _output(options.save) as screen:
        coloured = target.coloured(settings) and not options.save
        flow = Flow(asked, _printer(options, known, screen, as_json=as_json, coloured=coloured))
        reader = Reader(places, screen, flow.texts, asked.wanted, record)
        reader.print_stored(lambda end: stored(places.logs, asked, flow, options.count, end))
        if client:
            reader.follow(client, lambda: _again(file, places, screen))
        else:
            reader.finish()
            _tell_of_the_end(file, places, screen, options)
    if options.save and not settings.quiet:
        _say(f"saved in {options.save}")


class Options(Frozen):
    """The flags of `logs`."""

    follow: bool = False
    tail: int | str | None = None
    since: int | str | None = None
    until: int | str | None = None
    grep: tuple[re.Pattern[bytes], ...] = ()
    exclude: tuple[re.Pattern[bytes], ...] = ()
    around: int = 0
    level: str | None = None
    only: str | None = None
    previous: bool = False
    timestamps: bool = False
    no_prefix: bool = False
    no_marks: bool = False
    raw: bool = False
    save: str | None = None
    clear: bool = False

    @property
    def clash(self) -> str:
        """Why these flags do not go together, "" if they do."""
        if self.until is not None and self.follow:
            return "--until and --follow do not go together"
        if self.until == LAST_RESTART:
            return f"--until {LAST_RESTART} would be --previous"
        if self.previous and self.follow:
            return "--previous is over: there is nothing to --follow"
        if self.clear and (self.follow or self.save):
            return "--clear goes alone, or with names of services"
        return ""

    @property
    def terms(self) -> Terms:
        """Which lines."""
        if not self.level:
            return Terms(self.grep, self.exclude, None, self.around)
        from aura_stack.logs.levels import LEVELS  # noqa: PLC0415 - 5 ms, which most need not wait for

        return Terms(self.grep, self.exclude, LEVELS.index(self.level), self.around)

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
        from aura_stack.logs.moments import previous_runs  # noqa: PLC0415 - as above

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
        from aura_stack.logs.moments import last_start  # noqa: PLC0415 - as above

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
    marks = options.terms.all and not (options.no_prefix or options.no_marks or options.only)
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


def _again(file: str, places: Places, screen: Screen) -> "tuple[Client, int] | None":
    """Wait for the stack to be up again; its engine, and which record that writes; None once nobody reads any more."""
    said = False
    while True:
        client = target.running(file, places)
        if client is not None:
            with suppress(AuraError):  # one that is about to end, and does not answer any more
                return client, client.call("attach", own=False)["record"]
            client.close()
        if not said and screen.terminal:
            _say("the stack is down; this goes on when it is up again, Ctrl-C ends it")
        said = True
        if screen.ends_within(_PAUSE):
            return None


def _tell_of_the_end(file: str, places: Places, screen: Screen, options: Options) -> None:
    """Say where the record of an engine that was killed ends, to whoever sees its end."""
    if options.until is not None or options.previous or not screen.terminal:
        return
    from aura_stack.logs import lives  # noqa: PLC0415 - as above

    known = lives.read(places.logs)
    if known and not known[-1].ended and target.running(file, places) is None:
        last = next(index.backwards(places.logs), None)
        when = time.strftime("%H:%M:%S", time.localtime(last.time / 1e9)) if last else "its start"
        _say(f"the engine was killed: what services printed after {when} is not in the record")


def _clear(settings: Settings, file: str, places: Places, services: set[str] | None) -> None:
    """Remove what is stored, by the engine if one runs: it is the one that writes."""
    client = target.running(file, places)
    if client is not None:
        freed = client.call("clear", services=sorted(services) if services is not None else [])["freed"]
        client.close()
    else:
        from aura_stack.logs.store import Store  # noqa: PLC0415 - only this writes

        from .clean import held  # noqa: PLC0415 - only this needs the lock

        with held(file, places):
            try:
                store = Store(places.logs, places.events, lambda: None, lambda: None)
                freed = store.clear(services)
            except OSError as error:
                words = f"the logs cannot be removed: {error.strerror}"
                raise AuraError(words, "aura-stack clean removes all that is recorded") from error
            store.close()
    if not settings.quiet:
        whose = f" of {listed(sorted(services))}" if services is not None else ""
        from .tables import size  # noqa: PLC0415 - as above

        sys.stdout.write(f"logs{whose} removed, {size(freed)} freed\n")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


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
    from fnmatch import fnmatchcase  # noqa: PLC0415 - as above

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
