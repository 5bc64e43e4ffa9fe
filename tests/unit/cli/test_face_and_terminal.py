"""What a face does with what its engine tells it, in whatever order that comes."""

import json
import os
import pty
import select
import socket

import pytest

from aura_stack.cli.face import Face
from aura_stack.cli.keys import Keys
from aura_stack.cli.looks import Looks
from aura_stack.cli.screen import Screen
from aura_stack.cli.ttyview import State
from aura_stack.control.client import Client
from aura_stack.control.protocol import Answer, Request
from aura_stack.logs.store import Store


class Engine:
    """The other end of a face's link, and the record; what the face prints goes to a terminal."""

    def __init__(self, folder, tty):
        self.store = Store(str(folder), str(folder / "events.jsonl"), lambda: None, lambda: None)
        self.folder = str(folder)
        self.link, other = socket.socketpair()
        self.client = Client(other)
        self.screen, out = pty.openpty()
        self._open = [out, *pty.openpty()]
        keys = Keys(self._open[2], wanted=False)
        self.face = Face(self.client, 0, Screen(out, out), keys, Looks(False, False, True, False), tty)

    def hello(self):
        services, record = ["web"], self.store.number
        where = {"services": services, "logs": self.folder, "position": 0, "began": 0, "record": record}
        self.face._handle(Request("hello", {**where, "owner": True}))

    def called(self):
        """What was called since the last look: method → number."""
        calls = [json.loads(line) for line in self.link.recv(1 << 16).splitlines()]
        return {call["method"]: call["id"] for call in calls}

    def printed(self, data):
        self.store.append(self.store.stream("web.out.log"), 1, data)

    def has_grown(self, number):
        found = {"position": self.store.position, "record": self.store.number, "trouble": None}
        self.face._handle(Answer(number, found))

    def hands_over(self, run):
        self.client.descriptors.append(os.dup(self._open[1]))
        self.face._handle(Request("terminal", {"service": "web", "run": run}))

    def shown(self, end):
        """What is on the screen, up to that: a terminal passes on what it was given when it comes to it."""
        text = b""
        while not text.endswith(end):
            assert select.select([self.screen], [], [], 20)[0], text
            text += os.read(self.screen, 1 << 16)
        return text

    def close(self):
        self.store.close()
        self.face._tty.give_back(State.LEFT)
        self.face._shown._source.close()
        for one in (self.link, self.client, self.face._wakes, self.face._woken):
            one.close()
        for descriptor in (self.screen, *self._open):
            os.close(descriptor)


@pytest.fixture
def engine(tmp_path):
    made = Engine(tmp_path, "web")
    yield made
    made.close()


def test_what_a_program_draws_because_it_learned_of_our_size_is_for_the_terminal_that_is_its_own(engine):
    engine.hello()
    follow = engine.called()["follow"]
    engine.face._ask_for_terminal()
    terminal = engine.called()["terminal"]
    engine.printed(b"drawn anew\r\n")
    engine.has_grown(follow)  # heard before the terminal comes, as when the engine is quicker than we
    engine.hands_over(1)
    engine.face._handle(Answer(terminal, {"service": "web", "run": 1}))
    engine.has_grown(engine.called()["follow"])
    before, _, shown = engine.shown(b"drawn anew\r\r\n").partition(b"takes it back")
    assert b"drawn" not in before
    assert shown == b"\r\r\ndrawn anew\r\r\n"  # as it is, and not as a line among others


@pytest.mark.parametrize(
    "answer",
    [{"result": {"service": "web", "run": None}}, {"error": {"code": 1, "message": "web has no terminal"}}],
)
def test_printing_goes_on_where_no_terminal_comes(engine, answer):
    engine.hello()
    follow = engine.called()["follow"]
    engine.face._ask_for_terminal()
    terminal = engine.called()["terminal"]
    engine.printed(b"a line\n")
    engine.has_grown(follow)
    engine.face._handle(Answer(terminal, **answer))
    engine.has_grown(engine.called()["follow"])
    assert engine.shown(b"a line\r\n").endswith(b"web  | a line\r\n")
