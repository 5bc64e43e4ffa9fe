"""Externals whose port or file says enough are looked at without what asking needs."""

import os
import subprocess
import sys

import pytest

from aura_stack.errors import AuraError, Place
from aura_stack.session import externals
from aura_stack.stack.model import ProbeKind, Ready, Service

HERE = Place("stack.yaml", 1, 1)


def external(name, *, port=0, file="", **more):
    ready = Ready(ProbeKind.FILE, target=file) if file else Ready(ProbeKind.TCP, str(port), port)
    return Service(name, HERE, ready=ready, external=True, **more)


@pytest.fixture(autouse=True)
def open_ports(monkeypatch):
    """Nobody listens anywhere but on the ports that a test puts here."""
    ports = set()
    monkeypatch.setattr(externals, "accepts", lambda number: number in ports)
    return ports


def require(*services):
    return externals.require(services, lambda _: {})


def test_services_of_ours_are_not_looked_at():
    assert require(Service("web", HERE, ready=Ready(ProbeKind.TCP, "1", 1))) == []


def test_one_that_answers_is_not_mentioned(open_ports):
    open_ports.add(5432)
    assert require(external("db", port=5432)) == []


def test_one_that_is_not_required_is_mentioned_with_its_hint():
    optional = external("db", port=5432, required=False, hint="start it")
    assert require(optional) == ["db: not answering on port 5432; not required (start it)"]


def test_a_file_that_is_there_is_enough(tmp_path):
    file = tmp_path / "ready"
    missing = external("db", file=str(file), required=False)
    assert require(missing) == [f"db: is not ready: the file {file} is not there; not required"]
    file.touch()
    assert require(missing) == []


def test_all_that_are_required_are_told_and_no_hint_twice():
    hint = "docker compose up -d"
    with pytest.raises(AuraError) as caught:
        require(
            external("db", port=1, hint=hint),
            external("queue", port=2, hint=hint),
            external("cache", port=3, required=False),
        )
    assert caught.value.message == (
        "db, which is external and required, does not answer on port 1\n"
        "queue, which is external and required, does not answer on port 2"
    )
    assert (caught.value.hint, caught.value.exit_code) == (hint, 1)


LOOK = """
import sys
from aura_stack.errors import Place
from aura_stack.session.externals import require
from aura_stack.stack.model import Command, ProbeKind, Ready, Service
here = Place("stack.yaml", 1, 1)
ready = {
    "file": Ready(ProbeKind.FILE, target="/"),
    "exec": Ready(ProbeKind.EXEC, command=Command(("true",), "true", here)),
}[sys.argv[1]]
assert require([Service("db", here, cwd="/", ready=ready, external=True)], lambda _: {}) == []
print(sorted({"asyncio", "subprocess"} & set(sys.modules)))
"""


@pytest.mark.parametrize(("kind", "loaded"), [("file", "[]\n"), ("exec", "['asyncio', 'subprocess']\n")])
def test_what_waits_for_an_answer_is_loaded_only_for_one_who_gives_one(kind, loaded):
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    told = subprocess.run(
        [sys.executable, "-c", LOOK, kind], env=environ, check=True, capture_output=True, text=True
    )
    assert told.stdout == loaded
