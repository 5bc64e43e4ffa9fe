"""The face: what the shell waits for; follows the record, passes Ctrl-C and keys on, and has what comes shown.

It is a client that may block, be stopped, leave or die. Nothing here can hold a service up: the engine writes the
record whether or not anybody reads it. A signal is passed on from its handler, so also while a write to a stopped
terminal (Ctrl-S) waits. What has been told to end does so also where nobody reads (see unread).

The face that launched the stack, or came back to it when it had none, *owns* it: its Ctrl-C stops the stack, and
its death does. One that comes while another is there only follows.

It may give its terminal to a service (see ttyview); what others print is then in the record only.
"""

import os
import select
import signal
import socket
from collections.abc import Callable
from typing import Any

from aura_stack.control.client import Client, result
from aura_stack.control.protocol import Answer, Request
from aura_stack.errors import AuraError, ExitCode, InvalidDefinition, Place, Problem
from aura_stack.system import orphans
from aura_stack.system.bulk import keep_memory

from .hotkeys import Hotkeys
from .keys import Keys
from .looks import Looks
from .screen import Screen
from .shown import Shown
from .ttyview import State, TtyView
from .unread import BEAT, BEATS, Impatience, Unread

TICK = 1.0  # seconds between two looks at a terminal that another job has
SAID = 64 << 20  # bytes after which the engine is told how far we are, although more has come
_ORDERS = {
    signal.SIGINT: ("Ctrl-C", ExitCode.INTERRUPTED),
    signal.SIGTERM: ("SIGTERM", ExitCode.TERMINATED),
    signal.SIGHUP: ("SIGHUP", 128 + signal.SIGHUP),
}
_UNREAD = ("nobody reads the output any more", ExitCode.UNREAD)
_STUCK = f"nobody has read the output for {BEAT * BEATS:g} s: the end of it was not printed"
_LEFT = "left running; aura-stack up comes back to it, aura-stack down stops it"
_BACK = "t gives it back to"


