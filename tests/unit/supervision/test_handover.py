"""A new run beside the old one: who is current, who is ended, and what the order is answered."""

import pytest
from imagined import CRASH, World, events, service

from aura_stack.messages.commands import Restart, Start, Stop
from aura_stack.stack.model import Restart as Policy
from aura_stack.stack.model import RestartPolicy
from aura_stack.supervision import lifecycle
from aura_stack.supervision.lifecycle import Phase
from aura_stack.supervision.supervisor import Supervisor


@pytest.fixture
def world():
    """Backend and frontend are ready, and the backend can be handed over."""
    made = World(service("frontend", "backend"), service("backend"))
    made.supervisor.ask(Start())
    made.becomes_ready("backend")
    made.becomes_ready("frontend")
    made.shared = {"backend"}
    made.take_asked()
    return made


def restart(world):
    return world.supervisor.ask(Restart(("backend",), patient=False))


def other(world):
    found = world.supervisor.statuses["backend"].other
    return found and (found.run, str(found.phase))


def run(world):
    return world.supervisor.statuses["backend"].run


def test_the_new_run_begins_at_once_and_takes_over_when_it_is_ready(world):
    ticket = restart(world)
    assert world.take_asked() == ["spawn backend 2", "probe backend 2"]
    assert world.state("backend") == "ready"
    assert run(world) == 1
    assert not ticket.resolved
    world.becomes_ready("backend", 2)
    assert world.take_asked() == ["end backend 10 of 1"]
    assert (run(world), other(world)) == (2, (1, Phase.GOING))
    assert ticket.outcomes["backend"].ok
    assert ticket.outcomes["backend"].pid == world.supervisor.view("backend").pid == 103
    world.goes("backend", run=1)
    assert other(world) is None
    assert world.state("backend") == "ready"


def test_nobody_who_depends_on_it_notices(world):
    restart(world)
    world.becomes_ready("backend", 2)
    world.goes("backend", run=1)
    assert not any("frontend" in asked for asked in world.take_asked())
    assert world.state("frontend") == "ready"


def test_one_that_does_not_get_ready_is_ended_and_the_old_one_goes_on(world):
    ticket = restart(world)
    world.never_answers("backend", 2)
    assert world.take_asked()[2:] == ["end backend 10 of 2"]
    assert (run(world), world.state("backend"), other(world)) == (1, "ready", (2, Phase.FAILING))
    answer = ticket.outcomes["backend"]
    assert not answer.ok
    assert answer.words == "the new version failed: not ready after 60 s; the old one goes on"
    assert (answer.run, answer.pid) == (1, 101)
    world.goes("backend", run=2)
    assert world.state("backend") == "ready"
    assert world.supervisor.statuses["backend"].setback.run == 2
    assert [told.words for told in world.told(events.SetBack)] == ["not ready after 60 s"]


def test_one_that_ends_at_once_is_told_and_not_tried_again(world):
    ticket = restart(world)
    world.exits("backend", CRASH, 2)
    assert [(told.run, told.pid) for told in world.told(events.Exited)] == [(2, 103)]
    assert world.take_asked()[2:] == ["sweep backend 10 of 2"]
    assert "exited 3" in ticket.outcomes["backend"].words
    world.empties("backend", 2)
    assert (run(world), other(world), world.state("backend")) == (1, None, "ready")
    assert world.delays == []


def test_one_that_cannot_be_executed_is_a_setback(world):
    world.broken = {"backend"}
    ticket = restart(world)
    assert "command not found" in ticket.outcomes["backend"].words
    assert (run(world), other(world), world.state("backend")) == (1, None, "ready")


def test_the_next_save_makes_good_what_failed(world):
    restart(world)
    world.goes("backend", run=2)
    ticket = restart(world)
    assert world.supervisor.statuses["backend"].setback is None
    world.becomes_ready("backend", 3)
    assert ticket.outcomes["backend"].ok
    assert run(world) == 3


def test_a_save_while_the_new_one_is_coming_makes_a_newer_one_of_it(world):
    first = restart(world)
    second = restart(world)
    assert world.take_asked()[2:] == ["end backend 10 of 2"]
    world.goes("backend", run=2)
    assert world.take_asked()[-2:] == ["spawn backend 3", "probe backend 3"]
    assert world.told(events.SetBack) == []
    world.becomes_ready("backend", 3)
    assert first.outcomes["backend"].ok
    assert second.outcomes["backend"].ok


def test_a_save_while_the_old_one_is_ending_waits_for_that(world):
    restart(world)
    world.becomes_ready("backend", 2)
    world.take_asked()
    ticket = restart(world)
    restart(world)
    assert world.take_asked() == []
    world.goes("backend", run=1)
    assert world.take_asked()[-2:] == ["spawn backend 3", "probe backend 3"]
    world.becomes_ready("backend", 3)
    assert ticket.resolved


def test_who_asked_before_the_new_run_began_is_answered_by_it(world):
    world.time = 5.0
    restart(world)
    world.take_asked()
    ticket = world.supervisor.ask(Restart(("backend",), since=4.0))
    assert world.take_asked() == []
    world.becomes_ready("backend", 2)
    assert ticket.outcomes["backend"].ok


