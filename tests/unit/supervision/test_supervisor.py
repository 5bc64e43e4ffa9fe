import pytest
from imagined import CRASH, SUCCESS, World, events, service

from aura_stack.messages.commands import Restart, Start, Stop
from aura_stack.stack.model import Restart as Policy
from aura_stack.stack.model import RestartPolicy
from aura_stack.supervision import lifecycle
from aura_stack.supervision.lifecycle import Wanted

ALWAYS = Policy(RestartPolicy.ALWAYS)
NEVER = Policy(RestartPolicy.NO)


@pytest.fixture
def chain():
    """Frontend needs backend needs gateway."""
    return World(service("frontend", "backend"), service("backend", "gateway"), service("gateway"))


def up(world):
    world.supervisor.ask(Start())
    for name in ("gateway", "backend", "frontend"):
        world.becomes_ready(name)
    world.take_asked()
    return world


def test_a_dependent_is_spawned_only_when_its_dependency_is_ready(chain):
    chain.supervisor.ask(Start())
    assert chain.take_asked() == ["spawn gateway 1", "probe gateway 1"]
    chain.becomes_ready("gateway")
    assert chain.take_asked() == ["spawn backend 1", "probe backend 1"]


def test_what_nothing_forbids_is_spawned_together():
    world = World(service("a"), service("b"), service("c", "a"))
    world.supervisor.ask(Start())
    assert world.take_asked() == ["spawn a 1", "probe a 1", "spawn b 1", "probe b 1"]


def test_naming_a_service_starts_what_it_needs_and_nothing_else():
    world = World(service("a"), service("b", "a"), service("c"))
    world.supervisor.ask(Start(("b",)))
    world.becomes_ready("a")
    world.becomes_ready("b")
    assert world.states() == {"a": "ready", "b": "ready", "c": "stopped"}


def test_a_condition_of_started_is_met_by_a_running_process():
    world = World(service("a"), service("b", a="started"))
    world.supervisor.ask(Start())
    assert "spawn b 1" in world.take_asked()


def test_a_condition_of_started_is_not_met_by_what_cannot_be_executed():
    world = World(service("c"), service("a", "c"), service("b", a="started"), broken=["a"])
    world.supervisor.ask(Start())
    world.becomes_ready("c")
    assert world.states() == {"c": "ready", "a": "failed", "b": "failed"}
    assert "spawn b 1" not in world.take_asked()


def test_a_condition_of_completed_is_met_by_success_alone():
    world = World(service("migrate"), service("b", migrate="completed"))
    world.supervisor.ask(Start())
    world.becomes_ready("migrate")
    assert world.state("b") == "waiting"
    world.goes("migrate", SUCCESS)
    assert world.states() == {"migrate": "completed", "b": "starting"}


def test_a_ticket_of_a_start_resolves_when_the_last_service_is_ready(chain):
    ticket = chain.supervisor.ask(Start())
    seen = []
    ticket.then(seen.append)
    chain.becomes_ready("gateway")
    chain.becomes_ready("backend")
    assert not ticket.resolved
    chain.becomes_ready("frontend")
    assert seen == [ticket]
    assert all(outcome.ok for outcome in ticket.outcomes.values())


def test_a_failed_dependency_releases_its_waiters_at_once_with_the_reason():
    world = World(service("a", restart=NEVER), service("b", "a"), service("c", "b"))
    ticket = world.supervisor.ask(Start())
    world.goes("a")
    assert world.states() == {"a": "failed", "b": "failed", "c": "failed"}
    assert ticket.outcomes["b"].words == "a, which it needs, is down: exited 3"


def test_a_command_that_cannot_be_executed_fails_at_once_and_is_not_tried_again():
    world = World(service("a", restart=ALWAYS), broken=["a"])
    ticket = world.supervisor.ask(Start())
    assert world.take_asked() == ["spawn a 1"]
    assert world.told(events.Failed) == [events.Failed("a", 1, 127, "command not found")]
    assert not ticket.outcomes["a"].ok


