"""Lines of /proc as the kernel writes them."""

import subprocess
import sys

import pytest

if sys.platform != "linux":
    pytest.skip("this system has no /proc", allow_module_level=True)

from aura_stack.system.procfs import parse_listeners, parse_stat, parse_takes

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


@pytest.mark.parametrize(
    ("fields", "taken"),
    [
        ("SigIgn:\t0000000000004000", False),
        ("SigIgn:\t0000000000002000", True),
        ("SigBlk:\t0000000000004000", True),  # it may wait for it
        ("SigBlk:\t0000000000004000\nShdPnd:\t0000000000004000", False),
        ("SigPnd:\t0000000000004000\nSigBlk:\t0000000000004000", False),
        ("SigQ:\t3/5\nSigCgt:\t0000000000004000", True),
        ("", True),
    ],
)
def test_who_ignores_a_signal_or_holds_it_back_does_not_take_it(fields, taken):
    assert parse_takes(f"Name:\tx\n{fields}\n".encode(), 15) is taken


EXHAUSTED = """
import os, resource, subprocess
from aura_stack.system import processes
child = subprocess.Popen(["sleep", "1000"])
processes.children(os.getpid())
if {kept}:
    processes.keep_one_back()
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
try:
    while True:
        os.open(os.devnull, os.O_RDONLY)
except OSError:
    pass
try:
    print([processes.children(os.getpid()) == [child.pid] for _ in range(3)], flush=True)
except OSError as error:
    print(error.strerror, flush=True)
finally:
    child.kill()
"""


@pytest.mark.parametrize(("kept", "said"), [(True, "[True, True, True]"), (False, "Too many open files")])
def test_without_a_descriptor_nobody_is_taken_to_have_no_children(kept, said):
    code = EXHAUSTED.format(kept=kept)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{said}\n"
