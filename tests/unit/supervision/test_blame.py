from types import SimpleNamespace

import pytest
from imagined import CRASH

from aura_stack.supervision import runner
from aura_stack.supervision.clearance import Numbers
from aura_stack.supervision.process import judge

OURS = [7, 8]


def explained(verdict, holders=(), kills=(0, 4), ignores_port=False):
    """What the runner makes of a verdict: `holders` are pids by ports that cannot be bound."""
    held = dict(holders)
    numbers = Numbers(
        lambda port: port not in held,
        str,
        lambda port, ours: "" if held[port] in ours else f"pid {held[port]}",
    )
    service = SimpleNamespace(name="web", port=1)
    run = SimpleNamespace(
        number=1, service=service, ports=(1, 2), kills=kills, tree=SimpleNamespace(members=lambda: OURS)
    )
    holding = SimpleNamespace(ignores_port=lambda *_: ignores_port)
    looks = SimpleNamespace(
        _holding=holding, _numbers=numbers, _held=lambda run: [port for port in run.ports if port in held]
    )
    return runner.Runner._explained(looks, run, verdict).words


@pytest.fixture(autouse=True)
def counts(monkeypatch):
    monkeypatch.setattr(runner.memory, "kills", lambda: (0, 4))


def test_a_kill_while_a_count_rose_is_the_kernels():
    assert explained(judge(-9), kills=(0, 3)) == "killed by the kernel (out of memory)"
    assert explained(judge(137), kills=(0, 3)) == "killed by the kernel (out of memory)"


def test_a_kill_while_none_rose_is_somebody_elses_and_another_end_is_its_own():
    assert explained(judge(-9)) == "killed by SIGKILL"
    assert explained(CRASH, kills=(0, 3)) == "exited 3"


def test_the_first_of_its_ports_that_a_stranger_holds_is_to_blame():
    assert explained(CRASH, {1: 8, 2: 812}) == "exited 3: address in use by pid 812"
    assert explained(CRASH, {1: 7}) == "exited 3"
    assert explained(CRASH) == "exited 3"


def test_one_that_was_never_ready_behind_the_front_may_not_listen_where_it_is_to():
    words = "exited 3; behind the front it has to listen where PORT says, at 1"
    assert explained(CRASH, ignores_port=True) == words
