"""Whether a process listens at a port, by each of the two ways to ask."""

import os
import socket

import pytest

from aura_stack.system import portable, processes


@pytest.mark.parametrize("source", [processes, portable])
@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_process_listens_at_its_port_until_it_closes_it(source, family, address):
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
