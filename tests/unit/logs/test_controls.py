import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aura_stack.logs import controls

RED, RESET = b"\x1b[31m", b"\x1b[0m"

HARMLESS = re.compile(rb"(?:[\t\n\x20-\x7e]|\x1b\[[0-9;:]*m|\xc2[\xa0-\xbf]|[\xc3-\xf4][\x80-\xbf]{1,3})*")


@pytest.mark.parametrize(
    "sequence",
    [
        b"\x1b[2J",  # clears
        b"\x1b[H",
        b"\x1b[12;40H",  # moves
        b"\x1b[3A",
        b"\x1b[?1049h",  # the other screen
        b"\x1b[?1000;1006h",  # the mouse
        b"\x1b[?2004h",  # bracketed paste
        b"\x1b[>4;2m",  # what keys send: ends like a colour, and is none
        b"\x1b[?4m",
        b"\x1b[6n",  # asks where the cursor is
        b"\x1b[c",
        b"\x1b[1;5r",  # scrolls a part only
        b"\x1b[4h",
        b"\x1b[ q",
        b"\x1b[!p",
        b"\x1b[31$m",
        b"\x1b]0;a title\x07",
        b"\x1b]8;;http://x\x1b\\",
        b"\x1b]52;c;aGVsbG8=\x07",  # writes to the clipboard
        b"\x1bP$qm\x1b\\",  # asks for the colour
        b"\x1bPq#0;2;0;0;0\x1b\\",
        b"\x1b_private\x1b\\",
        b"\x1b^private\x1b\\",
        b"\x1bXstart of string\x1b\\",
        b"\x1bc",  # resets everything
        b"\x1b7",
        b"\x1b8",
        b"\x1bM",
        b"\x1bD",
        b"\x1b#8",  # fills the screen with E
        b"\x1b(0",  # draws lines in the place of letters
        b"\x1b)0",
        b"\x1b%@",  # no UTF-8 any more
        b"\x1b=",
        b"\x0e",
        b"\x0f",
        b"\x07",
        b"\x0b",
        b"\x0c",
        b"\x00",
        b"\x7f",
        b"\x05",
        b"\xc2\x9b2J",  # the same as ESC [, in UTF-8
        b"\xc2\x9d0;title\xc2\x9c",
        b"\xc2\x85",
        b"\x1b",
        b"\x1b[",
    ],
)
def test_what_is_not_text_or_colour_is_left_out(sequence):
    assert controls.safe(b"be" + sequence + b"\nfore\n") == b"be\nfore\n"


def test_plain_text_passes_as_the_same_object():
    text = "one\ttwo\nthree é 日本 👩‍💻\u2028\n".encode()
    assert controls.safe(text) == text
    ascii_text = b"one\ttwo\n"
    assert controls.safe(ascii_text) is ascii_text


@pytest.mark.parametrize(
    "sgr", [b"\x1b[m", b"\x1b[31m", b"\x1b[1;38;5;12m", b"\x1b[38:2::1:2:3m", b"\x1b[4:3m"]
)
def test_colours_stay_where_colours_are_shown(sgr):
    assert controls.safe(sgr + b"x\n") == sgr + b"x\n"
    assert controls.safe(sgr + b"x\n", colour=False) == b"x\n"


def test_a_colour_ends_with_its_line():
    assert controls.closed(RED + b"a\nb\n") == RED + b"a" + RESET + b"\nb" + RESET + b"\n"
    assert controls.closed(b"a\nb\n") == b"a\nb\n"


def test_the_text_of_a_string_without_an_end_is_not_lost():
    assert controls.safe(b"\x1b]0;title\nnext\n") == b"0;title\nnext\n"
    assert controls.safe(b"\x1bPq\x1b[31mred\n") == b"q\x1b[31mred\n"


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        (b"10%\r20%\r30%\n", b"30%\n"),
        (b"10%\r20%\r\n", b"20%\n"),
        (b"done\r\r\n", b"done\n"),
        (b"a\r\nb\r\n", b"a\nb\n"),
        (b"\x1b[2K\x1b[1Ghalf\x1b[2K\x1b[1Gwhole\n", b"whole\n"),
        (b"half\x1b[Gwhole\n", b"whole\n"),
        (b"one\nx\ry\ntwo\n", b"one\ny\ntwo\n"),
        (b"|\x08/\x08-\n", b"-\n"),
        ("日\x08本\n".encode(), "本\n".encode()),
        (b"\x08\x08a\n", b"a\n"),
        (b"\x1b[31m|\x1b[0m\x08/\n", b"/\n"),
    ],
)
def test_a_line_that_begins_anew_is_what_it_is_at_its_end(printed, shown):
    assert controls.safe(printed) == shown


