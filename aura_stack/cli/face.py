"""The face: follows the record, prints it, passes Ctrl-C on.

It is a client that may block, be stopped or die. Nothing here can hold a service up: the engine writes the record
whether or not anybody reads it. A signal is passed on from its handler, so also while a write to a stopped
terminal (Ctrl-S) waits.
"""

import contextlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator
from typing import Any

from aura_stack.control.client import Client
from aura_stack.control.protocol import Answer, Request
from aura_stack.errors import AuraError, ExitCode, InvalidDefinition, Place, Problem
from aura_stack.logs.follow import Follower, Piece
from aura_stack.logs.framing import Kind
from aura_stack.logs.render import Style
from aura_stack.logs.terminal import Merger
from aura_stack.messages import events
from aura_stack.session.launch import Launched

from . import words
from .progress import SELDOM, Progress
from .screen import Screen

TICK = 1.0  # seconds between two looks at the clock while something is pending
_ORDERS = {
    signal.SIGINT: ("Ctrl-C", ExitCode.INTERRUPTED),
    signal.SIGTERM: ("SIGTERM", ExitCode.TERMINATED),
    signal.SIGHUP: ("SIGHUP", 128 + signal.SIGHUP),
}
_UNREAD = ("nobody reads the output any more", 128 + signal.SIGPIPE)


