import pytest

from aura_stack.frozen import Frozen


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
