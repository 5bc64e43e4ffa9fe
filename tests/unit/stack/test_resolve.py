# ruff: noqa: E501 - a row of a table is one line, as is a message

import pytest
from placed import SIGNALS, valid

from aura_stack.ports.policy import assign
from aura_stack.stack.model import (
    By,
    Condition,
    Handover,
    Health,
    Host,
    Mode,
    ProbeKind,
    Ready,
    Restart,
    RestartPolicy,
    Stop,
    Watch,
)
from aura_stack.stack.resolve import Surroundings, resolve
from aura_stack.stack.shape import BACKOFF, READY, SERVICE, STOP

HERE = Surroundings("/proj/stack.yaml", "/proj", lambda path: path in {"/proj", "/proj/src", "/srv"}, SIGNALS)


def resolved(text, **environ):
    """The stack of a text, and what resolving says of it."""
    found = valid(text, **environ)
    assert found.problems == ()
    ports = assign(found.claims, None)
    assert ports.problems == ()
    stack, problems = resolve(found.root, ports.ports, HERE)
    return stack, [str(problem).removeprefix("f:") for problem in sorted(problems)]


def service(inner, **environ):
    """One resolved service `a`, whose key the inner text gives, and without a mistake."""
    stack, problems = resolved(f"services:\n  a:\n    command: x\n    {inner}\n", **environ)
    assert problems == []
    return stack.service("a")


def problems(inner):
    """What is said of a service with that key, on line 4, beside another with a port."""
    return resolved(f"services:\n  b: {{command: x, port: 4001}}\n  a: {{command: x, {inner}}}\n")[1]


@pytest.mark.parametrize(
    ("inner", "found"),
    [
        ("x-nothing: 1", Handover()),
        ("handover: overlap", Handover(Mode.OVERLAP)),
        ("handover: {mode: hold, host: any}", Handover(Mode.HOLD, Host.ANY)),
        ("handover: {mode: hold, by: front}", Handover(Mode.HOLD, by=By.FRONT)),
        ("handover: {mode: overlap, settle: 2s}", Handover(Mode.OVERLAP, settle=2.0)),
    ],
)
def test_a_hand_over_is_a_word_or_says_from_where_its_sockets_are_reached(inner, found):
    assert service(f"port: 1\n    {inner}").handover == found


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("curl -H ${API_TOKEN} :${port}", "curl -H ${API_TOKEN} :4001"),
        ("[curl, -u, '${API_TOKEN}', '${WHERE}']", "curl -u '${API_TOKEN}' there"),
        ("psql ${DB} ${WHERE} $$HOME", "psql postgres://u:***@h/x there $HOME"),
        ("run ${NONE:-${API_TOKEN}}", "run ${API_TOKEN}"),
        ("run ${WHERE} ${EMPTY_TOKEN:-nothing}", "run there nothing"),
    ],
)
def test_what_messages_show_of_a_command_holds_no_secret_that_a_variable_brought_in(written, shown):
    variables = {
        "API_TOKEN": "s3cr3t",
        "DB": "postgres://u:hunter2@h/x",
        "WHERE": "there",
        "EMPTY_TOKEN": "",
    }
    as_written = written if written.startswith("[") else repr(written)
    command = service(f"port: 4001\n    stop: {{command: {as_written}}}", **variables).stop.command
    assert command.shown == shown
    assert "${" not in command.text


def test_a_service_needs_nothing_but_a_command():
    found = service("x-nothing: 1")
    assert found.command.argv == ("/bin/sh", "-c", "x")
    assert (found.cwd, found.env, found.ports, found.prepare, found.depends_on) == ("/proj", {}, (), (), {})
    assert found.ready.kind is ProbeKind.STARTED
    assert (found.restart, found.stop) == (Restart(), Stop())
    assert (found.external, found.required, found.stdin_null, found.hint) == (False, True, False, "")


def test_defaults_in_the_schema_are_those_of_the_model():
    keys = {key: SERVICE.keys[key].default for key in ("restart", "give_up", "stdin")}
    backoff = {name: key.default for name, key in BACKOFF.keys.items()}
    stop = {name: STOP.keys[name].default for name in ("signal", "grace")}
    spelled = service(
        f"restart: {keys['restart']}\n    give_up: {keys['give_up']}\n    stdin: {keys['stdin']}\n    backoff: "
        f"{backoff}\n    stop: {stop}\n    ready: {{timeout: {READY.keys['timeout'].default}}}\n    cwd: "
        f"{SERVICE.keys['cwd'].default}"
    )
    bare = service("x-nothing: 1")
    assert (spelled.restart, spelled.stop, spelled.ready) == (bare.restart, bare.stop, bare.ready)
    assert (spelled.cwd, spelled.stdin_null) == (bare.cwd, bare.stdin_null)


