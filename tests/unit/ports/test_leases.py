"""Which numbers a stack gets, as data: every rule with who else is there."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_stack.errors import Place
from aura_stack.ports.leases import (
    Around,
    Asked,
    Given,
    Lease,
    Why,
    allot,
    as_json,
    by_number,
    from_json,
)
from aura_stack.stack.model import Port

HERE = Place("m", 1, 1)
RANGE = range(4000, 4020)


def port(number, key=""):
    return Port(key, number, "PORT", "", "backend", HERE)


def asked(service="api", number=4010, *, meant=True, key=""):
    return Asked(service, port(number, key), meant)


def lease(*numbers, stack="shop", service="api", written=None, name="other"):
    rows = tuple(Given(service, "", written or number, number) for number in numbers)
    return Lease(name, stack, f"/{name}/stack.yaml", "/lock", 7, given=rows, network="here")


def around(*others, **facts):
    return Around("shop", held=by_number(others), **facts)


def later(wanted):
    """The numbers of the range behind the written one, then those before it."""
    numbers = [number for number in RANGE if number > wanted.number]
    return iter(numbers + [number for number in RANGE if number < wanted.number])


def numbers(wanted, about, busy=()):
    found = allot(wanted, about, later, lambda number: number not in busy)
    return [one.number for one in found.given]


def test_a_stack_has_the_numbers_that_are_written():
    found = allot([asked(), asked("gate", 4001)], around(), later, lambda _number: False)
    assert found.given == (Given("api", "", 4010, 4010), Given("gate", "", 4001, 4001))
    assert found[1:] == ((), (), ()), (
        "whether they are busy is asked later, and refused with the owner's name"
    )


def test_a_linked_worktree_has_numbers_of_its_own():
    found = allot([asked(), asked("gate", 4011)], around(apart=True), later, lambda number: number != 4012)
    assert [one.number for one in found.given] == [4013, 4014], (
        "4012 is busy, and none is anybody's written one"
    )
    assert {one.why for one in found.moved} == {Why.WORKTREE}
    assert found.numbers == {"api": 4013, "gate": 4014}


def test_what_it_had_it_gets_again():
    had = {"api": Given("api", "", 4010, 4017)}
    assert numbers([asked()], around(apart=True, had=had)) == [4017]
    assert numbers([asked()], around(apart=True, had=had), busy=[4017]) == [4011]
    assert numbers([asked()], around(lease(4017, name="x"), apart=True, had=had)) == [4011]


@pytest.mark.parametrize("given", [Given("api", "", 4005, 4017), Given("api", "", 4010, 4100)])
def test_what_it_had_for_another_number_or_outside_of_the_range_is_forgotten(given):
    assert numbers([asked()], around(apart=True, had={"api": given})) == [4011]


def test_what_another_checkout_had_is_taken_only_when_there_is_nothing_else():
    assert numbers([asked()], around(apart=True, spared={4011, 4012})) == [4013]
    assert numbers([asked()], around(apart=True, spared=set(RANGE))) == [4011]


def test_a_second_checkout_gives_way_to_one_that_runs():
    found = allot([asked()], around(lease(4010)), later, lambda _number: True)
    assert [(one.given.number, one.why, one.holder.id) for one in found.moved] == [
        (4011, Why.RUNNING, "other")
    ]


@pytest.mark.parametrize(
    "holder",
    [lease(4010, stack="another"), lease(4010, service="web"), lease(4010, written=4005)],
    ids=["another stack", "another service", "moved to there"],
)
def test_what_runs_and_is_no_checkout_of_the_same_service_is_refused(holder):
    found = allot([asked()], around(holder), later, lambda _number: True)
    assert (found.given, found.refused) == ((), ((asked(), holder),))


def test_what_is_not_meant_is_neither_refused_nor_taken():
    found = allot([asked(meant=False)], around(lease(4010, stack="another")), later, lambda _number: True)
    assert found == ((), (), (), ())


def test_where_that_is_asked_for_busy_numbers_are_exchanged():
    assert numbers([asked()], around(shift=True), busy=[4010, 4011]) == [4012]
    assert numbers([asked()], around(lease(4010, stack="another"), shift=True)) == [4011]
    assert numbers([asked()], around(shift=True)) == [4010]


def test_a_full_range_is_told():
    found = allot([asked()], around(apart=True), later, lambda _number: False)
    assert (found.given, found.missing) == ((), (asked(),))


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(RANGE), unique=True, max_size=6),
    st.sets(st.sampled_from(RANGE)),
    st.sets(st.sampled_from(RANGE)),
    st.booleans(),
    st.booleans(),
)
def test_nobody_is_given_what_somebody_else_has(wanted, held, busy, apart, shift):
    others = [lease(number, stack="another", name=str(number)) for number in held]
    ask = [asked(f"s{number}", number) for number in wanted]
    found = allot(ask, around(*others, apart=apart, shift=shift), later, lambda number: number not in busy)
    given_numbers = [one.number for one in found.given]
    assert not held & set(given_numbers)
    assert len(set(given_numbers)) == len(given_numbers)
    assert not busy & {one.given.number for one in found.moved}
    assert len(found.given) + len(found.refused) + len(found.missing) == len(wanted)


def test_a_lease_is_read_as_it_was_written():
    one = lease(4010, 4011).but(worktree="feature", takes=True)
    assert from_json(as_json(one)) == one
    older = {key: value for key, value in as_json(one).items() if key != "network"}
    assert from_json(older) == one.but(network="")


@pytest.mark.parametrize(
    "found",
    [None, [], {}, {"version": 2}, {**as_json(lease(1)), "pid": "x"}, {**as_json(lease(1)), "ports": 3}],
)
def test_what_is_no_lease_is_none(found):
    assert from_json(found) is None


def test_a_row_that_is_none_is_passed_over():
    found = from_json(
        {**as_json(lease(4010)), "ports": [3, {"service": "a"}, *as_json(lease(4010))["ports"]]}
    )
    assert found == lease(4010)
