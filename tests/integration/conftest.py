import os
import shutil
import socket

import pytest
from stacks import Stack

NEEDED = ("git", "make", "nginx", "node", "psql", "redis-server", "tmux")


@pytest.fixture(scope="session", autouse=True)
def programs():
    """Tests leave out what a machine lacks, but not in continuous integration, which installs it."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    here = os.environ.get("CI", "") in {"", "false"}
    assert not missing or here, f"{', '.join(missing)} missing: continuous integration installs them"


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
    """A free port below those that the kernel, and a front for its runs, draw by lot; each worker has its own.

    The nine behind it are free, too: what is left of a connection of another test keeps its number for a minute.
    """
    first = 7000 + 200 * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 14)
    for number in range(first, first + 190):
        if all(is_free(each) for each in range(number, number + 10)):
            return number
    raise AssertionError("no free port")


def is_free(number):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", number))
        except OSError:
            return False
    return True