@pytest.mark.parametrize(
    ("inner", "watch"),
    [
        ("x-nothing: 1", None),
        ("watch: false", None),
        ("watch:", None),
        ("watch: true", Watch((".",))),
        ("watch: {}", Watch((".",))),
        ("watch: {paths: src}", Watch(("src",))),
        ("watch: {ignore: [/tmp, '*.md']}", Watch((".",), ("/tmp", "*.md"))),
        ("watch: {paths: [a.py, ../b], ignore: c}", Watch(("a.py", "../b"), ("c",))),
    ],
)
def test_a_service_is_watched_as_it_says(inner, watch):
    assert service(inner).watch == watch


def test_a_list_is_executed_as_it_stands():
    stack, _ = resolved("services:\n  a: {command: [node, 'a b', 5, 1.10, '$HOME', '$$']}\n")
    command = stack.service("a").command
    assert command.argv == ("node", "a b", "5", "1.10", "$HOME", "$")
    assert command.text == "node 'a b' 5 1.10 '$HOME' '$'"
    assert str(command.place) == "f:2:16"


def test_text_is_run_by_the_shell_whose_own_variables_it_keeps():
    stack, _ = resolved('services:\n  a: {command: "echo $HOME ${WHO} $${HOME} $(date)"}\n', WHO="me")
    assert stack.service("a").command.argv == ("/bin/sh", "-c", "echo $HOME me ${HOME} $(date)")


def test_references_are_filled_in_everywhere():
    stack, found = resolved("""\
services:
  a:
    command: [x, "${port}", "${services.b.port}"]
    port: 4010
    env: {B: "${services.b.url}", M: "${services.b.ports.metrics}", S: "${services.a.url}", E: "${services.db.port}"}
    prepare: [{command: "y ${services.b.port}", inputs: a, outputs: [b, c]}]
    ready: {log: "on ${port}$"}
  b: {command: "z ${port}", ports: {http: 4001, metrics: 4002}}
  db: {external: true, port: 5432, hint: "start it on ${port}"}
""")
    a = stack.service("a")
    assert found == []
    assert a.command.argv == ("x", "4010", "4001")
    assert a.env == {"B": "http://localhost:4001", "M": "4002", "S": "http://localhost:4010", "E": "5432"}
    assert (a.prepare[0].command.text, a.prepare[0].inputs, a.prepare[0].outputs) == (
        "y 4001",
        ("a",),
        ("b", "c"),
    )
    assert a.ready.target == "on 4010$"
    assert stack.service("b").command.text == "z 4001"
    assert stack.service("db").hint == "start it on 5432"


@pytest.mark.parametrize(
    ("inner", "kind", "target", "port"),
    [
        ("port: 4010", ProbeKind.TCP, "4010", 4010),
        ("port: 4010\n    ready: {http: /health}", ProbeKind.HTTP, "/health", 4010),
        ("port: 4010\n    ready: {grpc: true}", ProbeKind.GRPC, "", 4010),
        ("port: 4010\n    ready: {grpc: false}", ProbeKind.TCP, "4010", 4010),
        ("ports: {web: 4010, m: 4011}\n    ready: {grpc: {service: a.B, port: m}}", ProbeKind.GRPC, "a.B", 4011),
        ("ports: {web: 4010, m: 4011}\n    ready: {http: /health}", ProbeKind.HTTP, "/health", 4010),
        ("ready: {http: 'http://localhost:4011'}", ProbeKind.HTTP, "/", 4011),
        ("port: 4010\n    ready: {http: 'http://127.0.0.1:${port}/h?a=b'}", ProbeKind.HTTP, "/h?a=b", 4010),
        ("ready: {http: 'http://[::1]/h'}", ProbeKind.HTTP, "/h", 80),
        ("ready: {tcp: 4011}", ProbeKind.TCP, "4011", 4011),
        ("port: 4010\n    ready: {tcp: '${port}'}", ProbeKind.TCP, "4010", 4010),
        ("ports: {web: 4010, m: 4011}\n    ready: {tcp: m}", ProbeKind.TCP, "4011", 4011),
        ("ready: {log: 'listening on \\d+'}", ProbeKind.LOG, "listening on \\d+", 0),
        ("cwd: src\n    ready: {file: ready.txt}", ProbeKind.FILE, "/proj/src/ready.txt", 0),
        ("ready: {file: /run/x}", ProbeKind.FILE, "/run/x", 0),
        ("port: 4010\n    ready: {timeout: 5s}", ProbeKind.TCP, "4010", 4010),
        ("port: 4010\n    ready: {notify: true}", ProbeKind.NOTIFY, "", 0),
        ("port: 4010\n    ready: {notify: false}", ProbeKind.TCP, "4010", 4010),
        ("port: 4010\n    ready: {http: {path: /health, status: 204}}", ProbeKind.HTTP, "/health", 4010),
    ],
)  # fmt: skip
def test_readiness_is_what_was_asked_for_or_the_port(inner, kind, target, port):
    ready = service(inner).ready
    assert (ready.kind, ready.target, ready.port) == (kind, target, port)


