import pytest
from imagined import HERE, World, events, service

from aura_stack.messages.commands import Start, Stop
from aura_stack.stack.model import Command
from aura_stack.stack.model import Stop as Ending
from aura_stack.supervision import stopping

COMMAND = Command(("docker", "stop", "db"), "docker stop db", HERE)


def told(grace=10.0, command=COMMAND):
    """What is told of the stop of a service with these."""
    db = service("db", grace=10.0).but(stop=Ending(2, 10.0, command))
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


@pytest.mark.parametrize(("signum", "name"), [(15, "SIGTERM"), (60, "signal 60")])
def test_every_signal_has_a_name(signum, name):
    assert stopping.signal_name(signum) == name
