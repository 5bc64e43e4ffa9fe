"""What a terminal shows of merged logs: a real emulator (pyte) is given what we would write."""

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_stack.logs.follow import Piece
from aura_stack.logs.framing import Kind
from aura_stack.logs.live import DELAY, REOPENING, Live
from aura_stack.logs.render import Style

COLUMNS = 60


class Viewer:
    """A terminal, a clock, and the services that print."""

    def __init__(self, *, colour=False, columns=COLUMNS, wanted=None, whole_only=None):
        self.live = Live(
            Style(["web", "db"], colour=colour),
            lambda: columns,
            wanted or (lambda _, lines: lines),
            whole_only or (lambda *_: False),
        )
        self.now = 100.0
        self.written = b""
        self.screen = pyte.Screen(COLUMNS, 120)
        self.stream = pyte.ByteStream(self.screen)

    def show(self, text):
        self.written += text
        self.stream.feed(text.replace(b"\n", b"\r\n"))

    def say(self, service, data, stream="out"):
        self.show(self.live.shown(Piece(service, stream, 1, 0, Kind.BYTES, data), self.now))

    def end(self, service):
        self.show(self.live.shown(Piece(service, "out", 1, 0, Kind.END, b""), self.now))

    def wait(self, seconds=DELAY):
        self.now += seconds
        self.show(self.live.due(self.now))

    @property
    def lines(self):
        rows = [self.screen.buffer[row] for row in sorted(self.screen.buffer)]
        texts = ["".join(row[column].data for column in range(COLUMNS)).rstrip() for row in rows]
        return [text for text in texts if text]


@pytest.fixture
def viewer():
    return Viewer()


def test_whole_lines_are_shown_at_once(viewer):
    viewer.say("web", b"one\ntwo\n")
    assert viewer.lines == ["web | one", "web | two"]
    assert viewer.live.moment() is None


def test_a_prompt_is_shown_after_a_moment_and_continued(viewer):
    viewer.say("web", b"name? ")
    assert viewer.lines == []
    assert viewer.live.moment() == pytest.approx(viewer.now + DELAY)
    viewer.wait()
    assert viewer.lines == ["web | name?"]
    assert viewer.live.moment() is None
    viewer.say("web", b"Ada\nhello Ada\n")
    assert viewer.lines == ["web | name? Ada", "web | hello Ada"]
    assert viewer.written.count(b"name?") == 1


def test_a_line_that_comes_in_parts_soon_enough_is_never_open(viewer):
    viewer.say("web", b"one ")
    viewer.now += DELAY / 2
    viewer.say("web", b"line\n")
    viewer.wait()
    assert viewer.written == b"web | one line\n"


def test_a_line_that_others_interrupt_goes_on_and_is_not_repeated(viewer):
    viewer.say("web", b"compiling ...")
    viewer.wait()
    viewer.say("db", b"ready\n")
    viewer.say("web", b" done\n")
    assert viewer.lines == ["web | compiling ...", "db  | ready", "web |  done"]


def test_a_prompt_that_is_answered_unseen_after_an_interruption_leaves_no_empty_line(viewer):
    viewer.say("web", b"password: ")
    viewer.wait()
    viewer.say("db", b"ready\n")
    viewer.say("web", b"\nwelcome\n")
    assert viewer.lines == ["web | password:", "db  | ready", "web | welcome"]


def test_dots_are_put_behind_each_other(viewer):
    for _ in range(5):
        viewer.say("web", b".")
        viewer.wait()
    assert viewer.lines == ["web | ....."]
    assert viewer.written == b"web | ....."


def test_a_progress_bar_is_drawn_over(viewer):
    for percent in (10, 20, 100):
        viewer.say("web", b"\rdone: %d%%" % percent)
        viewer.wait()
        assert viewer.lines == [f"web | done: {percent}%"]
    viewer.say("web", b"\nnext\n")
    assert viewer.lines == ["web | done: 100%", "web | next"]


def test_a_shorter_text_leaves_nothing_of_a_longer_one(viewer):
    viewer.say("web", b"a long text")
    viewer.wait()
    viewer.say("web", b"\rshort")
    viewer.wait()
    assert viewer.lines == ["web | short"]
    viewer.say("web", b"\rend\n")
    assert viewer.lines == ["web | end"]


