"""When restarts go round in a circle, and when a person only saves often."""

import random

import pytest

from aura_stack.session.circles import TURNS, WITHIN, Circle, Circles


def told(turns):
    """What is told of turns: (files, seconds, whether it wrote)."""
    circles = Circles()
    return [circle for files, after, wrote in turns if (circle := circles.turn(files, after, wrote=wrote))]


def test_the_same_file_after_the_same_time_in_each_run_goes_round():
    turns = [(["data.json"], 0.31 + number * 0.004, True) for number in range(TURNS)]
    (circle,) = told(turns)
    assert circle == Circle(("data.json",), pytest.approx(0.32, abs=0.01))
    assert told(turns[:-1]) == []
    assert len(told(turns * 2)) == 2


def test_what_else_was_saved_with_it_is_not_to_blame():
    turns = [(["data.json", f"{number}.js"], 0.3, True) for number in range(TURNS)]
    assert [circle.files for circle in told(turns)] == [("data.json",)]


@pytest.mark.parametrize(
    "turn",
    [
        (["other.js"], 0.3, True),  # somebody saved another file
        (["data.json"], 0.9, True),  # at another time
        (["data.json"], 0.3, False),  # and the service wrote nothing
        (["data.json"], WITHIN + 1, True),  # long after its start
    ],
)
def test_whatever_is_no_circle_begins_the_row_anew(turn):
    round_about = (["data.json"], 0.3, True)
    assert told([*[round_about] * (TURNS - 1), turn, *[round_about] * (TURNS - 1)]) == []


def test_whoever_saves_often_and_at_any_moment_is_no_circle():
    chance = random.Random(7)
    turns = [(["app.js"], chance.uniform(0.2, 2.0), True) for _ in range(2000)]
    assert told(turns) == []


def test_a_service_that_writes_nothing_never_goes_round():
    assert told([(["app.js"], 0.1, False)] * 1000) == []