def test_a_crash_starts_a_new_run_at_once_but_only_when_nothing_of_the_old_one_is_left():
    world = World(service("a"))
    world.supervisor.ask(Start())
    world.becomes_ready("a")
    world.take_asked()
    world.exits("a")
    assert world.take_asked() == ["sweep a 10"]
    world.empties("a")
    world.delay_passes()
    assert world.take_asked() == ["spawn a 2", "probe a 2"]
    assert world.overlaps == 0


def test_a_service_that_is_not_ready_in_time_is_ended_and_fails_for_good():
    world = World(service("a"))
    ticket = world.supervisor.ask(Start())
    world.take_asked()
    world.never_answers("a")
    assert world.take_asked() == ["end a 10"]
    world.goes("a")
    assert world.state("a") == "failed"
    assert ticket.outcomes["a"].words == "not ready after 60 s"


def test_a_service_that_did_what_it_had_to_do_is_completed():
    world = World(service("job"))
    world.supervisor.ask(Start())
    world.goes("job", SUCCESS)
    assert world.state("job") == "completed"
    assert world.supervisor.at_rest


def test_a_stop_goes_from_dependents_to_dependencies(chain):
    up(chain)
    ticket = chain.supervisor.ask(Stop())
    assert chain.take_asked() == ["end frontend 10"]
    chain.goes("frontend")
    assert chain.take_asked() == ["sweep frontend 10", "end backend 10"]
    chain.goes("backend")
    chain.goes("gateway")
    assert ticket.resolved
    assert set(chain.states().values()) == {"stopped"}


def test_a_hurried_stop_signals_all_at_once_and_shortens_a_grace_period_that_runs(chain):
    up(chain)
    chain.supervisor.ask(Stop())
    chain.take_asked()
    chain.supervisor.ask(Stop(grace=0.7, orderly=False))
    assert chain.take_asked() == ["end frontend 0.7", "end backend 0.7", "end gateway 0.7"]


def test_a_second_stop_with_a_grace_period_of_its_own_shortens_one_that_runs(chain):
    up(chain)
    chain.supervisor.ask(Stop(("gateway",)))
    chain.take_asked()
    chain.supervisor.ask(Stop(("gateway",)))
    assert chain.take_asked() == []
    chain.supervisor.ask(Stop(("gateway",), grace=0.7))
    assert chain.take_asked() == ["end gateway 0.7"]


def test_a_stop_of_one_leaves_the_others_alone(chain):
    up(chain)
    chain.supervisor.ask(Stop(("gateway",)))
    assert chain.take_asked() == ["end gateway 10"]
    chain.goes("gateway")
    assert chain.states() == {"frontend": "ready", "backend": "ready", "gateway": "stopped"}


def test_a_restart_ends_the_old_run_before_the_new_one_begins_and_touches_nobody_else(chain):
    up(chain)
    ticket = chain.supervisor.ask(Restart(("backend",)))
    assert chain.take_asked() == ["end backend 10"]
    chain.goes("backend")
    assert chain.take_asked() == ["sweep backend 10", "spawn backend 2", "probe backend 2"]
    assert not ticket.resolved
    chain.becomes_ready("backend")
    assert ticket.outcomes["backend"].ok
    assert chain.states() == {"frontend": "ready", "backend": "ready", "gateway": "ready"}


def test_three_restarts_at_once_are_one_and_give_three_answers(chain):
    up(chain)
    tickets = [chain.supervisor.ask(Restart(("backend",))) for _ in range(3)]
    assert chain.take_asked() == ["end backend 10"]
    chain.goes("backend")
    chain.becomes_ready("backend")
    assert [ticket.outcomes["backend"].ok for ticket in tickets] == [True] * 3
    assert chain.supervisor.statuses["backend"].run == 2


def test_a_restart_ordered_before_the_present_run_began_is_fulfilled_by_it(chain):
    """Three terminals in which `restart` was typed at once, and whose orders arrive one after the other."""
    up(chain)
    chain.time = 10.0
    first = chain.supervisor.ask(Restart(("backend",), since=9.0))
    chain.goes("backend")
    second = chain.supervisor.ask(Restart(("backend",), since=9.5))
    chain.becomes_ready("backend")
    third = chain.supervisor.ask(Restart(("backend",), since=9.9))
    assert chain.supervisor.statuses["backend"].run == 2
    for ticket in (first, second, third):
        assert (ticket.outcomes["backend"].ok, ticket.outcomes["backend"].run) == (True, 2)
    later = chain.supervisor.ask(Restart(("backend",), since=10.0))
    assert not later.resolved
    assert chain.state("backend") == "stopping"


