"""When a save is over, as data: what is seen of files, and what they hold, on a clock of our own."""

import itertools

import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_stack.watch.settle import (
    AFTERWARDS,
    BOUND,
    EMPTY,
    FIRST,
    FOLLOWS,
    MISSING,
    QUIET,
    WAITS,
    Found,
    Seen,
    Settle,
    compared,
)

W, M, G = Seen.WRITTEN, Seen.MADE, Seen.GONE
BEFORE = {"a": "1", "b": "1", "c": "1"}
EPSILON = 1e-9


class World:
    """Files, what is known of them, and a clock; every look is answered at once, with what is there then.

    Args:
        steps: at which second which file holds what from then on, and what is seen of that, None for nothing.
        keys: who asks for a file; without it, one for all.
    """

    def __init__(self, steps, keys=None, before=BEFORE):
        self.steps = list(steps)
        self.keys = keys or {}
        self.files, self.known = dict(before), dict(before)
        self.settle = Settle()
        self.calls = []  # (time, {file: content})
        self.wakes = 0

    def run(self, until=100.0):
        while True:
            moments = [self.steps[0][0]] if self.steps else []
            moment = self.settle.moment()
            if moment is not None and (not moments or moment < moments[0]):
                self.wakes += 1
                assert self.wakes < 10_000, "it never settles"
                self.due(moment)
            elif moments and moments[0] <= until:
                self.happen(*self.steps.pop(0))
            else:
                return self.calls

    def happen(self, now, path, content, seen):
        self.files[path] = content
        if seen:
            self.settle.sight(path, seen, frozenset(self.keys.get(path, "k")), now)

    def due(self, now):
        for look in self.settle.looks(now):
            content = self.files.get(look.path, MISSING)
            self.settle.answer(look, compared(self.known.get(look.path, MISSING), content), content, now)
        over = {each.path: each.content for each in self.settle.settled(now)}
        for path, content in over.items():
            assert self.known.get(path, MISSING) != content, "a call for nothing"
        self.known |= over
        if over:
            self.calls.append((round(now, 6), over))


def calls(steps, **options):
    return World(steps, **options).run()


# --- how programs write ---


PROGRAMS = {
    "plain": [(0, "a", "2", W)],
    "plain, slowly": [(0, "a", "", None), (0.5, "a", "2", W)],
    "twice at once": [(0, "a", "x", W), (0.0009, "a", "2", W)],
    "cut off, filled by a second open": [(0, "a", EMPTY, W), (0.1, "a", "2", W)],
    "cut off, filled, closed late": [(0, "a", EMPTY, W), (0.1, "a", "x", None), (0.149, "a", "2", W)],
    "vim, by a new file": [
        (0, "a", MISSING, G), (0.001, "a~", "1", W), (0.002, "a", EMPTY, None), (0.04, "a", "2", W),
        (0.041, "a~", MISSING, G),
    ],
    "safe write, unknown name": [
        (0, "a.x1", "2", W), (0.004, "a.x1", MISSING, G), (0.004, "a", "2", W),
    ],
    "safe write, unknown name, slow disk": [
        (0, "a.x1", "2", W), (0.045, "a.x1", MISSING, G), (0.045, "a", "2", W),
    ],
    "safe write with the old one moved aside": [
        (0, "a.new", "2", W), (0.005, "a", MISSING, G), (0.005, "a.old", "1", W), (0.09, "a.new", MISSING, G),
        (0.09, "a", "2", W), (0.1, "a.old", MISSING, G),
    ],
    "removed and written anew": [(0, "a", MISSING, G), (0.1, "a", EMPTY, None), (0.12, "a", "2", W)],
    "seen from afar, while it grows": [(0, "a", "x", M), (0.1, "a", "y", M), (0.2, "a", "2", M)],
    "seen from afar, growing on unseen": [(0, "a", "x", M), (0.1, "a", "y", None), (0.25, "a", "2", None)],
}  # fmt: skip


@pytest.mark.parametrize("steps", PROGRAMS.values(), ids=PROGRAMS)
def test_one_save_is_one_call_however_a_program_writes(steps):
    assert [over for _, over in calls(steps)] == [{"a": "2"}]


@pytest.mark.parametrize(
    "steps",
    [
        [(0, "a", "1", W)],  # a touch, or the same again
        [(0, "a", EMPTY, W), (0.1, "a", "1", W)],
        [(0, "a", MISSING, G), (0.1, "a", "1", W)],
        [(0, "a", "2", W), (0.0009, "a", "1", W)],
        [(0, "new", "x", W), (0.04, "new", MISSING, G)],
        [(0, "new", MISSING, G)],
        [(0, "a", "1", M)],
    ],
)
def test_what_is_as_it_was_is_no_save(steps):
    assert calls(steps) == []


