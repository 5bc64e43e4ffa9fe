"""Whatever is looked for first, and however, the lines that are found are those that hold the pattern."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aura_stack.logs import finder as module
from aura_stack.logs.finder import Finder, Text
from aura_stack.logs.needles import needles
from aura_stack.logs.plaintext import plain
from aura_stack.logs.rarest import rarest, rarest_pair
from aura_stack.logs.sieve import pattern
from aura_stack.system.bulk import Haystack

PATTERNS = (
    *("ab", "a|cb", "^ab", "b$", "^a|b$", "^ab$", "^$", "^^a", "a^b", "$a", "ab{2}", "(ab){2}", "a{2,}b", "a?bc"),
    *("[Aa]b", "[^a]b", "[abc]{3}", r"\w{3}c?", r"(?:\w{2}\.)+", "(?i)aB", "(?i)[a]B|c", "(?i:a)b", "(?i)[a-c]{3}"),
    *(r"\bab\b", r"a\Bb", r"\Aa", r"b\Z", "a(?=b)c?", "(?<!a)b", "(?<=a)b", r"(a)\1", "a.b", ".*b.*", "", "a*", "a\nb"),
    *("(a|b)c", "(a|bc+)a", "(^a|b)c", "(?:ab)+c", "a(?#no)b", "(?s)a.b", "(?x) a b", "(?>ab)c", "a++b", "é", r"\x61b"),
    *("[0-9]{3}", r"\s", r"\.", "a\\s*b", "(?:a|b|c|.){3}", "(?P<x>a)(?P=x)", "(a)?b(?(1)c|a)"),
)  # fmt: skip
LINES = st.lists(st.text(alphabet="aAbBc.1 é", max_size=8).map(str.encode), max_size=12)


def where(found, text):
    return [text[start:stop] for start, stop in found]


@given(st.sampled_from(PATTERNS), LINES, st.booleans(), st.booleans(), st.booleans())
@example("^ab$", [b"ab", b"ab", b"b", b"ab"], True, True, False)
@example("^ab$", [b"ab", b"ab", b"b", b"ab"], False, False, True)
@example("a^b", [b"a", b"b"], False, False, False)
@example("(?i)aB", [b"Abab", b"aB", b"xAb"], False, True, True)
def test_every_way_finds_the_same_lines(source, lines, often, fast, by_one):
    compiled = pattern(source)
    text = b"\n" + b"".join(line + b"\n" for line in lines)
    expected = [line for line in lines if compiled.search(line)]
    ways = [*needles(compiled), None]
    for way in ways:
        finder = Finder(compiled)
        finder._needles, finder._chosen, finder._often = way, True, often
        if way and by_one and not way.table:
            finder._rarest = [rarest(one, text[: len(text) // 2], folded=way.folded) for one in way.texts]
        buffer = Haystack(bytearray(200)) if fast else Text(text)
        if fast:
            buffer.data[: len(text)] = text
        assert where(finder.spans(buffer, 1, len(text)), text) == expected, way
    if not lines:
        return
    after = text.find(b"\n", 1) + 1  # only what stands behind the first line
    assert where(Finder(compiled).spans(Text(text), after, len(text)), text) == [
        line for line in lines[1:] if compiled.search(line)
    ]


PARTS = (
    b"a",
    b"A",
    b"b",
    b"ab",
    b"c",
    b".",
    b"1",
    b"m",
    b"\x1b[31m",
    b"\x1b[0m",
    b"\x1b[2K",
    b"\x1b]0;ab\x07",
    b"\x1b",
    b"[",
)
COLOURED = st.lists(st.lists(st.sampled_from(PARTS), max_size=8).map(b"".join), max_size=6)


@given(st.sampled_from((*PATTERNS, "abab c", "(?i)c Abab")), COLOURED, st.booleans(), st.booleans())
@example("ab", [b"a\x1b[31m\x1b[2Kb", b"\x1b]0;ab\x07", b"a\x1b]0;ab\x07b"], False, False)
@example("ab", [b"a\x1b[31m\x1b[2Kb", b"\x1b]0;ab\x07", b"a\x1b]0;ab\x07b"], True, False)
@example("abab c", [b"ab\x1b[31mab c", b"abab\x1b[31m c", b"abab .c"], False, False)
@example("^ab$", [b"\x1b[31mab", b"ab\x1b[0m", b"a\x1b[31mb"], False, False)
@example("(?i)ab", [b"A\x1b[31mb", b"aB"], False, False)
@example("b$", [b"b\x1b[0m\r", b"b\r"], True, True)
def test_lines_are_found_by_their_text_whatever_colours_are_in_it(source, lines, by_one, returns):
    compiled = pattern(source)
    lines = [line + b"\r" * returns for line in lines]
    text = b"\n" + b"".join(line + b"\n" for line in lines)
    expected = [line for line in lines if compiled.search(plain(line).removesuffix(b"\r"))]
    for way in needles(compiled):
        if way.table:
            continue
        finder = Finder(compiled)
        finder._needles, finder._chosen = way, True
        sample = text[: len(text) // 2]
        pairs = [rarest_pair(one, way.prepared(sample)) for one in way.texts]
        if by_one:
            finder._rarest = [rarest(one, sample, folded=way.folded) for one in way.texts]
            found = finder.by_character(Text(text), 1, len(text))
        elif None not in pairs:
            finder._pairs = pairs
            found = finder.coloured(Text(text), 1, len(text))
        else:
            continue
        assert where(found, text) == expected, way


def test_among_colours_two_neighbours_that_are_rare_are_looked_for():
    finder = Finder(pattern("interest in all"))
    lines = b"\x1b[32minfo\x1b[0m of no interest in it\n" * 3000 + b"no interes\x1b[1mt in \x1b[0mall of it\n"
    found = finder.coloured(Text(b"\n" + lines), 1, len(lines) + 1)
    assert [one.pattern.pattern for one in finder._pairs] == [b"a(?:l|\x1b)"]
    assert where(found, b"\n" + lines) == [b"no interes\x1b[1mt in \x1b[0mall of it"]


@pytest.mark.parametrize("source", ["of no", "i", "[0-9]{3}"])
def test_but_not_where_many_lines_would_have_to_be_looked_at(source):
    finder = Finder(pattern(source))
    lines = b"\x1b[32minfo\x1b[0m of no interest in it\n" * 3000
    assert finder.coloured(Text(b"\n" + lines), 1, len(lines) + 1) is None


def test_where_colours_are_in_the_way_the_text_is_made_plain_first():
    finder = Finder(pattern("error"))
    quiet = b"one \x1b[31min\x1b[0mfo\n" * 4000
    assert finder.coloured(Text(b"\n" + quiet), 1, len(quiet) + 1) == []
    loud = b"one \x1b[31mer\x1b[1mror\x1b[0m\n" * 4000
    found = [finder.coloured(Text(b"\n" + loud), 1, len(loud) + 1) for _ in range(2)]
    assert len(found[0]) == 4000
    assert found[1] is None


@given(st.sampled_from(PATTERNS), LINES)
def test_what_is_said_of_a_pattern_is_true(source, lines):
    compiled = pattern(source)
    for line in lines:
        for known in needles(compiled):
            there = any(text in known.prepared(b"\n" + line + b"\n") for text in known.texts)
            matches = compiled.search(line) is not None
            assert there >= matches, (known, line)
            assert not known.exact or there == matches, (known, line)


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ("needle", [b"needle"]),
        ("needle [0-9]+x", [b"needle "]),
        ("err(or)?[0-9]+", [b"err"]),
        ("colou?r", [b"colo"]),
        (r"took\.ms", [b"took.ms"]),
        ("timeout|refused|EPIPE", [b"timeout", b"refused", b"EPIPE"]),
        ("(?i)Refused", [b"refused"]),
        ("[Rr]efused", [b"Refused", b"refused"]),
        ("^ERROR", [b"\nERROR"]),
        ("given up$", [b"given up\n"]),
        (r"\bEPIPE\b", [b"EPIPE"]),
        (r"(GET|POST) /api", [b"GET /api", b"POST /api"]),
        (r"[0-9]{6}", [b"\x01" * 6]),
        ("x{0,3}yz", [b"yz"]),
        (".*", []),
        ("a|[0-9]", []),
        ("^$", []),
    ],
)
def test_what_is_looked_for_first(source, texts):
    best = max(needles(pattern(source)), key=module._promise, default=None)
    assert list(best.texts if best else ()) == texts


def test_what_is_looked_for_depends_on_what_is_searched():
    finder = Finder(pattern("common [0-9]+ rare"))
    lines = b"common text, here and there\n" * 100
    assert finder.spans(Text(b"\n" + lines), 1, len(lines) + 1) == []
    assert finder._needles.texts == (b" rare",)


@pytest.mark.parametrize(
    ("source", "by"),
    [("^ERROR", (b"R",)), ("(?i)Zylo", (b"z", b"Z")), ("line", None), ("a long one of the text", None)],
)
def test_a_text_with_a_rare_character_is_looked_for_by_that(source, by):
    finder = Finder(pattern(source))
    lines = b"a long line of text, Eight times O\n" * 200
    finder.spans(Text(b"\n" + lines), 1, len(lines) + 1)
    assert [one.cases for one in finder._rarest] == ([by] if by else [])


def test_a_character_that_is_rare_no_more_is_looked_for_no_more():
    finder = Finder(pattern("ERROR"))
    lines = b"a line of text, of which one in a hundred is wanted\n" * 4000
    assert finder.spans(Text(b"\n" + lines), 1, len(lines) + 1) == []
    assert finder._rarest
    loud = b"RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR\nan ERROR\n" * 4000
    assert len(finder.spans(Text(b"\n" + loud), 1, len(loud) + 1)) == 4000
    assert not finder._rarest
    assert len(finder.spans(Text(b"\n" + loud), 1, len(loud) + 1)) == 4000


def test_a_python_with_another_parser_costs_time_and_no_line(monkeypatch):
    monkeypatch.setattr("aura_stack.logs.needles.import_module", lambda _: object())
    assert needles(pattern("abc")) == []
    assert Finder(pattern("abc")).spans(Text(b"\nabc\nab\n"), 1, 8) == [(1, 4)]


def test_a_pattern_that_depends_on_the_locale_is_tried_itself():
    assert needles(re.compile(b"(?L)a", re.MULTILINE)) == []
