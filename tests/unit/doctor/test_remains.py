"""Which processes a crashed run has left: by what it noted, never by a name, and never a stranger."""

import json
import os
import subprocess
import sys

import pytest
from seats import gone

from aura_stack.doctor import remains
from aura_stack.doctor.remains import Note, Run
from aura_stack.supervision.tree import MARK
from aura_stack.system import processes
from aura_stack.system.processes import Identity

DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); input()"
PARENT = (
    "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', 'input()'], env={}); "
    "print(child.pid, flush=True); input(); child.wait()"
)


@pytest.fixture
def start():
    """Starts processes in sessions of their own; answers the process and its identity."""
    started = []

    def go(code="print(flush=True); input()", mark="", apart=True):
        environ = {MARK: mark} if mark else {}
        child = subprocess.Popen(
            [sys.executable, "-c", code],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=apart,
        )
        child.first = child.stdout.readline().decode().strip()
        started.append(child)
        return processes.identify(child.pid)

    yield go
    for child in started:
        child.kill()
        child.communicate()


def note(*runs, **changes):
    """What an engine left that began before everything else."""
    values = {"boot": processes.boot(), "mark": "7-18f", "engine": Identity(gone(), 1), "runs": runs}
    return Note("shop").but(**{**values, **changes})


def found(note):
    return {one.identity: one.service for one in remains.remains(note)}


def test_who_carries_the_mark_is_a_leftover_and_its_service_is_read_from_it(start):
    mine, task, stop = (
        start(mark="7-18f:web:3"),
        start(mark="7-18f:db:seed:1"),
        start(mark="7-18f:web:3:stop"),
    )
    start(mark="7-18f0:web:3")
    start(mark="7-190:web:3")
    assert found(note()) == {mine: "web", task: "db:seed", stop: "web"}


def test_a_main_process_that_emptied_its_environment_is_known_by_number_and_start(start):
    main = start()
    assert found(note(Run("web", main))) == {main: "web"}


def test_a_process_that_has_the_number_of_a_run_now_is_a_stranger(start):
    pid, began = start()
    assert found(note(Run("web", Identity(pid, began - 1)))) == {}
    assert remains.end(note(Run("web", Identity(pid, began - 1)))) == ((), ())
    assert processes.is_alive(Identity(pid, began))


def test_a_main_process_leads_its_session(start):
    assert found(note(Run("web", start(apart=False)))) == {}


def test_nobody_is_a_leftover_of_another_boot(start):
    main = start(mark="7-18f:web:3")
    assert found(note(Run("web", main), boot="another")) == {}
    assert remains.end(note(Run("web", main), boot="another")) == ((), ())
    assert processes.is_alive(main)


def test_nobody_is_a_leftover_of_an_engine_that_lives(start):
    assert found(note(Run("web", start()), engine=processes.identify(os.getpid()))) == {}


def test_what_a_leftover_started_is_one_too(start):
    main = start(PARENT, mark="7-18f:web:3")
    (child,) = processes.children(main.pid)
    assert found(note()) == {main: "web", processes.identify(child): "web"}


def test_who_asks_is_none_and_nor_is_what_it_runs_in():
    """A command may be typed in a terminal that a service of the crashed run had opened."""
    code = (
        "import os; from aura_stack.doctor.remains import *; from aura_stack.system.processes import Identity, boot; "
        "note = Note('shop', boot=boot(), mark='7-18f', engine=Identity(int(os.environ['GONE']), 1)); "
        "print([one.service for one in remains(note)])"
    )
    environ = {**os.environ, MARK: "7-18f:shell:1", "GONE": str(gone())}
    shell = ["sh", "-c", '"$0" "$@"; exit $?', sys.executable, "-c", code]
    assert subprocess.run(shell, env=environ, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_leftovers_get_term_and_those_that_stay_kill(start):
    meek, deaf = start(mark="7-18f:web:1"), start(DEAF, mark="7-18f:db:1")
    ended, still = remains.end(note(), grace=0.05)
    assert {one.identity for one in ended} == {meek, deaf}
    assert still == ()
    assert not processes.is_alive(deaf)
    assert remains.told(ended[:1]) == f"{ended[0].service} (pid {ended[0].identity.pid})"


@pytest.mark.parametrize(
    "runs", ["x", [1], [{"service": 1, "pid": 5, "start": 1}], [{"service": "a", "pid": 1}]]
)
def test_runs_of_another_form_are_none(tmp_path, runs):
    path = tmp_path / "run.json"
    path.write_text(json.dumps({"stack": "shop", "runs": runs}))
    assert remains.read_note(str(path)) == Note("shop")
