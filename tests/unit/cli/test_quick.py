"""The command lines that are understood without click mean what they mean to click."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_stack.cli import logs, orders, ports_change, ports_live, status
from aura_stack.cli.main import cli
from aura_stack.cli.quick import FLAGS, VALUED, understood
from aura_stack.cli.up import up
from aura_stack.logs.store import Store
from aura_stack.system.places import create_runtime, places

ORDERS = {
    "status": status.status,
    "start": orders.start,
    "stop": orders.stop,
    "restart": orders.restart,
    "up": up,
    "logs": logs.logs,
}
LOOKS = {
    "ports": ports_live.ls,
    "ports ls": ports_live.ls,
    "ports check": ports_live.check,
    "ports who": ports_live.who,
    "ports next": ports_change.next_,
}
COMMANDS = {**ORDERS, **LOOKS}
WORDS = st.sampled_from(
    [
        "web",
        "work*",
        "4010",
        "65535",
        "-",
        "--",
        "",
        "-q",
        "--help",
        "--jso",
        "--json=1",
        "-f",
        *("all", "12", "-5", "1234567890", "a|b", "(a"),
        *sorted(set().union(*FLAGS.values())),
        *sorted(set().union(*VALUED.values())),
    ]
)
NAMES = ("services", "numbers")


def by_click(verb, words):
    """The parameters as click reads them, without those that have their defaults."""
    command = COMMANDS[verb]
    context = command.make_context(verb, list(words))
    defaults = command.make_context(verb, ["1"] if verb == "ports who" else []).params
    named = {"with_dependents": "dependents"}
    return {
        named.get(name, name): value
        for name, value in context.params.items()
        if name not in NAMES and value != defaults[name]
    }, [str(name) for key in NAMES for name in context.params.get(key, ())]


@given(st.sampled_from(sorted(COMMANDS)), st.lists(WORDS, max_size=5))
def test_what_is_understood_means_the_same_to_click(verb, words):
    line = understood([*verb.split(), *words])
    if line is None or line[1] != verb:
        return
    _, found, names, params = line
    expected = by_click(verb, words)
    default = verb != "up"  # who gives an order waits, and who brings a stack up follows it
    rest = {name: value for name, value in params.items() if (name, value) != ("wait", default)}
    assert (found, rest, names) == (verb, *expected)


@pytest.mark.parametrize("flag", ["-f", "--file"])
@pytest.mark.parametrize("file", ["stack.yaml", "-", "-C", "--json", "a b"])
def test_a_stack_file_may_be_named_before_the_command(flag, file):
    line = understood([flag, file, "status", "web"])
    context = cli.make_context("aura-stack", [flag, file, "status", "web"])
    assert line == (context.params["file"], "status", ["web"], {})


@pytest.mark.parametrize("verb", sorted(COMMANDS))
def test_every_flag_without_a_value_is_understood(verb):
    names = {"ports who": ["4010"], **{order: ["web"] for order in ORDERS}}
    for flag in FLAGS[verb]:
        assert understood([*verb.split(), flag, *names.get(verb, [])]) is not None


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["up", "--force-ports"],
        ["up", "--profile", "test"],
        ["up", "--wait", "--wait-timeout", "3s"],
        ["down"],
        ["-f"],
        ["-f", "x"],
        ["-f", "", "status"],
        ["-f", "x", "down"],
        ["-C", "x", "status"],
        ["status", "-h"],
        ["restart", "--wait-timeout", "3s"],
        ["status", ""],
        ["statu"],
        ["ports", "next", "4010"],
        ["ports", "next", "--count", "1001"],
        ["ports", "next", "--from", "0"],
        ["ports", "next", "--range", "--json"],
        ["ports", "next", "--range"],
        ["ports", "--json", "check"],
        ["ports", "check", "web"],
        ["ports", "check", "--profile", "ci"],
        ["ports", "who"],
        ["ports", "who", "0"],
        ["ports", "who", "65536"],
        ["ports", "who", "+4010"],
        ["ports", "who", "\u0664"],
    ],
)
def test_everything_else_is_left_to_click(words):
    assert understood(words) is None


HEAVY = (
    "click",
    "asyncio",
    "yaml",
    "psutil",
    "subprocess",
    "dataclasses",
    "inspect",
    "pathlib",
    "datetime",
    "uuid",
    "logging",
)


@pytest.mark.parametrize("words", [["status"], ["restart", "--no-wait", "web"]])
def test_the_path_of_the_commands_of_every_day_loads_these_modules_of_ours_and_nothing_heavy(words, tmp_path):
    """A guard of their speed that does not depend on the machine: what is loaded up to the connection."""
    (tmp_path / "stack.yaml").write_text("services: {}")
    environ = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    running = places(str(tmp_path / "stack.yaml"), environ)
    create_runtime(running)
    Path(running.socket).touch()
    script = (
        "import sys\n"
        "from aura_stack.control import client\n"
        "def connect(path, file): print(*sorted(sys.modules)); raise SystemExit(0)\n"
        "client.connect = connect\n"
        "from aura_stack.cli.quick import run\n"
        f"run({words!r})"
    )
    loaded = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{script}"],
        cwd=tmp_path, capture_output=True, text=True, check=True, env=environ,
    ).stdout.split()  # fmt: skip
    assert not set(HEAVY) & set(loaded)
    assert sorted(name for name in loaded if name.startswith("aura_stack.") and name.count(".") == 2) == [
        "aura_stack.cli.interrupt",
        "aura_stack.cli.quick",
        "aura_stack.cli.running",
        "aura_stack.cli.settings",
        "aura_stack.cli.streams",
        "aura_stack.cli.tables",
        "aura_stack.cli.target",
        "aura_stack.control.client",
        "aura_stack.control.protocol",
        "aura_stack.reading.words",
        "aura_stack.stack.find",
        "aura_stack.system.digest",
        "aura_stack.system.files",
        "aura_stack.system.places",
    ]


PORTS_NEED = (
    "click",
    "asyncio",
    "psutil",
    "socket",
    "subprocess",
    "dataclasses",
    "inspect",
    "pathlib",
    "uuid",
    "logging",
)


@pytest.mark.parametrize(
    ("words", "spared"),
    [
        (["ports", "check"], ("ports.owners", "session.procfile", "reading.from_dotenv", "cli.running")),
        (["ports"], ("ports.owners", "session.procfile", "reading.from_dotenv", "cli.running")),
        (
            ["ports", "who", "4044"],
            ("session", "reading.load", "ports.manifest", "cli.running"),
        ),
    ],
)
def test_looks_at_ports_that_nobody_has_load_neither_the_parser_nor_who_is_asked_for_owners(
    words, spared, tmp_path
):
    (tmp_path / "ports.json").write_text('{"ports": {"web": {"port": 4044}}}')
    (tmp_path / "stack.yaml").write_text("ports: ports.json\nservices: {web: {command: x, port: web}}")
    script = f"import sys\nfrom aura_stack.cli.quick import run\ncode = run({words!r})\nprint(*sys.modules)\n"
    loaded = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{script}"],
        cwd=tmp_path, env={"HOME": str(tmp_path)}, capture_output=True, text=True, check=True,
    ).stdout.splitlines()[-1].split()  # fmt: skip
    assert {"aura_stack.cli.ports_told", "aura_stack.cli.ports_offered"} & set(loaded)
    assert not set(PORTS_NEED) & set(loaded)
    assert not {f"aura_stack.{name}" for name in spared} & set(loaded)


SEARCH_SPARES = (
    *HEAVY,
    "ctypes",
    "signal",
    "socket",
    "json",
    *(
        f"aura_stack.logs.{name}"
        for name in ("store", "controls", "lanes", "tail", "levels", "lives", "moments")
    ),
    *(f"aura_stack.cli.{name}" for name in ("story", "tables", "clean", "running")),
    *(f"aura_stack.{name}" for name in ("session", "control", "messages", "supervision")),
)


def test_a_search_loads_nothing_that_it_does_not_use(tmp_path):
    (tmp_path / "stack.yaml").write_text("services: {}")
    environ = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    logs = Path(places(str(tmp_path / "stack.yaml"), environ).logs)
    logs.mkdir(parents=True)
    store = Store(str(logs), str(logs.parent / "events.jsonl"), lambda: None, lambda: None)
    store.append(store.stream("web.out.log"), 1, b"a needle\nhay\n")
    store.close()
    script = "import sys\nfrom aura_stack.cli.quick import run\nrun(sys.argv[1:])\nprint(*sys.modules)\n"
    lines = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{script}", "logs", "-g", "needle"],
        cwd=tmp_path, env=environ, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    assert lines[:-1] == ["web | a needle"]
    assert not set(SEARCH_SPARES) & set(lines[-1].split())


def test_click_is_what_the_test_compares_with():
    assert all(isinstance(command, click.Command) for command in COMMANDS.values())