def test_an_order_from_the_future_is_one_of_now(chain):
    up(chain)
    chain.time = 10.0
    chain.supervisor.ask(Restart(("backend",), since=1e9))
    assert chain.state("backend") == "stopping"


def test_a_failure_of_the_run_that_an_earlier_order_began_answers_the_later_ones_too():
    world = World(service("a", restart=NEVER))
    world.supervisor.ask(Start())
    world.becomes_ready("a")
    world.time = 10.0
    first = world.supervisor.ask(Restart(("a",), since=9.0))
    world.goes("a", SUCCESS)
    world.goes("a")
    second = world.supervisor.ask(Restart(("a",), since=9.5))
    assert [ticket.outcomes["a"].words for ticket in (first, second)] == ["exited 3"] * 2
    assert not second.outcomes["a"].ok


def test_who_has_no_patience_hears_of_the_first_run_that_ends_before_it_was_ready():
    world = World(service("a"))
    hasty = world.supervisor.ask(Start(("a",), patient=False))
    patient = world.supervisor.ask(Start(("a",)))
    world.goes("a")
    assert (hasty.outcomes["a"].ok, hasty.outcomes["a"].words) == (False, "exited 3; starts again")
    assert not patient.resolved
    world.delay_passes()
    world.becomes_ready("a")
    assert patient.outcomes["a"].ok


def test_a_start_without_dependencies_waits_for_none_and_starts_none(chain):
    ticket = chain.supervisor.ask(Start(("backend",), dependencies=False))
    assert chain.take_asked() == ["spawn backend 1", "probe backend 1"]
    chain.becomes_ready("backend")
    assert list(ticket.outcomes) == ["backend"]
    assert chain.state("gateway") == "stopped"


def test_what_a_service_needs_and_is_done_with_its_work_is_not_done_again():
    world = World(service("migrate"), service("web", migrate="completed"))
    world.supervisor.ask(Start())
    world.goes("migrate", SUCCESS)
    world.becomes_ready("web")
    world.supervisor.ask(Stop(("web",)))
    world.goes("web", SUCCESS)
    world.take_asked()
    ticket = world.supervisor.ask(Start(("web",)))
    assert world.take_asked() == ["spawn web 2", "probe web 2"]
    world.becomes_ready("web")
    assert {name: one.ok for name, one in ticket.outcomes.items()} == {"migrate": True, "web": True}


def test_whoever_waits_for_others_orders_hears_of_ready_and_of_rest(chain):
    chain.supervisor.ask(Start())
    ready = chain.supervisor.expect(("gateway",), Wanted.UP)
    ended = chain.supervisor.expect(("gateway",), Wanted.DOWN)
    chain.becomes_ready("gateway")
    assert ready.outcomes["gateway"].ok
    assert not ended.resolved
    chain.supervisor.ask(Restart(("gateway",)))
    chain.goes("gateway")
    assert not ended.resolved
    chain.supervisor.ask(Stop())
    chain.goes("gateway")
    assert ended.outcomes["gateway"].ok


def test_an_outcome_tells_how_the_run_came_up(chain):
    ticket = chain.supervisor.ask(Start(("gateway",)))
    chain.time = 0.21
    chain.becomes_ready("gateway")
    outcome = ticket.outcomes["gateway"]
    assert (outcome.state, outcome.run, outcome.pid, outcome.seconds) == ("ready", 1, 101, 0.21)


def test_a_stop_beats_a_restart(chain):
    up(chain)
    restart = chain.supervisor.ask(Restart(("frontend",)))
    stop = chain.supervisor.ask(Stop(("frontend",)))
    chain.goes("frontend")
    assert chain.state("frontend") == "stopped"
    assert not restart.outcomes["frontend"].ok
    assert stop.outcomes["frontend"].ok


