import pytest

from aura_stack.errors import Place
from aura_stack.ports.entries import Entry, Manifest
from aura_stack.ports.moving import relocated, spans, spread
from aura_stack.reading.tree import Scalar
from aura_stack.stack.model import Port


def place(line=1):
    return Place("stack.yaml", line, 1)


def port(number, line=1, key="", variable="PORT"):
    return Port(key, number, variable, "", "", place(line))


def manifest(ranges=(), named=()):
    entries = {
        str(number): Entry(str(number), number, "", False, "", "", place(), place()) for number in named
    }
    return Manifest("ports.json", dict(ranges), entries)


def numbers(assigned):
    assert assigned.problems == ()
    return {name: [one.number for one in ports] for name, ports in assigned.ports.items()}


BACKEND = {"backend": (range(4000, 4100),)}


def test_a_port_keeps_its_distance_from_the_beginning_of_its_range():
    ports = {"api": (port(4010),), "gateway": (port(4001, 2),)}
    moved = relocated(ports, [], [range(4200, 4300)], manifest(BACKEND))
    assert numbers(moved) == {"api": [4210], "gateway": [4201]}


def test_what_cannot_keep_it_gets_the_first_that_nobody_has():
    ports = {"page": (port(54112),), "api": (port(4000, 2),), "other": (port(4001, 3),)}
    moved = relocated(ports, [], [range(22000, 22010)], manifest(BACKEND))
    assert numbers(moved) == {"page": [22002], "api": [22000], "other": [22001]}


def test_numbers_without_a_manifest_are_moved_in_order():
    ports = {"a": (port(3000),), "b": (port(8080, 2), port(9090, 3, "m", "PORT_M"))}
    assert numbers(relocated(ports, [], [range(6000, 6010)], None)) == {"a": [6000], "b": [6001, 6002]}


def test_external_services_stay_where_they_are_and_their_numbers_are_theirs():
    ports = {"db": (port(6000),), "a": (port(3000, 2),)}
    assert numbers(relocated(ports, ["db"], [range(6000, 6010)], None)) == {"db": [6000], "a": [6001]}


def test_numbers_that_have_names_are_not_given_away():
    moved = relocated({"a": (port(3000),)}, [], [range(6000, 6010)], manifest(named=[6000, 6001]))
    assert numbers(moved) == {"a": [6002]}


def test_a_range_that_is_too_narrow_is_told():
    moved = relocated({"a": (port(3000),), "b": (port(3001, 2),)}, [], [range(6000, 6001)], None)
    assert [str(one) for one in moved.problems] == [
        "stack.yaml:2:1: the range of the profile has no number left for port 3001 (make it wider)"
    ]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["backend"], (range(4000, 4100),)),
        (["4200-4299"], (range(4200, 4300),)),
        (["5173", " 6000 - 6001 "], (range(5173, 5174), range(6000, 6002))),
    ],
)
def test_a_range_is_a_name_or_numbers(words, found):
    assert spans([Scalar(place(), word) for word in words], manifest(BACKEND)) == (found, ())


@pytest.mark.parametrize("word", ["backnd", "9-1", "0-5", "70000", "a-b", "-"])
def test_anything_else_is_no_range(word):
    found, (problem,) = spans([Scalar(place(), word)], manifest(BACKEND))
    assert found == ()
    assert problem.message.startswith(f'"{word}" is no range')


def names(name, count):
    return {name: [name, *(f"{name}-{number}" for number in range(2, count + 1))]}


def test_replicas_get_the_next_numbers_of_their_range():
    spreaded = spread(
        {"w": (port(4010),), "x": (port(4011, 2),)}, {"w": 3, "x": 1}, names("w", 3), manifest(BACKEND)
    )
    assert numbers(spreaded) == {"w": [4010], "x": [4011], "w-2": [4012], "w-3": [4013]}


def test_replicas_begin_again_at_the_beginning_of_their_range():
    spreaded = spread({"w": (port(4099),)}, {"w": 2}, names("w", 2), manifest(BACKEND, named=[4000]))
    assert numbers(spreaded) == {"w": [4099], "w-2": [4001]}


def test_every_port_of_a_replica_moves_on():
    own = (port(4010), port(4020, 2, "m", "PORT_M"))
    assert numbers(spread({"w": own}, {"w": 2}, names("w", 2), None))["w-2"] == [4011, 4021]


def test_a_service_without_ports_needs_none():
    assert numbers(spread({}, {"w": 5}, names("w", 5), None)) == {}


def test_a_range_without_a_number_left_is_told():
    narrow = manifest({"one": (range(4010, 4011),)})
    problems = spread({"w": (port(4010),)}, {"w": 2}, names("w", 2), narrow).problems
    assert [one.message for one in problems] == ["there is no number left in the range of 4010 for w-2"]
