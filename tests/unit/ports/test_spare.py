"""Numbers for runs behind the front."""

import itertools

from aura_stack.ports.browsers import BLOCKED
from aura_stack.ports.spare import numbers, span


def in_order():
    """Draws a span's numbers one after the other."""
    count = itertools.count()
    return lambda within: within[next(count) % len(within)]


def test_none_that_the_kernel_gives_to_outgoing_connections():
    assert span(range(32768, 61000)) == range(10000, 32768)
    assert span(range(10100, 60000)) == range(60000, 65536)
    assert span(range(1024, 65536)) == range(1024, 65536)


def test_none_that_is_declared_busy_or_given_twice():
    found = numbers(3, range(12000, 12010), {12000, 12002}, lambda one: one != 12003, in_order())
    assert found == [12001, 12004, 12005]
    assert numbers(2, range(12000, 12010), (), lambda _: True, lambda within: within[0]) == [12000]


def test_none_that_browsers_refuse():
    blocked = max(BLOCKED)
    assert numbers(1, range(blocked, blocked + 2), (), lambda _: True, in_order()) == [blocked + 1]
