"""A Procfile is read as honcho reads it; what honcho passes over in silence is told."""

import re

import pytest
from honcho.environ import Env, parse_procfile
from hypothesis import example, given
from hypothesis import strategies as st

from aura_stack.errors import Place
from aura_stack.reading.from_procfile import Process, parse, read
from aura_stack.reading.text import LARGEST
from aura_stack.reading.tree import Form, Scalar
from aura_stack.stack.shape import NAME


def ours(text):
    return [(name.text, command.text) for name, command in parse(text, "P").processes]


def honchos(text):
    return list(parse_procfile(text).processes.items())


def told(problems):
    return [str(problem) for problem in problems]


@pytest.mark.parametrize(
    "text",
    [
        "web: rails s",
        "web:rails s",
        "web:\t rails s -p $PORT  ",
        "web: a\n\n# c\nworker_2: b\nrelease-x: c\n",
        "web: a: b # not a comment",
        "web: a\r\nworker: b\r\n",
        "web: a\rworker: b",
        "web: a\x0cworker: b\x85other: c\u2028last: d",
        "web: FOO='a b' \"c\" && d | e > f; g $$ ${PORT:-3000} \\",
        "1: a\nWEB: b\nweb: c",
        "b: 1\na: 2",
        "web: :",
        "web:: x",
        "web: é 日本",
        "web: a\n#worker: b\n  # c\n\t\n",
    ],
)
def test_processes_are_those_of_honcho(text):
    assert ours(text) == honchos(text)
    assert parse(text, "P").problems == parse(text, "P").notices == ()


def test_names_and_commands_know_their_places_and_are_text():
    assert parse("# first\r\nweb:  1\n", "P").processes == (
        Process(
            Scalar(Place("P", 2, 1), "web", Form.QUOTED),
            Scalar(Place("P", 2, 7), "1", Form.QUOTED),
        ),
    )


def test_places_are_counted_as_an_editor_counts_them_wherever_honcho_cuts_lines():
    processes = parse("a: 1\x0cb: 2\nc: 3", "P").processes
    assert [str(one.name.place) for one in processes] == ["P:1:1", "P:1:6", "P:2:1"]


@pytest.mark.parametrize(
    ("line", "odd"),
    [
        ("web rails s", '1: "web rails s" is left out: it lacks the ":" behind a name (write NAME: COMMAND)'),
        ("nonsense", '1: "nonsense" is left out: it lacks the ":" behind a name (write NAME: COMMAND)'),
        (
            " open http://x",
            '2: "open http://x" is left out: it lacks the ":" behind a name (write NAME: COMMAND)',
        ),
        ("web=rails s", '1: "web=rails s" is left out: it lacks the ":" behind a name (write NAME: COMMAND)'),
        (
            "web.3: x",
            '1: "web.3: x" is left out: a name cannot have "." in it (a name is made of letters, digits, - and _)',
        ),
        (
            "wéb: x",
            '1: "wéb: x" is left out: a name cannot have "é" in it (a name is made of letters, digits, - and _)',
        ),
        ("web:", '1: "web:" is left out: it has no command (write NAME: COMMAND)'),
        (" web:", '2: "web:" is left out: it has no command (write NAME: COMMAND)'),
        (": x", '1: ": x" is left out: it has no name (write NAME: COMMAND)'),
        (":", '1: ":" is left out: it has no name (write NAME: COMMAND)'),
        ("web : x", '1: "web : x" is left out: a blank stands before its ":" (take it away)'),
        (
            "\t web: x",
            '3: "web: x" is left out: a line has to begin with its name (take away the blanks before it)',
        ),
    ],
)
def test_a_line_that_honcho_passes_over_is_told_with_what_is_odd(line, odd):
    found = parse(f"ok: x\n{line}\n", "P")
    assert told(found.notices) == [f"P:2:{odd}"]
    assert ours(f"ok: x\n{line}\n") == [("ok", "x")]
    assert found.problems == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "a: 1\nb: 2\na: 3",
            '3:1: the name "a" stands twice, first on line 1 (give one of them another name)',
        ),
        ("_a: 1\n_a: 2", '2:1: the name "_a" stands twice, first on line 1 (give one of them another name)'),
        (
            "-a: 1",
            '1:1: "-a" should be a name that begins with a letter or digit (at most 63) (give it another name)',
        ),
        ("web: ", '1:5: "web" has no command (write NAME: COMMAND)'),
        ("web: a\0b", "1:7: a NUL character, which no program can be given (take it away)"),
        ("", "1:1: there is no process in this Procfile (write NAME: COMMAND)"),
        ("# c\n\n", "1:1: there is no process in this Procfile (write NAME: COMMAND)"),
    ],
)
def test_what_cannot_be_run_is_a_problem(text, problem):
    assert f"P:{problem}" in told(parse(text, "P").problems)