class Face:
    """What the shell waits for.

    Args:
        launched: the link and the guardian.
        screen: where to print.
        coloured: whether the screen shows colours.
    """

    def __init__(self, launched: Launched, screen: Screen, *, coloured: bool) -> None:
        self._client = Client(launched.link)
        self._guardian = launched.guardian
        self._screen = screen
        self._coloured = coloured
        self._progress = Progress(time.monotonic)
        self._follower: Follower | None = None
        self._services: list[str] = []
        self._style = Style((), colour=coloured)
        self._merger = Merger(self._style)
        self._rows: dict[str, tuple[str, ...]] = {}
        self._code: int | None = None  # the engine's, once it has said goodbye
        self._ordered: int | None = None  # ours, once a signal has come
        self._orders = 0
        self._said = time.monotonic()
        self._wakes, self._woken = socket.socketpair()
        self._wakes.setblocking(False)
        self._woken.setblocking(False)

    def run(self) -> int:
        """Print until the stack has come to its end; the answer is the exit code.

        Raises:
            AuraError: the engine refused to start the stack, or died.
        """
        # a signal that comes just before poll begins to wait would else be handled when something else happens
        signal.set_wakeup_fd(self._woken.fileno(), warn_on_full_buffer=False)
        for signum in _ORDERS:
            signal.signal(signum, self._order)
        try:
            self._watch()
        except ConnectionError:
            self._print_rest()
            self._bury()
            raise AuraError(
                "the engine died; the guardian has ended what was left of the stack", "", ExitCode.FAILED
            ) from None
        self._print_rest()
        self._bury()
        return self._ordered if self._ordered is not None else self._code or 0

    # --- orders ---

    def _order(self, signum: int, _: object) -> None:
        """Once: stop in order. Again: kill now. A third time: go; the engine then ends everything by itself."""
        self._stop(*_ORDERS[signal.Signals(signum)])

    def _stop(self, reason: str, code: int) -> None:
        self._orders += 1
        if self._ordered is None:
            self._ordered = int(code)
        if self._orders > 2:  # noqa: PLR2004 - see above
            os._exit(self._ordered)
        # an engine that has gone says so by the end of the connection
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            grace = {} if self._orders == 1 else {"grace": 0}
            self._client.send("shutdown", reason=reason, **grace)

    # --- the link ---

    def _watch(self) -> None:
        poll = select.poll()
        poll.register(self._client.fileno(), select.POLLIN)
        poll.register(self._wakes.fileno(), select.POLLIN)
        poll.register(self._screen.fileno(), 0)  # asks for nothing but its end: POLLERR, POLLHUP (poll(2))
        while self._code is None:
            ready = dict(poll.poll(None if self._progress.idle else TICK * 1000))
            if self._wakes.fileno() in ready:
                self._wakes.recv(4096)  # the handler has run by now
            if self._screen.fileno() in ready:
                poll.unregister(self._screen.fileno())
                self._screen.gone = True
                self._heed_the_screen()
            if self._client.fileno() in ready:
                for message in self._client.receive():
                    self._handle(message)
            if not ready:
                self._tell_progress()

    def _handle(self, message: Request | Answer) -> None:
        match message:
            case Request("hello", params):
                self._begin(params)
            case Request("refused", params):
                self._bury()
                raise _refusal(params)
            case Request("bye", params):
                self._code = int(params["code"])
            case Answer(result={"position": _}):
                self._print_new()
                self._look()

    def _begin(self, params: dict[str, Any]) -> None:
        self._services = list(params["services"])
        self._style = Style(["aura", *self._services], colour=self._coloured)
        self._merger = Merger(self._style)
        self._follower = Follower(params["logs"], params["position"])
        self._look()

    def _look(self) -> None:
        assert self._follower is not None
        # an engine that has gone meanwhile may have said goodbye: what it said last is still to be read
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._client.send("follow", position=self._follower.position)

    def _bury(self) -> None:
        """The shell gets its prompt back when nothing of the stack is left."""
        os.waitpid(self._guardian, 0)

    # --- printing ---

    def _print_rest(self) -> None:
        if self._follower:
            self._print_new()
            self._screen.write(self._merger.finish())
        self._screen.progress("")

    def _print_new(self) -> None:
        assert self._follower is not None
        for piece in self._follower.read():
            self._screen.write(b"".join(self._texts(piece)))
        self._heed_the_screen()

    def _heed_the_screen(self) -> None:
        """`up | head` ends when head does."""
        if self._screen.gone and self._orders == 0:
            self._stop(*_UNREAD)

    def _texts(self, piece: Piece) -> Iterator[bytes]:
        if piece.service:
            yield self._merger.text(piece)
        elif piece.kind is Kind.BYTES:
            for one in piece.data.splitlines():
                event = events.decode(one)
                if event:
                    yield from self._event(event)

    def _event(self, event: events.Event) -> Iterator[bytes]:
        self._progress.see(event)
        yield words.line(event, self._style)
        match event:
            case events.Ready(service, _, pid, seconds, address):
                self._rows[service] = (service, address or "-", str(pid), words.duration(seconds))
            case events.Failed(service):
                self._rows[service] = (service, "failed", "-", "-")
            case events.Completed(service):
                self._rows[service] = (service, "completed", "-", "-")
            case events.Settled(_, failed):
                yield from self._ready_table(failed)

    def _ready_table(self, failed: tuple[str, ...]) -> Iterator[bytes]:
        mark = self._style.mark("aura")
        rows = [("SERVICE", "ADDRESS", "PID", "READY IN"), *sorted(self._rows.values(), key=self._place)]
        for text in words.table(rows):
            yield mark + text.encode() + b"\n"
        if failed:
            yield mark + self._style.alarm(f"not up: {', '.join(failed)}") + b"\n"
        elif any(row[2] != "-" for row in self._rows.values()):
            yield mark + b"all ready; Ctrl-C stops\n"

    def _place(self, row: tuple[str, ...]) -> int:
        return self._services.index(row[0])

    def _tell_progress(self) -> None:
        if self._screen.redraws:
            lines = self._progress.lines()
            self._screen.progress(" · ".join(lines))
        elif time.monotonic() - self._said >= SELDOM:
            self._said = time.monotonic()
            for line in self._progress.lines(SELDOM):
                self._screen.say(line)


def _refusal(params: dict[str, Any]) -> AuraError:
    problems = [
        Problem(Place(file, line, column), message, hint)
        for file, line, column, message, hint in params.get("problems", ())
    ]
    if problems:
        return InvalidDefinition(problems)
    return AuraError(params["message"], params["hint"], params["exit_code"])


def standard_screen() -> Screen:
    """The screen of this process."""
    return Screen(sys.stdout.fileno(), sys.stderr.fileno())
