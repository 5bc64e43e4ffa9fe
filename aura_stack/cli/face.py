"""The face: follows the record, prints it, passes Ctrl-C and keys on.

It is a client that may block, be stopped, leave or die. Nothing here can hold a service up: the engine writes the
record whether or not anybody reads it. A signal is passed on from its handler, so also while a write to a stopped
terminal (Ctrl-S) waits.

The face that launched the stack, or came back to it when it had none, *owns* it: its Ctrl-C stops the stack, and
its death does. One that comes while another is there only follows.

It may give its terminal to a service (see ttyview); what others print is then in the record only.
"""

import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from aura_stack.control.client import Client, result
from aura_stack.control.protocol import Answer, Request
from aura_stack.errors import AuraError, ExitCode, InvalidDefinition, Place, Problem
from aura_stack.logs.follow import Follower, Piece
from aura_stack.logs.framing import Kind
from aura_stack.logs.render import Style
from aura_stack.logs.terminal import Merger
from aura_stack.messages import events
from aura_stack.system.bulk import keep_memory

from . import tables, words
from .keys import Keys
from .progress import SELDOM, Progress
from .screen import Screen
from .ttyview import CTRL_C, State, TtyView

TICK = 1.0  # seconds between two looks at the clock while something is pending
TURN = 256 << 10  # bytes that are printed on a terminal before anything else is looked at
SAID = 64 << 20  # bytes after which the engine is told how far we are, although more has come
BULK = 4 << 20  # the same into a pipe or a file
LAST = 1 << 20  # bytes of a flood that are still printed on a terminal after an order to stop
_ORDERS = {
    signal.SIGINT: ("Ctrl-C", ExitCode.INTERRUPTED),
    signal.SIGTERM: ("SIGTERM", ExitCode.TERMINATED),
    signal.SIGHUP: ("SIGHUP", 128 + signal.SIGHUP),
}
_UNREAD = ("nobody reads the output any more", 128 + signal.SIGPIPE)
_LEFT = "left running; aura-stack up comes back to it, aura-stack down stops it"
_BACK = "t gives it back to"
HELP = "d leaves the stack running, s shows its state, q or Ctrl-C stops it"


