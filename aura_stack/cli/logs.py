"""`logs`: what the services printed, from the record; the stack need not run."""

import os
from collections import deque
from collections.abc import Iterator

import click

from aura_stack.control.client import Client, connect
from aura_stack.errors import AuraError, ExitCode
from aura_stack.logs.follow import Follower
from aura_stack.logs.framing import EVENTS
from aura_stack.logs.render import Style
from aura_stack.logs.store import read_streams
from aura_stack.logs.terminal import Merger
from aura_stack.reading.suggest import did_you_mean
from aura_stack.reading.words import listed, quoted
from aura_stack.system.places import Places

from . import target
from .face import standard_screen
from .screen import Screen

DEFAULT_TAIL = 200


@click.command
@click.argument("services", nargs=-1)
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until the stack ends.")
@click.option(
    "-n",
    "--tail",
    type=click.IntRange(min=0),
    default=DEFAULT_TAIL,
    show_default=True,
    help="Lines to begin with.",
)
@click.pass_context
def logs(context: click.Context, services: tuple[str, ...], follow: bool, tail: int) -> None:
    r"""Print the last lines of all services, or of the named SERVICES, merged in the order of arrival.

    \b
    Examples:
      aura-stack logs -n 50 backend
      aura-stack logs -f
    """
    file, places = target.found(context)
    if not os.path.exists(os.path.join(places.logs, "index")):
        raise AuraError(
            f"the stack of {os.path.relpath(file)} has no logs",
            "aura-stack up starts it",
            ExitCode.NOT_RUNNING,
        )
    known = _known(places)
    for name in services:
        if name not in known:
            hint = did_you_mean(name, known) or f"there are {listed(known)}"
            raise AuraError(f"there are no logs of a service {quoted(name)}", hint, ExitCode.UNKNOWN)
    reader = Reader(places, services, Style(known, colour=target.coloured(context)), standard_screen())
    client = connect(places.socket, os.path.relpath(file)) if follow else None
    reader.print_last(tail)
    if client:
        reader.follow(client)


class Reader:
    """Prints a record's lines.

    Args:
        places: of the stack.
        services: whose lines, none for all.
        style: the prefixes.
        screen: where to.
    """

    def __init__(self, places: Places, services: tuple[str, ...], style: Style, screen: Screen) -> None:
        self._follower = Follower(places.logs)
        self._services = services
        self._merger = Merger(style)
        self._screen = screen

    def print_last(self, count: int) -> None:
        """The last lines of what is there."""
        last: deque[bytes] = deque(maxlen=count)
        for text in self._texts():
            last.extend(line + b"\n" for line in text.split(b"\n")[:-1])
        self._screen.write(b"".join(last))

    def follow(self, engine: Client) -> None:
        """What comes, until the engine ends or nobody reads any more."""
        while not self._screen.gone:
            try:
                engine.call("follow", position=self._follower.position)
            except AuraError:
                break
            self._print_new()
        self._print_new()
        self._screen.write(self._merger.finish())

    def _print_new(self) -> None:
        for text in self._texts():
            self._screen.write(text)

    def _texts(self) -> Iterator[bytes]:
        for piece in self._follower.read():
            if piece.service and (not self._services or piece.service in self._services):
                yield self._merger.text(piece)


def _known(places: Places) -> list[str]:
    """The services that have a stream in the record, in the order in which they first appeared."""
    files = read_streams(os.path.join(places.logs, "streams"))[EVENTS + 1 :]
    return list(dict.fromkeys(file.removesuffix(".log").rpartition(".")[0] for file in files))
