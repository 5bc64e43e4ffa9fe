"""SIGKILL of the engine or the guardian in the midst of a start and of a stop, at whatever call: nothing is left.

`EVERY=1` kills at every one of them (`make soak`), else at some that are spread over the start and the stop.
"""

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from stacks import PATIENCE, Running, Stack, child

pytestmark = pytest.mark.long

KILLER = Path(__file__).with_name("killer.py")
STEP = int(os.environ.get("EVERY", "0"))
POINTS = 3  # of a start, and as many of a stop
SERVICES = {
    "family": {"command": child("family"), "stop": {"grace": "200ms"}},
    "shell": {"command": "sleep 1000 & wait", "depends_on": ["family"]},
}


class Life:
    """A stack that is brought up and taken down while its engine or guardian is traced."""

    def __init__(self, folder):
        self.stack = Stack(folder, SERVICES)
        self.report = folder / "report"

    def run(self, target, at):
        """From the start to the stop; the numbers of stops that were told, when all was ready and at the end."""
        self.report.write_text("")
        argv = [sys.executable, str(KILLER), target, str(at), str(self.report)]
        up = Running([*argv, sys.executable, "-m", "aura_stack", "up"], self.stack.folder, self.stack.env)
        self.stack.running.append(up)
        if ready := comes(up, r"all ready"):
            up.signal(signal.SIGUSR1)
            self.wait_for_report()
            self.stack.start("down").finish()
        up.finish()
        return ready, [int(line) for line in self.report.read_text().split()]

    def wait_for_report(self):
        deadline = time.monotonic() + PATIENCE
        while not self.report.read_text() and time.monotonic() < deadline:
            os.sched_yield()


def comes(command, pattern):
    """Whether it prints that before it ends."""
    try:
        return command.expect(pattern)
    except AssertionError:
        return None


@pytest.fixture
def life(tmp_path):
    made = Life(tmp_path)
    yield made
    assert made.stack.close() == []


def points(ready, end):
    """Where to kill: everywhere, or some of each half, the first and the last among them."""
    if STEP:
        return range(1, end + 1, STEP)
    first = [1 + (ready - 1) * number // (POINTS - 1) for number in range(POINTS)]
    return first + [ready + (end - ready) * number // POINTS for number in range(1, POINTS + 1)]


@pytest.mark.timeout(100_000 if STEP else 120)
@pytest.mark.parametrize("target", ["engine", "guardian"])
def test_nothing_is_left(life, target):
    life.run(target, 0)  # the first makes folders, which the others find
    _, (ready, end) = life.run(target, 0)
    assert 1 < ready < end
    for at in points(ready, end):
        _, told = life.run(target, at)
        # no two runs make quite the same calls: only of the first half is it sure that they come so far
        assert told[-1] == at or at > ready // 2 + 1, "it was to be killed and was not"
        assert life.stack.wait_until_empty() == [], f"killed at stop {at} of {end}, ready at {ready}"
