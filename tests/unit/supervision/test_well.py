"""Who is ready and not well, and who follows whom."""

import pytest
from imagined import World, events, service

from aura_stack.messages.commands import Restart, Start, Stop
from aura_stack.stack.model import Health, ProbeKind, Ready, RestartPolicy
from aura_stack.stack.model import Restart as Policy
from aura_stack.supervision.health import Pulse, answered, lost

THRICE = Health(Ready(ProbeKind.TCP, "1", 1), failures=3)


def up(world):
    world.supervisor.ask(Start())
    for name in world.states():
        world.becomes_ready(name)
    world.take_asked()
    return world


def test_a_run_is_asked_whether_it_is_well_from_the_moment_it_is_ready_and_only_where_that_is_wanted():
    world = World(service("a", health=True), service("b"))
    world.supervisor.ask(Start())
    assert "attend a 1" not in world.take_asked()
    world.becomes_ready("a")
    world.becomes_ready("b")
    assert world.take_asked() == ["attend a 1"]


def test_one_that_is_unwell_is_ended_and_begins_anew_by_its_policy():
    world = up(World(service("a", health=True)))
    world.ails("a")
    assert world.take_asked() == ["end a 10"]
    world.ails("a")
    assert world.take_asked() == [], "what is ending is not ended again"
    world.goes("a")
    world.delay_passes()
    assert world.take_asked() == ["sweep a 10", "spawn a 2", "probe a 2"]
    assert [one.words for one in world.told(events.Backoff)] == ["was unhealthy"]


def test_one_that_is_never_restarted_has_failed_when_it_is_unwell():
    world = up(World(service("a", health=True, restart=Policy(RestartPolicy.NO))))
    world.ails("a")
    world.goes("a")
    assert world.told(events.Failed) == [events.Failed("a", 1, 1, "was unhealthy")]


def test_a_stop_beats_what_being_unwell_would_lead_to():
    world = up(World(service("a", health=True)))
    world.ails("a")
    ticket = world.supervisor.ask(Stop())
    world.goes("a")
    assert world.state("a") == "stopped"
    assert ticket.outcomes["a"].ok


@pytest.mark.parametrize("how", ["crash", "order"])
def test_who_follows_is_renewed_once_behind_a_new_run_and_nobody_else(how):
    world = up(World(service("a"), service("b", "a", follows=["a"]), service("c", "a")))
    if how == "order":
        world.supervisor.ask(Restart(("a",)))
    world.goes("a")
    if how == "crash":
        world.delay_passes()
    assert "end b 10" not in world.take_asked(), "the new run has to be ready first"
    world.becomes_ready("a")
    assert world.take_asked() == ["end b 10"]
    world.goes("b")
    assert world.take_asked() == ["sweep b 10", "spawn b 2", "probe b 2"]
    world.becomes_ready("b")
    assert world.take_asked() == []
    assert world.told(events.Following) == [events.Following("b", 1, "a")]
    assert world.told(events.Started)[-1].why == "ended for a new run of a"


def test_who_follows_and_may_stand_beside_serves_until_its_new_run_is_ready():
    world = up(World(service("a"), service("b", "a", follows=["a"])))
    world.shared = {"b"}
    world.supervisor.ask(Restart(("a",)))
    world.goes("a")
    world.becomes_ready("a")
    assert world.take_asked()[-2:] == ["spawn b 2", "probe b 2"]
    world.becomes_ready("b", 2)
    assert world.take_asked() == ["end b 10 of 1"]


def test_a_hard_restart_has_no_second_run_beside_it():
    world = up(World(service("a")))
    world.shared = {"a"}
    world.supervisor.ask(Restart(grace=0.0))
    assert world.take_asked() == ["end a 0"]


def test_who_follows_and_is_ordered_down_stays_down():
    world = up(World(service("a"), service("b", "a", follows=["a"])))
    world.supervisor.ask(Stop(("b",)))
    world.goes("b")
    world.supervisor.ask(Restart(("a",)))
    world.goes("a")
    world.becomes_ready("a")
    assert world.state("b") == "stopped"


def test_both_ordered_to_restart_restart_once():
    world = up(World(service("a"), service("b", "a", follows=["a"])))
    world.supervisor.ask(Restart())
    for name in ("b", "a"):
        world.goes(name)
    for name in ("a", "b"):
        world.becomes_ready(name)
    assert [world.supervisor.statuses[name].run for name in "ab"] == [2, 2]
    assert world.told(events.Following) == []


def test_an_orders_own_grace_period_shortens_the_one_that_runs_and_ends_with_the_run():
    world = up(World(service("a")))
    world.supervisor.ask(Restart())
    assert world.take_asked() == ["end a 10"]
    world.supervisor.ask(Restart(grace=0.0))
    assert world.take_asked() == ["end a 0"]
    world.goes("a")
    world.becomes_ready("a")
    world.take_asked()
    world.exits("a")
    assert world.take_asked() == ["sweep a 10"]


def test_bad_answers_are_counted_in_a_row():
    pulse = Pulse()
    for answer in ("one", "two", "", "three", "four"):
        pulse = answered(pulse, answer)
    assert pulse == Pulse(2, "four")
    assert lost(pulse, THRICE) is None
    verdict = lost(answered(pulse, "five"), THRICE)
    assert (verdict.ok, verdict.words) == (False, "was unhealthy, 3 times in a row: five")
    assert lost(Pulse(1, "x"), THRICE.but(failures=1)).words == "was unhealthy: x"