def test_a_progress_bar_that_is_interrupted_again_and_again_is_shown_now_and_then(viewer):
    shown = 0
    for percent in range(40):
        viewer.say("web", b"\r%d%%" % percent)
        viewer.wait()
        viewer.say("db", b"tick\n")
        shown = len([line for line in viewer.lines if "%" in line])
    assert shown == pytest.approx(40 * DELAY / REOPENING, abs=2)


def test_a_progress_bar_as_wide_as_the_terminal_is_cut_to_one_row(viewer):
    for percent in range(3):
        viewer.say("web", b"\r%d%% " % percent + b"=" * 200)
        viewer.wait()
    last = viewer.lines[-1]
    assert last.startswith("web | 2% ====")
    assert len(last) == COLUMNS - 1
    assert len(viewer.lines) < 8


def test_the_line_that_a_progress_bar_ends_with_is_whole(viewer):
    viewer.say("web", b"\r10%")
    viewer.wait()
    viewer.say("web", b"\r" + b"x" * 100 + b"\n")
    assert "".join(viewer.lines) == "web | " + "x" * 100


def test_wide_characters_are_counted_when_a_row_is_drawn_over(viewer):
    wide = "日" * 26  # 52 columns behind a prefix of 6
    viewer.say("web", f"\r{wide}".encode())
    viewer.wait()
    viewer.say("web", b"\rend")
    viewer.wait()
    assert viewer.lines == ["web | end"]
    viewer.say("web", ("\r" + "日" * 40).encode())
    viewer.wait()
    assert len(viewer.lines) == 1


def test_where_nothing_can_be_drawn_over_a_new_line_is_begun():
    viewer = Viewer(columns=0)
    viewer.say("web", b"10%")
    viewer.wait()
    viewer.say("web", b"\r20%")
    viewer.wait()
    assert viewer.written == b"web | 10%\nweb | 20%"


def test_two_unfinished_lines_never_share_a_row(viewer):
    viewer.say("web", b"one")
    viewer.say("db", b"two")
    viewer.wait()
    viewer.say("web", b"1")
    viewer.say("db", b"2")
    viewer.wait()
    assert sorted(viewer.lines[:2]) == ["db  | two", "web | one"] or "two2" in "".join(viewer.lines)
    assert all(line.startswith(("web | ", "db  | ")) for line in viewer.lines)
    viewer.wait(REOPENING)
    text = "".join(line[6:] for line in viewer.lines)
    assert sorted(text) == sorted("one1two2")


def test_standard_output_and_error_are_lines_of_their_own(viewer):
    viewer.say("web", b"out")
    viewer.wait()
    viewer.say("web", b"err\n", stream="err")
    viewer.say("web", b"put\n")
    assert viewer.lines == ["web | out", "web | err", "web | put"]


def test_an_open_colour_goes_on_with_its_line_and_no_further():
    viewer = Viewer(colour=True)
    viewer.say("web", b"\x1b[31mred")
    viewer.wait()
    viewer.say("db", b"plain\n")
    viewer.say("web", b" still\nplain\n")
    colours = [
        {viewer.screen.buffer[row][column].fg for column in range(6, 6 + len(text))}
        for row, text in enumerate(["red", "plain", " still", "plain"])
    ]
    assert colours == [{"red"}, {"default"}, {"red"}, {"default"}]


def test_half_a_sequence_is_not_shown(viewer):
    viewer.say("web", b"ok\x1b[3")
    viewer.wait()
    assert viewer.written == b"web | ok"
    viewer.say("web", b"1mred\n")
    assert viewer.lines == ["web | okred"]


def test_the_end_of_a_stream_ends_its_line(viewer):
    viewer.say("web", b"last wor")
    viewer.wait()
    viewer.say("web", b"ds")
    viewer.end("web")
    viewer.say("db", b"next\n")
    assert viewer.lines == ["web | last words", "db  | next"]


def test_what_is_unfinished_in_the_end_is_ended(viewer):
    viewer.say("web", b"one")
    viewer.wait()
    viewer.say("web", b" more")
    viewer.say("db", b"two")
    viewer.show(viewer.live.finish())
    viewer.show(b"prompt$")
    assert viewer.lines == ["web | one more", "db  | two", "prompt$"]


def test_something_of_ours_ends_the_open_line(viewer):
    viewer.say("web", b"one")
    viewer.wait()
    viewer.show(viewer.live.interrupt() + b"ours\n")
    viewer.say("web", b" more\n")
    assert viewer.lines == ["web | one", "ours", "web |  more"]


