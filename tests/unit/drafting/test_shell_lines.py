"""A line for a shell is taken apart only where words do the same."""

import pytest

from aura_stack.drafting.shell import PORT_MARK, Line, read


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("node server.js", Line(("node", "server.js"))),
        ("node 'my server.js' \"x y\"", Line(("node", "my server.js", "x y"))),
        ("exec node server.js", Line(("node", "server.js"))),
        ("A=1 B='x y' node s.js", Line(("node", "s.js"), (("A", "1"), ("B", "x y")))),
        ("cross-env A=1 node s.js", Line(("node", "s.js"), (("A", "1"),))),
        ("env A=1 node s.js", Line(("node", "s.js"), (("A", "1"),))),
        ("gunicorn -b 0.0.0.0:$PORT app:app", Line(("gunicorn", "-b", f"0.0.0.0:{PORT_MARK}", "app:app"))),
        ("puma -p ${PORT:-3000}", Line(("puma", "-p", PORT_MARK), default=3000)),
        ('x "${PORT}"', Line(("x", PORT_MARK))),
        ("cd frontend && npm run dev", Line(("npm", "run", "dev"), folder="frontend")),
        ("cd ./a/b && A=1 x", Line(("x",), (("A", "1"),), folder="./a/b")),
    ],
)
def test_a_simple_line_is_its_words(text, line):
    assert read(text) == line


@pytest.mark.parametrize(
    "text",
    [
        "a && b", "a; b", "a | b", "a &", "a > b", "$X", "`a`", "a $HOME", "x '$PORT'", "ls *.js", "a {b,c}", "~/x",
        "cd a && cd b && c", "cd a; b", "source .env", ". ./x", "while true", "export A=1", "x 'never closed", "A=1",
        "", " ", "' '", "env -i x", "-x", "a\nb", "$PORTX", "x # y", "(a)", "! a", "\0",
    ],
)  # fmt: skip
def test_what_only_a_shell_knows_is_left_to_one(text):
    assert read(text) is None
