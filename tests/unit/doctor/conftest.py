import os
import tempfile

import pytest
from seats import Seat

from aura_stack.system import places as module


@pytest.fixture
def environ(monkeypatch):
    """Folders for stacks of their own, with short paths, as sockets have to fit in; none of the machine's are seen."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="a") as top:
        monkeypatch.setattr(module, "_TEMPORARY", f"{top}/tmp")
        monkeypatch.setattr(module, "_LOGINS", f"{top}/logins")
        yield {"XDG_STATE_HOME": f"{top}/state", "HOME": f"{top}/home", "PATH": os.environ["PATH"]}


@pytest.fixture
def seat(tmp_path, environ):
    """Makes a stack in a folder of its own."""
    made = []

    def make(name="shop"):
        made.append(Seat(tmp_path / name, environ))
        return made[-1]

    yield make
    for one in made:
        one.close()