def test_of_a_name_that_stands_three_times_two_are_told():
    found = parse("a: 1\na: 2\na: 3", "P")
    assert told(found.problems) == [
        f'P:{line}:1: the name "a" stands twice, first on line 1 (give one of them another name)'
        for line in (2, 3)
    ]


def test_where_there_is_no_process_the_lines_that_were_left_out_are_told_as_the_reason():
    found = parse("web rails s\n", "P")
    assert told(found.problems) == [
        "P:1:1: there is no process in this Procfile (write NAME: COMMAND)",
        'P:1:1: "web rails s" is left out: it lacks the ":" behind a name (write NAME: COMMAND)',
    ]
    assert found.notices == ()


NAMES = st.text("ab1_-", min_size=1, max_size=3) | st.sampled_from(["x" * 63, "x" * 64])


@given(NAMES)
def test_a_name_is_a_problem_when_a_stack_file_would_refuse_it(name):
    assert bool(parse(f"{name}: x", "P").processes) == bool(re.fullmatch(NAME.pattern, name))


WORDS = st.text("ab:# \n\r\t._-é\0\x0c\x1c\u2028\x85\xa0\ufeff", max_size=12) | st.lists(
    st.sampled_from(["web", ": ", ":", " ", "#", "\n", "\r\n", "\x0c", "c: x\n", "d: y\n", "x" * 70])
).map("".join)


@given(st.one_of(WORDS, st.text()))
@example("web: \n")
@example("\ufeffweb: x\n")
def test_any_text_gives_the_processes_of_honcho_or_a_problem(text):
    found = parse(text, "P")
    if not found.problems:
        assert ours(text) == honchos(text)
    else:
        assert set(ours(text)) <= set(honchos_until_it_dies(text))


@given(st.one_of(WORDS, st.text()))
def test_of_any_text_every_line_is_a_process_or_a_problem_or_a_notice_or_says_nothing(text):
    found = parse(text, "P")
    silent = [line for line in text.splitlines() if not line.strip() or line.lstrip().startswith("#")]
    empty = not any(honchos_until_it_dies(text))
    told = len(found.processes) + len(found.problems) + len(found.notices) - empty
    assert told + len(silent) == len(text.splitlines())


def honchos_until_it_dies(text):
    """What honcho reads line by line, so that no name meets itself."""
    return [pair for line in text.splitlines() for pair in honchos(line)]


# --- files ---


@pytest.fixture
def file(tmp_path):
    def write(data):
        (tmp_path / "Procfile").write_bytes(data)
        return str(tmp_path / "Procfile")

    return write


def test_a_file_is_read_as_honcho_reads_that_file(file, tmp_path):
    path = file("web: é\r\nworker: b\rlast: c".encode())
    found = [(name.text, command.text) for name, command in read(path, "P").processes]
    theirs = Env({"app_root": str(tmp_path), "procfile": "Procfile"}).load_procfile().processes
    assert found == list(theirs.items()) == [("web", "é"), ("worker", "b"), ("last", "c")]


def test_a_byte_order_mark_is_no_part_of_the_first_name(file):
    found = read(file("\ufeffweb: x\n".encode()), "P")
    assert str(found.processes[0].name.place) == "P:1:1"
    assert found.notices == ()


def test_what_is_no_text_is_a_problem(file):
    assert told(read(file(b"a: x\r\nb: \xe9"), "P").problems) == [
        "P:2:4: the byte 0xE9 is not UTF-8 text (save the file as UTF-8)"
    ]


def test_a_file_may_have_a_mebibyte_and_no_more(file):
    assert read(file(b"a: " + b"x" * (LARGEST - 3)), "P").problems == ()
    assert told(read(file(b"a: " + b"x" * (LARGEST - 2)), "P").problems) == [
        "P:1:1: the file is larger than 1,048,576 bytes"
    ]


def test_a_folder_is_a_problem_and_a_file_that_is_not_there_is_the_callers(tmp_path):
    assert told(read(str(tmp_path), "P").problems) == ["P:1:1: this is a folder, not a file"]
    with pytest.raises(FileNotFoundError):
        read(str(tmp_path / "none"), "P")
