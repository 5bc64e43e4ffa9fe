"""`up -d`: a face that leaves as soon as the stack runs, or, with `--wait`, once all that was asked for is ready."""

import select
import time
from contextlib import suppress
from typing import Any

from aura_stack.control.client import Client
from aura_stack.control.protocol import Answer, Request
from aura_stack.errors import AuraError, ExitCode
from aura_stack.logs.follow import Follower
from aura_stack.logs.framing import Kind
from aura_stack.logs.render import Style
from aura_stack.messages import events

from . import words
from .face import changed_since, refusal
from .failed import last_words
from .screen import Screen

_UP = ("ready", "completed")
RUNS_ON = "aura-stack status shows it, aura-stack logs -f follows, aura-stack down stops it"


class Background:
    """Brings a stack up, and leaves it running.

    Args:
        client: the link to the engine.
        screen: where to print.
        coloured: whether the screen shows colours.
        as_json: whether programs read on standard output what has become of the services.
    """

    def __init__(self, client: Client, screen: Screen, *, coloured: bool, as_json: bool) -> None:
        self._client = client
        self._screen = screen
        self._coloured = coloured
        self._as_json = as_json
        self._style = Style((), colour=coloured)
        self._settled: events.Settled | None = None
        self._waiting = ""  # what the last event said is waited for
        self._ended: int | None = None

    def launched(self, *, wait: bool, timeout: float | None) -> int:
        """See a stack off that was just launched.

        Args:
            wait: stay until all that was asked for is ready, completed or failed.
            timeout: seconds for that, None for as long as it takes.

        Raises:
            AuraError: the engine refused to start the stack, or died, or (exit code 124) time is up.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        where = self._hello()
        if not wait:
            self._client.call("detach")
            self._tell_programs()
            for notice in where["notices"]:
                self._say(notice)
            self._say(f"{', '.join(where['asked'])} in the background (pid {where['pid']})")
            self._say(RUNS_ON)
            return 0
        try:
            self._follow(where, deadline)
        except KeyboardInterrupt:
            self._client.send("shutdown", reason="Ctrl-C")
            self._see_the_end()
            raise
        return self._report(where, timeout)

    def joined(self, services: list[str], *, dependencies: bool, wait: bool, timeout: float | None) -> int:
        """Start what is missing of a stack that runs already.

        Raises:
            AuraError: as above; or the definition has changed since (exit code 7).
        """
        where = self._client.call("attach", own=False)
        if where["changed"]:
            raise changed_since()
        self._style = Style(["aura", *where["services"]], colour=self._coloured)
        ask = {"services": services, "dependencies": dependencies, "missing": True, "patient": True}
        try:
            outcomes = self._client.call("start", patience=timeout, wait=wait, **ask)
        finally:
            self._tell_programs()
        for verb, was_up in (("started", False), ("runs already", True)):
            names = [one["service"] for one in outcomes if one["ok"] and (one["before"] in _UP) is was_up]
            if names:
                self._say(f"{verb}: {', '.join(names)}")
        if not wait:
            self._say(f"runs in the background (pid {where['pid']})")
        failed = [one for one in outcomes if not one["ok"]]
        for one in failed:
            self._screen.write(last_words(where["logs"], one, self._style, where["began"]))
        return int(ExitCode.FAILED) if failed else 0

    def _hello(self) -> dict[str, Any]:
        try:
            message, *rest = self._client.kept or self._client.receive()
        except ConnectionError:
            raise AuraError("the engine died before it had started anything") from None
        assert isinstance(message, Request)
        for further in rest:
            if isinstance(further, Request) and further.method == "bye":  # of a stack that was over at once
                self._ended = int(further.params["code"])
        if message.method == "refused":
            raise refusal(message.params)
        self._style = Style(["aura", *message.params["services"]], colour=self._coloured)
        return message.params

    def _follow(self, where: dict[str, Any], deadline: float | None) -> None:
        """Print the events until all has settled, the stack has ended, or time is up."""
        follower = Follower(where["logs"], where["position"])
        poll = select.poll()
        poll.register(self._client.fileno(), select.POLLIN)
        record = where["record"]
        self._client.send("follow", position=follower.position, record=record)
        while self._settled is None and self._ended is None:
            left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
            if not poll.poll(left):
                break
            for message in self._receive():
                match message:
                    case Request("bye", params):
                        self._ended = int(params["code"])
                    case Answer(result={"record": int(number)}):
                        self._print(follower)
                        if number != record:  # somebody has deleted the files, and new ones were begun
                            follower.close()
                            follower, record = Follower(where["logs"]), number
                        self._client.send("follow", position=follower.position, record=record)
        self._print(follower)  # what was said last may have come with the goodbye
        follower.close()

    def _see_the_end(self) -> None:
        """Wait until the stack has been stopped."""
        try:
            while True:
                list(self._client.receive())
        except ConnectionError:
            return

    def _receive(self) -> list[Request | Answer]:
        try:
            return list(self._client.receive())
        except ConnectionError:
            raise AuraError("the engine died; the guardian has ended what was left of the stack") from None

    def _print(self, follower: Follower) -> None:
        for piece in follower.read():
            if not piece.service and piece.kind is Kind.BYTES:
                for line in piece.data.splitlines():
                    self._see(events.decode(line))

    def _see(self, event: events.Event | None) -> None:
        if event is None:
            return
        self._screen.write(words.line(event, self._style))
        match event:
            case events.Settled():
                self._settled = event
            case events.Waiting(service, what):
                self._waiting = f"{service} waits for {what}"

    def _report(self, where: dict[str, Any], timeout: float | None) -> int:
        self._leave()
        self._tell_programs()
        if self._settled is None:
            if self._ended is not None:
                return self._ended
            last = f"; {self._waiting}" if self._waiting else ""
            raise AuraError(
                f"not ready after {timeout:g} s{last}", f"it runs on: {RUNS_ON}", ExitCode.TIMED_OUT
            )
        for service in self._settled.failed:
            lost = {"service": service, "run": None}
            self._screen.write(last_words(where["logs"], lost, self._style, where["began"]))
        if self._settled.failed:
            failed = ", ".join(self._settled.failed)
            hint = "" if self._ended is not None else f"what came up runs on: {RUNS_ON}"
            raise AuraError(f"not up: {failed}", hint)
        self._say("all ready" if self._ended is None else "all completed")
        if self._ended is None:
            self._say(RUNS_ON)
        return 0

    def _tell_programs(self) -> None:
        """Print what `status --json` would; nothing is there any more of a stack that has ended."""
        if not self._as_json:
            return
        from . import running, tables  # noqa: PLC0415 - people read as it goes on

        views: list[dict[str, Any]] = []
        with suppress(AuraError, ConnectionError):
            views = self._client.call("status", services=[], usage=True)
            running.add_reasons(self._client, views)
        tables.print_json(views)

    def _leave(self) -> None:
        """Let the stack run on, if anything of it does."""
        if self._ended is None:
            try:
                self._client.call("detach")
            except AuraError:  # it has ended meanwhile
                self._ended = 0
        if self._settled and not self._settled.ready:
            self._ended = self._ended or int(ExitCode.FAILED)

    def _say(self, text: str) -> None:
        self._screen.write(self._style.mark("aura") + text.encode() + b"\n")
