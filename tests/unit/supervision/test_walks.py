"""Random histories of orders, facts and time: whatever comes in whatever order, the promises hold after every step."""

from collections import Counter

from effort import THOROUGH, examples
from hypothesis import given, settings
from hypothesis import strategies as st
from imagined import CRASH, SUCCESS, World, service

from aura_stack.messages.commands import Restart, Start, Stop
from aura_stack.stack.model import Restart as Policy
from aura_stack.stack.model import RestartPolicy
from aura_stack.supervision import lifecycle
from aura_stack.supervision.lifecycle import ALIVE, Phase, State, Wanted

NAMES = ("a", "b", "c", "d")
OFTEN = ("start", "ready", "ready", "ready", "restart", "second ready", "empty", "second empty")
"""What a service needs to come far enough for a hand-over; what ends one is there often enough."""

ACTIONS = (
    *OFTEN,
    *OFTEN,
    "start",
    "start alone",
    "start impatiently",
    "stop",
    "stop all",
    "restart",
    "restart",
    "restart since",
    "expect",
    "hurry",
    "ready",
    "ready",
    "ready",
    "ready",
    "silent",
    "unwell",
    "crash",
    "succeed",
    "empty",
    "empty",
    "late",
    "delay",
    "break",
    "time",
    "share",
    "second ready",
    "second ready",
    "second ready",
    "second silent",
    "second lost",
    "second ends",
    "second empty",
    "lost",
)
STEPS = examples(50_000)
"""Of all walks together."""

SEEN = examples(50)
"""In so many of the moments of all walks each phase of a hand-over is under way."""

WALKS, LENGTH = examples(320), 200  # the shorter ones, where what went wrong is looked for, come on top


def world():
    made = World(
        service("d", "b", "c", health=True, follows=["c", "b"]),
        service("c", a="completed", health=True),
        service("b", a="started", follows=["a"], restart=Policy(RestartPolicy.ALWAYS, tries=3)),
        service("a"),
    )
    made.shared = {"a", "b"}
    return made


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
        case "unwell" if lives(world, name, 0):
            world.ails(name)
        case "crash" if lives(world, name, 0):
            world.exits(name, CRASH)
        case "succeed" if lives(world, name, 0):
            world.exits(name, SUCCESS)
        case "empty" if name in world.left and not lives(world, name, 0):
            world.empties(name)
        case "lost" if name in world.alive:
            world.tell(name, lifecycle.Lost(world.first(name)))
        case "share":
            world.shared ^= {name}
        case "second ready" if lives(world, name, 1):
            world.becomes_ready(name, world.of(name)[1])
        case "second silent" if lives(world, name, 1):
            world.never_answers(name, world.of(name)[1])
        case "second lost" if lives(world, name, 1):
            world.tell(name, lifecycle.Lost(world.of(name)[1]))
        case "second ends" if lives(world, name, 1):
            world.exits(name, CRASH, world.of(name)[1])
        case "second empty" if len(world.of(name)) > 1 and not lives(world, name, 1):
            world.empties(name, world.of(name)[1])
        case "late":
            tell_late(world, name)
        case "delay" if world.delays:
            world.delay_passes()
        case "break":
            world.broken ^= {name}
        case "time":
            world.time += 7.0
    return None


def lives(world, name, number):
    """Whether the main process of the current run (0), or of the second one (1), is there."""
    runs = world.of(name)
    return len(runs) > number and world.runs[name, runs[number]]


def tell_late(world, name):
    """Facts about a run that has gone, which come after later ones began."""
    before = world.supervisor.statuses[name]
    run = max(set(range(before.next)) - {before.run, *world.of(name)}, default=-1)
    for fact in (
        lifecycle.Answered(run),
        lifecycle.Unanswered(run, CRASH),
        lifecycle.Unwell(run, CRASH),
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
        runs = world.of(name)
        assert bool(runs) is (status.state in ALIVE), name
        assert not runs or runs[0] == status.run, name
        assert lives(world, name, 0) or status.state not in (State.STARTING, State.READY), name
        assert {(name, status.run)} & (world.doomed | world.swept) or status.state is not State.ENDING, name
        assert runs[1:] == ([status.other.run] if status.other else []), name
        look_at_second(world, name, status)


def look_at_second(world, name, status):
    """Two runs there are only in a hand-over: one of them serves, or the service goes down with both."""
    if status.other is None:
        return
    assert status.state is not State.ENDING or status.other.phase is not Phase.COMING, name
    if status.other.phase is Phase.COMING:
        assert status.state is State.READY, name
        assert lives(world, name, 1), name
    else:
        assert {(name, status.other.run)} & (world.doomed | world.swept), name


def settle(world):
    """The kernel does what it was asked, and no more: only what was told to end ends."""
    for _ in range(20):
        for name, run in world.doomed & {one for one, lives in world.runs.items() if lives}:
            world.exits(name, CRASH, run)
        for name, run in world.swept & {one for one, lives in world.runs.items() if not lives}:
            world.empties(name, run)
        while world.delays:
            world.delay_passes()


def test_two_runs_are_there_only_in_a_hand_over_a_final_stop_ends_all_and_every_ticket_resolves():
    walked = []
    met = Counter()

    @settings(max_examples=WALKS, deadline=None, database=None)
    @given(st.binary(max_size=3 * LENGTH).map(lambda data: data or b"\0"), st.integers(0, 2**32))
    def walk(history, more):
        imagined = world()
        tickets = []
        for number in [*history, *stretched(more, LENGTH - len(history))]:
            action, name = divmod(number % (len(ACTIONS) * len(NAMES)), len(NAMES))
            tickets.append(act(imagined, ACTIONS[action], NAMES[name]))
            look(imagined)
            met.update(one.other.phase for one in imagined.supervisor.statuses.values() if one.other)
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
    assert not THOROUGH or min(met[phase] for phase in Phase) >= SEEN  # a few walks may meet none


def stretched(seed, length):
    """More numbers from one, so that hypothesis need not draw each of them: (1103515245 n + 12345) mod 2^31."""
    for _ in range(length):
        seed = (1103515245 * seed + 12345) % 2**31
        yield seed >> 16
