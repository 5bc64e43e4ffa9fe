"""What is said of stacks that run, do not answer, or died."""

import os

import pytest

from aura_stack.doctor import stacks
from aura_stack.doctor.census import STOPPED, Counts, Known, Note, State
from aura_stack.doctor.findings import Finding, Level
from aura_stack.system import processes
from aura_stack.system.places import Runtime

RUNTIME = Runtime("0123456789", "/run/user/1/aura-stack/0123456789", ())


def known(state, name="shop", pid=7, **more):
    note = Note(name, f"/home/u/{name}/stack.yaml") if name else Note()
    return Known(RUNTIME, state, note, pid, **more)


def test_stacks_that_run_are_named():
    running = [
        known(State.RUNNING, counts=Counts(1, 1, 0)),
        known(State.STARTING, ""),
        known(State.DEAD, "old"),
    ]
    assert list(stacks.check_stacks(running, "/home/u")) == [
        Finding("stacks", Level.OK, "shop (~/shop/stack.yaml), a stack that has not said its name (pid 7)")
    ]
    assert list(stacks.check_stacks([], "/")) == [Finding("stacks", Level.OK, "none runs")]


@pytest.mark.parametrize(
    ("remark", "cure"),
    [
        (STOPPED, "kill -CONT 7 wakes it"),
        ("no answer in 1 s", "kill -9 7: its guardian then ends the services"),
    ],
)
def test_an_engine_that_does_not_answer_is_trouble(remark, cure):
    assert list(stacks.check_stacks([known(State.SILENT, remark=remark)], "/home/u")) == [
        Finding(
            "stacks",
            Level.TROUBLE,
            f"the engine of shop (~/shop/stack.yaml), pid 7, does not answer: {remark}",
            cure,
        )
    ]


def test_an_engine_of_another_version_is_noted():
    (finding,) = stacks.check_stacks([known(State.RUNNING, remark="it speaks version 1 …")], "")
    assert (finding.level, finding.found) == (
        Level.NOTE,
        "shop (/home/u/shop/stack.yaml): it speaks version 1 …",
    )


def test_a_stack_that_runs_where_commands_do_not_look_is_trouble():
    here = "/home/u/.local/state/aura-stack/run/0123456789"
    (finding,) = stacks.check_elsewhere([known(State.RUNNING)], here)
    assert finding.level is Level.TROUBLE
    assert f"(pid 7) with lock and socket in {RUNTIME.directory}" in finding.found
    assert f"look in {here}" in finding.found
    for other in (known(State.DEAD), known(State.RUNNING)):
        where = here if other.state is State.DEAD else RUNTIME.directory
        assert list(stacks.check_elsewhere([other], where)) == []
    assert list(stacks.check_elsewhere([known(State.RUNNING)], here.replace("0", "a"))) == []


def test_dead_stacks_are_one_note():
    many = [known(State.DEAD, f"s{number}", 0) for number in range(7)]
    assert list(stacks.check_leftovers(many[:2], [], "/home/u")) == [
        Finding(
            "leftovers",
            Level.NOTE,
            "died without clearing up: s0 (~/s0/stack.yaml), s1 (~/s1/stack.yaml)",
            "aura-stack clean --all, or aura-stack doctor --fix",
        )
    ]
    (finding,) = stacks.check_leftovers(many, [], "/home/u")
    assert finding.found.endswith("s4 (~/s4/stack.yaml) and 2 more")


def test_processes_that_live_on_are_trouble_and_named(monkeypatch):
    lines = {7: ("node", "server.js"), 8: None}
    monkeypatch.setattr(processes, "command_line", lines.get)
    assert list(stacks.check_leftovers([known(State.DEAD, pid=0, left=(7, 8))], [], "/home/u")) == [
        Finding(
            "leftovers",
            Level.TROUBLE,
            "shop (~/shop/stack.yaml) died, and these live on: 7 (node server.js), 8 (gone)",
            "kill 7 8, then aura-stack clean --all",
        )
    ]


def test_sockets_of_nobody_are_noted_by_their_folders():
    (finding,) = stacks.check_leftovers([], ["/tmp/aura-stack-1/0123456789/control.sock"], "")
    assert finding.found == "sockets of stacks that are no more: /tmp/aura-stack-1/0123456789"
    assert finding.level is Level.NOTE


def test_nothing_left_is_fine():
    assert list(stacks.check_leftovers([], [], "")) == [Finding("leftovers", Level.OK, "none")]


@pytest.mark.parametrize(
    ("path", "home", "shown"),
    [
        ("/home/u/a", "/home/u", "~/a"),
        ("/home/u/a", "/home/u/", "~/a"),
        ("/home/user", "/home/u", "/home/user"),
        ("/home/u/a", "/", "/home/u/a"),
        ("/home/u/a", "", "/home/u/a"),
    ],
)
def test_paths_are_shortened_below_the_home_directory_alone(path, home, shown):
    assert stacks.short(path, home) == shown


def test_every_stack_has_something_to_be_called_by():
    assert stacks.called(known(State.DEAD, "", 0), os.sep) == "a stack without a name"
