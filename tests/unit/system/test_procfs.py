"""Lines of /proc as the kernel writes them."""

import sys

import pytest

if sys.platform != "linux":
    pytest.skip("this system has no /proc", allow_module_level=True)

from aura_stack.system.procfs import parse_listeners, parse_stat

AFTER = b"S 42 4711 4711 0 -1 4194560 210 0 0 0 1 2 0 0 20 0 1 0 987654 5980160 350 18446744073709551615\n"


@pytest.mark.parametrize(
    "name",
    [b"node", b"a) b (c", b"a b", b")", b"(", b"", b"x) Z 1 (y", b") R 1 2 3", b"two\nlines", b"\xff\xfe"],
)
def test_a_name_may_hold_what_it_likes(name):
    assert parse_stat(b"4711 (" + name + b") " + AFTER) == ("S", 42, 987654)


TABLE = b"""\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   105        0 20321 1 0 100 0
   1: 0100007F:D360 0100007F:1538 01 00000000:00000000 00:00000000 00000000  1000        0 20399 1 0 20 4
"""
TABLE_6 = b"""\
  sl  local_address                         remote_address                        st tx_queue rx_queue ...
   0: 00000000000000000000000001000000:0FAA 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 7
"""


def test_listeners_are_read_from_the_tables_of_the_kernel():
    assert list(parse_listeners(TABLE)) == [(5432, 105)]
    assert list(parse_listeners(TABLE_6)) == [(4010, 0)]
    assert list(parse_listeners(b"")) == []
