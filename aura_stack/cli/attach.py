"""`attach`: this terminal in the place of a service's, until the keys that take it back."""

import os
import select
import signal
import sys
import time
from collections import deque
from typing import Any

import click

from aura_stack.control.client import Client, result
from aura_stack.control.protocol import Answer, Request
from aura_stack.errors import AuraError, ExitCode
from aura_stack.logs import controls
from aura_stack.logs.follow import Follower, Piece
from aura_stack.logs.framing import Entry, Kind
from aura_stack.logs.render import Style
from aura_stack.logs.tail import last_pieces
from aura_stack.messages import events

from . import tables, target, words
from .arguments import complete_service, profile_option
from .keys import Keys, typed_as
from .screen import Screen, standard_screen
from .ttyview import DETACH, State, TtyView

SHOWN = 10  # lines that were printed before we came
TURN = 64 << 10  # bytes that are printed before anything else is looked at
MOST = 4096  # entries of the record, the same
OLD = 2_000_000_000  # nanoseconds after which a terminal is too slow for what is printed
KEPT = 16 << 10  # bytes of what is old that are shown all the same


class _Sequence(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on only
    """Keys that are pressed one after the other: `ctrl-p,ctrl-q`."""

    name = "keys"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bytes:
        """The bytes that a terminal sends for them."""
        if isinstance(value, bytes):
            return value
        sent = typed_as(value)
        if not sent:
            self.fail(
                f"{value!r} is not of the form ctrl-p,ctrl-q: ctrl-LETTER or single characters", param, ctx
            )
        return sent


@click.command
@click.argument("service", shell_complete=complete_service)
@click.option("--no-stdin", is_flag=True, help="Only look: what is typed is not for the service.")
@click.option(
    "--detach-keys",
    "leave",
    type=_Sequence(),
    metavar="KEYS",
    default=DETACH,
    show_default=True,
    help="What takes the terminal back, pressed one after the other.",
)
@click.option("--no-resize", is_flag=True, help="Leave the size of the service's terminal as it is.")
@profile_option
@click.pass_context
def attach(context: click.Context, service: str, no_stdin: bool, leave: bytes, no_resize: bool) -> None:
    r"""Talk to a SERVICE in its terminal; Ctrl-P Ctrl-Q takes yours back, and the service runs on.

    It needs a terminal of its own: `tty: true` in the stack file. What it prints is kept like that of any other.

    \b
    Examples:
      aura-stack attach backend
      aura-stack attach --no-stdin backend
      aura-stack attach --detach-keys ctrl-x backend
    """
    if not no_stdin and not (os.isatty(0) and os.isatty(1)):
        raise click.UsageError(
            "attach needs a terminal as standard input and output; --no-stdin only looks", context
        )
    client = target.engine(context.obj)
    keys = Keys(0, wanted=not no_stdin)
    style = Style((), colour=target.coloured(context.obj))
    seat = Attached(client, standard_screen(), keys, style, leave=leave, resizes=not no_resize)
    context.exit(seat.sit(service))


class Attached:
    """Somebody at the terminal of a service.

    Args:
        client: the way to the engine.
        screen: where to print.
        keys: the keyboard.
        style: of what we say ourselves.
        leave: what is typed to leave.
        resizes: whether the service's terminal is made as large as ours.
    """

    def __init__(
        self, client: Client, screen: Screen, keys: Keys, style: Style, *, leave: bytes, resizes: bool
    ) -> None:
        self._client = client
        self._screen = screen
        self._keys = keys
        self._style = style
        self._tty = TtyView("", keys, screen.fileno(), leave=leave, resizes=resizes)
        self._record = 0
        self._behind = False  # whether there is more than was printed in one turn
        self._calls: dict[int, str] = {}
        self._code: int | None = None

    def sit(self, service: str) -> int:
        """Stay until it is left, the service is down or the stack ends; the answer is the exit code.

        Raises:
            AuraError: there is no such service (exit code 4), it has no terminal (1), or the stack has ended (3).
        """
        where = self._client.call("attach", own=False)
        found = self._client.call("terminal", service=service, **self._size())
        self._tty.service, self._record = found["service"], where["record"]
        follower = Follower(where["logs"], where["position"])
        for signum in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, lambda number, _: sys.exit(128 + number))
        signal.signal(signal.SIGWINCH, lambda *_: self._tty.resize())
        try:
            self._welcome(where["logs"], where["position"], runs=found["run"] is not None)
            self._keys.begin()
            return self._stay(follower)
        except KeyboardInterrupt:  # only where nothing is typed: else it is the service's
            return int(ExitCode.INTERRUPTED)
        finally:
            self._tty.give_back(State.LEFT)
            self._screen.write(self._tty.closed())
            self._keys.end()
            follower.close()

    def _size(self) -> dict[str, int]:
        rows, columns = self._tty.size
        return {"rows": rows, "columns": columns} if self._tty.resizes and rows and columns else {}

    def _welcome(self, logs: str, position: int, *, runs: bool) -> None:
        name = self._tty.service
        leave = f"{self._tty.leaves_by} leaves it" if self._keys.wanted else "Ctrl-C leaves it"
        self._say(f"this is the terminal of {name}; {leave}")
        if runs:
            self._screen.write(_printed_before(logs, position, name, colour=self._style.colour))
        else:
            self._say(f"{name} does not run; its next run gets this terminal")

    def _stay(self, follower: Follower) -> int:
        poll = select.poll()
        poll.register(self._client.fileno(), select.POLLIN)
        poll.register(self._screen.fileno(), 0)
        listening = False
        for message in self._client.kept:
            self._handle(message, follower)
        self._look(follower)
        while self._code is None and not self._screen.gone:
            if self._keys.active is not listening:
                listening = self._keys.active
                poll.register(self._keys.fileno(), select.POLLIN) if listening else poll.unregister(
                    self._keys.fileno()
                )
            self._tty.listen(poll)
            wait = 1000 if self._keys.elsewhere else None
            ready = dict(poll.poll(0 if self._behind else wait))
            self._keys.resume()
            self._tty.send()
            if self._keys.active and self._keys.fileno() in ready:
                self._type()
            if self._screen.fileno() in ready:
                break
            if self._client.fileno() in ready:
                self._receive(follower)
            if self._behind:
                self._print(follower)
        return self._code or 0

    def _type(self) -> None:
        typed = self._tty.type(self._keys.read())
        if self._tty.state is State.LEFT:
            self._screen.write(self._tty.closed())
            self._say(f"left {self._tty.service}, which runs on")
            self._code = 0
        elif (
            b"\x03" in typed or not self._keys.active
        ):  # nobody is there to hear it, or nobody to type any more
            self._code = int(ExitCode.INTERRUPTED)

    def _receive(self, follower: Follower) -> None:
        try:
            for message in self._client.receive():
                self._handle(message, follower)
        except ConnectionError:
            self._print(follower)
            while self._behind and self._code is None and not self._screen.gone:
                self._print(follower)
            self._code = self._code or 0

    def _handle(self, message: Request | Answer, follower: Follower) -> None:
        match message:
            case Request("terminal", params):
                self._tty.adopt(int(params["run"]), self._client.descriptors.pop(0))
            case Answer(id=int(number)) if number in self._calls:
                if self._calls.pop(number) == "follow":
                    self._print(follower)
                    if result(message)["record"] == self._record:
                        self._look(follower)
                    else:
                        raise AuraError("somebody has deleted the logs of this stack", "attach again")

    def _look(self, follower: Follower) -> None:
        number = self._client.send("follow", position=follower.position, record=self._record)
        self._calls[number] = "follow"

    def _print(self, follower: Follower) -> None:
        """A turn: keys wait for no flood, and of what is old by now only the last is shown."""
        printed, self._behind = 0, False
        old = _Old()
        for number, entry in enumerate(follower.entries(), 1):
            service, _ = follower.name(entry)
            if service == self._tty.service and time.time_ns() - entry.time > OLD:
                old.add(entry)
            elif service == self._tty.service:
                self._print_old(follower, old)
                self._screen.write(self._tty.shown(follower.piece(entry).data))
                printed += entry.length
            elif not service and entry.kind is Kind.BYTES:
                self._print_old(follower, old)
                for line in follower.piece(entry).data.splitlines():
                    if event := events.decode(line):
                        self._see(event)
            if printed >= TURN or number == MOST or self._screen.gone:
                self._behind = True
                break
        self._print_old(follower, old)

    def _print_old(self, follower: Follower, old: "_Old") -> None:
        """The last of what is old, and how much of it is not shown."""
        if old.lost:
            text = f"{tables.size(old.lost)} not shown; aura-stack logs {self._tty.service} has them"
            said = self._style.mark("aura") + self._style.dim(text) + b"\n"
            self._screen.write(self._tty.beside(said) if self._tty.taken else said)
        for entry in old.take():
            self._screen.write(self._tty.shown(follower.piece(entry).data))

    def _see(self, event: events.Event) -> None:
        if getattr(event, "service", None) != self._tty.service:
            return
        said = words.line(event, self._style)
        self._screen.write(self._tty.beside(said) if self._tty.taken else said)
        if self._tty.see(event):
            self._calls[self._client.send("terminal", service=self._tty.service, **self._size())] = "terminal"
        match event:
            case events.Failed():
                self._code = int(ExitCode.FAILED)
            case events.Completed() | events.Stopped():
                self._code = 0

    def _say(self, text: str) -> None:
        self._screen.write(self._style.mark("aura") + self._style.dim(text) + b"\n")


