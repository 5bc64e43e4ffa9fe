"""The last lines of what is printed, and what is said between them."""

import pytest

from aura_stack.cli.history import last_of
from aura_stack.cli.printers import Aside

MARK = Aside(b"-- restarted --\n")


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, b""),
        (1, b"d\n"),
        (2, b"c\nd\n"),
        (3, b"b\n-- restarted --\nc\nd\n"),
        (9, b"a\nb\n-- restarted --\nc\nd\n"),
    ],
)
def test_what_is_said_between_lines_counts_for_none(count, expected):
    assert b"".join(last_of(iter([b"a\nb\n", MARK, b"c\nd\n"]), count)) == expected


def test_what_was_said_last_stays():
    assert b"".join(last_of(iter([MARK, b"a\nb\n", MARK]), 1)) == b"b\n" + MARK