def test_a_readiness_command_and_its_limit():
    ready = service("ready: {exec: [pg_isready, -q], timeout: 1m30s}").ready
    assert (ready.kind, ready.command.argv, ready.timeout) == (ProbeKind.EXEC, ("pg_isready", "-q"), 90.0)


def test_restarts_and_stops_are_read():
    found = service(
        "restart: always\n    backoff: {first: 250ms, max: 2h}\n    give_up: 3 in 1m\n    stop: {signal: sigint, grace: 0s, command: y}"
    )
    assert found.restart == Restart(RestartPolicy.ALWAYS, 0.25, 7200.0, 3, 60.0)
    assert (found.stop.signal, found.stop.grace, found.stop.command.text) == (2, 0.0, "y")
    assert service("give_up: never").restart.tries is None


def test_an_environment_may_take_variables_away():
    assert service("env: {A: null, B: , C: '', D: 1.10, E: true, F: 0x10}").env == {
        "A": None, "B": None, "C": "", "D": "1.10", "E": "true", "F": "0x10"
    }  # fmt: skip


def test_dependencies_keep_their_conditions():
    text = "services:\n  a: {command: x, depends_on: [b]}\n  b: {command: x, depends_on: {c: completed, d: started}}\n"
    stack, _ = resolved(text + "  c: {command: x}\n  d: {command: x}\n")
    assert stack.service("a").depends_on == {"b": Condition.READY}
    assert stack.service("b").depends_on == {"c": Condition.COMPLETED, "d": Condition.STARTED}


def test_folders_are_relative_to_the_file():
    assert service("cwd: src").cwd == "/proj/src"
    assert service("cwd: ./src/../src/").cwd == "/proj/src"
    assert service("cwd: /srv").cwd == "/srv"
    assert service("cwd: $${X}/../src").cwd == "/proj/src"


def test_nothing_is_read_from_a_closed_input():
    assert service("stdin: null").stdin_null


def test_a_terminal_is_for_those_that_ask_for_one():
    assert service("tty: true").tty
    assert not service("tty: false").tty
    assert not service("").tty


def test_a_stack_is_named_after_its_folder():
    assert resolved("services: {a: {command: x}}")[0].name == "proj"
    assert resolved("name: aura\nservices: {a: {command: x}}")[0].name == "aura"