class _Old:
    """What a terminal was too slow for: the last of it is kept."""

    def __init__(self) -> None:
        self.lost = 0
        self._last: deque[Entry] = deque()
        self._size = 0

    def add(self, entry: Entry) -> None:
        """One more."""
        if entry.length > KEPT:
            self.lost += entry.length - KEPT
            entry = entry._replace(offset=entry.offset + entry.length - KEPT, length=KEPT)
        self._last.append(entry)
        self._size += entry.length
        while self._size - self._last[0].length >= KEPT:
            first = self._last.popleft()
            self.lost += first.length
            self._size -= first.length

    def take(self) -> list[Entry]:
        """The last ones; then there are none."""
        last = list(self._last)
        self._last.clear()
        self.lost = self._size = 0
        return last


def _printed_before(logs: str, position: int, service: str, *, colour: bool) -> bytes:
    """The last lines that a service printed before a position, and what is unfinished behind them, made safe."""

    def of_it(name: str, stream: str) -> bool:
        return name == service and stream == "out"

    pieces: list[Piece] = last_pieces(logs, SHOWN + 1, of_it, position)
    run = max((piece.run for piece in pieces), default=0)
    text = b"".join(piece.data for piece in pieces if piece.run == run)
    *whole, rest = text.split(b"\n")
    shown = b"".join(line + b"\n" for line in whole[-SHOWN:]) + rest[: controls.whole(rest)]
    return controls.closed(controls.safe(shown, colour=colour))
