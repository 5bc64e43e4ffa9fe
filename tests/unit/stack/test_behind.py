"""What a run behind the front gets: its own words say its own numbers, and the words of others the declared ones."""

import pytest
from placed import SIGNALS, valid

from aura_stack.ports.policy import assign
from aura_stack.stack.behind import moved
from aura_stack.stack.model import ProbeKind
from aura_stack.stack.resolve import Surroundings, resolve

HERE = Surroundings("/proj/stack.yaml", "/proj", lambda _: True, SIGNALS)
OTHER = "{command: other, port: 4000, env: {API: '${services.api.url}'}}"


def run(keys, numbers=None):
    """The service `api` on 4001 with these keys, as a run on 14001 gets it, and the other service."""
    text = f"services:\n  api:\n    ports: {{http: 4001, metrics: 4002}}\n    {keys}\n  other: {OTHER}\n"
    found = valid(text)
    assert found.problems == ()
    stack, problems = resolve(found.root, assign(found.claims, None).ports, HERE)
    assert problems == ()
    api = stack.service("api")
    return moved(api, numbers or {"http": 14001, "metrics": 14002}), stack.service("other")


def test_a_command_says_the_numbers_of_the_run():
    api, other = run(
        "command: [serve, '--port=${port}', '${services.api.ports.metrics}']\n    handover: overlap"
    )
    assert api.command.argv == ("serve", "--port=14001", "14002")
    assert [(port.variable, port.number) for port in api.ports] == [("PORT", 14001), ("PORT_METRICS", 14002)]
    assert other.env == {"API": "http://localhost:4001"}


def test_text_for_a_shell_as_well():
    api, _ = run("command: serve --port ${port} $PORT\n    handover: hold")
    assert api.command.argv == ("/bin/sh", "-c", "serve --port 14001 $PORT")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("'${port}'", "14001"),
        ("':${port}/x'", ":14001/x"),
        ("'${services.api.url}'", "http://localhost:4001"),
        ("'${services.other.port}'", "4000"),
        ("'4001'", "4001"),
    ],
)
def test_variables_say_the_numbers_of_the_run_and_addresses_what_others_see(value, found):
    api, _ = run(f"command: x\n    handover: overlap\n    env: {{HERE: {value}}}")
    assert api.env == {"HERE": found}


def test_a_port_that_is_written_as_the_variable_it_reaches_it_by_is_the_run_s():
    api, _ = run("command: x\n    handover: overlap\n    env: {PORT: '4001', PORT_METRICS: '5'}")
    assert api.env == {"PORT": "14001", "PORT_METRICS": "5"}


@pytest.mark.parametrize(
    ("ready", "port", "target"),
    [
        ("{http: /health}", 14001, "/health"),
        ("{http: 'http://localhost:${port}/health'}", 14001, "/health"),
        ("{tcp: metrics}", 14002, "4002"),
        ("{tcp: 4000}", 4000, "4000"),
        ("{log: 'listens at ${port}'}", 0, "listens at 14001"),
        ("{file: '/tmp/${port}'}", 0, "/tmp/14001"),
    ],
)
def test_a_condition_asks_the_run_itself(ready, port, target):
    api, _ = run(f"command: x\n    handover: overlap\n    ready: {ready}")
    assert (api.ready.port, api.ready.target) == (port, target)


def test_without_a_condition_its_own_port_has_to_accept():
    api, _ = run("command: x\n    handover: overlap")
    assert (api.ready.kind, api.ready.port) == (ProbeKind.TCP, 14001)


def test_several_conditions_a_command_that_asks_one_that_asks_whether_it_is_well_and_the_stop_command():
    api, _ = run(
        "command: x\n    handover: overlap\n    ready: {all: [{http: /}, {exec: 'ask ${port}'}]}"
        "\n    health: {http: /well}\n    stop: {command: 'end ${port}'}"
    )
    http, by_command = api.ready.parts
    assert (http.port, by_command.command.argv[-1]) == (14001, "ask 14001")
    assert api.health.ask.port == 14001
    assert api.stop.command.argv[-1] == "end 14001"


@pytest.mark.parametrize("handover", ["stop-first", "{mode: overlap, by: socket}"])
def test_who_cannot_be_behind_the_front_is_defined_once(handover):
    with pytest.raises(AssertionError):
        run(f"command: x\n    handover: {handover}")


def test_an_end_in_one_place_of_a_word_that_is_no_reference_stays():
    api, _ = run("command: [x, '{port}', '$$port']\n    handover: overlap")
    assert api.command.argv == ("x", "{port}", "$port")
