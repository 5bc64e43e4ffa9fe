"""Random histories of orders, facts and time: whatever comes in whatever order, the promises hold after every step."""

from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from imagined import CRASH, SUCCESS, World, service

from aura_stack.messages.commands import Restart, Start, Stop
from aura_stack.stack.model import Restart as Policy
from aura_stack.stack.model import RestartPolicy
from aura_stack.supervision import lifecycle
from aura_stack.supervision.lifecycle import ALIVE, State, Wanted

NAMES = ("a", "b", "c", "d")
ACTIONS = (
    "start",
    "start alone",
    "start impatiently",
    "stop",
    "stop all",
    "restart",
    "restart since",
    "expect",
    "hurry",
    "ready",
    "ready",
    "silent",
    "crash",
    "succeed",
    "empty",
    "empty",
    "late",
    "delay",
    "break",
    "time",
)
STEPS = examples(50_000)
"""Of all walks together."""

WALKS, LENGTH = examples(320), 200  # the shorter ones, where what went wrong is looked for, come on top


def world():
    return World(
        service("d", "b", "c"),
        service("c", a="completed"),
        service("b", a="started", restart=Policy(RestartPolicy.ALWAYS, tries=3)),
        service("a"),
    )


def act(world, action, name):  # noqa: C901, PLR0911, PLR0912 - one case for each action
    """Do it; the answer is the ticket, if it was an order."""
    supervisor = world.supervisor
    match action:
        case "start":
            return supervisor.ask(Start((name,)))
        case "start alone":
            return supervisor.ask(Start((name,), dependencies=False))
        case "start impatiently":
            return supervisor.ask(Start((name,), patient=False))
        case "stop":
            return supervisor.ask(Stop((name,)))
        case "stop all":
            return supervisor.ask(Stop())
        case "restart":
            return supervisor.ask(Restart((name,)))
        case "restart since":
            return supervisor.ask(Restart((name,), since=world.time - 3.0))
        case "expect":
            return supervisor.expect((name,), Wanted.UP)
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
        case "late":
            tell_late(world, name)
        case "delay" if world.delays:
            world.delay_passes()
        case "break":
            world.broken ^= {name}
        case "time":
            world.time += 7.0
    return None


def tell_late(world, name):
    """Facts about the run before the present one, which come after the present one began."""
    run = world.supervisor.statuses[name].run - 1
    before = world.supervisor.statuses[name]
    for fact in (
        lifecycle.Answered(run),
        lifecycle.Unanswered(run, CRASH),
        lifecycle.Exited(run, CRASH),
        lifecycle.Emptied(run),
        lifecycle.Elapsed(run),
    ):
        world.tell(name, fact)
    assert world.supervisor.statuses[name] == before


def look(world):
    """What holds at every moment: the states are what the kernel has."""
    assert world.overlaps == 0
    for name, status in world.supervisor.statuses.items():
        assert (name in world.left) is (status.state in ALIVE), name
        assert world.left.get(name, status.run) == status.run
        assert (name in world.alive) or status.state not in (State.STARTING, State.READY), name
        assert name in world.doomed | world.swept or status.state is not State.ENDING, name


def settle(world):
    """The kernel does what it was asked, and no more: only what was told to end ends."""
    for _ in range(20):
        for name in world.doomed & world.alive.keys():
            world.exits(name, CRASH)
        for name in world.swept & (world.left.keys() - world.alive.keys()):
            world.empties(name)
        while world.delays:
            world.delay_passes()


def test_two_runs_never_overlap_a_final_stop_ends_all_and_every_ticket_resolves():
    walked = []

    @settings(max_examples=WALKS, deadline=None, database=None)
    @given(st.binary(max_size=3 * LENGTH).map(lambda data: data or b"\0"), st.integers(0, 2**32))
    def walk(history, more):
        imagined = world()
        tickets = []
        for number in [*history, *stretched(more, LENGTH - len(history))]:
            action, name = divmod(number % (len(ACTIONS) * len(NAMES)), len(NAMES))
            tickets.append(act(imagined, ACTIONS[action], NAMES[name]))
            look(imagined)
        walked.append(len(tickets))
        last = imagined.supervisor.ask(Stop())
        settle(imagined)
        assert imagined.left == {}
        assert imagined.supervisor.at_rest
        assert last.resolved
        assert all(outcome.ok for outcome in last.outcomes.values())
        assert all(ticket.resolved for ticket in tickets if ticket)

    walk()
    assert sum(walked) >= STEPS


def stretched(seed, length):
    """More numbers from one, so that hypothesis need not draw each of them: (1103515245 n + 12345) mod 2^31."""
    for _ in range(length):
        seed = (1103515245 * seed + 12345) % 2**31
        yield seed >> 16
