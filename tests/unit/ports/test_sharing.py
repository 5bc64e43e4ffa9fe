"""Several servers on one number, as rows and with real sockets."""

import socket
import subprocess
import sys

import pytest

from aura_stack.ports.owners import shared
from aura_stack.ports.sharing import Sharing, sharing
from aura_stack.system.tcp import Socket

V4, V6 = "127.0.0.1", "::1"


def row(host, *pids, uid=0):
    return Socket(6 if ":" in host else 4, host, 4010, "LISTEN", pids=pids, uid=uid)


def how(*rows, family=None):
    return sharing(rows, lambda pid: (family or {}).get(pid, pid))


def test_one_server_on_all_its_addresses_shares_nothing():
    assert how(row(V4, 7)) == how(row(V4, 7), row(V6, 7)) == frozenset()


def test_two_servers_on_one_address_are_a_double():
    assert how(row(V4, 7), row(V4, 8)) == {Sharing.DOUBLE}


def test_two_servers_on_the_two_families_are_a_split():
    assert how(row(V4, 7), row(V6, 8)) == {Sharing.SPLIT}


def test_workers_of_one_server_are_one():
    assert how(row(V4, 7), row(V4, 8), family={8: 7}) == frozenset()
    assert how(row(V4, 7, 8), row(V6, 8), family={8: 7}) == frozenset()


def test_of_hidden_processes_the_user_is_what_counts():
    assert how(row(V4, uid=5), row(V6, uid=5)) == frozenset()
    assert how(row(V4, uid=5), row(V6, 7)) == {Sharing.SPLIT}


STRANGER = """
import os, socket, sys
host, number = sys.argv[1], int(sys.argv[2])
made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
made.bind((host, number))
made.listen()
if os.fork() == 0:
    os.write(1, b"%d\\n" % os.getpid())
    sys.stdin.read()
"""


@pytest.mark.parametrize(("host", "expected"), [(V4, Sharing.DOUBLE), (V6, Sharing.SPLIT)])
def test_real_listeners_of_two_processes_are_told(host, expected):
    """The other one is no child of ours: its parent has ended, as a stranger's would have."""
    with socket.socket() as ours:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        ours.bind((V4, 0))
        ours.listen()
        number = ours.getsockname()[1]
        command = [sys.executable, "-c", STRANGER, host, str(number)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
            assert int(parent.stdout.readline()) != parent.pid
            parent.wait()
            assert shared([number]) == {number: {expected}}
