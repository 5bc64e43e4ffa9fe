"""Files of variables are read as python-dotenv reads them, and every mistake is told where it is."""

import io
import os

import pytest
from dotenv import dotenv_values
from dotenv.main import resolve_variables
from dotenv.parser import parse_stream
from hypothesis import example, given
from hypothesis import strategies as st

from aura_stack.errors import Place
from aura_stack.reading.from_dotenv import Assignment, parse, read, resolved
from aura_stack.reading.text import LARGEST

SHELL = {"HOME": "/home/me", "SHARED": "of the shell", "EMPTY": ""}

TEXTS = [
    # plain
    "A=1", "A=1\n", "A = 1", "A =1", "A= 1", "  A=1  ", "\tA\t=\t1\t", "A=", "A= ", "A=\nB=2", "A", "A\nB=1",
    "A=two words", "A=1\n\n\n  B=2\n", "A=1\nA=2", "A=1\nA", "A==1", "A=b=c", "",
    # comments
    "# A=1", "  # nothing", "A=1 # behind", "A=1# part of it", "A=#part", "A= # empty", "A='1' # behind",
    'A="1"# behind', "A='# inside'", 'A="a # b"', "A # bare", "A=http://x/#fragment", "A=http://x/ #comment",
    # export
    "export A=1", "export\tA=1", "  export A=1", "exported=1", "export A", "export", "export=1", "export # c",
    # quotes
    "A='1'", 'A="1"', "A=''", 'A=""', "A='two  words '", "A=' '", "'A'=1", "'A B'=1", "'A'", "export 'A'=1",
    "A=it's", 'A=say "so"', "A=1'2'3", "A='it\\'s'", 'A="say \\"so\\""', "A=\"it's\"", "A='say \"so\"'",
    # backslashes
    "A=C:\\dir\\n", "A='C:\\dir\\n'", 'A="a\\nb\\tc"', 'A="a\\\\nb"', "A='a\\\\b'", 'A="\\a\\b\\f\\r\\v\\q"',
    'A="\\u00e9\\x41"', "A=ends\\", 'A="ends\\\\"',
    # several lines
    'A="one\ntwo"\nB=3', "A='one\n  two\n'\nB=3", 'A="one\r\ntwo"\r\nB=3', 'A="\n# no comment\nB=2"\nC=3',
    # structured
    'A={"k": [1, "v"]}', "A='{\"k\": \"v\"}'", "A=[1, 2]", "A=k=v;l=w", "A=$(date)", "A=`date`", "A=$HOME",
    # filled in
    "A=${HOME}", "A=${HOME}/bin", "A=${UNSET}", "A=${UNSET:-x}", "A=${UNSET:-}", "A=${HOME:-x}", "A=${EMPTY:-x}",
    "A=1\nB=${A}${A}", "A=${B}\nB=2", "A=${A}1\nA=${A}2", "SHARED=mine\nB=${SHARED}", "SHARED\nB=${SHARED:-x}",
    "A='${HOME}'", 'A="${HOME}"', "A=\\${HOME}", "A=${UNSET:-a b}", "A=${UNSET:-${HOME}}", "A=${}", "A=${HOME",
    "A=${UNSET-x}", "A=$${HOME}", "A=${HOME}\nA=${HOME}2\nHOME=x\nB=${HOME}", "X\nB=${X:-y}",
    # names
    "a.b=1", "a-b=1", "1A=1", "é=ü", "A[0]=1", "A:=1", "A+=1", "日本=語", "A\u00a0=\u00a01", "a/b=1",
    # line ends
    "A=1\r\nB=2\r\n", "A=1\rB=2", "A=1\n\rB=2", "\ufeffA=1\nB=2", "\ufeff", "A=\x0b1\x0c", "A=1\u2028B=2",
    "A=1\x85B=2", "\n\n \n",
]  # fmt: skip


def library(text, override):
    """What python-dotenv makes of a text, with the variables of this process around it."""
    if override:
        return dotenv_values(stream=io.StringIO(text), interpolate=True)
    said = [(each.key, each.value) for each in parse_stream(io.StringIO(text)) if each.key is not None]
    return resolve_variables(said, override=False)