def test_who_asked_before_the_new_run_failed_hears_of_that(world):
    world.time = 5.0
    restart(world)
    world.goes("backend", run=2)
    world.take_asked()
    ticket = world.supervisor.ask(Restart(("backend",), since=4.0))
    assert not ticket.outcomes["backend"].ok
    assert world.take_asked() == []


def test_the_new_one_takes_over_at_once_when_the_old_one_crashes(world):
    ticket = restart(world)
    world.exits("backend", CRASH, 1)
    assert [(told.run, told.pid) for told in world.told(events.Exited)] == [(1, 101)]
    assert world.take_asked()[2:] == ["sweep backend 10 of 1"]
    assert (run(world), world.state("backend"), other(world)) == (2, "starting", (1, Phase.GOING))
    world.becomes_ready("backend", 2)
    assert ticket.outcomes["backend"].ok
    world.empties("backend", 1)
    assert (run(world), other(world)) == (2, None)


def test_when_both_crash_a_third_waits_until_nothing_of_them_is_left(world):
    restart(world)
    world.exits("backend", CRASH, 1)
    world.exits("backend", CRASH, 2)
    world.take_asked()
    world.empties("backend", 2)
    assert (world.state("backend"), world.take_asked(), world.delays) == ("stopping", [], [])
    world.empties("backend", 1)
    assert world.state("backend") == "backoff"
    world.delay_passes()
    assert world.take_asked() == ["spawn backend 3", "probe backend 3"]


def test_a_stop_ends_both(world):
    restart(world)
    ticket = world.supervisor.ask(Stop(("backend",)))
    assert world.take_asked()[2:] == ["end backend 10 of 2", "end backend 10 of 1"]
    world.goes("backend", run=1)
    assert not ticket.resolved
    assert world.state("backend") == "stopping"
    world.goes("backend", run=2)
    assert ticket.resolved
    assert world.state("backend") == "stopped"
    assert world.told(events.SetBack) == []


def test_a_hurried_stop_shortens_the_grace_of_both(world):
    restart(world)
    world.becomes_ready("backend", 2)
    world.take_asked()
    world.supervisor.ask(Stop(("backend",), grace=0.5, orderly=False))
    asked = world.take_asked()
    assert "end backend 0.5 of 1" in asked
    assert "end backend 0.5 of 2" in asked


@pytest.mark.parametrize(
    "order", [Stop(("backend",), grace=0.5), Restart(("backend",), patient=False, grace=0.5)]
)
def test_an_order_with_a_grace_period_of_its_own_shortens_that_of_the_old_run(world, order):
    restart(world)
    world.becomes_ready("backend", 2)
    world.take_asked()
    world.supervisor.ask(order)
    assert "end backend 0.5 of 1" in world.take_asked()


def test_one_without_leaves_it_and_whoever_is_just_coming_is_ended_by_none_that_wants_it(world):
    restart(world)
    world.supervisor.ask(Start(("backend",)))
    assert not any(asked.startswith("end") for asked in world.take_asked())
    world.becomes_ready("backend", 2)
    world.take_asked()
    world.supervisor.ask(Stop(("backend",)))
    assert not any(asked.endswith("of 1") for asked in world.take_asked())


def test_what_no_longer_shares_its_sockets_is_stopped_first(world):
    restart(world)
    world.shared = set()
    restart(world)
    assert sorted(world.take_asked()[2:]) == ["end backend 10 of 1", "end backend 10 of 2"]
    world.goes("backend", run=1)
    world.goes("backend", run=2)
    assert world.take_asked()[-2:] == ["spawn backend 3", "probe backend 3"]


def test_a_run_that_does_not_take_its_sockets_begins_anew(world):
    restart(world)
    world.becomes_ready("backend", 2)
    world.goes("backend", run=1)
    world.shared = set()
    restart(world)
    world.goes("backend", run=2)
    world.take_asked()
    world.tell("backend", lifecycle.Lost(3))
    assert world.take_asked() == ["end backend 10"]
    world.goes("backend", run=3)
    assert world.take_asked()[-2:] == ["spawn backend 4", "probe backend 4"]
    assert world.told(events.Failed) == []


def test_a_crash_without_a_hand_over_under_way_is_a_crash(world):
    world.exits("backend")
    world.empties("backend")
    assert world.state("backend") == "backoff"


def test_facts_about_the_old_run_change_nothing_once_it_has_gone(world):
    restart(world)
    world.becomes_ready("backend", 2)
    world.goes("backend", run=1)
    before = world.supervisor.statuses["backend"]
    for fact in (lifecycle.Exited(1, CRASH), lifecycle.Emptied(1), lifecycle.Answered(1)):
        world.tell("backend", fact)
    assert world.supervisor.statuses["backend"] == before


def test_without_a_restart_policy_a_setback_still_leaves_the_old_one_alone():
    world = World(service("a", restart=Policy(RestartPolicy.NO)))
    assert isinstance(world.supervisor, Supervisor)
    world.shared = {"a"}
    world.supervisor.ask(Start())
    world.becomes_ready("a")
    world.supervisor.ask(Restart(("a",)))
    world.goes("a", run=2)
    assert world.state("a") == "ready"
