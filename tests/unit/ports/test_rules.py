"""Every rule of the manifest with what breaks it, what keeps it, and how it is waived."""

import pytest

from aura_stack.errors import Place
from aura_stack.ports.browsers import BLOCKED
from aura_stack.ports.entries import Entry, Manifest
from aura_stack.ports.policy import next_free
from aura_stack.ports.rules import Kernel, Rule, findings, problems, reserving, rules_of

LINUX = Kernel(range(32768, 61000), reservable=True)


def entry(name, number, within="", line=1, *, external=False, **waived):
    place = Place("m", line, 1)
    waived = {rule.replace("_", "-"): reason for rule, reason in waived.items()}
    return Entry(name, number, within, external, "", "", place, place, waived=waived)


def manifest(*entries, reserved=(), **ranges):
    return Manifest("m.json", ranges, {each.name: each for each in entries}, reserved=reserved)


def broken(*entries, kernel=LINUX, reserved=(), **ranges):
    return [
        (one.entry, one.rule) for one in findings(manifest(*entries, reserved=reserved, **ranges), kernel)
    ]


@pytest.mark.parametrize(
    ("number", "rules"),
    [
        (4010, []),
        (80, ["privileged"]),
        (1023, ["privileged"]),
        (1024, []),
        (6000, ["blocked-by-browsers"]),
        (4045, ["blocked-by-browsers"]),
        (25, ["privileged", "blocked-by-browsers"]),
        (32767, []),
        (32768, ["ephemeral"]),
        (54112, ["ephemeral"]),
        (60999, ["ephemeral"]),
        (61000, []),
    ],
)
def test_a_number_alone_keeps_or_breaks_rules(number, rules):
    assert [rule for _, rule in broken(entry("a", number))] == rules


def test_a_number_that_two_entries_have_is_told_of_the_second():
    (found,) = findings(manifest(entry("a", 4010, line=3), entry("b", 4010, line=7)))
    assert (found.entry, found.rule, found.place.line) == ("b", Rule.DUPLICATE, 7)
    assert found.reason == 'port 4010 of "b" is already that of "a", on line 3'


def test_a_number_outside_of_its_range_is_told_with_the_range():
    (found,) = findings(manifest(entry("a", 4200, "back"), back=(range(4000, 4100),)))
    assert (found.rule, found.cure) == (Rule.OUT_OF_RANGE, "back is 4000-4099")


def test_a_number_of_an_external_system_is_reserved():
    (found,) = findings(manifest(entry("a", 5432), entry("postgresql", 5432, external=True)))
    assert (found.entry, found.rule) == ("a", Rule.RESERVED)
    assert found.reason == 'port 5432 of "a" is that of the external system "postgresql"'


def test_a_number_that_the_manifest_reserves_is_nobodys():
    assert broken(entry("a", 4005), reserved=(range(4005, 4007),)) == [("a", "reserved")]


def test_the_numbers_of_external_systems_are_for_others_to_choose():
    assert broken(entry("a", 80, external=True), entry("b", 80, external=True)) == []


def test_an_ephemeral_number_is_worth_knowing_and_has_two_cures():
    (found,) = findings(manifest(entry("page", 54112)), LINUX)
    assert not found.error
    assert "one of 32768-60999, which the kernel gives to outgoing connections" in found.reason
    assert found.cure == (
        "take a number below 32768, or sudo sysctl net.ipv4.ip_local_reserved_ports=54112 "
        "(for good: a line in a file in /etc/sysctl.d)"
    )
    assert list(problems(manifest(entry("page", 54112)))) == []


def test_one_that_the_kernel_keeps_is_as_good_as_any():
    assert broken(entry("page", 54112), kernel=LINUX.but(reserved=(range(54112, 54113),))) == []


def test_a_new_reservation_keeps_those_that_there_are():
    line = reserving([54112], LINUX.but(reserved=(range(9000, 9003),)))
    assert "ip_local_reserved_ports=9000-9002,54112 " in line


def test_where_nothing_can_be_reserved_a_smaller_number_is_the_cure():
    (found,) = findings(manifest(entry("page", 54112)), LINUX.but(reservable=False))
    assert found.cure == "take a number below 32768"


def test_what_is_waived_is_found_and_is_no_problem():
    kept = manifest(entry("a", 25, privileged="a mail server", line=2))
    assert [(one.rule, one.waived) for one in findings(kept)] == [
        ("privileged", "a mail server"),
        ("blocked-by-browsers", ""),
    ]
    assert [str(one) for one in problems(kept)] == [
        'm:2:1: port 25 of "a" is one that browsers refuse to talk to [blocked-by-browsers] (take another number)'
    ]


def test_a_draft_knows_which_rules_to_waive():
    assert rules_of(4010) == []
    assert rules_of(80) == ["privileged"]


def test_no_number_that_browsers_refuse_is_ever_offered():
    within = manifest(back=(range(4044, 4047),))
    assert next_free(4044, within, (), lambda _number: True) == 4046


def test_the_list_is_that_of_the_standard():
    assert len(BLOCKED) == 83
    assert {0, 1, 6000, 6665, 6669, 10080} <= BLOCKED
    assert not {80, 443, 3000, 4010, 5173, 8080, 54112} & BLOCKED
