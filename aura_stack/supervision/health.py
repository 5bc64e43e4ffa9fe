"""What the answers of a run that is ready come to: well, unwell, or so often unwell that a new run has to follow."""

from aura_stack.frozen import Frozen
from aura_stack.stack.model import Health

from .verdict import Verdict


class Pulse(Frozen):
    """What a run has answered so far: bad answers in a row, and the last of them in words.

    `silent` is why nobody asks now, "" while it is asked: `paused`, `traced` by a debugger, or `leaving` as the
    run said itself.
    """

    failures: int = 0
    words: str = ""
    silent: str = ""


def answered(pulse: Pulse, answer: str) -> Pulse:
    """After one answer, "" for a good one."""
    return Pulse(pulse.failures + 1, answer) if answer else Pulse()


def lost(pulse: Pulse, health: Health) -> Verdict | None:
    """The verdict on a run that can only be replaced, None while there is hope."""
    if pulse.failures < health.failures:
        return None
    times = f", {pulse.failures} times in a row" if pulse.failures > 1 else ""
    return Verdict(ok=False, words=f"was unhealthy{times}: {pulse.words}", code=1)
