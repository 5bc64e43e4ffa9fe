"""Numbers that nobody declares, for runs that listen behind the front.

None that the kernel gives to outgoing connections: such a one may be gone between the moment when it is looked for and
that when the run listens. They are drawn by lot, so that two stacks that look at the same moment hardly meet.
"""

from collections.abc import Callable, Container, Sequence

from .browsers import BLOCKED

_LOWEST, _FEWEST = 10000, 1000
_TRIES = 1000  # of numbers that turn out to be somebody's


def span(ephemeral: range) -> range:
    """Where to look: below what the kernel gives away, or above it, or in it where that is nearly all."""
    below, above = range(_LOWEST, ephemeral.start), range(ephemeral.stop, 65536)
    return next((one for one in (below, above) if len(one) >= _FEWEST), ephemeral)


def numbers(
    count: int,
    within: Sequence[int],
    taken: Container[int],
    is_free: Callable[[int], bool],
    choose: Callable[[Sequence[int]], int],
) -> list[int]:
    """So many different numbers; fewer where hardly any is free.

    Args:
        count: how many.
        within: where to look.
        taken: those that are somebody's, whether or not he listens.
        is_free: whether one can be had now.
        choose: draws one.
    """
    found: list[int] = []
    for _ in range(_TRIES):
        if len(found) == count:
            break
        number = choose(within)
        if number not in taken and number not in BLOCKED and number not in found and is_free(number):
            found.append(number)
    return found
