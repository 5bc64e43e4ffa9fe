"""Who has taken a connection out of a listener's queue, by each of the ways to ask."""

import os
import socket

import pytest

from aura_stack.system import portable, procfs, sockdiag


@pytest.fixture(params=["127.0.0.1", "::1"])
def ends(request):
    """A listener for both families, and a client of it."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
        near = (request.param, listener.getsockname()[1])
        with socket.create_connection(near) as client:
            yield listener, near, client.getsockname()[:2]


def forbid(monkeypatch):
    def no(*_):
        raise PermissionError

    monkeypatch.setattr(sockdiag, "inode", no)


@pytest.mark.parametrize("way", ["kernel", "sandbox", "portable"])
def test_nobody_has_what_is_queued_and_then_who_accepted_it(ends, way, monkeypatch):
    listener, near, far = ends
    if way == "sandbox":
        forbid(monkeypatch)
    source = portable if way == "portable" else procfs
    assert source.taken([os.getpid()], near, far) is None
    taken, _ = listener.accept()
    assert source.taken([os.getpid()], near, far) is True
    assert source.taken([os.getppid()], near, far) is (False if way == "kernel" else None)
    taken.close()


def test_what_is_not_connected_has_nobody(ends):
    _, near, _ = ends
    assert sockdiag.inode(near, (near[0], 1)) is None
    assert procfs.taken([os.getpid()], near, (near[0], 1)) is None
