"""Which lines are wanted: the fast ways find what looking at every line finds."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aura_stack.logs.finder import Text
from aura_stack.logs.levels import LEVELS
from aura_stack.logs.plaintext import plain
from aura_stack.logs.sieve import Bulk, Sieve, Terms, pattern

PATTERNS = (
    *("(?i)aB", "(?i)a.B", "(?i)[AB]c"),
    *(
        "ab",
        "a.b",
        "^a",
        "b$",
        "a|c",
        "[^a]b",
        "a+b?",
        "(?i)AB",
        r"\s",
        r"a\.b",
        "",
        "(a)(b)",
        "ab{2}",
        "a{0}b",
        "b*",
    ),
    *(r"\Aa", r"b\Z", "a(?=b)", "(?<!a)b", r"(a)\1", "^$", "a$|^b", "[]a]b", "x?ab"),
)
LINES = st.lists(
    st.lists(
        st.sampled_from(
            [
                b"a",
                b"B",
                b"b",
                b"c",
                b"A",
                b".",
                b" ",
                b"\r",
                b"\x1b[31m",
                b"\x1b[0m",
                b"\x1b[2K",
                b"\x1b]0;ab\x07",
                b"\xff",
                b"]",
            ]
        ),
        max_size=6,
    ).map(b"".join),
    max_size=8,
)


def sieved(blocks, **terms):
    sieve = Sieve(Terms(**terms))
    return [line for block in blocks for line in sieve.feed(block)]


def cut(lines, size):
    """The lines in blocks of some."""
    return [b"".join(line + b"\n" for line in lines[at : at + size]) for at in range(0, len(lines), size)]


@given(LINES, st.sampled_from(PATTERNS), st.integers(1, 4))
def test_a_pattern_is_found_in_bulk_where_it_is_found_line_by_line(lines, source, size):
    compiled = pattern(source)
    expected = [line for line in lines if compiled.search(plain(line).removesuffix(b"\r"))]
    found = sieved(cut(lines, size), grep=(compiled,))
    assert [line.text for line in found] == expected
    whole = b"".join(line + b"\n" for line in lines)
    assert all(whole[line.offset :].startswith(line.text + b"\n") for line in found)


@given(LINES, st.sampled_from(PATTERNS), st.sampled_from((*PATTERNS, None)), st.booleans(), st.booleans())
@example([b"a\x1b[31mb", b"b", b"ab.\r"], "ab", r"\.$", True, True)
@example([b"c", b"b\x1b[0m\r"], "b$", "c$", False, False)
@example([b"c\r\r"], "", "c$", True, True)
@example([b"c\r\r"], "c$", "^$", True, False)
@example([b"a\x1b[\x1b[0m c"], "", "c", True, True)
@example([b"a\x1b[\x1b[0m c"], "a$", "^$", True, False)
def test_so_it_is_where_most_lines_hold_nothing_of_it(lines, source, other, coloured, excluded):
    quiet = b"\x1b[32mxyz\x1b[0m xyzzy" if coloured else b"xyz xyzzy"
    compiled = [pattern(one) for one in (source, other) if one is not None]
    grep, exclude = (compiled[:1], compiled[1:]) if excluded else (compiled, [])

    def wanted(line):
        text = plain(line).removesuffix(b"\r")
        return any(one.search(text) for one in grep) and not any(one.search(text) for one in exclude)

    expected = [quiet] * 600 * wanted(quiet) + [line for line in lines if wanted(line)]
    block = b"".join(line + b"\n" for line in [*[quiet] * 600, *lines])
    found = sieved([block] * 2, grep=tuple(grep), exclude=tuple(exclude))
    assert [line.text for line in found] == expected * 2


@given(
    LINES,
    st.sampled_from(("ab", "(?i)aB", r"a\.b", "B", r"(?i)\.", "]", "m", "(?i)M", "1m", "K", "0;ab")),
    st.booleans(),
)
@example([b"\x1b[31mx", b"1m"], "1m", False)
@example([b"\x1b]0;ab\x07x", b"a\x1b]0;b\x07b"], "ab", False)
@example([b"a\x1b[31mb", b"ab"], "ab", True)
def test_where_many_lines_hold_a_literal_all_are_looked_at(lines, source, returns):
    compiled = pattern(source)
    lines = [line + b"\r" * returns for line in lines] or [b""]
    expected = [line for line in lines if compiled.search(plain(line).removesuffix(b"\r"))]
    found = Bulk(Terms((compiled,))).wanted(b"".join(line + b"\n" for line in lines))
    assert found == b"".join(line + b"\n" for line in expected)


@pytest.mark.parametrize(
    ("source", "without", "often"),
    [
        ("ab", None, True),
        ("(?i)ab", None, True),
        ("[ab]{2}", None, False),
        ("^ab", None, False),
        ("ab", "c", False),
    ],
)
def test_but_not_where_each_has_to_be_tried(source, without, often):
    bulk = Bulk(Terms((pattern(source),), (pattern(without),) if without else ()))
    text = b"\n" + b"ab\r\n" * 1000
    assert bulk.often(Text(text), 1, len(text)) is often


@given(LINES, st.integers(0, 3), st.integers(1, 4))
def test_lines_around_are_shown_once_and_in_order(lines, around, size):
    compiled = pattern("a.b")
    hits = [number for number, line in enumerate(lines) if compiled.search(plain(line).removesuffix(b"\r"))]
    near = [number for number in range(len(lines)) if any(abs(number - hit) <= around for hit in hits)]
    found = sieved(cut(lines, size), grep=(compiled,), context=around)
    assert [line.text for line in found] == [lines[number] for number in near]
    assert [line.wanted for line in found] == [number in hits for number in near]


def test_patterns_see_no_colours_and_lines_keep_them():
    lines = [b"\x1b[31mer\x1b[1mror\x1b[0m: no", b"fine", b"\x1b]0;error\x07title", b"error"]
    found = sieved(cut(lines, 4), grep=(pattern("^error"),))
    assert [line.text for line in found] == [lines[0], lines[3]]


def test_one_of_several_patterns_is_enough_and_none_of_the_excluded_may_be_there():
    lines = [b"GET /a", b"POST /b", b"GET /health", b"PUT /c"]
    terms = {"grep": (pattern("GET"), pattern("PUT")), "exclude": (pattern("health$"),)}
    assert [line.text for line in sieved(cut(lines, 2), **terms)] == [b"GET /a", b"PUT /c"]
    assert [line.text for line in sieved(cut(lines, 2), exclude=(pattern("/[ab]"),))] == lines[2:]


def test_a_grave_line_brings_its_trace_with_it():
    lines = [
        b"INFO: up",
        b"Traceback (most recent call last):",
        b'  File "app.py", line 3',
        b"ValueError: no",
        b"2026-11-28 WARN slow",
        b'{"level":50,"msg":"broken"}',
        b"plain",
        b"    indented under a plain one",
    ]
    for size in (1, 3, 8):
        found = [line.text for line in sieved(cut(lines, size), level=LEVELS.index("error"))]
        assert found == [*lines[1:4], lines[5]]
    assert [line.text for line in sieved(cut(lines, 8), level=LEVELS.index("warn"))] == lines[1:6]
    assert [line.text for line in sieved(cut(lines, 8), level=LEVELS.index("info"))] == lines