def test_lines_that_are_not_wanted_are_not_shown():
    hidden = Viewer(wanted=lambda piece, lines: b"" if piece.service == "web" else lines)
    hidden.say("web", b"one\n")
    hidden.say("db", b"two\n")
    assert hidden.lines == ["db  | two"]
    parts = Viewer(whole_only=lambda *_: True)
    parts.say("web", b"one")
    parts.wait()
    assert parts.lines == []
    assert parts.live.moment() is None


HOSTILE = [
    b"\x1b[2J",
    b"\x1b[H",
    b"\x1b[5A",
    b"\x1b[100B",
    b"\x1b[1;1r",
    b"\x1b[?1049h",
    b"\x1b[?1000h",
    b"\x1b[?7l",
    b"\x1b[?25l",
    b"\x1b[4h",
    b"\x1b[20h",
    b"\x1b[10X",
    b"\x1b[3@",
    b"\x1b[5L",
    b"\x1b[5M",
    b"\x1b[7P",
    b"\x1b[1K",
    b"\x1b[30C",
    b"\x1b[8G",
    b"\x1b[3d",
    b"\x1b[3g",
    b"\x1b[7;31;44m",
    b"\x1b[0m",
    b"\x1b]0;title\x07",
    b"\x1b]2;title\x1b\\",
    b"\x1b]8;;http://x\x07",
    b"\x1bPq#0;2;0;0;0~-\x1b\\",
    b"\x1b_a\x1b\\",
    b"\x1b^p\x1b\\",
    b"\x1bXs\x1b\\",
    b"\x1bc",
    b"\x1b7",
    b"\x1b8",
    b"\x1bD",
    b"\x1bE",
    b"\x1bM",
    b"\x1bH",
    b"\x1b#8",
    b"\x1b(0",
    b"\x1b)0",
    b"\x1b%@",
    b"\x1b=",
    b"\x0e",
    b"\x0f",
    b"\x0b",
    b"\x0c",
    b"\x08",
    b"\x07",
    b"\x00",
    b"\x7f",
    b"\r",
    b"\t",
    b"\n",
    b"\x1b",
    b"\x1b[",
    b"\x1b]",
    b"\x1bP",
    b"\xc2\x9b2J",
    b"\xc2\x85",
    b"\x9b2J",
    b"\xff",
    "日".encode(),
    b"text",
]


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=5).map(b"".join),
    st.booleans(),
    st.booleans(),
)
def test_hostile_output_split_at_every_byte_never_damages_a_line_of_another(printed, colour, waits):
    """Whatever web prints, in whatever parts: each line of db stands whole in a row of its own, in its colours."""
    for end in range(len(printed) + 1):
        viewer = Viewer(colour=colour)
        viewer.say("db", b"line 0\n")
        for number, part in enumerate((printed[:end], printed[end:]), 1):
            if part:
                viewer.say("web", part)
            if waits:
                viewer.wait()
            viewer.say("db", b"line %d\n" % number)
        viewer.show(viewer.live.finish())
        found = [line for line in viewer.lines if line.startswith("db")]
        assert found == ["db  | line 0", "db  | line 1", "db  | line 2"]
        for row, line in enumerate(viewer.screen.display):
            assert not line.strip() or line.startswith(("db  | ", "web | ")) or not line.startswith("db"), (
                line
            )
            if line.startswith("db"):
                looks = {viewer.screen.buffer[row][column][1:] for column in range(6, 12)}
                assert looks == {pyte.screens.Char(" ")[1:]}
        assert viewer.screen.title == ""
        assert viewer.screen.mode == pyte.Screen(1, 1).mode
        assert viewer.screen.margins is None
        assert not viewer.screen.cursor.hidden


def test_every_sequence_cut_at_every_byte_leaves_the_others_alone():
    """The same, for each sequence by itself, with nothing left to chance."""
    for sequence in HOSTILE:
        for end in range(len(sequence) + 1):
            viewer = Viewer()
            viewer.say("db", b"before\n")
            viewer.say("web", b"a" + sequence[:end])
            viewer.wait()
            viewer.say("db", b"between\n")
            viewer.say("web", sequence[end:] + b"z\n")
            viewer.say("db", b"after\n")
            assert [line for line in viewer.lines if line.startswith("db")] == [
                "db  | before",
                "db  | between",
                "db  | after",
            ]
