"""The table of TCP sockets: real ones of our own, the kernel's rows, and psutil's on other systems."""

import os
import socket
import sys
from types import SimpleNamespace

import psutil
import pytest

from aura_stack.system import sockets
from aura_stack.system.sockets import holding, listening, merged
from aura_stack.system.tcp import Socket

if sys.platform == "linux":
    from aura_stack.system import sockdiag


@pytest.fixture
def server():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def number_of(server):
    return server.getsockname()[1]


def test_a_listener_is_found_with_its_process(server):
    (found,) = holding([number_of(server)])
    assert found[:5] == (4, "127.0.0.1", number_of(server), "LISTEN", "")
    assert found.pids == (os.getpid(),)
    assert found in listening()


def test_both_ends_of_a_connection_have_their_ports(server):
    with socket.create_connection(server.getsockname()) as client:
        accepted, _ = server.accept()
        with accepted:
            # an earlier connection elsewhere may have had the same port
            remote = f"127.0.0.1:{number_of(server)}"
            (found,) = (one for one in holding([client.getsockname()[1]]) if one.remote == remote)
            assert found.state == "ESTABLISHED"
            assert found not in listening()
            assert {one.state for one in holding([number_of(server)])} == {"LISTEN"}, (
                "the others are its guests"
            )
            server.close()
            assert {one.state for one in holding([int(remote.partition(":")[2])])} == {"ESTABLISHED"}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is psutil alone")
@pytest.mark.parametrize(
    ("host", "told"), [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("::ffff:127.0.0.1", "127.0.0.1")]
)
def test_the_table_tells_the_same_where_the_kernel_may_not_be_asked(host, told, monkeypatch):
    def refuse():
        raise PermissionError

    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as server:
        server.bind((host, 0))
        server.listen()
        (asked,) = holding([number_of(server)])
        monkeypatch.setattr(sockdiag, "listening", refuse)
        assert holding([number_of(server)]) == [asked]
        assert (asked.host, asked.pids) == (told, (os.getpid(),))


def test_psutil_tells_the_same(server):
    rows = sockets._rows(psutil.net_connections, psutil.process_iter)
    found = [one for one in merged(rows) if one.port == number_of(server)]
    assert [one._replace(uid=None, left=None) for one in holding([number_of(server)])] == found


def row(port, status="LISTEN", remote=None, ip="127.0.0.1", pid=None):
    """A row of psutil's, of which nothing but attributes can be had."""
    return SimpleNamespace(
        laddr=SimpleNamespace(ip=ip, port=port),
        raddr=SimpleNamespace(ip=remote[0], port=remote[1]) if remote else (),
        status=status,
        pid=pid,
    )


def test_workers_that_share_a_listener_are_one_socket():
    rows = [(row(4010), 7), (row(4010), 8), (row(4010), 7), (row(4010, ip="::1"), 7)]
    assert list(merged(rows)) == [
        Socket(4, "127.0.0.1", 4010, "LISTEN", pids=(7, 8)),
        Socket(6, "::1", 4010, "LISTEN", pids=(7,)),
    ]


def test_a_row_without_an_address_is_passed_over():
    assert list(merged([(SimpleNamespace(laddr=(), raddr=(), status="NONE"), 7)])) == []


def test_where_the_table_is_closed_each_process_is_asked():
    """The way of macOS: one process is another user's, one has gone, one is a zombie, one answers."""

    class Process:
        def __init__(self, pid, answer):
            self.pid, self.answer = pid, answer

        def net_connections(self, kind):
            assert kind == "tcp"
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

    def closed(_kind):
        raise psutil.AccessDenied

    every = [
        Process(1, psutil.AccessDenied(1)),
        Process(2, psutil.NoSuchProcess(2)),
        Process(3, psutil.ZombieProcess(3)),
        Process(4, [row(4010)]),
    ]
    (found,) = merged(sockets._rows(closed, lambda: every))
    assert found.pids == (4,)


TCP = b"""\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0FAA 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 637 1 0000 100 0 0 10 0
   1: 0100007F:D360 0200000A:01BB 06 00000000:00000000 03:000002EE 00000000     0        0 0 3 0000
"""
TCP6 = b"""\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when \
retrnsmt   uid  timeout inode
   0: 0000000000000000FFFF00000100007F:0FAA 00000000000000000000000001000000:D360 01 00000000:00000000 \
00:00000000 00000000     0        0 7 1 0000
"""


@pytest.mark.skipif(sys.platform != "linux", reason="its table")
def test_the_rows_of_the_kernel_are_understood():
    from aura_stack.system.tcptable import Row, parse  # noqa: PLC0415 - this system alone has it

    tick = 750 / os.sysconf("SC_CLK_TCK")
    assert list(parse(4, TCP)) == [
        Row(Socket(4, "127.0.0.1", 4010, "LISTEN", uid=1000), 637),
        Row(Socket(4, "127.0.0.1", 54112, "TIME_WAIT", "10.0.0.2:443", uid=0, left=tick), 0),
    ]
    assert list(parse(6, TCP6)) == [Row(Socket(6, "127.0.0.1", 4010, "ESTABLISHED", "[::1]:54112", uid=0), 7)]
    assert list(parse(4, TCP, states={b"0A"})) == [next(parse(4, TCP))]
    assert list(parse(4, TCP, ports={b"D360"})) == list(parse(4, TCP))[1:]
