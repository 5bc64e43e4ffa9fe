"""Who may answer at a port: the run, who cannot be seen, and who stands for a container."""

import pytest

from aura_stack.ports.owners import Kind, Owner
from aura_stack.supervision import answering

SERVER = Owner(812, "node server.js", cwd="/home/u/shop", age=7200.0)


class Run:
    """A tree of imagined processes."""

    def __init__(self, *pids, marked=()):
        self.pids, self.marked = pids, marked

    def members(self):
        return list(self.pids)

    def marks(self, pid):
        return pid in self.marked


@pytest.fixture
def world(monkeypatch):
    """Who listens at port 4010, and who descends from us."""

    def make(*owners, listening=(), descend=()):
        looks = []

        def found(numbers):
            looks.append(tuple(numbers))
            return {4010: owners or (Owner(None, kind=Kind.UNKNOWN),)}

        monkeypatch.setattr(answering.owners, "owners", found)
        monkeypatch.setattr(
            answering.processes, "listens", lambda pid, port: pid in listening and port == 4010
        )
        monkeypatch.setattr(answering.processes, "descendants", lambda _: list(descend))
        return looks

    return make


def test_a_stranger_is_named_without_what_changes_from_look_to_look(world):
    world(SERVER)
    assert answering.stranger(4010, [Run(1, 2)], []) == "pid 812 (node server.js)"


def test_a_member_that_listens_is_enough_and_nobody_else_is_looked_at(world):
    looks = world(SERVER, listening={2})
    assert answering.stranger(4010, [Run(1, 2)], []) == ""
    assert looks == []


@pytest.mark.parametrize(
    "owners",
    [
        (),
        (Owner(None),),
        (Owner(812, "node server.js", foreign=True),),
        (Owner(812, "/usr/bin/docker-proxy -proto tcp -host-port 4010"),),
        (SERVER, Owner(813, "rootlessport")),
        (Owner(812, "psql", kind=Kind.CONNECTION),),
    ],
)
def test_who_cannot_be_seen_or_stands_for_a_container_counts_as_ours(world, owners):
    world(*owners)
    assert answering.stranger(4010, [Run(1)], []) == ""


def test_a_daemon_of_others_that_has_the_mark_of_the_run_counts_as_ours(world):
    world(SERVER)
    assert answering.stranger(4010, [Run(1, marked={812})], []) == ""
    assert answering.stranger(4010, [Run(1)], [Run(3, marked={812})]) != ""


def test_a_descendant_of_ours_that_is_of_no_other_run_counts_as_ours(world):
    world(SERVER, descend={812})
    assert answering.stranger(4010, [Run(1)], [Run(3)]) == ""
    assert answering.stranger(4010, [Run(1)], [Run(3, 812)]) == "pid 812 (node server.js)"