class Face:
    """What the shell waits for.

    Args:
        client: the link to the engine.
        guardian: our child, if we launched the stack; else 0.
        screen: where to print.
        keys: the keyboard.
        looks: how logs look.
        tty: the service that gets the terminal, "" for none.
    """

    def __init__(
        self, client: Client, guardian: int, screen: Screen, keys: Keys, looks: Looks, tty: str = ""
    ) -> None:
        self._client = client
        self._guardian = guardian
        self._screen = screen
        self._keys = keys
        self._tty = TtyView(tty, keys, screen.fileno())
        self._shown = Shown(screen, self._tty, looks, self._ask_for_terminal, self._hint, self._wonder)
        self._hotkeys = Hotkeys(self._shown, self)
        self._listening = False
        self._asked_for_news = False  # a call for more of the record waits for its answer
        self._told = 0  # bytes that had been read when the engine was told how far we are
        self._held_for: int | None = None  # the call whose answer has to come before more is printed
        self._owner = True
        self._calls: dict[
            int, Callable[[Any], None]
        ] = {}  # what to do with the answers that are still to come
        keep_memory()
        self._record = 0
        self._code: int | None = None  # the engine's, once it has said goodbye
        self._left = False
        self._ordered: int | None = None  # ours, once a signal has come
        self._orders = 0
        self._impatience = Impatience(screen, self._may_go, self._was_ended)
        self._ended = False  # on somebody's order, as the engine said
        self._cancelled = False  # Ctrl-C while a line was typed
        self._wakes, self._woken = socket.socketpair()
        self._wakes.setblocking(False)
        self._woken.setblocking(False)

    def run(self) -> int:
        """Print until the stack has come to its end, or is left running; the answer is the exit code.

        Raises:
            AuraError: the engine refused to start the stack, or died; or nobody reads what is printed.
        """
        try:
            return self._run()
        except Unread:
            return self._give_up()
        finally:
            self._impatience.end()
            self._keys.end()

    def _give_up(self) -> int:
        """The record has what was not printed; we say so where that does not wait as well."""
        self._bury()
        if self._screen.hears:
            raise AuraError(_STUCK, "aura-stack logs shows it", ExitCode.UNREAD)
        return ExitCode.UNREAD

    def _may_go(self) -> bool:
        """Whether nothing is lost with us: the engine has gone, or the stack is not ours."""
        return not self._owner or self._is_over()

    def _is_over(self) -> bool:
        poll = select.poll()
        poll.register(self._client.fileno(), 0)  # asks for nothing but its end: POLLHUP (poll(2))
        return bool(poll.poll(0))

    def _was_ended(self) -> bool:
        """Whether somebody else has ordered the end, and it has come; asked while we cannot receive anything."""
        return self._is_over() and (self._ended or any(map(_is_end, self._client.ahead())))

    def attach(self, services: list[str], *, dependencies: bool, unseen: list[str]) -> int:
        """Come to a stack that runs already, start what is missing of it, and then be as one that launched it.

        Args:
            services: what is to run.
            dependencies: whether what these depend on comes with them.
            unseen: services whose logs are not shown.

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
        self._begin({**where, "unseen": unseen})
        self._shown.say(
            "back to a stack that runs already" if self._owner else "this stack has its terminal elsewhere"
        )
        self.ask(
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
        self._impatience.watch()
        for signum in _ORDERS:
            signal.signal(signum, self._order)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ORDERS)  # who launched the stack has held them
        signal.signal(signal.SIGWINCH, lambda *_: self._tty.resize())
        if orphans.is_first():
            orphans.bury(self._guardian)
        try:
            self._watch()
        except ConnectionError:
            self._shown.rest(impatient=self._impatient)
            self._bury()
            raise AuraError(
                "the engine died; the guardian has ended what was left of the stack", "", ExitCode.FAILED
            ) from None
        self._shown.rest(impatient=self._impatient)
        if self._left:
            self._shown.say(_LEFT)
            return self._ordered or 0
        self._bury()
        return self._ordered if self._ordered is not None else self._code or 0

    @property
    def _impatient(self) -> bool:
        return self._ordered is not None and self._screen.redraws

    # --- orders ---

    def _order(self, signum: int, _: object) -> None:
        """Once: stop in order. Again: kill now. A third time: go; the engine then ends everything by itself."""
        if signum == signal.SIGINT and self._hotkeys.prompting and not self._cancelled:
            self._cancelled = True  # what was typed, and not the stack
            return
        self._stop(*_ORDERS[signal.Signals(signum)])

    def _stop(self, reason: str, code: int) -> None:
        self._orders += 1
        if self._ordered is None:
            self._ordered = int(code)
        if self._orders > 2:  # noqa: PLR2004 - see above
            self._keys.end()
            os._exit(self._ordered)
        self._impatience.begin()
        if not self._owner:
            self.leave()
            return
        hurry = {} if self._orders == 1 else {"grace": 0, "at_once": True}
        self._client.send("shutdown", reason=reason, **hurry)

    # --- what keys can order (see hotkeys) ---

    def ask(self, method: str, then: Callable[[Any], None], **params: Any) -> None:
        """Call, and go on printing until the answer comes."""
        self._call(method, then, **params)

    def _call(self, method: str, then: Callable[[Any], None], **params: Any) -> int:
        """The same; the answer is its number."""
        number = self._client.send(method, **params)
        self._calls[number] = then
        return number

    def leave(self) -> None:
        """Let the stack run on; it has to know before we go, or it would take our going for a death."""
        if orphans.is_first():
            self._shown.say("this is the first process of its container: with it all would end")
            return
        self.ask("detach", self._has_left)

    def _has_left(self, _: object) -> None:
        self._left = True

    def stop(self) -> None:
        """Stop the stack."""
        self._stop("q was pressed", ExitCode.OK)

    def interrupt(self) -> None:
        """Do what Ctrl-C does."""
        self._stop(*_ORDERS[signal.SIGINT])

    def take_terminal(self) -> None:
        """Give the terminal back to the service that had it."""
        if self._tty.state is State.LEFT:
            self._tty.wait()
            self._ask_for_terminal()

    @property
    def stopping(self) -> bool:
        """Whether the stack was told to stop already."""
        return self._orders > 0

    def _heed_keys(self) -> None:
        typed = self._keys.read()
        if self._tty.taken:
            typed = self._tty.type(typed)
            if not self._tty.taken:
                self._shown.closed()
                name = self._tty.service
                self._shown.say(f"this terminal is no longer that of {name}; {_BACK} {name}")
        self._hotkeys.press(typed.decode("utf-8", "replace"))

    def _ask_for_terminal(self) -> None:
        """Its master comes as a message of its own, before the answer.

        A program draws its screen anew when it learns of our size: what the record holds of that, maybe before the
        master has come to us, is for the terminal that is then its own, so nothing is printed meanwhile.
        """
        rows, columns = self._tty.size
        number = self._call("terminal", self._asked, service=self._tty.service, rows=rows, columns=columns)
        if not self._tty.taken:
            self._held_for = number

    def _asked(self, found: dict[str, Any]) -> None:
        if found["run"] is None and not self._tty.taken:
            self._shown.say(f"{self._tty.service} does not run; its next run gets this terminal")

    def _wonder(self, service: str) -> None:
        """Ask why a service prints nothing."""

        def then(account: dict[str, Any]) -> None:
            if account["held_back"]:
                self._shown.say(f"{service} has printed nothing yet: {account['held_back']}")

        self.ask("why", then, service=service)

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
            ready = dict(poll.poll(self._patience()))
            self._keys.resume()
            self._tty.send()
            # not `_listening`: Ctrl-Z and bg may have made the terminal another job's while we waited
            if self._keys.active and self._keys.fileno() in ready:
                self._heed_keys()
            if self._wakes.fileno() in ready:
                self._wakes.recv(4096)  # the handler has run by now
                self._cancel()
            if self._screen.fileno() in ready:
                poll.unregister(self._screen.fileno())
                self._screen.gone = True
                self._heed_the_screen()
            if self._client.fileno() in ready:
                messages = list(self._client.receive())
                # at once: what comes before it may wait to be printed
                self._ended = self._ended or any(map(_is_end, messages))
                for message in messages:
                    self._handle(message)
            if self._behind:
                self._catch_up()
            self._shown.idle()

    @property
    def _behind(self) -> bool:
        """Whether more is to be printed now."""
        return self._shown.behind and self._held_for is None

    def _patience(self) -> float | None:
        """Milliseconds to wait for something to happen."""
        if self._behind:
            return 0
        waits = [self._shown.wait(), TICK if self._keys.elsewhere else None]
        wait = min((one for one in waits if one is not None), default=None)
        return None if wait is None else wait * 1000

    def _cancel(self) -> None:
        if self._cancelled:
            self._cancelled = False
            self._hotkeys.cancel()

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
                if number == self._held_for:
                    self._held_for = None
                    self._look()

    def _begin(self, params: dict[str, Any]) -> None:
        self._owner = params["owner"]
        self._record = params["record"]
        self._shown.filter.hidden |= set(params.get("unseen", ()))
        self._shown.begin(list(params["services"]), params["logs"], params["position"], params["began"])
        self._look()

    def _hint(self) -> str:
        """What to do next, once all is ready."""
        keys = ", d leaves it running, ? shows all keys" if self._keys.active else ""
        return f"Ctrl-C stops{keys}" if self._owner else "Ctrl-C stops following"

    def _adopt(self, run: int) -> None:
        """The master of a terminal has come."""
        had = self._tty.taken
        if self._tty.adopt(run, self._client.descriptors.pop(0)) and not had:
            self._shown.welcome()

    def _look(self) -> None:
        if self._asked_for_news:
            return
        self._asked_for_news = True
        # what goes to a file or a pipe is kept until it was read; a terminal shows what there is
        keep = "" if self._screen.terminal else f"aura-stack up (pid {os.getpid()})"
        self._told = self._shown.taken
        self.ask("follow", self._heard, position=self._shown.position, record=self._record, keep=keep)

    def _heard(self, news: dict[str, Any]) -> None:
        """The record has grown, or is another one: somebody has deleted its files."""
        self._asked_for_news = False
        if news["trouble"]:
            self._shown.warn(news["trouble"])
        if self._held_for is not None:
            return  # the same is heard again once it may be printed
        self._advance()
        if news["record"] != self._record:
            try:
                self._shown.switch()
            except FileNotFoundError:
                # deleted again: what is not there cannot be shown, and is no reason to go
                self._shown.say(
                    "somebody deletes the logs of this stack; aura-stack logs -f shows them when they are there"
                )
                return
            self._record = news["record"]
            self._advance()
        if not self._shown.behind:
            self._look()

    def _advance(self) -> None:
        self._shown.advance()
        self._heed_the_screen()

    def _catch_up(self) -> None:
        """The next turn of a flood."""
        self._advance()
        if not self._shown.behind or self._shown.taken - self._told > SAID:
            self._look()

    def _heed_the_screen(self) -> None:
        """`up | head` ends when head does."""
        if self._screen.gone and self._orders == 0:
            self._stop(*_UNREAD)

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
            self._shown.say(str(error.message), alarm=True)
        else:
            then(found)

    def _attached(self, outcomes: list[dict[str, Any]]) -> None:
        self._shown.add_rows(outcomes)
        failed = tuple(one["service"] for one in outcomes if not one["ok"])
        if failed or not self._tty.taken:
            self._shown.lines(self._shown.ready_table(failed))


def _is_end(message: Request | Answer) -> bool:
    """Whether it is the engine's goodbye, after an order to end."""
    return isinstance(message, Request) and message.method == "bye" and bool(message.params.get("ordered"))


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
