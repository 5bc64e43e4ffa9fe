"""To have given up is no end for good: an order, or what was needed, begins anew."""

import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from imagined import CRASH, SUCCESS, World, events, service

from aura_stack.messages.commands import Restart, Start, Stop
from aura_stack.stack.model import Restart as Policy
from aura_stack.stack.model import RestartPolicy
from aura_stack.supervision import lifecycle, plan
from aura_stack.supervision.lifecycle import State, Wanted

NEVER = Policy(RestartPolicy.NO)
NAMES = ("a", "b", "c", "d")


def failed_chain():
    """C needs b needs a, and a has failed before it was ready."""
    world = World(service("a", restart=NEVER), service("b", "a"), service("c", "b"))
    world.supervisor.ask(Start())
    world.goes("a")
    assert world.states() == {"a": "failed", "b": "failed", "c": "failed"}
    world.take_asked()
    return world


def test_who_failed_only_because_of_a_dependency_starts_when_that_is_ready():
    world = failed_chain()
    world.supervisor.ask(Restart(("a",)))
    assert world.states() == {"a": "starting", "b": "failed", "c": "failed"}
    world.becomes_ready("a")
    assert world.states() == {"a": "ready", "b": "starting", "c": "failed"}
    world.becomes_ready("b")
    world.becomes_ready("c")
    assert world.states() == {"a": "ready", "b": "ready", "c": "ready"}


def test_it_is_told_why_it_starts_after_all():
    world = failed_chain()
    world.supervisor.ask(Restart(("a",)))
    world.becomes_ready("a")
    assert world.told(events.Started)[-1].why == "waited for a"


def test_who_was_ordered_down_meanwhile_stays_down():
    world = failed_chain()
    world.supervisor.ask(Stop(("b",)))
    world.supervisor.ask(Restart(("a",)))
    world.becomes_ready("a")
    assert world.states() == {"a": "ready", "b": "failed", "c": "failed"}


def test_who_failed_by_itself_is_not_started_by_anybody_elses_recovery():
    world = World(service("a", restart=NEVER), service("b", "a", restart=NEVER))
    world.supervisor.ask(Start())
    world.becomes_ready("a")
    world.goes("b")
    world.supervisor.ask(Restart(("a",)))
    world.goes("a")
    world.becomes_ready("a")
    assert world.states() == {"a": "ready", "b": "failed"}


def test_who_needs_two_waits_for_the_second():
    world = World(service("a", restart=NEVER), service("b", restart=NEVER), service("c", "a", "b"))
    world.supervisor.ask(Start())
    world.goes("a")
    world.goes("b")
    world.supervisor.ask(Restart(("a", "b")))
    world.becomes_ready("a")
    assert world.state("c") == "failed"
    world.becomes_ready("b")
    assert world.state("c") == "starting"


def test_a_task_that_succeeds_at_the_second_attempt_lets_its_dependents_start():
    world = World(service("migrate", restart=NEVER), service("web", migrate="completed"))
    world.supervisor.ask(Start())
    world.goes("migrate")
    world.supervisor.ask(Restart(("migrate",)))
    world.goes("migrate", SUCCESS)
    assert world.states() == {"migrate": "completed", "web": "starting"}


@pytest.mark.parametrize("order", [Start, Restart])
def test_an_order_gives_a_whole_new_budget_of_restarts(order):
    world = World(service("a", restart=Policy(tries=3)))
    world.supervisor.ask(Start())
    for _ in range(2):
        for _ in range(3):
            world.goes("a")
            world.delay_passes()
        world.goes("a")
        assert world.state("a") == "failed"
        world.supervisor.ask(order(("a",)))
    assert world.state("a") == "starting"


def test_an_order_for_what_runs_well_gives_no_budget():
    world = World(service("a", restart=Policy(tries=1)))
    world.supervisor.ask(Start())
    world.goes("a")
    world.delay_passes()
    world.supervisor.ask(Start(("a",)))
    world.goes("a")
    assert world.state("a") == "failed"


def test_only_what_is_wanted_up_and_failed_for_another_is_rearmed():
    blocked = CRASH.but(needed="a")
    for wanted in Wanted:
        for state in State:
            for verdict in (None, CRASH, blocked):
                status = lifecycle.Status(wanted, state, 1, verdict)
                after, moves = lifecycle.step(status, lifecycle.Rearmed())
                rearmed = wanted is Wanted.UP and state is State.FAILED and verdict is blocked
                assert (after.state is State.WAITING and bool(moves)) is rearmed or after == status
                assert (after != status) is rearmed


ACTS = st.tuples(
    st.sampled_from(["start", "stop", "restart", "ready", "crash", "succeed", "empty", "delay", "break"]),
    st.sampled_from(NAMES),
)


def act(world, action, name):
    orders = {"start": Start, "stop": Stop, "restart": Restart}
    if action in orders:
        world.supervisor.ask(orders[action]((name,)))
    elif action == "break":
        world.broken ^= {name}
    elif action == "delay" and world.delays:
        world.delay_passes()
    elif action == "ready" and name in world.alive:
        world.becomes_ready(name)
    elif action in ("crash", "succeed") and name in world.alive:
        world.exits(name, CRASH if action == "crash" else SUCCESS)
    elif action == "empty" and name in world.left and name not in world.alive:
        world.empties(name)


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(ACTS, max_size=60))
def test_nobody_stays_down_for_the_sake_of_what_is_up(history):
    services = {
        one.name: one
        for one in (
            service("d", "b", "c", restart=NEVER),
            service("c", a="completed"),
            service("b", a="started", restart=Policy(tries=2)),
            service("a", restart=NEVER),
        )
    }
    world = World(*services.values())
    for step in history:
        act(world, *step)
        statuses = world.supervisor.statuses
        for name, status in statuses.items():
            if status.state is State.FAILED and status.wanted is Wanted.UP and status.verdict.needed:
                assert not isinstance(plan.may_start(services[name], statuses), plan.Clear), name
        assert world.overlaps == 0
