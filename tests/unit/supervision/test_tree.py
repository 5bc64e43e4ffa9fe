"""Who belongs to a run, while some of it are just ending."""

import itertools
import os

import pytest

from aura_stack.supervision import tree
from aura_stack.supervision.process import Children
from aura_stack.supervision.tree import MARK, Tree
from aura_stack.system import processes
from aura_stack.system.processes import Identity

OURS = {MARK: "mark"}


@pytest.fixture
def kernel(monkeypatch):
    """Processes as the test says: parent by pid, environments, zombies; all can change at every look."""

    class Kernel:
        def __init__(self):
            self.parents = {}
            self.environments = {}
            self.zombies = set()
            self.looked = list  # called at every look

        def environment(self, pid):
            found = self.environments.get(pid)
            self.looked()
            return found

        def is_alive(self, one):
            found = one.pid in self.parents and one.pid not in self.zombies
            self.looked()
            return found

        def children(self, pid):
            found = [one for one, parent in self.parents.items() if parent == pid]
            self.looked()
            return found

        def descendants(self, pid):
            return [below for one in self.children(pid) for below in (one, *self.descendants(one))]

    made = Kernel()
    monkeypatch.setattr(processes, "children", made.children)
    monkeypatch.setattr(processes, "descendants", made.descendants)
    monkeypatch.setattr(processes, "environment", made.environment)
    monkeypatch.setattr(processes, "session", lambda pid: pid)
    monkeypatch.setattr(processes, "identify", lambda pid: Identity(pid, 1) if pid in made.parents else None)
    monkeypatch.setattr(processes, "is_alive", made.is_alive)
    return made


def pids(found):
    return [one.pid for one in found]


def test_who_was_started_by_one_that_is_just_ending_is_found(kernel):
    kernel.parents = {101: os.getpid(), 102: 101}
    kernel.environments = {101: {}, 102: OURS}  # who ends has lost its environment, and still has its child
    assert pids(Tree(100, "mark", Children()).look()) == [102]


def test_what_a_stranger_has_started_is_left_alone(kernel):
    kernel.parents = {101: os.getpid(), 102: 101}
    kernel.environments = {101: {MARK: "other"}, 102: OURS}
    assert Tree(100, "mark", Children()).look() == []


def test_who_comes_to_us_while_we_look_is_found(kernel):
    kernel.parents = {101: os.getpid(), 102: 101}
    kernel.environments = {101: {}, 102: {}}
    looks = iter(range(100))

    def end_one():
        if next(looks) == 2:  # after two readings that agreed
            kernel.parents = {102: os.getpid()}
            kernel.environments = {102: OURS}

    kernel.looked = end_one
    assert pids(Tree(100, "mark", Children()).look()) == [102]


def test_at_whatever_moments_a_daemon_forks_and_ends_it_is_found(kernel):
    """The second of the three processes of daemon(7) leads a session of its own and goes away while we look."""
    middle, last = 101, 102

    def fork():
        kernel.parents[last], kernel.environments[last] = middle, OURS

    def lose_environment():
        kernel.environments[middle] = {}

    def end():
        kernel.zombies.add(middle)
        kernel.parents[last] = os.getpid()

    for moments in itertools.combinations_with_replacement(range(30), 3):
        kernel.parents, kernel.zombies = {middle: os.getpid()}, set()
        kernel.environments = {middle: OURS}
        clock = itertools.count()
        steps = list(zip(moments, (fork, lose_environment, end), strict=True))

        def advance(clock=clock, steps=steps):
            now = next(clock)
            while steps and steps[0][0] <= now:
                steps.pop(0)[1]()

        kernel.looked = advance
        assert Tree(100, "mark", Children()).look() != [], moments


def test_one_that_forks_without_end_ends_the_look_all_the_same(kernel, monkeypatch):
    def fork():
        kernel.parents = {max(kernel.parents) + 1: os.getpid()}

    kernel.parents = {101: os.getpid()}
    monkeypatch.setattr(tree, "_steady_children", lambda: fork() or list(kernel.parents))
    assert Tree(100, "mark", Children()).look() == []


def test_a_session_of_the_same_number_that_belongs_to_another_run_is_left_alone(kernel, monkeypatch):
    kernel.parents = dict.fromkeys((101, 102, 103), os.getpid())
    kernel.environments = {101: {MARK: "other"}, 102: {"MARK": "none"}, 103: OURS}
    monkeypatch.setattr(processes, "session", lambda pid: 100 if pid in (101, 102) else pid)
    assert pids(Tree(100, "mark", Children()).look()) == [102, 103]