def test_a_start_while_it_stops_begins_a_new_run(chain):
    up(chain)
    stop = chain.supervisor.ask(Stop(("frontend",)))
    chain.supervisor.ask(Start(("frontend",)))
    assert not stop.outcomes["frontend"].ok
    chain.goes("frontend")
    assert chain.state("frontend") == "starting"


def test_a_restart_during_the_delay_does_not_wait_for_it():
    world = World(service("a"))
    world.supervisor.ask(Start())
    world.goes("a")
    assert world.state("a") == "backoff"
    world.supervisor.ask(Restart(("a",)))
    assert world.state("a") == "starting"


def test_the_delay_that_a_restart_overtook_starts_nothing_later():
    world = World(service("a"))
    world.supervisor.ask(Start())
    world.goes("a")
    late = list(world.delays)
    world.supervisor.ask(Restart(("a",)))
    world.take_asked()
    world.delays = late
    world.delay_passes()
    assert world.take_asked() == []


def test_a_message_about_an_old_run_changes_nothing(chain):
    up(chain)
    old = chain.alive["backend"]
    chain.supervisor.ask(Restart(("backend",)))
    chain.goes("backend")
    chain.becomes_ready("backend")
    chain.tell("backend", lifecycle.Exited(old, CRASH))
    assert chain.state("backend") == "ready"


def test_a_service_that_failed_starts_again_when_somebody_asks():
    world = World(service("a", restart=NEVER))
    world.supervisor.ask(Start())
    world.goes("a")
    ticket = world.supervisor.ask(Restart(("a",)))
    world.becomes_ready("a")
    assert ticket.outcomes["a"].ok


def test_who_waits_for_what_is_no_dependency_any_more_starts():
    world = World(service("page", "api", "cache"), service("api"), service("cache"))
    world.supervisor.ask(Start())
    world.becomes_ready("api")
    world.take_asked()
    world.supervisor.redefine((service("page", "api"), service("api"), service("cache")))
    assert world.take_asked() == ["spawn page 1", "probe page 1"]


def test_who_failed_for_what_is_no_dependency_any_more_starts():
    world = World(service("page", "api"), service("api", restart=NEVER))
    world.supervisor.ask(Start())
    world.goes("api")
    assert world.states() == {"page": "failed", "api": "failed"}
    world.take_asked()
    world.supervisor.redefine((service("page"), service("api", restart=NEVER)))
    assert world.take_asked() == ["spawn page 1", "probe page 1"]


def test_who_may_end_at_last_does_so_when_nothing_depends_on_it_any_more(chain):
    up(chain)
    chain.supervisor.ask(Stop(("backend", "frontend")))
    assert chain.take_asked() == ["end frontend 10"]
    chain.supervisor.redefine((service("frontend"), service("backend", "gateway"), service("gateway")))
    assert chain.take_asked() == ["end backend 10"]


def test_stopping_a_service_that_waits_starts_it_no_more(chain):
    chain.supervisor.ask(Start())
    chain.supervisor.ask(Stop(("backend",)))
    chain.becomes_ready("gateway")
    assert chain.state("backend") == "stopped"


def test_stopping_all_while_some_wait_fails_none_of_them(chain):
    chain.supervisor.ask(Start())
    ticket = chain.supervisor.ask(Stop())
    chain.goes("gateway", CRASH)
    assert ticket.resolved
    assert chain.told(events.Failed) == []
    assert set(chain.states().values()) == {"stopped"}


def test_an_unknown_name_is_refused_before_anything_changes(chain):
    with pytest.raises(KeyError):
        chain.supervisor.ask(Restart(("gateway", "nobody")))
    assert chain.asked == []


def test_it_gives_up_after_its_budget_and_says_so():
    world = World(service("a", restart=Policy(tries=3)))
    world.supervisor.ask(Start())
    for _ in range(4):
        world.goes("a")
        if world.delays:
            world.delay_passes()
    assert world.state("a") == "failed"
    assert world.told(events.Failed)[0].words == "exited 3; gave up after 3 restarts"
