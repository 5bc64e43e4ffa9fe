import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_stack.errors import Place
from aura_stack.ports.entries import Entry, Manifest
from aura_stack.ports.policy import assign, next_free
from aura_stack.stack.model import Port, PortClaim

NOWHERE = Place("m", 1, 1)


def entry(name, number, within="", *, external=False):
    return Entry(name, number, within, external, "", "", NOWHERE, NOWHERE)


def manifest(*entries, unusable=(), **ranges):
    return Manifest("m.json", ranges, {each.name: each for each in entries}, frozenset(unusable))


def claim(service, word, line=1, *, key="", variable="PORT", external=False):
    return PortClaim(service, external, key, variable, word, Place("s", line, 1))


MANIFEST = manifest(
    entry("web", 4010, "back"), entry("gate", 4011, "back"), entry("db", 5432, external=True),
    back=(range(4010, 4014), range(4020, 4021)),
    unusable=["broken"],
)  # fmt: skip


def told(claims, found=MANIFEST):
    return [str(problem) for problem in assign(claims, found).problems]


def test_a_name_becomes_the_number_of_its_entry():
    ports = assign([claim("a", "web"), claim("a", "gate", key="m", variable="PORT_M")], MANIFEST).ports
    assert ports == {
        "a": (
            Port("", 4010, "PORT", "web", "back", Place("s", 1, 1)),
            Port("m", 4011, "PORT_M", "gate", "back", Place("s", 1, 1)),
        )
    }


def test_without_a_manifest_numbers_are_plain():
    assert assign([claim("a", 4010)], None).ports["a"][0].number == 4010
    assert told([claim("a", "web")], None) == [
        (
            's:1:1: "web" is a name, and the stack has no port manifest '
            "(name one with ports: FILE at the top, or write a number)"
        )
    ]


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (claim("a", "wbe"), 's:1:1: m.json has no port called "wbe" (did you mean "web"?)'),
        (
            claim("a", 4010),
            's:1:1: 4010 is a plain number, and the stack has a port manifest (did you mean "web"?)',
        ),
        (
            claim("a", 9),
            "s:1:1: 9 is a plain number, and the stack has a port manifest (give it a name in m.json, and write that)",
        ),
        (
            claim("a", "db"),
            (
                's:1:1: "db" is an external port, which only an external service can have '
                "(move it to ports in the manifest, or write external: true)"
            ),
        ),
    ],
)
def test_what_forbids_a_number_is_told(asked, problem):
    assert told([asked]) == [problem]


def test_an_external_service_may_have_any_entry():
    assert told([claim("a", "db", external=True), claim("b", "web", external=True)]) == []


def test_a_name_whose_mistake_was_told_is_told_no_second_time():
    assert assign([claim("a", "broken")], MANIFEST) == ({}, ())


def test_two_services_cannot_have_one_port():
    same = 'port 4010 is already that of service "a", on line 1'
    assert told([claim("a", "web"), claim("b", "web", 2), claim("c", "web", 3)]) == [
        f"s:2:1: {same}",
        f"s:3:1: {same}",
    ]
    assert told([claim("a", 4010, external=True), claim("b", 4010, 2)], None) == [f"s:2:1: {same}"]
    assert told([claim("a", 4010), claim("a", 4010, 2, key="m")], None) == [
        "s:2:1: port 4010 is already that of this service, on line 1"
    ]


def test_two_external_services_may_be_one_program():
    assert told([claim("a", 1, external=True), claim("b", 1, 2, external=True)], None) == []


def free(number, taken=(), busy=(), within=MANIFEST):
    return next_free(number, within, taken, lambda candidate: candidate not in busy)


def test_the_next_number_of_the_range_is_offered():
    assert free(4010) == 4012  # 4011 is that of another entry
    assert free(4010, taken=[4012]) == 4013
    assert free(4010, busy=[4012, 4013]) == 4020


def test_behind_the_end_of_a_range_its_beginning_follows():
    assert free(4020) == 4012


def test_asked_again_with_its_answer_it_gives_the_one_after():
    assert [free(4012), free(4013), free(4020)] == [4013, 4020, 4012]


def test_a_full_range_offers_nothing():
    assert free(4010, busy=range(4000, 4100)) is None


def test_a_number_of_no_range_is_followed_by_the_ones_above():
    assert free(5432) == 5433
    assert free(5432, busy=[5433], taken=[5434]) == 5435
    assert free(4009) == 4012  # 4010 and 4011 have names
    assert free(65535) is None


def test_without_a_manifest_the_ones_above_follow():
    assert free(4010, busy=[4011], within=None) == 4012


@settings(deadline=None)
@given(st.integers(1, 65535), st.sets(st.integers(4005, 4025)), st.sets(st.integers(4005, 4025)))
def test_what_is_offered_can_be_had(number, taken, busy):
    offer = free(number, taken, busy)
    if offer is not None:
        assert offer not in taken | busy | {4010, 4011, 5432, number}
        assert 1 <= offer <= 65535
