"""What is left out of a text before patterns are looked for in it."""

from hypothesis import given
from hypothesis import strategies as st

from aura_stack.logs.plaintext import ESCAPES, plain

PARTS = (
    b"\x1b[31m",
    b"\x1b[0m",
    b"\x1b[m",
    b"\x1b[2K",
    b"\x1b]0;t\x07",
    b"\x1b",
    b"[",
    b"1",
    b"m",
    b"x",
    b"\n",
)


@given(st.lists(st.sampled_from(PARTS), max_size=12).map(b"".join))
def test_the_quick_way_leaves_out_what_the_long_way_does(text):
    assert plain(text) == ESCAPES.sub(b"", text)
