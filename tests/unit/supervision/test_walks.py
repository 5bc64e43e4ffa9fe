"""Random histories of orders and facts: whatever comes in whatever order, the promises hold."""

from hypothesis import given, settings
from hypothesis import strategies as st
from imagined import CRASH, SUCCESS, World, service

from aura_stack.messages.commands import Restart, Start, Stop
from aura_stack.stack.model import Restart as Policy
from aura_stack.stack.model import RestartPolicy

NAMES = ("a", "b", "c", "d")
ACTIONS = (
    "start",
    "stop",
    "restart",
    "hurry",
    "ready",
    "silent",
    "crash",
    "succeed",
    "empty",
    "delay",
    "time",
)


def world():
    return World(
        service("d", "b", "c"),
        service("c", a="completed"),
        service("b", a="started", restart=Policy(RestartPolicy.ALWAYS, tries=3)),
        service("a"),
    )


def act(world, action, name):  # noqa: C901 - one case for each action
    supervisor = world.supervisor
    match action:
        case "start":
            return supervisor.ask(Start((name,)))
        case "stop":
            return supervisor.ask(Stop((name,)))
        case "restart":
            return supervisor.ask(Restart((name,)))
        case "hurry":
            return supervisor.ask(Stop(grace=0, orderly=False))
        case "ready" if name in world.alive:
            world.becomes_ready(name)
        case "silent" if name in world.alive:
            world.never_answers(name)
        case "crash" if name in world.alive:
            world.exits(name, CRASH)
        case "succeed" if name in world.alive:
            world.exits(name, SUCCESS)
        case "empty" if name in world.left and name not in world.alive:
            world.empties(name)
        case "delay" if world.delays:
            world.delay_passes()
        case "time":
            world.time += 7.0
    return None


def settle(world):
    """The kernel does what it was asked: everything that was told to end ends."""
    for _ in range(20):
        for name in list(world.alive):
            world.exits(name, CRASH)
        for name in list(world.left):
            world.empties(name)
        while world.delays:
            world.delay_passes()


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ACTIONS), st.sampled_from(NAMES)), max_size=80))
def test_two_runs_never_overlap_a_final_stop_ends_all_and_every_ticket_resolves(history):
    imagined = world()
    tickets = [ticket for step in history if (ticket := act(imagined, *step))]
    last = imagined.supervisor.ask(Stop())
    settle(imagined)
    assert imagined.overlaps == 0
    assert imagined.alive == {}
    assert imagined.supervisor.at_rest
    assert last.resolved
    assert all(outcome.ok for outcome in last.outcomes.values())
    assert all(ticket.resolved for ticket in tickets)