def test_what_is_no_utf_8_is_replaced():
    assert controls.safe(b"\xff\xfe \x9b2J \xed\xa0\x80 \xc3\n").decode() == "�� �2J ��� �\n"


@pytest.mark.parametrize(
    ("begun", "whole"),
    [
        (b"password: ", b"password: "),
        (b"abc\r", b"abc"),
        (b"abc\x1b", b"abc"),
        (b"abc\x1b[38;5", b"abc"),
        (b"abc\x1b[31m", b"abc\x1b[31m"),
        (b"abc\x1b]0;tit", b"abc"),
        (b"abc\x1b]0;tit\x1b", b"abc"),
        (b"abc\x1b]0;tit\x07", b"abc\x1b]0;tit\x07"),
        (b"abc\x1bP1$", b"abc"),
        (b"abc\x1b(", b"abc"),
        ("abc日".encode()[:-1], b"abc"),
        ("abc👩".encode()[:-1], b"abc"),
        ("abc👩".encode(), "abc👩".encode()),
        (b"abc\xff", b"abc\xff"),
    ],
)
def test_half_a_sequence_and_half_a_character_are_not_shown_yet(begun, whole):
    assert begun[: controls.whole(begun)] == whole


def test_a_string_that_does_not_end_is_not_waited_for_for_ever():
    begun = b"abc\x1b]0;" + b"x" * controls.HELD
    assert controls.whole(begun) == len(begun)


def test_the_colours_that_are_on():
    assert controls.colours(b"a\x1b[31mb\x1b[1mc") == b"\x1b[31m\x1b[1m"
    assert controls.colours(b"a\x1b[31mb\x1b[0mc\x1b[4md") == b"\x1b[4m"
    assert controls.colours(b"a") == b""


def test_plain_is_one_line_without_colours():
    assert controls.plain(b"\x1b[31mred\x1b[2J\nnext") == b"red next"


PARTS = st.sampled_from(
    [
        *(b"\x1b", b"[", b"]", b"P", b"\\", b"\x07", b"31", b";", b"m", b"m", b"H", b"\r", b"\n", b"\x08"),
        *(b"\xc2", b"\x9b", b"\xff", b"a", b"?", b" ", b"\x00", b"\t", "é".encode()),
    ]
)


@given(st.lists(PARTS, max_size=40).map(b"".join), st.booleans())
@example(b"\x1b\x1b[2J[2J", True)
@example(b"\x1b[3\x001m", True)
@example(b"\xc2\xc2\x9b\x9b", True)
def test_whatever_was_printed_what_is_left_is_harmless(printed, colour):
    shown = controls.safe(printed, colour=colour)
    assert HARMLESS.fullmatch(shown)
    assert controls.safe(shown, colour=colour) == shown
    assert colour or b"\x1b" not in shown
    assert shown.count(b"\n") == printed.count(b"\n")


@given(st.lists(PARTS, max_size=30).map(b"".join))
def test_what_is_shown_of_a_line_before_it_ends_is_harmless(printed):
    line = printed.replace(b"\n", b"")
    for end in range(len(line) + 1):
        assert HARMLESS.fullmatch(controls.safe(line[: controls.whole(line[:end])]))


def test_hostile_text_costs_no_more_than_its_length():
    """Each took seconds or longer where work is done again and again; the limit of the test would tell."""
    for part in (b"\x1b]", b"\x1b[", b"\r", b"\x08", b"a\x08", b"\xc2", b"\x1b]x", b"\x1b[1;"):
        controls.safe(part * 200_000 + b"\n")
    controls.safe(b"\x1b]" + b"x" * 500_000 + b"\n")
