from imagined import CRASH, SUCCESS

from aura_stack.stack.model import Restart, RestartPolicy
from aura_stack.supervision.restart import Again, Done, GiveUp, History, decide
from aura_stack.supervision.verdict import Verdict


def delays(policy, count, chance=0.0, gap=0.0):
    history, found, now = History(), [], 0.0
    for _ in range(count):
        answer = decide(policy, CRASH, history, now, chance)
        assert isinstance(answer, Again)
        history = answer.history
        found.append(round(answer.delay, 6))
        now += answer.delay + gap
    return found


def test_the_delays_are_nothing_then_doubled_up_to_the_maximum():
    assert delays(Restart(tries=None, maximum=3.0), 7) == [0, 0.2, 0.4, 0.8, 1.6, 3.0, 3.0]


def test_chance_makes_a_delay_a_little_shorter_and_never_longer():
    assert delays(Restart(tries=None), 3, chance=1.0) == [0, 0.18, 0.36]


def test_a_success_is_done_unless_the_policy_is_always():
    assert decide(Restart(), SUCCESS, History(), 0, 0) == Done()
    assert isinstance(decide(Restart(RestartPolicy.ALWAYS), SUCCESS, History(), 0, 0), Again)


def test_a_failure_is_final_where_the_policy_is_no():
    assert decide(Restart(RestartPolicy.NO), CRASH, History(), 0, 0) == GiveUp("exited 3")


def test_what_cannot_be_helped_is_not_tried_again():
    hopeless = Verdict(ok=False, words="command not found", code=127, retry=False)
    assert decide(Restart(RestartPolicy.ALWAYS), hopeless, History(), 0, 0) == GiveUp("command not found")


def test_it_gives_up_when_the_budget_of_the_window_is_spent():
    history = History(3, (1.0, 2.0, 3.0))
    policy = Restart(tries=3, window=60, maximum=1.0)
    assert decide(policy, CRASH, history, 10.0, 0) == GiveUp("exited 3; gave up after 3 restarts")
    assert isinstance(decide(policy, CRASH, history, 62.0, 0), Again)


def test_long_delays_cannot_keep_a_service_under_its_budget_for_ever():
    policy = Restart(tries=5, window=10.0, maximum=30.0)
    history, now = History(), 0.0
    for _ in range(20):
        answer = decide(policy, CRASH, history, now, 0)
        if isinstance(answer, GiveUp):
            return
        history, now = answer.history, now + answer.delay
    raise AssertionError("it never gave up")
