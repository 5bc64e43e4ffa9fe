import pytest
from imagined import HERE, World, events, service

from aura_stack.messages.commands import Start, Stop
from aura_stack.stack.model import Command
from aura_stack.stack.model import Stop as How
from aura_stack.supervision import stopping
from aura_stack.supervision.process import Children
from aura_stack.supervision.run import Run
from aura_stack.supervision.termination import Termination
from aura_stack.system import processes
from aura_stack.system.processes import Identity

COMMAND = Command(("docker", "stop", "db"), "docker stop db", HERE)


def told(grace=10.0, command=COMMAND):
    """What is told of the stop of a service with these."""
    db = service("db", grace=10.0).but(stop=How(2, 10.0, command))
    world = World(db)
    world.supervisor.ask(Start())
    world.supervisor.ask(Stop(grace=grace))
    (event,) = world.told(events.Stopping)
    return event.command, event.signal, event.grace


def test_a_stop_command_is_told_in_the_place_of_the_signal():
    assert told() == ("docker stop db", "SIGINT", 10.0)


def test_a_shorter_grace_period_leaves_the_command():
    assert told(grace=0.7) == ("docker stop db", "SIGINT", 0.7)


def test_no_time_at_all_is_no_time_for_a_command():
    assert told(grace=0) == ("", "SIGINT", 0)


def test_without_a_command_the_signal_alone_is_told():
    assert told(command=None) == ("", "SIGINT", 10.0)


class Loop:
    """Notes what is to be done later."""

    def __init__(self):
        self.later = []

    def call_later(self, delay, act, *words):
        self.later.append((delay, act, words))

    def call_soon(self, act):
        self.later.append((0.0, act, ()))


def ending(runs, loop=None, publish=None):
    """What ends these runs."""
    return Termination(
        runs,
        Children(),
        None,
        None,
        None,
        "mark",
        publish,
        None,
        None,
        loop or Loop(),
        None,
        inherits_orphans=True,
    )


class Remains:
    """What a main process that ended by itself has left."""

    def __init__(self):
        self.asked = []

    def ask_to_end(self, signum, _orphans):
        self.asked.append(signum)


def test_no_command_is_run_for_what_a_service_that_ended_by_itself_left_behind():
    remains = Remains()
    db = service("db").but(stop=How(2, 10.0, COMMAND))
    run = Run(1, db, remains, {})
    run.exited = True
    ending({("db", 1): run})._ask_to_end(db, run, 0.7)
    assert remains.asked == [2]
    assert run.stopper is None


@pytest.mark.parametrize(("signum", "name"), [(15, "SIGTERM"), (60, "signal 60")])
def test_every_signal_has_a_name(signum, name):
    assert stopping.signal_name(signum) == name


class Everybody(Remains):
    """A main process and what it started, of whom one may not be signalled."""

    leader = 20

    def kill(self):
        return [Identity(21, 1), Identity(22, 1)]


def test_whom_our_kill_does_not_reach_is_told_with_the_cure_again_and_again(monkeypatch):
    told = []
    loop, run = Loop(), Run(1, service("db"), Everybody(), {})
    monkeypatch.setattr(processes, "is_beyond_us", lambda pid: pid != 21)
    monkeypatch.setattr(processes, "user", lambda _: "root")
    ending({}, loop, told.append)._kill("db", run)
    words = "db cannot be ended: it runs as root, and our KILL does not reach it (sudo kill -9 20 22)"
    assert told == [events.Notice(words, alarm=True)]
    assert run.killed == {21}
    ((_, again, them),) = loop.later
    again(*them)
    assert len(told) == 2
