"""How the stacks of a user are listed."""

import json

import pytest
from click.testing import CliRunner

from aura_stack.cli import stacks
from aura_stack.cli.main import cli
from aura_stack.doctor import census
from aura_stack.doctor.census import Counts, Known, Note, State
from aura_stack.ports.leases import Given, Lease
from aura_stack.system.places import Runtime

NOTE = Note("shop", "/home/u/shop/stack.yaml")
UP = Known(Runtime("0", "/run/0", ()), State.RUNNING, NOTE, 7, 75.0, Counts(2, 3, 1))
SILENT = Known(Runtime("1", "/run/1", ()), State.SILENT, NOTE, 8, 5.0, remark="no answer in 1 s")
STARTING = Known(Runtime("2", "/run/2", ()), State.STARTING, Note())
DEAD = Known(Runtime("3", "/run/3", ()), State.DEAD, NOTE, left=(9, 10))


@pytest.fixture
def there(monkeypatch):
    monkeypatch.setenv("HOME", "/home/u")
    given = (Given("api", "", 4010, 4012), Given("gate", "", 4001, 4001))
    monkeypatch.setattr(
        stacks, "_leases", lambda: {"0": Lease("0", "shop", NOTE.file, "/run/0/lock", 7, given=given)}
    )
    return lambda *found: monkeypatch.setattr(census, "take", lambda _: list(found))


def run(*args):
    return CliRunner().invoke(cli, args, catch_exceptions=False)


def test_stacks_that_run_are_listed(there):
    there(UP, SILENT, STARTING, DEAD)
    result = run("list")
    assert result.stdout == (
        "NAME  STATE          SERVICES       UPTIME      PORTS                  FILE\n"
        "shop  running        2/3, 1 failed  1 min 15 s  4012 (for 4010), 4001  ~/shop/stack.yaml\n"
        "shop  not answering  ?              5.00 s      -                      ~/shop/stack.yaml\n"
        "-     starting       -              -           -                      -\n"
    )
    assert (result.exit_code, result.stderr) == (0, "")


def test_dead_ones_are_listed_where_that_is_asked_for(there):
    there(DEAD)
    assert (
        run("list", "--all").stdout.splitlines()[1]
        == "shop  dead   2 left behind  -       -      ~/shop/stack.yaml"
    )


def test_none_is_said_in_words_and_in_json(there):
    there(DEAD)
    assert run("list").stdout == "no stack is running\n"
    assert json.loads(run("list", "--json").stdout) == []


def test_json_has_every_key_of_every_stack(there):
    there(UP, STARTING, DEAD)
    up, starting, dead = json.loads(run("list", "--all", "--json").stdout)
    assert up == {
        "name": "shop",
        "state": "running",
        "file": "/home/u/shop/stack.yaml",
        "ready": 2,
        "total": 3,
        "failed": 1,
        "pid": 7,
        "uptime_seconds": 75.0,
        "runtime": "/run/0",
        "socket": None,
        "remark": None,
        "left": [],
        "ports": [
            {"service": "api", "key": "", "written": 4010, "number": 4012},
            {"service": "gate", "key": "", "written": 4001, "number": 4001},
        ],
    }
    assert starting["name"] is starting["file"] is starting["pid"] is starting["ready"] is None
    assert (dead["state"], dead["left"]) == ("dead", [9, 10])
    assert up.keys() == starting.keys() == dead.keys()


def test_the_help_names_every_key(there):
    there(UP)
    keys = json.loads(run("list", "--json").stdout)[0]
    text = run("list", "--help").stdout
    assert [key for key in keys if key not in text] == []
