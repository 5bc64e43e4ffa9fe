import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from aura_stack.stack.graph import closure, cycles, reverse, waves

DIAMOND = {"front": ("back", "auth"), "back": ("db",), "auth": ("db",), "db": (), "alone": ()}

GRAPHS = st.dictionaries(
    st.sampled_from("abcdefgh"), st.frozensets(st.sampled_from("abcdefgh"), max_size=4), max_size=8
)
ORDERED = st.lists(st.frozensets(st.integers(0, 9), max_size=4), max_size=10).map(
    lambda rows: {f"s{n}": tuple(f"s{m}" for m in row if m < n) for n, row in enumerate(rows)}
)


def test_waves_come_in_the_order_of_starting():
    assert waves(DIAMOND) == (("db", "alone"), ("back", "auth"), ("front",))


def test_a_name_pulls_in_what_it_needs_and_that_comes_first():
    assert closure(["back"], DIAMOND) == ("db", "back")
    assert closure(["front", "alone"], DIAMOND) == ("db", "alone", "back", "auth", "front")
    assert closure([], DIAMOND) == ()


def test_reversed_it_says_who_needs_a_name():
    assert reverse(DIAMOND) == {
        "front": (), "back": ("front",), "auth": ("front",), "db": ("back", "auth"), "alone": ()
    }  # fmt: skip


def test_rings_are_closed():
    assert cycles(DIAMOND) == []
    assert cycles({"a": ("b",), "b": ("a",)}) == [("a", "b", "a")]
    assert cycles({"a": ("a",)}) == [("a", "a")]
    assert cycles({"x": ("a",), "a": ("b",), "b": ("c",), "c": ("a",)}) == [("a", "b", "c", "a")]


def test_rings_that_share_nothing_are_all_listed():
    assert cycles({"a": "b", "b": "a", "c": "d", "d": "c"}) == [("a", "b", "a"), ("c", "d", "c")]


def test_names_on_a_ring_are_in_no_wave():
    assert waves({"a": "b", "b": "a", "c": "a", "d": ""}) == (("d",),)


def test_names_that_do_not_exist_are_no_matter():
    assert waves({"a": ("nobody",)}) == (("a",),)
    assert closure(["nobody", "a"], {"a": ("nobody",)}) == ("a",)
    assert cycles({"a": ("nobody",)}) == []


def test_a_chain_of_ten_thousand_exhausts_nothing():
    chain = {f"s{n}": (f"s{n - 1}",) for n in range(10_000)}
    assert len(waves(chain)) == 10_000
    assert cycles(chain) == []
    assert len(cycles(chain | {"s0": ("s9999",)})[0]) == 10_001


@settings(deadline=None)
@given(GRAPHS)
def test_there_are_rings_exactly_when_waves_leave_somebody_out(needs):
    in_waves = {name for wave in waves(needs) for name in wave}
    assert (in_waves == needs.keys()) == (cycles(needs) == [])


@settings(deadline=None)
@given(GRAPHS)
def test_every_ring_is_one(needs):
    for ring in cycles(needs):
        assert ring[0] == ring[-1]
        assert all(after in needs[before] for before, after in itertools.pairwise(ring))


@settings(deadline=None)
@given(ORDERED)
def test_a_wave_needs_only_what_came_before(needs):
    seen = set()
    for wave in waves(needs):
        assert all(set(needs[name]) <= seen for name in wave)
        seen.update(wave)
    assert seen == needs.keys()
