"""The last lines of what is printed, and what is said between them."""

import json

import pytest

from aura_stack.cli.history import Asked, Flow, last_of
from aura_stack.cli.printers import Aside, Programs, Source
from aura_stack.logs.follow import Piece
from aura_stack.logs.framing import Kind
from aura_stack.logs.search import Span
from aura_stack.logs.sieve import Terms

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


def bytes_of(data, time):
    return Piece("web", "out", 1, time, Kind.BYTES, data, 1)


@pytest.mark.parametrize("last", [None, Piece("web", "out", 1, 9 * 10**9, Kind.END, b"", 1)])
def test_an_unfinished_line_has_the_time_at_which_the_last_of_it_came(last):
    flow = Flow(Asked(lambda *_: True, Terms((), ()), Span()), Programs())
    pieces = [bytes_of(b"one\ntw", 3 * 10**9), bytes_of(b"o", 4 * 10**9), last]
    printed = [
        json.loads(line) for piece in pieces for text in flow.texts(piece) for line in text.splitlines()
    ]
    assert [(each["time"], each["line"]) for each in printed] == [(3.0, "one"), (4.0, "two")]


def test_every_line_is_an_object_of_its_own_whatever_it_holds():
    lines = [
        b"plain",
        b'quo"ted\\',
        b"\x1b[31mred\x00",
        "h\u00e9 \u2028".encode(),
        b"cut \xe2\x82",
        b"\xff",
        b"",
        b"dos\r",
    ]
    (text,) = Programs().lines(
        Source("web", "err", 3, 1), 1_500_000_000_123_456_789, b"\n".join(lines) + b"\n"
    )
    found = [json.loads(line) for line in text.decode().split("\n")[:-1]]
    replaced = ["plain", 'quo"ted\\', "\x1b[31mred\x00", "h\u00e9 \u2028", "cut \ufffd", "\ufffd", "", "dos"]
    assert [one.pop("line") for one in found] == replaced
    assert found == [{"time": 1500000000.123457, "service": "web", "stream": "err", "run": 3}] * len(lines)
