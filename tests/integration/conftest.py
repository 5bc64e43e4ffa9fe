import os
import socket

import pytest
from stacks import Stack


@pytest.fixture
def stack(tmp_path):
    """Makes a stack of the given services; at the end nothing of it may be left."""
    made = []

    def make(services, **top):
        made.append(Stack(tmp_path, services, **top))
        return made[-1]

    yield make
    leaked = [pid for one in made for pid in one.close()]
    assert leaked == [], "processes outlived the test"


@pytest.fixture
def port():
    """A free port below the range that the kernel hands out for outgoing connections; each worker has its own."""
    first = 21000 + 200 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for number in range(first, first + 200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", number))
            except OSError:
                continue
            return number
    raise AssertionError("no free port")
