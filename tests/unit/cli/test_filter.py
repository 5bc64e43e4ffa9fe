import pytest

from aura_stack.cli.filter import Filter
from aura_stack.logs.follow import Piece
from aura_stack.logs.framing import Kind

LINES = b"all well\n\x1b[31mEr\x1b[0mror: no\ncolour\nterror\n"


def passed(chosen, lines=LINES, service="web", stream="out"):
    return chosen.passed(Piece(service, stream, 1, 0, Kind.BYTES, b""), lines)


@pytest.fixture
def chosen():
    return Filter(only_errors=False)


def test_everything_passes_to_begin_with(chosen):
    assert passed(chosen) is LINES
    assert not chosen.hides_parts("web", "out")


def test_errors_are_what_standard_error_gets_and_lines_that_say_so(chosen):
    chosen.only_errors = True
    assert passed(chosen) == b"\x1b[31mEr\x1b[0mror: no\n"
    assert passed(chosen, stream="err") == LINES
    assert chosen.hides_parts("web", "out")
    assert not chosen.hides_parts("web", "err")


@pytest.mark.parametrize(
    ("text", "lines"),
    [("error", [1, 3]), ("Error", [1]), ("ALL", []), ("all", [0]), ("(", []), ("l w", [0])],
)
def test_a_text_is_found_without_colours_and_capitals_count_where_there_are_some(chosen, text, lines):
    chosen.text = text
    each = LINES.splitlines(keepends=True)
    assert passed(chosen) == b"".join(each[line] for line in lines)
    assert chosen.hides_parts("web", "out")


def test_a_service_is_hidden_with_its_replicas(chosen):
    assert chosen.toggle("web") is True
    assert passed(chosen) == passed(chosen, service="web-2") == b""
    assert passed(chosen, service="website") == LINES
    assert chosen.toggle("web") is False
    assert passed(chosen) == LINES


def test_a_replica_of_what_is_hidden_is_shown_with_all_of_it(chosen):
    chosen.toggle("web")
    assert chosen.toggle("web-2") is False
    assert passed(chosen) == LINES


def test_a_carriage_return_cuts_no_line(chosen):
    chosen.text = "two"
    assert passed(chosen, b"one\rtwo\nthree\n") == b"one\rtwo\n"