def test_requirements_keep_their_places():
    stack, _ = resolved("requires: {node: 20, npm: '*'}\nservices: {a: {command: x}}")
    assert [(each.program, each.versions, str(each.place)) for each in stack.requires] == [
        ("node", "20", "f:1:18"), ("npm", "*", "f:1:27")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("inner", "found"),
    [
        ("cwd: nix", ['3:24: there is no folder "nix"']),
        ("cwd: ~/x", ['3:24: there is no folder "~/x" (write ${HOME} for ~)']),
        ("env: {A: '${port}'}", ['3:28: ${port}: service "a" has no port']),
        ("env: {A: '${services.c.port}'}", ['3:28: ${services.c.port}: no service is called "c"']),
        ("env: {A: '${services.b.ports.http}'}", ['3:28: ${services.b.ports.http}: service "b" has no port called "http"']),
        ("ports: {web: 1}, env: {A: '${services.a.ports.wbe}'}", ['3:45: ${services.a.ports.wbe}: service "a" has no port called "wbe" (did you mean "web"?)']),
        ("ready: {http: /health}", ['3:33: "http" asks a port, and service "a" has none']),
        ("ready: {http: health}", ['3:33: "http" should be a path such as /health or an address on localhost, not "health"']),
        ("ready: {http: 'http://example.com/'}", ['3:33: "http" should be a path such as /health or an address on localhost, not "http://example.com/"']),
        ("ready: {http: 'http://localhost:70000'}", ['3:33: "http" should be a path such as /health or an address on localhost, not "http://localhost:70000"']),
        ("ready: {http: '/a b'}", ['3:33: "http" should be a path such as /health or an address on localhost, not "/a b"']),
        ("ready: {tcp: web}", ['3:32: "tcp" asks a port called "web", and service "a" has none']),
        ("ready: {http: 'http://localhost:65535'}", []),
        ("ready: {tcp: '65535'}", []),
        ("ready: {tcp: '1'}", []),
        ("ready: {http: 'http://localhost:1'}", []),
        ("ready: {tcp: '0'}", ['3:32: "tcp" should be a number from 1 to 65535, not 0']),
        ("ready: {tcp: '65536'}", ['3:32: "tcp" should be a number from 1 to 65535, not 65536']),
        ("ready: {http: 'http://localhost:0'}", ['3:33: "http" should be a path such as /health or an address on localhost, not "http://localhost:0"']),
        ("ready: {http: 'http://localhost:65536'}", ['3:33: "http" should be a path such as /health or an address on localhost, not "http://localhost:65536"']),
        ("ready: {tcp: '70000'}", ['3:32: "tcp" should be a number from 1 to 65535, not 70000']),
        ("ready: {log: '(['}", ['3:32: "([" is no regular expression: unterminated character set at position 1']),
        ("ready: {exec: ['', x]}", ["3:34: the program to execute has no name"]),
        ("health: {every: 1s}", ['3:27: "health" asks nothing, and service "a" has no port (write http, tcp, exec, grpc or watchdog)']),
        ("health: {watchdog: 1s, every: 1s, failures: 2}", ['3:42: "every" means nothing beside "watchdog" (the service speaks by itself)', '3:53: "failures" means nothing beside "watchdog" (the service speaks by itself)']),
        ("ready: {grpc: true}", ['3:33: "grpc" asks a port, and service "a" has none']),
        ("ready: {grpc: {port: x}}", ['3:40: "tcp" asks a port called "x", and service "a" has none']),
        ("health: {http: /h}", ['3:34: "http" asks a port, and service "a" has none']),
    ],
)  # fmt: skip
def test_what_cannot_be_resolved_is_told(inner, found):
    assert problems(inner) == found


@pytest.mark.parametrize(
    ("inner", "health"),
    [
        ("x-nothing: 1", None),
        ("port: 4010\n    health: {}", Health(Ready(ProbeKind.TCP, "4010", 4010), 5.0, 5.0, 3)),
        ("port: 4010\n    health: {http: /h, every: 1m, timeout: 250ms, failures: 1}", Health(Ready(ProbeKind.HTTP, "/h", 4010), 60.0, 0.25, 1)),
        ("port: 4010\n    health: {grpc: shop.Cart}", Health(Ready(ProbeKind.GRPC, "shop.Cart", 4010))),
        ("health: {watchdog: 90s}", Health(Ready(ProbeKind.NOTIFY), 90.0, 5.0, 1)),
    ],
)  # fmt: skip
def test_how_a_service_is_asked_whether_it_is_well(inner, health):
    assert service(inner).health == health


def test_what_a_service_follows_is_every_replica_of_it():
    stack, told = resolved(
        "services:\n  a: {command: x, depends_on: {b: {condition: started, restart: true}, c: {restart: false}}}\n"
        "  b: {command: x}\n  c: {command: x}\n"
    )
    assert told == []
    a = stack.service("a")
    assert a.follows == ("b",)
    assert a.depends_on == {"b": Condition.STARTED, "c": Condition.READY}


def test_regular_expressions_of_all_kinds_raise_nothing():
    for pattern in ("(" * 5000, "a{99999999999}", "[[a]", "(?P<x>a)(?P<x>b)", "*"):
        found = problems(f"ready: {{log: '{pattern}'}}")
        assert len(found) <= 1


def test_a_port_with_a_mistake_begets_no_second_one():
    found = valid(
        "services:\n  a: {command: 'x ${port} ${services.b.url}', port: web, ready: {http: /}}\n  b: {command: y, ports: {p: q}}\n"
    )
    stack, told = resolve(found.root, {}, HERE)
    assert told == ()
    broken = valid(
        "services: {a: {command: '${services.b.url} ${services.c.ports.x}'}, b: 5, c: {command: x, ports: 5}}"
    )
    assert [problem.message.split()[0] for problem in broken.problems] == ['"b"', '"ports"']
    assert resolve(broken.root, {}, HERE).problems == ()
    assert stack.service("a").ports == ()


def test_a_dependency_with_nothing_behind_its_name_has_to_be_ready():
    plain = "services: {a: {command: x, depends_on: {b: }}, b: {command: x}}"
    assert resolved(plain)[0].service("a").depends_on == {"b": Condition.READY}
