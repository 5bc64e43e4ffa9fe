import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_stack.supervision.notice import Notice, read


@pytest.mark.parametrize(
    ("datagram", "said"),
    [
        (b"READY=1", Notice(ready=True)),
        (b"MAINPID=7\nREADY=1\n", Notice(ready=True, main=7)),
        (b"MAINPID=-7\nWATCHDOG_USEC=\xb2", Notice()),
        (b"MAINPID=" + b"9" * 19, Notice()),
        (b"WATCHDOG=trigger\nWATCHDOG_USEC=1500000", Notice(lost=True, period=1.5)),
        (b"READY=0", Notice()),
        (b"XREADY=1", Notice()),
        (b"STATUS=half way", Notice(status="half way")),
        (b"STATUS=a\nSTATUS=b", Notice(status="b")),
        (b"STATUS=", Notice(status="")),
        (b"STATUS=a=b \x1b[31mred\t", Notice(status="a=b [31mred")),
        (b"STATUS=good\nSTATUS=\xff\nREADY=1", Notice(ready=True, status="good")),
        (b"STOPPING=1\nWATCHDOG=1\nFDSTORE=1", Notice(leaving=True, alive=True)),
        (b"STOPPING=0\nWATCHDOG=0\nFDSTORE=1", Notice()),
        (b"", Notice()),
    ],
)
def test_what_a_datagram_says(datagram, said):
    assert read(datagram) == said


def test_a_long_status_is_cut():
    assert read(b"STATUS=" + b"a" * 4000).status == "a" * 200


@given(st.binary())
def test_no_datagram_is_more_than_one_line_of_text(datagram):
    said = read(datagram)
    assert said.status is None or said.status.isprintable()
