import copy
import itertools
import pickle
import typing

import pytest

from aura_stack.frozen import Frozen, NamedTuple


class Point(Frozen):
    x: int
    y: int = 7


class Named(Point):
    name: str = ""


class Twin(Frozen):
    x: int
    y: int = 7


def test_fields_are_given_by_place_or_name_and_defaults_fill_the_rest():
    assert (Point(1).x, Point(1).y, Point(x=1, y=2).y) == (1, 7, 2)


def test_the_fields_of_a_subclass_follow_those_it_inherits():
    assert vars(Named(1, 2, "p")) == {"x": 1, "y": 2, "name": "p"}


def test_equality_wants_the_same_class_and_the_same_contents():
    assert Point(1) == Point(1, 7)
    assert Point(1) != Point(2)
    assert Point(1) != Twin(1)
    assert len({Point(1), Point(1), Twin(1)}) == 2


def test_they_sort_by_their_fields():
    assert sorted([Point(2), Point(1, 9), Point(1, 8)]) == [Point(1, 8), Point(1, 9), Point(2)]


def test_but_changes_a_copy():
    point = Point(1)
    assert point.but(y=8) == Point(1, 8)
    assert point == Point(1)


def test_nothing_can_be_changed_added_or_removed():
    for change in (lambda p: setattr(p, "x", 2), lambda p: setattr(p, "z", 2), lambda p: delattr(p, "x")):
        with pytest.raises(AttributeError, match="cannot change"):
            change(Point(1))


@pytest.mark.parametrize(
    ("values", "named", "words"),
    [
        ((), {}, "Point: x is missing"),
        ((1, 2, 3), {}, "Point has 2 fields, not 3"),
        ((1,), {"x": 2}, "Point: x is given twice"),
        ((1,), {"z": 2}, "Point: z is no field of it"),
    ],
)
def test_wrong_fields_are_refused_by_name(values, named, words):
    with pytest.raises(TypeError, match=words):
        Point(*values, **named)


def test_a_pattern_takes_them_apart():
    match Point(1, 2):
        case Point(x, y):
            assert (x, y) == (1, 2)


def test_the_text_names_the_fields():
    assert repr(Point(1)) == "Point(x=1, y=7)"


class Spot(NamedTuple):
    x: int
    y: int = 7
    count: str = ""

    @property
    def far(self):
        return self.x > 9


def test_a_named_tuple_is_a_tuple_whose_fields_have_names():
    x, y, count = spot = Spot(10, count="c")
    assert (x, y, count) == spot == (10, 7, "c") == (spot.x, spot.y, spot.count)
    assert spot.far


def test_its_fields_are_given_by_place_or_name_and_defaults_fill_the_rest():
    wanted = (1, 2, "c")
    assert [Spot(1, 2, "c"), Spot(1, 2, count="c"), Spot(1, count="c", y=2), Spot(x=1, y=2, count="c")] == [
        wanted
    ] * 4
    assert [Spot(1), Spot(1, 2), Spot(1, count="c"), Spot(count="c", x=1)] == [
        (1, 7, ""),
        (1, 2, ""),
        (1, 7, "c"),
        (1, 7, "c"),
    ]


@pytest.mark.parametrize(
    ("values", "named", "words"),
    [
        ((), {}, "Spot: x is missing"),
        ((), {"y": 1}, "Spot: x is missing"),
        ((1, 2, 3, 4), {}, "Spot has 3 fields, not 4"),
        ((1, 2, 3, 4), {"y": 1}, "Spot has 3 fields, not 4"),
        ((1,), {"x": 2}, "Spot: x is given twice"),
        ((1, 2, 3), {"x": 2}, "Spot: x is given twice"),
        ((1,), {"z": 2}, "Spot: z is no field of it"),
        ((), {"z": 2}, "Spot: z is no field of it"),
    ],
)
def test_what_does_not_fit_its_fields_is_refused_by_name(values, named, words):
    with pytest.raises(TypeError, match=words):
        Spot(*values, **named)


def test_its_fields_cannot_be_changed_and_it_has_no_others():
    for name in ("x", "z"):
        with pytest.raises(AttributeError):
            setattr(Spot(1), name, 2)
    assert not hasattr(Spot(1), "__dict__")


def test_a_named_tuple_with_other_contents_is_of_the_same_class():
    changed = Spot(1)._replace(count="c")
    assert (type(changed), changed) == (Spot, (1, 7, "c"))
    with pytest.raises(TypeError, match="Spot: z is no field of it"):
        Spot(1)._replace(z=2)
    assert Spot._make(iter([1, 2, "c"])) == (1, 2, "c")
    with pytest.raises(TypeError, match="Spot has 3 fields, not 4"):
        Spot._make([1, 2, 3, 4])


def test_a_named_tuple_tells_its_fields():
    assert repr(Spot(1)) == "Spot(x=1, y=7, count='')"
    assert Spot(1)._asdict() == {"x": 1, "y": 7, "count": ""}


def test_a_pattern_takes_a_named_tuple_apart():
    match Spot(1, 2):
        case Spot(x, y, count=""):
            assert (x, y) == (1, 2)


def test_a_named_tuple_goes_through_a_copy_and_a_pickle():
    for again in (copy.copy(Spot(1)), copy.deepcopy(Spot(1)), pickle.loads(pickle.dumps(Spot(1)))):
        assert (type(again), again) == (Spot, Spot(1))


def test_whatever_a_call_gives_it_is_what_the_standard_library_makes_of_it():
    class Theirs(typing.NamedTuple):
        x: int
        y: int = 7
        count: str = ""

    for places in range(5):
        for names in itertools.chain.from_iterable(
            itertools.combinations(("x", "y", "count", "z"), n) for n in range(5)
        ):
            values, named = range(places), dict.fromkeys(names, 9)
            assert _outcome(Spot, values, named) == _outcome(Theirs, values, named)


def _outcome(kind, values, named):
    try:
        return tuple(kind(*values, **named))
    except TypeError:
        return None
