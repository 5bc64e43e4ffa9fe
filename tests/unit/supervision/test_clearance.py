"""How long the end of a run waits for its ports, and which of them it may try."""

from aura_stack.supervision.clearance import PATIENCE, Clearance, Numbers


class Kernel:
    """Ports that are taken, and which were tried."""

    def __init__(self, *taken):
        self.taken = set(taken)
        self.tried = []

    def is_free(self, port):
        self.tried.append(port)
        return port not in self.taken


def clearance(kernel, *ports):
    return Clearance(ports, Numbers(kernel.is_free, str), 100.0)


def test_a_run_is_clear_when_all_its_ports_can_be_bound():
    kernel = Kernel(4010)
    wait = clearance(kernel, 4010, 4011)
    assert wait.held(()) == [4010]
    kernel.taken.clear()
    assert wait.held(()) == []


def test_a_port_that_another_run_has_or_is_about_to_bind_is_never_tried():
    kernel = Kernel(4010, 4011)
    assert clearance(kernel, 4010, 4011).held({4010}) == [4011]
    assert kernel.tried == [4011]


def test_the_looks_grow_apart_and_the_last_is_at_the_end_of_patience():
    wait = clearance(Kernel(4010), 4010)
    now, pauses = 100.0, []
    while (pause := wait.pause(now)) is not None:
        pauses.append(pause)
        now += pause
    assert pauses[0] == 0.025
    assert pauses[:-1] == sorted(pauses[:-1])
    assert max(pauses) == 0.25
    assert now - 100.0 == PATIENCE


def test_who_is_in_a_hurry_gets_one_look_more():
    wait = clearance(Kernel(4010), 4010)
    assert wait.pause(100.0)
    wait.hurry()
    assert wait.pause(100.1) is None