def ours(text, override):
    """What we make of it."""
    found = resolved(parse(text, "f").assignments, os.environ, override=override)
    return {name: one.value for name, one in found.items()}


@pytest.fixture
def shell(monkeypatch):
    for name in list(os.environ):
        monkeypatch.delenv(name)
    for name, value in SHELL.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("override", [True, False])
@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_read_as_the_library_reads_it(shell, text, override):
    assert parse(text, "f").problems == ()
    assert list(ours(text, override).items()) == list(library(text, override).items())


def test_values_are_kept_as_written_until_they_are_filled_in():
    assert parse("A=${HOME}\nB", "f").assignments == (
        Assignment("A", "${HOME}", Place("f", 1, 1)),
        Assignment("B", None, Place("f", 2, 1)),
    )


def test_whether_the_shell_or_the_file_fills_in_is_the_callers_to_say():
    said = parse("SHARED=mine\nB=${SHARED}", "f").assignments
    assert resolved(said, SHELL, override=True)["B"].value == "mine"
    assert resolved(said, SHELL, override=False)["B"].value == "of the shell"


def test_the_last_assignment_of_a_name_holds_with_its_place():
    found = resolved(parse("A=1\nB=2\nA=3", "f").assignments, {}, override=True)
    assert found["A"] == Assignment("A", "3", Place("f", 3, 1))
    assert list(found) == ["A", "B"]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("A=1\n\n  B=2\n", ["1:1", "3:3"]),
        ("export  A=1\n'B C'=2", ["1:9", "2:1"]),
        ('A="one\ntwo"\nB=3', ["1:1", "3:1"]),
        ("A=1\r\n\r\nB=2\rC=3", ["1:1", "3:1", "4:1"]),
        ("\ufeff  A=1\né=1", ["1:3", "2:1"]),
        ("# c\n\t\texport B", ["2:10"]),
        ("A=1\u2028B\nC=2", ["1:1", "2:1"]),
    ],
)
def test_a_name_knows_its_line_and_column_as_an_editor_counts_them(text, places):
    assert [str(one.place) for one in parse(text, "f").assignments] == [f"f:{place}" for place in places]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("FOO BAR", '1:4: a "=" is missing behind "FOO" (write NAME=value)'),
        ("\n\n  FOO BAR\n", '3:6: a "=" is missing behind "FOO" (write NAME=value)'),
        ("FOO: bar", '1:5: a "=" is missing behind "FOO:" (write NAME=value, not NAME: value)'),
        ("'FOO'BAR=1", '1:6: a "=" is missing behind "\'FOO\'" (write NAME=value)'),
        ("=x", '1:1: a name is missing before this "=" (write NAME=value)'),
        ("export =x", '1:8: a name is missing before this "=" (write NAME=value)'),
        ("export  \nA=1", '1:9: a name is missing behind "export" (write export NAME=value)'),
        ("export ", '1:8: a name is missing behind "export" (write export NAME=value)'),
        ("''=x", "1:1: this name is empty (write NAME=value)"),
        ("'FOO=x", "1:1: this quote is never closed (close it behind the name)"),
        ("'FOO=x\nB='y", "1:1: this quote is not closed on its line (close it behind the name)"),
        ("\r\nA='x", "2:3: this quote is never closed (close it with ')"),
        ('A = "x\nB=2', '1:5: this quote is never closed (close it with ")'),
        (
            'A="C:\\x\\"',
            '1:3: this quote is never closed (write \\\\" where a backslash comes before the closing quote)',
        ),
        (
            "A='it's'",
            "1:7: text behind a closing quote (close the value at its end, and write \\' for a ' inside)",
        ),
        (
            'A="x"  y',
            '1:8: text behind a closing quote (close the value at its end, and write \\" for a " inside)',
        ),
        ("A=x\0", "1:4: a NUL character, which no program can be given (take it away)"),
        ("\nA\0=x", "2:2: a NUL character, which no program can be given (take it away)"),
        ('A="1\n\0"', "2:1: a NUL character, which no program can be given (take it away)"),
        ("# \0", "1:3: a NUL character, which no program can be given (take it away)"),
        (" 'A=B'=x", '1:2: the name "A=B" holds a "=" (write NAME=\'value\')'),
    ],
)
def test_a_mistake_is_told_where_it_is(text, problem):
    assert [str(one) for one in parse(text, "f").problems] == [f"f:{problem}"]


