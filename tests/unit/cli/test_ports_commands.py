"""`aura-stack ports ...` where no stack is needed."""

import json
import os
import socket

import pytest
from click.testing import CliRunner

from aura_stack.cli.main import cli


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def free_number():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def run(*words):
    done = CliRunner().invoke(cli, ["ports", *map(str, words)])
    return done.exit_code, done.output


def test_who_holds_a_port_is_named(listener):
    code, output = run("who", listener)
    assert code == 0
    assert output.startswith(f"{listener}: pid {os.getpid()} (")


def test_a_port_that_nobody_holds_is_free_and_the_code_is_1(listener):
    number = free_number()
    code, output = run("who", listener, number)
    assert (code, output.splitlines()[1]) == (1, f"{number}: free")


def test_who_answers_programs_for_each_port_that_was_asked(listener):
    number = free_number()
    code, output = run("who", number, listener, "--json")
    free, held = json.loads(output)
    assert (code, free) == (1, {"port": number, "free": True, "held_by": []})
    assert [one["pid"] for one in held["held_by"]] == [os.getpid()]


def test_an_unknown_sub_command_is_answered_with_the_nearest():
    code, output = run("wo")
    assert code == 2
    assert 'did you mean "who"?' in output
