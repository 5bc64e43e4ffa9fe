"""Whether a run that ended is started again, and when: pure rules over a short history.

A delay of 0 comes first, then 0.2 s doubled each time up to the maximum, a little shuffled so that services
that fell together do not rise together. The count of failures starts anew once a run has been ready for ten
seconds. The budget (so many tries in so many seconds) counts automatic restarts only. Delay and budget cannot
cancel each other: the clock of the budget stands still during a delay, so its window is longer by all of them.
"""

from aura_stack.frozen import Frozen
from aura_stack.stack.model import Restart, RestartPolicy

from .verdict import Verdict

STEADY = 10.0  # seconds of being ready after which earlier failures are forgotten
SECOND = 0.2  # seconds: the delay of the second restart in a row
SHUFFLE = 0.1  # how much of a delay is left to chance


class History(Frozen):
    """What a decision needs to know: failures in a row, when restarts were made, and how long all the delays were.

    The times are monotonic seconds, less the delays that came before.
    """

    failures: int = 0
    restarts: tuple[float, ...] = ()
    waited: float = 0.0


class Again(Frozen):
    """Start again after `delay` seconds."""

    delay: float
    history: History


class Done(Frozen):
    """Do not start again: the service did what it had to do."""


class GiveUp(Frozen):
    """Do not start again: `words` says why."""

    words: str


def decide(
    policy: Restart, verdict: Verdict, history: History, now: float, chance: float
) -> Again | Done | GiveUp:
    """What follows a run that ended by itself.

    Args:
        policy: the service's own rules.
        verdict: how the run ended.
        history: of this service, as returned by the last decision.
        now: monotonic seconds.
        chance: 0 to 1, anew for each decision.
    """
    if verdict.ok and policy.policy is not RestartPolicy.ALWAYS:
        return Done()
    if not verdict.retry or policy.policy is RestartPolicy.NO:
        return GiveUp(verdict.words)
    moment = now - history.waited
    recent = tuple(time for time in history.restarts if moment - time < policy.window)
    if policy.tries is not None and len(recent) >= policy.tries:
        return GiveUp(f"{verdict.words}; gave up after {len(recent)} restarts")
    failures = history.failures + 1
    delay = _delay(policy, failures, chance)
    return Again(delay, History(failures, (*recent, moment), history.waited + delay))


def _delay(policy: Restart, failures: int, chance: float) -> float:
    if failures == 1:
        return policy.first
    base: float = max(policy.first, SECOND) * 2.0 ** min(failures - 2, 30)
    return min(policy.maximum, base) * (1.0 - SHUFFLE * chance)
