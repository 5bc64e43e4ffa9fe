from hypothesis import given
from hypothesis import strategies as st

from aura_stack.logs.framing import ENTRY, Entry, Kind, Lines, unpack


def fed(chunks, **options):
    lines = Lines(**options)
    return [lines.feed(chunk) for chunk in chunks] + [lines.finish()]


def test_a_line_waits_for_its_end():
    assert fed([b"one\ntw", b"o", b"\n"]) == [b"one\n", b"", b"two\n", b""]


def test_an_unfinished_last_line_gets_an_end():
    assert fed([b"one\ntwo"]) == [b"one\n", b"two\n"]


def test_an_endless_line_is_passed_on_in_parts_so_that_memory_stays_bounded():
    assert fed([b"x" * 5, b"x" * 5, b"y\n"], limit=10) == [b"", b"x" * 10 + b"\n", b"y\n", b""]


@given(st.lists(st.binary(max_size=20)))
def test_nothing_is_lost_or_changed_however_it_is_cut(chunks):
    whole = b"".join(chunks)
    ended = whole if whole.endswith(b"\n") or not whole else whole + b"\n"
    pieces = fed(chunks)
    assert b"".join(pieces) == ended
    assert all(piece.endswith(b"\n") for piece in pieces if piece)


def test_an_entry_is_32_bytes_and_comes_back_as_it_was():
    entry = Entry(time=7, run=3, stream=2, kind=Kind.END, segment=4, offset=1 << 31, length=9, life=8)
    assert len(entry.pack()) == ENTRY.size == 32
    assert unpack(entry.pack() * 2) == [entry, entry]


def test_an_entry_that_is_still_being_written_is_left_out():
    entry = Entry(7, 3, 2, Kind.BYTES, 0, 0, 1)
    assert unpack(entry.pack() + entry.pack()[:31]) == [entry]


def test_chunks_of_one_stream_join_only_where_one_goes_on_where_the_other_ends():
    first = Entry(1, 1, 1, Kind.BYTES, 5, 0, 10, 1)
    assert first.joins(Entry(2, 1, 1, Kind.BYTES, 5, 10, 5, 1))
    assert not first.joins(Entry(2, 1, 1, Kind.BYTES, 5, 11, 5, 1))
    assert not first.joins(Entry(2, 1, 2, Kind.BYTES, 5, 10, 5, 1))
    assert not first.joins(Entry(2, 2, 1, Kind.BYTES, 5, 10, 5, 1))
    assert not first.joins(Entry(2, 1, 1, Kind.END, 5, 10, 0, 1))