def test_a_quote_that_closes_at_the_next_one_is_told_to_have_been_opened_above():
    (problem,) = parse('A="x\n\nB="y"\nC=1', "f").problems
    assert problem.place == Place("f", 3, 4)
    assert problem.message == "text behind a closing quote, which was opened on a line above"


def test_every_mistake_is_told_and_the_other_lines_are_read():
    found = parse('A=1\nFOO BAR\nB="x\nC=3\n=y\nD=4\n', "f")
    assert [one.name for one in found.assignments] == ["A", "C", "D"]
    assert [str(one.place) for one in found.problems] == ["f:2:4", "f:3:3", "f:5:1"]


MARKS = "AB='\"\\# \n\r\t:\0\ufeffé\u2028\x0b"
WORDS = st.lists(
    st.sampled_from([*MARKS, "export ", "${A}", "${B:-x}", "${", "}", "x y"]),
).map("".join)


@given(st.one_of(WORDS, st.text()))
@example("\ufeff\ufeffA=1\nB C")
@example("export 'A\n=1")
def test_any_text_gives_what_the_library_reads_and_a_problem_for_each_line_that_it_gives_up(text):
    found = parse(text, "f")
    bindings = list(parse_stream(io.StringIO(text)))
    good = [
        (one.key, one.value)
        for one in bindings
        if one.key is not None and "\0" not in one.original.string and "=" not in one.key
    ]
    assert [(one.name, one.value) for one in found.assignments] == good
    assert len(found.problems) == sum(
        one.error or "\0" in one.original.string or "=" in (one.key or "") for one in bindings
    )


@given(WORDS)
def test_any_text_is_filled_in_as_by_the_library(text):
    found = parse(text, "f")
    if not found.problems:
        for override in (True, False):
            assert ours(text, override) == library(text, override)


@given(WORDS)
def test_every_place_is_in_the_text_and_holds_the_name(text):
    found = parse(text, "f")
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for one in found.assignments:
        line = lines[one.place.line - 1][one.place.column - 1 :]
        name = one.name.replace("\r\n", "\n").replace("\r", "\n").split("\n")[0]
        assert line.removeprefix("'").startswith(name)
    for problem in found.problems:
        assert problem.place.column <= len(lines[problem.place.line - 1]) + 1


# --- files ---


@pytest.fixture
def file(tmp_path):
    def write(data):
        (tmp_path / "env").write_bytes(data)
        return str(tmp_path / "env")

    return write


def told(path):
    found = read(path, ".env")
    assert found.assignments == ()
    return [str(problem) for problem in found.problems]


def test_a_file_is_read_as_the_library_reads_that_file(file):
    path = file('\ufeffA="one\r\ntwo"\r\nB=é\rC=3'.encode())
    found = {one.name: one.value for one in read(path, ".env").assignments}
    assert found == {"A": "one\ntwo", "B": "é", "C": "3"} == dotenv_values(path)


def test_what_is_no_text_is_a_problem(file):
    assert told(file("\ufeffA=1\r\nB=é".encode() + b"\xff\n")) == [
        ".env:2:4: the byte 0xFF is not UTF-8 text (save the file as UTF-8)"
    ]
    assert told(file("A=1".encode("utf-16"))) == [
        ".env:1:1: the byte 0xFF is not UTF-8 text (save the file as UTF-8)"
    ]
    assert told(file("A=1".encode("utf-16-le"))) == [
        ".env:1:2: a NUL character, which no program can be given (take it away)"
    ]


def test_a_file_may_have_a_mebibyte_and_no_more(file):
    assert read(file(b"A=" + b"x" * (LARGEST - 2)), ".env").problems == ()
    assert told(file(b"A=" + b"x" * (LARGEST - 1))) == [".env:1:1: the file is larger than 1,048,576 bytes"]


def test_a_folder_is_a_problem_and_a_file_that_is_not_there_is_the_callers(tmp_path):
    assert told(str(tmp_path)) == [".env:1:1: this is a folder, not a file"]
    with pytest.raises(FileNotFoundError):
        read(str(tmp_path / "none"), ".env")