@pytest.mark.parametrize(
    ("steps", "when", "over"),
    [
        ([(0, "a", "2", W)], 0.001, {"a": "2"}),
        ([(0, "new", "2", W)], 0.050, {"new": "2"}),
        ([(0, "new", EMPTY, W)], 0.150, {"new": EMPTY}),
        ([(0, "a", EMPTY, W)], 0.150, {"a": EMPTY}),
        ([(0, "a", MISSING, G)], 0.150, {"a": MISSING}),
        ([(0, "a", "2", M)], 0.150, {"a": "2"}),
        ([(0, "a", "2", W), (0.0005, "a", "3", W)], 0.0015, {"a": "3"}),
        ([(0, "a", "2", W), (0.0005, "b", "2", W)], 0.0305, {"a": "2", "b": "2"}),
        # what did not change delays nothing more
        ([(0, "a", "2", W), (0.0005, "b", "1", W)], 0.0015, {"a": "2"}),
        ([(0, "a", "2", W), (0.0005, "b", MISSING, G)], 0.1505, {"a": "2", "b": MISSING}),
    ],
)
def test_a_save_is_told_as_soon_as_it_can_be_over(steps, when, over):
    assert calls(steps) == [(when, over)]


def test_saves_that_are_apart_are_told_apart_and_both_at_once():
    steps = [(0, "a", "2", W), (FOLLOWS + 0.002, "b", "2", W)]
    assert calls(steps) == [(0.001, {"a": "2"}), (FOLLOWS + 0.003, {"b": "2"})]


def test_the_first_change_is_told_at_once_and_all_that_follows_it_once_more():
    steps = [(0, "a", "2", W), *((0.01 + number * 0.02, "b", f"{number}x", W) for number in range(20))]
    assert calls(steps) == [(0.001, {"a": "2"}), (round(0.39 + AFTERWARDS, 6), {"b": "19x"})]


def test_who_gets_files_one_by_one_is_told_of_the_next_row_once():
    row = [(number * 0.02, name, "2", W) for number, name in enumerate("abc")]
    later = [(10 + now, name, "3", W) for now, name, _, _ in row]
    alone = [(20, "a", "4", W), (30, "a", "5", W)]
    found = calls([*row, *later, *alone])
    assert [over for _, over in found[:2]] == [{"a": "2"}, {"b": "2", "c": "2"}]
    assert found[2:] == [
        (round(10.04 + AFTERWARDS, 6), {"a": "3", "b": "3", "c": "3"}),
        (20 + AFTERWARDS, {"a": "4"}),  # nobody knows yet that it comes alone
        (30.001, {"a": "5"}),
    ]


def test_a_save_says_when_it_was_looked_at_so_that_a_run_that_began_later_is_known_to_have_seen_it():
    settle = Settle()
    for number in range(20):
        settle.sight(f"{number}", W, frozenset("k"), 0.0)
    for look in settle.looks(FIRST):
        settle.answer(look, Found.OTHER, "2", 0.05)
    (moment,) = {each.looked for each in settle.settled(settle.moment())}
    assert moment == FIRST


def test_many_files_are_one_save():
    names = [f"f{number}" for number in range(1000)]
    steps = [(number * 0.009, name, "2", W) for number, name in enumerate(names[:200])]
    assert [set(over) for _, over in calls(steps)] == [set(names[:200])]


def test_the_more_files_the_longer_the_quiet_that_ends_a_save():
    def between(number, pause):
        steps = [(0, f"f{each}", "2", W) for each in range(number)]
        return len(
            calls([*steps, (pause, "last", "2", W)], before={f"f{each}": "1" for each in range(number)})
        )

    assert [between(number, 0.025) for number in (1, 2, 9, 10)] == [2, 1, 1, 1]
    assert [between(number, 0.095) for number in (1, 2, 9, 10)] == [2, 2, 2, 1]


def test_whoever_goes_on_writing_is_not_waited_for_for_ever():
    steps = [(number * 0.009, "a", f"{number}x", W) for number in range(1000)]
    found = calls(steps)
    pauses = [after - before for (before, _), (after, _) in itertools.pairwise(found)]
    assert found[0][0] <= BOUND + FIRST
    assert all(BOUND <= pause <= BOUND + 0.02 for pause in pauses[:-1])
    assert found[-1][1] == {"a": "999x"}


def test_a_file_that_grows_and_is_never_closed_is_told_at_the_bound():
    steps = [(0, "a", "0x", M), *((number * 0.1, "a", f"{number}x", None) for number in range(1, 100))]
    found = calls(steps)
    assert found[0][0] == BOUND
    assert len(found) == 1  # nobody saw the rest


def test_who_asks_for_other_files_does_not_wait():
    keys = {"a": ("left",), "b": ("right",)}
    found = calls([(0, "a", "2", W), (0.001, "b", MISSING, G)], keys=keys)
    assert found == [(0.001, {"a": "2"}), (0.151, {"b": MISSING})]