class Face:
    """What the shell waits for.

    Args:
        client: the link to the engine.
        guardian: our child, if we launched the stack; else 0.
        screen: where to print.
        keys: the keyboard.
        coloured: whether the screen shows colours.
        tty: the service that gets the terminal, "" for none.
    """

    def __init__(
        self, client: Client, guardian: int, screen: Screen, keys: Keys, *, coloured: bool, tty: str = ""
    ) -> None:
        self._client = client
        self._guardian = guardian
        self._screen = screen
        self._keys = keys
        self._tty = TtyView(tty, keys, screen.fileno())
        self._listening = False
        self._behind = False  # more has come than was printed in one turn
        self._asked_for_news = False  # a call for more of the record waits for its answer
        self._unsaid = 0  # bytes that were printed since the engine was told how far we are
        self._owner = True
        self._calls: dict[
            int, Callable[[Any], None]
        ] = {}  # what to do with the answers that are still to come
        keep_memory()
        self._coloured = coloured
        self._progress = Progress(time.monotonic)
        self._follower: Follower | None = None
        self._logs, self._record = "", 0
        self._services: list[str] = []
        self._style = Style((), colour=coloured)
        self._merger = Merger(self._style)
        self._rows: dict[str, tuple[str, ...]] = {}
        self._code: int | None = None  # the engine's, once it has said goodbye
        self._left = False
        self._ordered: int | None = None  # ours, once a signal has come
        self._orders = 0
        self._said = time.monotonic()
        self._wakes, self._woken = socket.socketpair()
        self._wakes.setblocking(False)
        self._woken.setblocking(False)

    def run(self) -> int:
        """Print until the stack has come to its end, or is left running; the answer is the exit code.

        Raises:
            AuraError: the engine refused to start the stack, or died.
        """
        try:
            return self._run()
        finally:
            self._keys.end()

    def attach(self, services: list[str], *, dependencies: bool) -> int:
        """Come to a stack that runs already, start what is missing of it, and then be as one that launched it.

        Raises:
            AuraError: the definition has changed since (exit code 7), there is no terminal to take over (exit
                code 1), or the engine refused or died.
        """
        self._client.call(
            "status", services=services
        )  # a name that nothing has is refused before we own anything
        if self._tty.service:
            self._require_terminal()
        where = self._client.call("attach")
        if where["changed"]:
            raise changed_since()
        self._begin(where)
        self._say(
            "back to a stack that runs already" if self._owner else "this stack has its terminal elsewhere"
        )
        self._ask(
            "start", self._attached, services=services, dependencies=dependencies, missing=True, patient=True
        )
        if self._tty.service:
            self._ask_for_terminal()
        return self.run()

    def _require_terminal(self) -> None:
        """The service to which we would give ours has one; which run's, is asked once we follow what happens."""
        self._tty.service = self._client.call("terminal", service=self._tty.service)["service"]
        self._client.kept = [one for one in self._client.kept if not _hands_over(one)]
        while self._client.descriptors:
            os.close(self._client.descriptors.pop())

    def _run(self) -> int:
        # a signal that comes just before poll begins to wait would else be handled when something else happens
        signal.set_wakeup_fd(self._woken.fileno(), warn_on_full_buffer=False)
        for signum in _ORDERS:
            signal.signal(signum, self._order)
        signal.signal(signal.SIGWINCH, lambda *_: self._tty.resize())
        try:
            self._watch()
        except ConnectionError:
            self._print_rest()
            self._bury()
            raise AuraError(
                "the engine died; the guardian has ended what was left of the stack", "", ExitCode.FAILED
            ) from None
        self._print_rest()
        if self._left:
            self._say(_LEFT)
            return self._ordered or 0
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
            self._keys.end()
            os._exit(self._ordered)
        if not self._owner:
            self._leave()
            return
        hurry = {} if self._orders == 1 else {"grace": 0, "at_once": True}
        self._client.send("shutdown", reason=reason, **hurry)

    def _leave(self) -> None:
        """Let the stack run on; it has to know before we go, or it would take our going for a death."""
        self._ask("detach", self._has_left)

    def _has_left(self, _: object) -> None:
        self._left = True

    def _heed_keys(self) -> None:
        typed = self._keys.read()
        if self._tty.taken:
            typed = self._tty.type(typed)
            if not self._tty.taken:
                self._screen.write(self._tty.closed())
                self._say(
                    f"this terminal is no longer that of {self._tty.service}; {_BACK} {self._tty.service}"
                )
        self._heed(typed.decode("ascii", "replace"))

    def _heed(self, keys: str) -> None:
        for key in keys:
            match key:
                case "t" if self._tty.state is State.LEFT and self._orders == 0:
                    self._tty.wait()
                    self._ask_for_terminal()
                case "d" if self._orders == 0:
                    self._leave()
                case "s":
                    self._ask("status", self._show_status, usage=True)
                case "q" if self._orders == 0:
                    self._stop("q was pressed", ExitCode.OK)
                case "\n":
                    self._screen.write(b"\n")  # people part what was from what comes
                case "?" | "h":
                    self._say(HELP)
                case _ if key == CTRL_C.decode():  # typed where no service was there to hear it
                    self._stop(*_ORDERS[signal.SIGINT])

    def _ask(self, method: str, then: Callable[[Any], None], **params: Any) -> None:
        """Call, and go on printing until the answer comes."""
        self._calls[self._client.send(method, **params)] = then

    def _ask_for_terminal(self) -> None:
        """Its master comes as a message of its own, before the answer."""
        rows, columns = self._tty.size
        self._ask("terminal", self._asked, service=self._tty.service, rows=rows, columns=columns)

    def _asked(self, found: dict[str, Any]) -> None:
        if found["run"] is None and not self._tty.taken:
            self._say(f"{self._tty.service} does not run; its next run gets this terminal")

    def _say(self, text: str) -> None:
        self._print(self._style.mark("aura") + self._style.dim(text) + b"\n")

    def _print(self, lines: bytes) -> None:
        """Lines of ours, wherever the cursor stands."""
        self._screen.write(self._tty.beside(lines) if self._tty.taken else lines)

    # --- the link ---

    def _watch(self) -> None:
        poll = select.poll()
        poll.register(self._client.fileno(), select.POLLIN)
        poll.register(self._wakes.fileno(), select.POLLIN)
        poll.register(self._screen.fileno(), 0)  # asks for nothing but its end: POLLERR, POLLHUP (poll(2))
        self._keys.begin()
        for message in self._client.kept:
            self._handle(message)
        while self._code is None and not self._left:
            self._listen_to_keys(poll)
            self._tty.listen(poll)
            idle = self._progress.idle and not self._keys.elsewhere
            ready = dict(poll.poll(0 if self._behind else None if idle else TICK * 1000))
            self._keys.resume()
            self._tty.send()
            # not `_listening`: Ctrl-Z and bg may have made the terminal another job's while we waited
            if self._keys.active and self._keys.fileno() in ready:
                self._heed_keys()
            if self._wakes.fileno() in ready:
                self._wakes.recv(4096)  # the handler has run by now
            if self._screen.fileno() in ready:
                poll.unregister(self._screen.fileno())
                self._screen.gone = True
                self._heed_the_screen()
            if self._client.fileno() in ready:
                for message in self._client.receive():
                    self._handle(message)
            if self._behind:
                self._catch_up()
            elif not ready and not self._tty.taken:
                self._tell_progress()

    def _listen_to_keys(self, poll: select.poll) -> None:
        """Only while they are ours: a terminal that has gone would be reported again and again."""
        if self._keys.active is self._listening:
            return
        self._listening = self._keys.active
        if self._listening:
            poll.register(self._keys.fileno(), select.POLLIN)
        else:
            poll.unregister(self._keys.fileno())

    def _handle(self, message: Request | Answer) -> None:
        match message:
            case Request("hello", params):
                self._begin(params)
            case Request("refused", params):
                self._bury()
                raise refusal(params)
            case Request("terminal", params):
                self._adopt(int(params["run"]))
            case Request("bye", params):
                self._code = int(params["code"])
            case Answer(id=int(number)) if number in self._calls:
                self._take(message, self._calls.pop(number))

    def _begin(self, params: dict[str, Any]) -> None:
        self._services = list(params["services"])
        self._style = Style(["aura", *self._services], colour=self._coloured)
        self._merger = Merger(self._style)
        self._owner = params["owner"]
        self._logs, self._record = params["logs"], params["record"]
        self._follower = Follower(self._logs, params["position"])
        self._look()

    def _adopt(self, run: int) -> None:
        """The master of a terminal has come."""
        had = self._tty.taken
        if self._tty.adopt(run, self._client.descriptors.pop(0)) and not had:
            self._screen.write(b"".join(self._welcome()))

    def _look(self) -> None:
        assert self._follower is not None
        if self._asked_for_news:
            return
        self._asked_for_news = True
        # what goes to a file or a pipe is kept until it was read; a terminal shows what there is
        keep = "" if self._screen.terminal else f"aura-stack up (pid {os.getpid()})"
        self._unsaid = 0
        self._ask("follow", self._heard, position=self._follower.position, record=self._record, keep=keep)

    def _heard(self, news: dict[str, Any]) -> None:
        """The record has grown, or is another one: somebody has deleted its files."""
        self._asked_for_news = False
        self._print_new()
        if news["record"] != self._record:
            assert self._follower is not None
            try:
                follower = Follower(self._logs)
            except (
                FileNotFoundError
            ):  # deleted again: what is not there cannot be shown, and is no reason to go
                self._say(
                    "somebody deletes the logs of this stack; aura-stack logs -f shows them when they are there"
                )
                return
            self._follower.close()
            self._follower, self._record = follower, news["record"]
            self._print_new()
        if not self._behind:
            self._look()

    def _bury(self) -> None:
        """The shell gets its prompt back when nothing of the stack is left."""
        if self._guardian:
            os.waitpid(self._guardian, 0)

    # --- what the engine answers ---

    def _take(self, answer: Answer, then: Callable[[Any], None]) -> None:
        """A refusal is told and ends nothing: if we went, we would take the stack with us."""
        try:
            found = result(answer)
        except AuraError as error:
            self._print(self._style.mark("aura") + self._style.alarm(str(error.message)) + b"\n")
        else:
            then(found)

    def _attached(self, outcomes: list[dict[str, Any]]) -> None:
        for one in outcomes:
            address = one["address"] if one["ready_seconds"] is not None else None
            self._rows.setdefault(
                one["service"],
                (one["service"], address or "-", str(one["pid"] or "-"), tables.ready_in(one)),
            )
        failed = tuple(one["service"] for one in outcomes if not one["ok"])
        if failed or not self._tty.taken:
            self._print(b"".join(self._ready_table(failed)))

    def _show_status(self, views: list[dict[str, Any]]) -> None:
        for text in tables.table(tables.status_rows(views)):
            self._print(self._style.mark("aura") + text.encode() + b"\n")

    # --- printing ---

    def _print_rest(self) -> None:
        if self._follower:
            # whoever waits for a prompt is not kept by a flood; a file or a pipe gets all of it
            impatient = self._ordered is not None and self._screen.redraws
            self._print_new(LAST if impatient else sys.maxsize)
            self._tty.give_back(State.LEFT)
            self._screen.write(self._tty.closed() + self._merger.finish())
            if self._behind:
                self._say("the rest is in the record: aura-stack logs")
        self._screen.progress("")

    def _print_new(self, most: int | None = None) -> None:
        """What has come, but no more than that many bytes: keys and Ctrl-C wait for no flood."""
        assert self._follower is not None
        if most is None:
            most = TURN if self._screen.terminal else BULK
        printed, self._behind = 0, False
        for piece in self._follower.read():
            if piece.service and not self._tty.taken:
                self._screen.write_all(self._merger.parts(piece))
            else:
                for text in self._texts(piece):
                    self._screen.write(
                        text
                    )  # before the next event, which may give the terminal to a service
            printed += len(piece.data)
            self._unsaid += len(piece.data)
            if printed >= most or self._screen.gone:
                self._behind = not self._screen.gone
                break
        self._heed_the_screen()

    def _catch_up(self) -> None:
        """The next turn of a flood."""
        self._print_new()
        if not self._behind or self._unsaid > SAID:
            self._look()

    def _heed_the_screen(self) -> None:
        """`up | head` ends when head does."""
        if self._screen.gone and self._orders == 0:
            self._stop(*_UNREAD)

    def _texts(self, piece: Piece) -> Iterator[bytes]:
        if piece.service:
            yield self._output(piece)
        elif piece.kind is Kind.BYTES:
            for one in piece.data.splitlines():
                event = events.decode(one)
                if event:
                    yield from self._event(event)

    def _output(self, piece: Piece) -> bytes:
        if self._tty.taken and piece.service == self._tty.service:
            return self._tty.shown(piece.data)
        lines = self._merger.text(piece)
        return b"" if self._tty.taken else lines

    def _event(self, event: events.Event) -> Iterator[bytes]:
        self._progress.see(event)
        self._note(event)
        had = self._tty.taken
        if self._tty.see(event):
            self._ask_for_terminal()
        if self._tty.taken:
            if self._is_told_beside(event):
                yield self._tty.beside(words.line(event, self._style))
            if not had:
                yield from self._welcome()
            return
        if had:
            yield self._tty.closed()
        yield words.line(event, self._style)
        if isinstance(event, events.Settled):
            yield from self._ready_table(event.failed)

    def _is_told_beside(self, event: events.Event) -> bool:
        """While a service has the terminal: what concerns it, and what went wrong."""
        match event:
            case events.Notice(alarm=True) | events.Failed() | events.PrepareFailed():
                return True
        return getattr(event, "service", None) == self._tty.service

    def _welcome(self) -> Iterator[bytes]:
        """What to say to whoever has the terminal of a service now, and the line that it has begun already."""
        text = f"this is the terminal of {self._tty.service}; ctrl-p ctrl-q takes it back"
        yield self._tty.beside(self._style.mark("aura") + self._style.dim(text) + b"\n")
        yield self._tty.shown(self._merger.release(self._tty.service))

    def _note(self, event: events.Event) -> None:
        """Keep what the table of services says."""
        match event:
            case events.Ready(service, _, pid, seconds, address):
                self._rows[service] = (service, address or "-", str(pid), tables.duration(seconds))
            case events.Failed(service):
                self._rows[service] = (service, "failed", "-", "-")
            case events.Completed(service):
                self._rows[service] = (service, "completed", "-", "-")

    def _ready_table(self, failed: tuple[str, ...]) -> Iterator[bytes]:
        mark = self._style.mark("aura")
        rows = [("SERVICE", "ADDRESS", "PID", "READY IN"), *sorted(self._rows.values(), key=self._place)]
        for text in tables.table(rows):
            yield mark + text.encode() + b"\n"
        if failed:
            yield mark + self._style.alarm(f"not up: {', '.join(failed)}") + b"\n"
        elif any(row[2] != "-" for row in self._rows.values()):
            hint = "Ctrl-C stops, d leaves it running" if self._owner else "Ctrl-C stops following"
            keys = hint if self._keys.active else hint.split(",", maxsplit=1)[0]
            yield mark + f"all ready; {keys}\n".encode()

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


def _hands_over(message: Request | Answer) -> bool:
    return isinstance(message, Request) and message.method == "terminal"


def changed_since() -> AuraError:
    """A stack that runs by another definition than the files now hold."""
    return AuraError(
        "the stack runs by an earlier definition: its stack file or manifest has changed since",
        "aura-stack reload takes the new one; aura-stack logs -f follows what runs",
        ExitCode.LOCKED,
    )


def refusal(params: dict[str, Any]) -> AuraError:
    """What the engine refused, with its problems."""
    problems = [
        Problem(Place(file, line, column), message, hint)
        for file, line, column, message, hint in params.get("problems", ())
    ]
    if problems:
        return InvalidDefinition(problems)
    return AuraError(params["message"], params["hint"], params["exit_code"])
