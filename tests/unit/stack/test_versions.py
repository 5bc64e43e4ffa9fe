"""Versions and constraints, read and compared."""

import pytest

from aura_stack.errors import InvalidDefinition, Place
from aura_stack.stack.versions import Version, parse_constraint, parse_version

HERE = Place("stack.yaml", 4, 17)


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ("v20.20.2\n", "20.20.2"),
        ("Python 3.11.2", "3.11.2"),
        ("Python 3.13.0rc1", "3.13.0rc1"),
        ("Python 3.12.1+", "3.12.1"),
        ("9.2.0", "9.2.0"),
        ("v22.0.0-nightly20240101abcdef", "22.0.0-nightly20240101abcdef"),
        ("git version 2.39.2 (Apple Git-143)", "2.39.2"),
        ("go version go1.22.3 linux/amd64", "1.22.3"),
        ("psql (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)", "15.14"),
        ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=4dc", "7.0.15"),
        ("openjdk 17.0.16 2025-07-15\nOpenJDK Runtime Environment (build 17.0.16+8)", "17.0.16"),
        ("openjdk 21 2023-09-19", "21"),
        ("gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0", "12.2.0"),
        ("GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)", "5.2.15"),
        ("Docker version 24.0.5, build 24.0.5-0ubuntu1", "24.0.5"),
        ("ruby 3.1.2p20 (2022-04-12 revision 4491bb740a) [x86_64-linux-gnu]", "3.1.2"),
        ("uv 0.4.1", "0.4.1"),
        ("systemd 252", "252"),
        ("OpenJDK 64-Bit Server", None),
        ("x86_64-linux", None),
        ("", None),
    ],
)
def test_a_version_is_found_in_what_programs_print(printed, version):
    found = parse_version(printed)
    assert (str(found) if found else None) == version


@pytest.mark.parametrize(
    ("constraint", "yes", "no"),
    [
        ("*", "0.0.1 20 3.11rc1", ""),
        ("x", "7", ""),
        (">=20.19", "20.19 20.19.0 20.19.4 20.20 21 100.0.0", "20.18.9 20 19.99 2.20"),
        (">= 20.19", "20.19.0", "20.18.0"),
        (">=v20.19", "20.19.0", "20.18.0"),
        (">=3.11,<3.14", "3.11 3.11.7 3.13.9", "3.10.13 3.14 3.14.0 3.14.0rc1 4 2.7.18 3.11.0rc2"),
        (">=3.11 <3.14", "3.12.1", "3.14.2"),
        (">= 3.11 , < 3.14", "3.12.1", "3.14.2"),
        ("^20", "20.0.0 20.19.4", "19.9 21.0.0"),
        ("^20.19", "20.19.0 20.20.2", "20.18.9 21.0.0"),
        ("^0.2.3", "0.2.3 0.2.9", "0.2.2 0.3.0 1.0"),
        ("^0.0.3", "0.0.3", "0.0.4 0.0.2 0.1"),
        ("^0", "0.1 0.9.9", "1.0.0"),
        ("^0.0", "0.0.9", "0.1.0"),
        ("~20.19.1", "20.19.1 20.19.9", "20.19.0 20.20.0"),
        ("~20.19", "20.19.0 20.19.9", "20.20.0 20.18.0"),
        ("~20", "20.0.0 20.19.9", "21.0.0"),
        ("~=3.11", "3.11 3.14.1", "3.10.9 4.0"),
        ("~=3.11.2", "3.11.2 3.11.9", "3.11.1 3.12.0"),
        ("20.x", "20.0.0 20.19.4", "21.0.0 2.0"),
        ("20.X.x", "20.19.4", "21.0.0"),
        ("20.*", "20.19.4", "21.0.0"),
        ("20", "20.0.0 20.19.4", "21.0.0 200"),
        ("20.1", "20.1.4", "20.19.0"),
        ("=20.19.1", "20.19.1", "20.19.2"),
        ("==20.19.*", "20.19.2", "20.18.2"),
        ("!=20.3", "20.2.9 20.4", "20.3.0 20.3.1"),
        ("!=20.x", "21.0", "20.3.0"),
        (">20", "21.0.0", "20.0.0 20.19.4"),
        ("<=20", "20.19.4 19.0", "21.0.0"),
        ("<21", "20.19.4", "21.0.0 21.0.0-rc.1"),
        (">3.11.2", "3.11.3 3.12", "3.11.2"),
        (">=3.13", "3.13.0 3.13.1rc1 3.14.0a1", "3.13.0rc1"),
        ("^20.19 || >=22.12", "20.19.4 22.12.0 24.1", "21.0.0 22.11.9 20.18.0"),
        ("^20.19.0 || ^22.13.0 || >=24", "22.13.1", "23.5.0"),
        ("18||20", "18.2.0 20.1.0", "19.0.0"),
        ("10", "10.0.0", "1.0 100.0"),
    ],
)
def test_a_constraint_lets_in_what_it_says_and_nothing_else(constraint, yes, no):
    parsed = parse_constraint(constraint, HERE)
    assert parsed.text == constraint
    assert [word for word in yes.split() if not parsed.allows(parse_version(word))] == []
    assert [word for word in no.split() if parsed.allows(parse_version(word))] == []


@pytest.mark.parametrize("text", ["*", " * ", "x", "^20 || *"])
def test_only_a_star_lets_in_a_version_that_nobody_can_read(text):
    assert parse_constraint(text, HERE).anything


@pytest.mark.parametrize("text", [">=0", "0.x", "!=1"])
def test_a_bound_needs_a_version_that_can_be_read(text):
    assert not parse_constraint(text, HERE).anything


@pytest.mark.parametrize(
    ("text", "lowest"),
    [
        (">=20.19", "20.19"),
        ("<3.14,>=3.11", "3.11"),
        ("^20 || >=22", "20"),
        ("20.x", "20"),
        ("<21", ""),
        ("*", ""),
    ],
)
def test_a_constraint_knows_what_to_install(text, lowest):
    assert parse_constraint(text, HERE).lowest == lowest


HINT = "(write one such as >=20.19, ^20, 20.x, >=3.11,<3.14 or *)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("latest", "'latest' is no version constraint"),
        (">=twenty", "'>=twenty' is no version constraint"),
        ("=>20", "'=>20' is no version constraint"),
        (">=20.x", "'>=20.x' is no version constraint"),
        ("~=3", "'~=3' is no version constraint"),
        ("20.19.", "'20.19.' is no version constraint"),
        ("20-22", "'20-22' is no version constraint"),
        (">=", "'>=' is no version constraint"),
        ("", "a version constraint is missing"),
        ("^20 ||", "a version constraint is missing"),
        (">=3.11,,<3.14", "a version constraint is missing"),
    ],
)
def test_a_constraint_that_cannot_be_read_is_told_with_its_place(text, message):
    with pytest.raises(InvalidDefinition) as caught:
        parse_constraint(text, HERE)
    assert caught.value.message == f"stack.yaml:4:17: {message} {HINT}"
    assert caught.value.exit_code == 5


def test_every_bad_part_is_told_at_once():
    with pytest.raises(InvalidDefinition) as caught:
        parse_constraint(">=old,<new || 20", HERE)
    assert [problem.message for problem in caught.value.problems] == [
        "'<new' is no version constraint",
        "'>=old' is no version constraint",
    ]


def test_numbers_that_are_not_said_are_zeros():
    assert Version((20,)).at(3) == (20, 0, 0)
    assert Version((20, 19, 4)).at(2) == (20, 19)