def test_files_that_two_ask_for_join_what_each_of_them_waits_for():
    keys = {"a": ("left",), "b": ("left", "right"), "c": ("right",)}
    found = calls([(0, "a", MISSING, G), (0, "b", "2", W), (0, "c", "2", W)], keys=keys)
    assert found == [(0.15, {"a": MISSING, "b": "2", "c": "2"})]
    keys["b"] = ("other",)
    found = calls([(0, "a", MISSING, G), (0, "b", "2", W), (0, "c", "2", W)], keys=keys)
    assert found == [(0.001, {"b": "2", "c": "2"}), (0.15, {"a": MISSING})]


def test_an_answer_that_came_too_late_means_nothing():
    world = Settle()
    world.sight("a", W, frozenset("k"), 0.0)
    (look,) = world.looks(0.010)
    assert world.looks(0.010) == []  # it is being looked at
    assert world.moment() is None
    world.sight("a", W, frozenset("k"), 0.020)
    world.answer(look, Found.OTHER, "2", 0.021)
    assert world.settled(0.021) == []
    (again,) = world.looks(0.030)
    world.answer(again, Found.OTHER, "3", 0.030)
    assert [each.content for each in world.settled(0.030)] == ["3"]
    world.answer(again, Found.OTHER, "3", 0.031)  # told already
    assert world.moment() is None


def test_every_case_has_its_wait():
    assert set(WAITS) == {(seen, found) for seen in Seen for found in Found if found is not Found.SAME}
    assert all(FIRST <= wait < BOUND for wait in WAITS.values())
    assert [least for least, _ in QUIET] == sorted((least for least, _ in QUIET), reverse=True)
    assert QUIET[-1][0] == 1


@pytest.mark.parametrize(
    ("before", "now", "found"),
    [
        ("1", "1", Found.SAME),
        (MISSING, MISSING, Found.SAME),
        ("1", "2", Found.OTHER),
        (EMPTY, "2", Found.OTHER),
        (MISSING, "2", Found.NEW),
        ("1", EMPTY, Found.EMPTY),
        (MISSING, EMPTY, Found.EMPTY),
        ("1", MISSING, Found.MISSING),
    ],
)
def test_what_a_file_holds_is_compared_with_what_it_held(before, now, found):
    assert compared(before, now) is found


# --- whatever happens ---

PATHS = st.sampled_from(["a", "b", "c", "new"])
HELD = st.sampled_from(["1", "2", "3", EMPTY, MISSING])
PAUSES = st.sampled_from(
    [0.0, 0.0005, 0.001, 0.002, 0.03, 0.05, 0.1, 0.149, 0.15, 0.151, 0.499, 0.5, 2.0, 3.0]
)
KEYS = st.fixed_dictionaries(
    {path: st.sets(st.sampled_from("kl"), min_size=1) for path in ("a", "b", "c", "new")}
)


@st.composite
def histories(draw):
    """Writes, of which some are seen only when the next one to the same file is; at the end all are seen."""
    now, steps = 0.0, []
    for pause, path, content, seen in draw(
        st.lists(st.tuples(PAUSES, PATHS, HELD, st.sampled_from([W, M, G, None])))
    ):
        now += pause
        steps.append((now, path, content, seen))
    for path in sorted({path for _, path, _, _ in steps}):
        held = [content for _, name, content, _ in steps if name == path][-1]
        steps.append((now, path, held, G if held == MISSING else W))
    return steps


@given(histories(), KEYS)
@settings(max_examples=examples(300), deadline=None)
def test_in_the_end_all_that_is_other_was_told_and_nothing_waits(steps, keys):
    world = World(steps, keys)
    world.run()
    assert {path: world.known.get(path, MISSING) for path in world.files} == world.files
    assert world.settle.moment() is None
    assert not any(path in world.settle for path in world.files)


@given(histories())
@settings(max_examples=examples(300), deadline=None)
def test_nothing_waits_longer_than_the_bound(steps):
    world, began = World(steps), {}
    while world.steps or world.settle.moment() is not None:
        moment = world.settle.moment()
        if moment is not None and (not world.steps or moment < world.steps[0][0]):
            world.due(moment)
            for path in [each for each in began if each not in world.settle]:
                assert moment - began.pop(path) <= BOUND + EPSILON
        else:
            now, path, content, seen = world.steps.pop(0)
            world.happen(now, path, content, seen)
            if seen:
                began.setdefault(path, now)
    assert began == {}


@given(st.lists(st.tuples(st.floats(0, 0.0099), PATHS, HELD), min_size=1, max_size=30))
@settings(max_examples=examples(200), deadline=None)
def test_what_is_written_without_a_pause_is_told_at_once_and_once_more_at_most(writes):
    now, steps = 0.0, []
    for pause, path, content in writes:
        now += pause
        steps.append((now, path, content, G if content == MISSING else W))
    assert len(calls(steps)) <= 2
