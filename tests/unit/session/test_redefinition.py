"""What another definition means for what runs, as data."""

import pytest

from aura_stack.errors import Place
from aura_stack.session.redefinition import Change, Step, changes
from aura_stack.stack.model import Command, Condition, Port, ProbeKind, Ready, Service, Stop, Watch


def at(line):
    return Place("stack.yaml", line, 1)


def command(text, line=1):
    return Command(("/bin/sh", "-c", text), text, at(line))


def service(name, line=1, text="serve", **fields):
    return Service(name, at(line), command(text, line), "/p", **fields)


def port(number, key=""):
    return Port(key, number, "PORT", "", "", at(1))


def compare(before, after, given=None, now=None, up=None, lacking=(), all_are_wanted=True):
    before, after = ({one.name: one for one in each} for each in (before, after))
    names = up if up is not None else tuple(before)
    return changes(
        before, after, given or {}, now or {}, up=names, lacking=lacking, all_are_wanted=all_are_wanted
    )


WEB = service("web")


def test_where_words_stand_makes_no_difference():
    assert compare([WEB], [service("web", 7)]) == ()


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"text": "other"}, "command"),
        ({"ports": (port(4010),)}, "port none → 4010"),
        ({"tty": True}, "tty"),
        ({"tty": True, "stop": Stop(grace=1)}, "tty, stop"),
    ],
)
def test_what_a_run_is_made_of_takes_another_run(fields, why):
    assert compare([WEB], [service("web", **fields)]) == (Change("web", Step.RESTART, why),)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"stop": Stop(grace=1)}, "stop"),
        ({"watch": Watch(), "ready": Ready(ProbeKind.TCP, port=1)}, "watch, ready"),
        ({"success_codes": (3,)}, "success codes"),
    ],
)
def test_what_is_only_known_of_it_changes_nothing_that_runs(fields, why):
    assert compare([WEB], [service("web", **fields)]) == (Change("web", Step.KEEP, why),)


def test_a_service_that_is_down_is_another_at_its_next_run():
    after = [service("web", text="other")]
    assert compare([WEB], after, up=()) == (Change("web", Step.KEEP, "command: from its next run on"),)


def test_variables_count_by_what_the_run_was_given():
    given = {"web": {"A": "1", "B": "1", "PORT": "4010"}}
    assert compare([WEB], [WEB], given, given) == ()
    now = {"web": {"A": "2", "PORT": "4010", "C": "1"}}
    assert compare([WEB], [WEB], given, now) == (Change("web", Step.RESTART, "A, B, C changed"),)
    assert compare([WEB], [WEB], {}, now) == ()  # it had no run yet, so it has nothing old


def test_ports_of_services_it_does_not_need_are_no_reason():
    given = {"web": {"AURA_PORT_API": "1"}}
    now = {"web": {"AURA_PORT_API": "2", "AURA_PORT_NEW": "3"}}
    assert compare([WEB], [WEB], given, now) == ()
    needing = service("web", depends_on={"api": Condition.READY})
    api = service("api")
    assert compare([needing, api], [needing, api], given, now) == (
        Change("web", Step.RESTART, "AURA_PORT_API changed"),
    )


def test_who_comes_and_who_goes():
    new, old = service("new"), service("old")
    assert compare([WEB, old], [WEB, new]) == (
        Change("old", Step.STOP, "no longer defined"),
        Change("new", Step.START, "new"),
    )
    assert compare([WEB], [WEB, new], all_are_wanted=False) == ()
    assert compare([WEB], [WEB, service("migrate", task=True)]) == ()


def test_what_is_needed_now_and_was_not_before_starts_with_who_needs_it():
    cache, db = service("cache"), service("db")
    before = service("web", depends_on={"db": Condition.READY})
    after = service("web", text="other", depends_on={"db": Condition.READY, "cache": Condition.READY})
    found = compare([before, db], [after, db, cache], up=("web",), all_are_wanted=False)
    assert found == (
        Change("web", Step.RESTART, "command, depends on"),
        Change("cache", Step.START, "web needs it"),  # and not db, which somebody has stopped
    )


def test_a_change_can_be_read():
    assert str(Change("web", Step.RESTART, "command")) == "web restarts (command)"


def test_who_could_not_begin_for_want_of_variables_begins_when_they_are_what_they_were():
    same = {"web": {"A": "1"}}
    begins = (Change("web", Step.RESTART, "its variables can be read again"),)
    assert compare([WEB], [WEB], same, same, lacking={"web"}) == begins
    assert compare([WEB], [WEB], {}, same, lacking={"web"}) == begins
    assert compare([WEB], [WEB], same, same, lacking={"web"}, up=()) == ()
    assert compare([WEB], [WEB], same, same, lacking={"other"}) == ()


def test_and_is_told_once_when_they_are_others_too():
    found = compare([WEB], [WEB], {"web": {"A": "1"}}, {"web": {"A": "2"}}, lacking={"web"})
    assert found == (Change("web", Step.RESTART, "A changed"),)
