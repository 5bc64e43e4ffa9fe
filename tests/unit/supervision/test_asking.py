"""What a run is asked, and from when on it is heard."""

import asyncio
from types import SimpleNamespace

import pytest
from imagined import service

from aura_stack.stack.model import ProbeKind, Ready
from aura_stack.supervision import lifecycle
from aura_stack.supervision.asking import Asking


class Output:
    """Hands on what a run prints, to whoever listens by then."""

    def __init__(self):
        self.listener = None

    def tap(self, _service, _run, listener):
        self.listener = listener

    def untap(self, _service, _run, listener):
        assert listener == self.listener
        self.listener = None

    def prints(self, data):
        if self.listener:
            self.listener("out", data)


@pytest.fixture
def output():
    return Output()


def asking(loop, tasks, output, told):
    web = service("web").but(ready=Ready(ProbeKind.LOG, "code", timeout=30.0))
    run = SimpleNamespace(service=web, notify=None, number=1, asked=False, exited=False, probe=None)
    holding = SimpleNamespace(gift=lambda *_: None, may_be_lost=lambda _: False)
    tell = lambda name, message: told.append((name, message))  # noqa: E731 - short
    made = Asking(
        {("web", 1): run}, None, holding, output, (), None, tell, lambda *_: None, loop, tasks, 0, "mark"
    )
    return made, web, run


def test_a_line_that_is_printed_in_the_turn_in_which_the_run_begins_makes_it_ready(output):
    told = []

    async def begin():
        async with asyncio.TaskGroup() as tasks:
            made, web, _ = asking(asyncio.get_running_loop(), tasks, output, told)
            made.probe(web, 1)
            output.prints(b"code\n")  # before the loop has had its turn

    asyncio.run(begin())
    assert told == [("web", lifecycle.Answered(1))]
    assert output.listener is None


def test_who_is_not_asked_any_more_is_not_heard_any_more(output):
    async def begin_and_end():
        async with asyncio.TaskGroup() as tasks:
            made, web, run = asking(asyncio.get_running_loop(), tasks, output, [])
            made.probe(web, 1)
            assert output.listener
            run.probe.cancel()  # before its first step

    asyncio.run(begin_and_end())
    assert output.listener is None
