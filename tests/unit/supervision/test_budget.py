"""Delay and budget never cancel each other, whatever the policy and whatever the clock."""

from hypothesis import assume, given
from hypothesis import strategies as st
from imagined import CRASH

from aura_stack.stack.model import Restart, RestartPolicy
from aura_stack.supervision.restart import Again, GiveUp, History, decide

SPANS = st.floats(0, 3600)
POLICIES = st.builds(
    Restart,
    policy=st.sampled_from([RestartPolicy.ON_FAILURE, RestartPolicy.ALWAYS]),
    first=SPANS,
    maximum=SPANS,
    tries=st.integers(1, 40),
    window=st.floats(0.001, 3600),
)
CLOCKS = st.floats(0, 1e6)
CHANCE = st.floats(0, 1)


def restarts(policy, clock, lasts, chances):
    """How often a service is started again whose every run fails after so many seconds, and for how long it waited."""
    history, count, waited = History(), 0, 0.0
    while True:
        answer = decide(policy, CRASH, history, clock, chances(count))
        if not isinstance(answer, Again):
            assert isinstance(answer, GiveUp)
            return count, waited
        count, waited = count + 1, waited + answer.delay
        assert count <= policy.tries, "the delays keep it under its budget"
        history, clock = answer.history, clock + answer.delay + lasts


@given(POLICIES, CLOCKS, st.lists(CHANCE, min_size=1))
def test_what_always_fails_at_once_is_given_up_after_its_tries(policy, clock, chances):
    assert restarts(policy, clock, 0.0, lambda count: chances[count % len(chances)])[0] == policy.tries


@given(POLICIES, CLOCKS, CHANCE, st.floats(0, 0.9))
def test_the_time_of_the_runs_alone_decides_whether_the_tries_lie_in_the_window(policy, clock, chance, share):
    lasts = policy.window * share / policy.tries
    assert restarts(policy, clock, lasts, lambda _: chance)[0] == policy.tries


@given(POLICIES, CLOCKS, CHANCE)
def test_a_window_shorter_than_the_sum_of_the_delays_is_stretched(policy, clock, chance):
    assume(policy.tries > 1)
    _, waited = restarts(policy.but(window=3600.0), clock, 0.0, lambda _: chance)
    assume(waited > 0.01)
    short = policy.but(window=max(0.001, waited / 10))
    assert restarts(short, clock, 0.0, lambda _: chance) == (policy.tries, waited)


@given(POLICIES, st.lists(st.tuples(SPANS, CHANCE), min_size=1, max_size=60))
def test_no_history_has_more_restarts_than_tries_in_it(policy, runs):
    history, clock = History(), 0.0
    for lasts, chance in runs:
        clock += lasts
        answer = decide(policy, CRASH, history, clock, chance)
        if isinstance(answer, GiveUp):
            assert len(history.restarts) == policy.tries
            return
        history, clock = answer.history, clock + answer.delay
        assert len(history.restarts) <= policy.tries
