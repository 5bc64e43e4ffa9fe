"""What a face shows: the record's pieces as lines, events in words, tables; on a terminal as a view, else as a record.

A terminal is a view: it is shown what happens now, and what it is too slow for is counted and passed over (see
logs/lanes). Whatever else reads our output gets every line.

While a service has the terminal, what it prints is written as it is, and of all others only what concerns it or went
wrong.
"""

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from aura_stack.logs.follow import Follower, Piece
from aura_stack.logs.framing import Kind
from aura_stack.logs.lanes import Gap, Lanes
from aura_stack.logs.live import Live
from aura_stack.logs.render import Style
from aura_stack.logs.terminal import Merger
from aura_stack.messages import events
from aura_stack.messages.events import LOST

from . import tables, words
from .failed import last_words
from .filter import Filter
from .looks import Looks
from .progress import SELDOM, Progress
from .screen import Screen
from .silence import Silence
from .story import Crash, Mark, Story
from .ttyview import State, TtyView

BULK = 4 << 20  # bytes of a record that are printed before anything else is looked at
LAST = 1 << 20  # bytes of a flood that are still printed on a terminal after an order to stop
NEAR = 1000  # bytes of others behind which somebody's last words are shown once more


class Shown:
    """What is on the screen.

    Args:
        screen: where to print.
        tty: the service that may have the terminal.
        looks: how it looks.
        ask_for_terminal: called when the terminal of a run that began is to be asked for.
        hint: tells what to do next, once all is ready.
        wonder: called with a service that has long been ready and has printed nothing.
    """

    def __init__(
        self,
        screen: Screen,
        tty: TtyView,
        looks: Looks,
        ask_for_terminal: Callable[[], None],
        hint: Callable[[], str],
        wonder: Callable[[str], None],
    ) -> None:
        self.screen = screen
        self.filter = Filter(only_errors=looks.only_errors)
        self.behind = False
        """Whether more has come than was printed in one turn."""
        self._warned: set[str] = set()  # what was said already: it may come by two ways
        self.taken = 0
        """Bytes of the record that were read, ever."""
        self.services: list[str] = []
        self._tty = tty
        self._looks = looks
        self._ask_for_terminal = ask_for_terminal
        self._hint = hint
        self._wonder = wonder
        self._silence = Silence()
        self._progress = Progress(time.monotonic)
        self._story = Story()
        self._rows: dict[str, tuple[str, ...]] = {}
        self._logs, self._began = "", 0
        self._source: Follower | Lanes | None = None
        self._printed = 0  # bytes of logs, ever
        self._last: dict[str, int] = {}  # the same when a service had printed its last line
        self._said = time.monotonic()
        self._dress(())

    def _dress(self, names: tuple[str, ...]) -> None:
        looks, screen = self._looks, self.screen
        self.style = Style(names, colour=looks.coloured, short=screen.terminal, prefixes=looks.prefixes)
        self._live: Live | None = None
        self._merger: Merger
        if screen.terminal:
            self._live = Live(
                self.style,
                lambda: screen.columns,
                self.filter.passed,
                self.filter.hides_parts,
                stamps=looks.stamps,
            )
            self._merger = self._live
        else:
            self._merger = Merger(self.style, stamps=looks.stamps)

    # --- the record ---

    def begin(self, services: list[str], logs: str, position: int, began: int) -> None:
        """There is a record to read from there on; `began` is where in it this engine did."""
        self.services = services
        self._dress(("aura", *services))
        self._logs, self._began = logs, began
        self._source = self._open(position)

    def switch(self) -> None:
        """The record is another one, from its beginning; FileNotFoundError if that is not there either."""
        source, old = self._open(0), self._source
        if old:
            old.close()
        self._source, self._began = source, 0

    def _open(self, position: int) -> Follower | Lanes:
        if self.screen.terminal:
            return Lanes(self._logs, position, time.time_ns, self._has_terminal)
        return Follower(self._logs, position)

    @property
    def begun(self) -> bool:
        """Whether there is a record."""
        return self._source is not None

    @property
    def position(self) -> int:
        """How far it has been read."""
        assert self._source is not None
        return self._source.position

    def advance(self) -> None:
        """Print what has come, but no more than a turn: keys and Ctrl-C wait for no flood."""
        if isinstance(self._source, Lanes):
            self._print_view(self._source)
        else:
            self._print_record(BULK)

    def _print_record(self, most: int) -> None:
        assert isinstance(self._source, Follower)
        printed, self.behind = 0, False
        for piece in self._source.read():
            if piece.service and not self._tty.taken and self.filter.idle:
                self.screen.write_all(self._merger.parts(piece))
            else:
                self._print_piece(piece)
            printed += len(piece.data)
            self.taken += len(piece.data)
            if printed >= most or self.screen.gone:
                self.behind = not self.screen.gone
                break

    def _print_view(self, lanes: Lanes) -> None:
        began = time.monotonic()
        for one in lanes.turn():
            self._print_gap(one) if isinstance(one, Gap) else self._print_piece(one)
            if self.screen.gone:
                break
        lanes.took(time.monotonic() - began)
        self.behind = lanes.behind and not self.screen.gone

    def rest(self, *, impatient: bool) -> None:
        """Print what is still to come, and end all lines.

        Args:
            impatient: whoever waits for a prompt is not kept by a flood; a file or a pipe gets all of it.
        """
        if not self._source:
            self.screen.ask("")
            self.screen.progress("")
            return
        if isinstance(self._source, Lanes):
            self._finish_view(self._source, LAST if impatient else sys.maxsize)
        else:
            self._print_record(sys.maxsize)
        self._tty.give_back(State.LEFT)
        self._write(self._tty.closed() + self._merger.finish())
        self.screen.ask("")
        self.screen.progress("")

    def _finish_view(self, lanes: Lanes, most: int) -> None:
        before = self._printed
        self._print_view(lanes)
        while self.behind:
            if self._printed - before > most:
                for one in lanes.give_up():
                    self._print_gap(one) if isinstance(one, Gap) else self._print_piece(one)
            self._print_view(lanes)

    # --- what is not finished, and what takes long ---

    def wait(self) -> float | None:
        """Seconds until something is due that nobody wakes us for; None for never."""
        waits = [] if self._progress.idle else [1.0]
        if self._live and not self.screen.asking and (moment := self._live.moment()) is not None:
            waits.append(max(moment - time.monotonic(), 0.0))
        if self._live and (moment := self._silence.moment()) is not None:
            waits.append(max(moment - time.monotonic(), 0.0))
        return min(waits, default=None)

    def idle(self) -> None:
        """Nothing has come: show lines that are not finished, and what is waited for."""
        if self._live and not self.screen.asking and not self._tty.taken:
            self._write(self._live.due(time.monotonic()))
        if not self._tty.taken and not (self._live and self._live.open):
            self._tell_progress()
        for service in self._silence.due(time.monotonic()) if self._live else ():
            self._wonder(service)

    def _tell_progress(self) -> None:
        if self.screen.redraws:
            self.screen.progress(" · ".join(self._progress.lines()))
        elif time.monotonic() - self._said >= SELDOM:
            self._said = time.monotonic()
            for line in self._progress.lines(SELDOM):
                self.screen.say(line)

    # --- lines of ours ---

    def warn(self, text: str) -> None:
        """A line about what goes wrong, once."""
        if text not in self._warned:
            self._warned.add(text)
            self.say(text, alarm=True)

    def _was_said(self, event: events.Event) -> bool:
        """Whether a warning has come by the other way, the answers of the engine."""
        text = event.text if isinstance(event, events.Notice) else ""
        if text in self._warned:
            return True
        if text.startswith(LOST):
            self._warned.add(text)
        return False

    def say(self, text: str, *, alarm: bool = False) -> None:
        """A line about the stack itself."""
        shown = self.style.alarm(text) if alarm else self.style.dim(text)
        self.lines(self.style.mark("aura") + shown + b"\n")

    def ours(self, texts: list[str]) -> None:
        """Lines about the stack itself, as they stand."""
        self.lines(b"".join(self.style.mark("aura") + text.encode() + b"\n" for text in texts))

    def lines(self, lines: bytes) -> None:
        """Lines of ours, wherever the cursor stands."""
        self._write(self._tty.beside(lines) if self._tty.taken else self._interrupted(lines))

    def ask(self, text: str) -> None:
        """Show what is typed at the bottom, "" when that is over."""
        if text and not self.screen.asking:
            self._write(self._interruption())
        self.screen.ask(text)

    def closed(self) -> None:
        """The service has given the terminal back."""
        self._write(self._tty.closed())

    def clear(self) -> None:
        """An empty screen, and nothing above it."""
        if self.screen.columns:
            self._write(self._interrupted(b"\x1b[H\x1b[2J\x1b[3J"))

    def welcome(self) -> None:
        """The terminal has come."""
        self._write(b"".join(self._welcome()))

    def _interrupted(self, lines: bytes) -> bytes:
        return self._interruption() + lines if lines else b""

    def _interruption(self) -> bytes:
        return self._live.interrupt() if self._live else b""

    def _write(self, text: bytes) -> None:
        self.screen.write(text)

    # --- pieces ---

    def _print_piece(self, piece: Piece) -> None:
        if piece.service:
            self._write(self._output(piece))
        elif piece.kind is Kind.BYTES:
            for one in piece.data.splitlines():
                event = events.decode(one)
                if event and not self._was_said(event):
                    for text in self._event(event, piece.time / 1e9):
                        self._write(text)  # before the next event, which may give the terminal to a service

    def _output(self, piece: Piece) -> bytes:
        if piece.data:
            self._silence.hear(piece.service)
        if self._has_terminal(piece.service):
            return self._tty.shown(piece.data)
        if self._live:
            lines = self._live.shown(piece, time.monotonic())
        else:
            whole = self.filter.passed(piece, self._merger.whole(piece))
            lines = self._merger.dressed(piece.service, whole, piece.time)
        if self._tty.taken:
            return b""
        if lines:
            self._printed += len(lines)
            self._last[piece.service] = self._printed
        return lines

    def _has_terminal(self, service: str) -> bool:
        return self._tty.taken and service == self._tty.service

    def _print_gap(self, gap: Gap) -> None:
        if not self._tty.taken and not self.filter.hides(gap.service):
            text = f"{tables.size(gap.size)} not shown; aura-stack logs {gap.service} has them"
            self.lines(self.style.mark(gap.service) + self.style.dim(text) + b"\n")

    # --- events ---

    def _event(self, event: events.Event, moment: float) -> Iterator[bytes]:
        self._progress.see(event)
        self._silence.see(event, time.monotonic())
        self._note(event)
        if isinstance(event, events.Started) and event.service not in self.services:
            self.services.append(event.service)  # a replica that came while the stack runs
        meaning = self._story.see(event, moment)
        had = self._tty.taken
        if self._tty.see(event):
            self._ask_for_terminal()
        if self._tty.taken:
            if self._is_told_beside(event):
                yield self._tty.beside(words.line(event, self.style))
            if not had:
                yield from self._welcome()
            return
        if had:
            yield self._tty.closed()
        if isinstance(meaning, Mark):
            yield self._interrupted(self.style.rule(meaning.service, meaning.text))
        yield self._interrupted(words.line(event, self.style))
        if isinstance(meaning, Crash):
            yield self._interrupted(self._explained(meaning))
        if isinstance(event, events.Settled):
            yield self._interrupted(self.ready_table(event.failed))

    def _is_told_beside(self, event: events.Event) -> bool:
        """While a service has the terminal: what concerns it, and what went wrong."""
        match event:
            case events.Notice(alarm=True) | events.Failed() | events.PrepareFailed():
                return True
        return getattr(event, "service", None) == self._tty.service

    def _welcome(self) -> Iterator[bytes]:
        """What to say to whoever has the terminal of a service now, and the line that it has begun already."""
        text = f"this is the terminal of {self._tty.service}; ctrl-p ctrl-q takes it back"
        yield self._interruption()
        yield self._tty.beside(self.style.mark("aura") + self.style.dim(text) + b"\n")
        yield self._tty.shown(self._merger.release(self._tty.service))

    def _explained(self, crash: Crash) -> bytes:
        """What a run that crashed printed last, unless that has just been shown, and what was changed before."""
        lines = b""
        near = self._live is None or self._printed - self._last.get(crash.service, -NEAR) < NEAR
        if not near or self.filter.hides(crash.service):
            lines = last_words(
                self._logs, {"service": crash.service, "run": crash.run}, self.style, self._began
            )
        if crash.changed:
            lines += self.style.mark(crash.service) + self.style.alarm(crash.changed) + b"\n"
        return lines

    # --- the table of services ---

    def _note(self, event: events.Event) -> None:
        """Keep what the table of services says."""
        match event:
            case events.Ready(service, _, pid, seconds, address):
                self._rows[service] = (service, address or "-", str(pid), tables.duration(seconds))
            case events.Failed(service):
                self._rows[service] = (service, "failed", "-", "-")
            case events.Completed(service):
                self._rows[service] = (service, "completed", "-", "-")

    def add_rows(self, outcomes: list[dict[str, Any]]) -> None:
        """Keep what came of an order for services that no event has told us of."""
        for one in outcomes:
            address = one["address"] if one["ready_seconds"] is not None else None
            self._rows.setdefault(
                one["service"],
                (one["service"], address or "-", str(one["pid"] or "-"), tables.ready_in(one)),
            )

    def ready_table(self, failed: tuple[str, ...]) -> bytes:
        """All services, where they are found, and what is not up."""
        mark = self.style.mark("aura")
        rows = [("SERVICE", "ADDRESS", "PID", "READY IN"), *sorted(self._rows.values(), key=self._place)]
        lines = [mark + text.encode() + b"\n" for text in tables.table(rows)]
        if failed:
            lines.append(mark + self.style.alarm(f"not up: {', '.join(failed)}") + b"\n")
        elif any(row[2] != "-" for row in self._rows.values()):
            lines.append(mark + f"all ready; {self._hint()}\n".encode())
        return b"".join(lines)

    def _place(self, row: tuple[str, ...]) -> int:
        return self.services.index(row[0])
