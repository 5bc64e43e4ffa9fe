import math

import pytest

from aura_stack.reading.suggest import did_you_mean, nearest
from aura_stack.reading.words import listed, meaning, quoted, visible


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("", None), ("~", None), ("null", None), ("Null", None), ("NULL", None),
        ("true", True), ("True", True), ("FALSE", False),
        ("0", 0), ("-12", -12), ("+5", 5), ("0o17", 15), ("0x1F", 31), ("007", 7),
        ("1.10", 1.1), (".5", 0.5), ("1e3", 1000.0), ("-1.5E-2", -0.015),
        (".inf", math.inf), ("-.INF", -math.inf),
    ],
)  # fmt: skip
def test_a_bare_word_means_what_the_core_schema_says(word, value):
    assert meaning(word) == value
    assert type(meaning(word)) is type(value)


def test_not_a_number_is_read_as_such():
    assert math.isnan(meaning(".nan"))


@pytest.mark.parametrize(
    "word",
    [
        "no", "yes", "on", "off", "y", "n", "nULL", "22:22", "1:30:00", "2026-11-21", "1_000", "0b11", "1.2.3",
        "-", ".", "+", "1e", "0x", "e5", ".inF", "١٢", "9" * 65,
    ],
)  # fmt: skip
def test_everything_else_is_text(word):
    assert meaning(word) == word


def test_quoted_text_cannot_move_a_cursor_and_is_short():
    assert quoted("a\x1b[2Jb\n") == '"a\\x1b[2Jb\\n"'
    assert quoted("x" * 60) == '"' + "x" * 60 + '"'
    assert quoted("x" * 1000) == '"' + "x" * 59 + '…"'
    assert visible("é→\u202e") == "é→\\u202e"


def test_words_are_listed_as_people_do():
    assert listed(["a"]) == "a"
    assert listed(["a", "b"]) == "a or b"
    assert listed(("a", "b", "c"), "and") == "a, b and c"


def test_the_nearest_known_word_is_found_whatever_its_case():
    assert nearest("RESTRAT", ["restart", "ready"]) == "restart"
    assert did_you_mean("Backend", ["backend"]) == 'did you mean "backend"?'
    assert did_you_mean("zebra", ["restart", "ready"]) == ""
    assert nearest("s1", []) == ""


def test_among_very_many_words_nothing_is_guessed():
    assert nearest("s17x", [f"s{n}" for n in range(2000)]) == ""
