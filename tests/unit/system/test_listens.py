"""Whether a process listens at a port, and who waits there, by each of the ways to ask."""

import os
import socket

import pytest

from aura_stack.system import portable, processes, sockdiag, sockets


def forbid(monkeypatch):
    """A sandbox in which the kernel is not asked for sockets."""

    def no():
        raise PermissionError

    monkeypatch.setattr(sockdiag, "listening", no)


@pytest.mark.parametrize("way", ["kernel", "sandbox", "portable"])
@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_process_listens_at_its_port_until_it_closes_it(way, family, address, monkeypatch):
    if way == "sandbox":
        forbid(monkeypatch)
    source = portable if way == "portable" else processes
    with socket.socket(family) as listener:
        listener.bind((address, 0))
        port = listener.getsockname()[1]
        assert not source.listens(os.getpid(), port)
        listener.listen()
        assert source.listens(os.getpid(), port)
        assert not source.listens(os.getppid(), port)
    assert not source.listens(os.getpid(), port)


@pytest.mark.parametrize("source", [processes, portable])
def test_a_process_that_is_not_there_listens_nowhere(source):
    assert not source.listens(2**22 + 1, 80)


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_who_was_accepted_by_nobody_waits_in_the_queue(family, address):
    with socket.create_server((address, 0), family=family) as listener:
        port = listener.getsockname()[1]
        assert sockets.queued(port) == 0
        with socket.create_connection((address, port)), socket.create_connection((address, port)):
            assert sockets.queued(port) == 2
            listener.accept()[0].close()
            assert sockets.queued(port) == 1
    assert sockets.queued(port) == 0


def test_where_the_kernel_does_not_tell_nobody_knows(monkeypatch):
    forbid(monkeypatch)
    assert sockets.queued(80) is None


@pytest.mark.parametrize("way", ["kernel", "sandbox", "portable"])
def test_all_the_ports_at_which_processes_listen(way, monkeypatch):
    if way == "sandbox":
        forbid(monkeypatch)
    source = portable if way == "portable" else processes
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("::1", 0), family=socket.AF_INET6) as two,
    ):
        ports = {one.getsockname()[1], two.getsockname()[1]}
        assert ports <= source.listening([os.getpid(), 2**22 + 1])
        assert not ports & source.listening([os.getppid()])
    assert not ports & source.listening([os.getpid()])
