"""A definition that another process has read is the one that would have been read here."""

import json
import os
import threading

import pytest

from aura_stack.errors import AuraError, InvalidDefinition
from aura_stack.session import readahead
from aura_stack.session.definition import source
from aura_stack.session.readahead import ReadAhead, complete, read_ahead, taken
from aura_stack.stack.variant import Variant

MANY = "services: {" + ", ".join(f"s{at}: {{command: sleep {at}}}" for at in range(400)) + "}"
FULL = """
name: shop
ports: ports.json
env_file: .env
profiles:
  minimal: [web]
  twin: {env: {A: b}}
services:
  web:
    command: [node, "${HOME}/app.js"]
    port: web
    env: {URL: "${services.db.url}", TOKEN: "${TOKEN}"}
    ready: {http: {path: /health, status: [200, 204]}, timeout: 3s}
    health: {http: /alive, every: 2s}
    depends_on: {db: ready}
    watch: {paths: [src], rules: [{match: "*.css", ignore: true}]}
    replicas: 2
  db: {command: db, port: db, stop: {signal: INT, grace: 3s}, restart: always}
  elsewhere: {external: true, ready: {file: /x}, hint: start it}
tasks:
  seed: {command: seed, inputs: [seed.sql]}
"""
MANIFEST = {
    "ports": {"web": {"port": 4001, "range": "front"}, "db": {"port": 4010, "range": "back"}},
    "ranges": {"front": ["4001-4009"], "back": ["4010-4019"]},
}
PROCFILE = "web: python -m http.server $PORT\nworker: echo ${WORDS}\n"
SHELL = {"HOME": "/home/me", "PATH": "/bin", "AURA_NO_WATCH": "1"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        readahead.signal, "signal", lambda *_: None
    )  # what a process of its own does to itself
    monkeypatch.setattr(readahead.signal, "pthread_sigmask", lambda *_: None)
    (tmp_path / "ports.json").write_text(json.dumps(MANIFEST))
    (tmp_path / ".env").write_text("TOKEN=t0p\nWORDS=a\n")
    return tmp_path


def written(folder, text, name="stack.yaml"):
    (folder / name).write_text(text)
    return name


def ahead(file, variant=Variant(), shell=SHELL):  # noqa: B008 - neither ever changes
    """What is taken of what was read ahead."""
    reading, writing = os.pipe()
    reader = threading.Thread(target=read_ahead, args=(writing, file, shell, variant), daemon=True)
    reader.start()
    files = taken(reading, file, shell)
    complete(files)
    reader.join(60)
    assert not reader.is_alive()
    return files


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (FULL, "stack.yaml"),
        (MANY, "stack.yaml"),
        (PROCFILE, "Procfile"),
        ('{"services": {"a": {"command": "x"}}}', "stack.json"),
    ],
)
@pytest.mark.parametrize(
    "variant", [Variant(), Variant(env_files=(".env",)), Variant(spared=frozenset({4002}))]
)
def test_it_is_what_would_have_been_read_here(folder, text, name, variant):
    file = written(folder, text, name)
    files, read = ahead(file, variant), source(file, SHELL)
    assert isinstance(files, ReadAhead)
    assert files.definition(variant) == read.definition(variant)
    assert files.file == read.file
    assert files.variables(variant) == read.variables(variant)


@pytest.mark.parametrize(
    "other",
    [Variant(("twin",)), Variant(scale={"web": 3}), Variant(numbers={"db": 4015}), Variant(("minimal",))],
)
def test_other_variants_are_made_of_what_was_read_and_not_of_what_stands_there_now(folder, other):
    file = written(folder, FULL)
    wanted, instance = source(file, SHELL).definition(other), source(file, SHELL).instance(("twin",))
    files = ahead(file)
    written(folder, "services: {a: {command: x}}")
    assert files.definition(other) == wanted
    assert files.instance(("twin",)) == instance == "twin"
    assert [one.name for one in files.again().definition(Variant()).stack.services] == ["a"]


def test_files_of_variables_count_as_they_are_now(folder):
    files = ahead(written(folder, FULL))
    (folder / ".env").write_text("TOKEN=new\n")
    assert files.variables(Variant())["TOKEN"] == "new"


def test_what_is_unknown_in_another_variant_is_refused_as_ever(folder):
    files = ahead(written(folder, FULL))
    with pytest.raises(AuraError, match='there is no profile "absent"'):
        files.definition(Variant(("absent",)))


def test_a_definition_with_mistakes_is_read_here_and_its_mistakes_told(folder):
    file = written(folder, "services: {a: {comand: x}}")
    reading, writing = os.pipe()
    with pytest.raises(InvalidDefinition):
        read_ahead(writing, file, SHELL, Variant())
    files = taken(reading, file, SHELL)
    assert not isinstance(files, ReadAhead)
    with pytest.raises(InvalidDefinition, match="comand"):
        files.definition(Variant())


@pytest.fixture
def whole(folder):
    """The stack file, and all that is written of it."""
    file = written(folder, FULL)
    reading, writing = os.pipe()
    read_ahead(writing, file, SHELL, Variant())
    with open(reading, "rb") as pipe:
        return file, pipe.read()


@pytest.mark.parametrize("kept", [0, 3, 8, 9, 1000, -1])
def test_who_dies_on_the_way_is_replaced(whole, kept):
    file, written_there = whole
    first = int.from_bytes(written_there[:8], "big") + 8
    for size in (kept % first, first + kept % (len(written_there) - first)):
        reading, writing = os.pipe()
        os.write(writing, written_there[:size])
        os.close(writing)
        files = taken(reading, file, SHELL)
        complete(files)
        read = source(file, SHELL)
        for variant in (Variant(), Variant(("twin",))):
            assert files.definition(variant) == read.definition(variant)


def test_nobody_to_read_for_ends_it(folder):
    reading, writing = os.pipe()
    os.close(reading)
    with pytest.raises(BrokenPipeError):
        read_ahead(writing, written(folder, MANY), SHELL, Variant())


def test_what_is_taken_leaves_no_descriptor(folder):
    before = set(os.listdir("/dev/fd"))
    ahead(written(folder, FULL))
    assert set(os.listdir("/dev/fd")) == before
