"""A program that drives a stack reads JSON and exit codes alone, also when things go wrong."""

import json
import subprocess
import sys

import pytest

SLEEPER = {"command": "exec sleep 600"}


@pytest.fixture
def ask(stack):
    """Makes a stack, and runs commands on it with --json: exit code, document, error."""

    def make(services):
        made = stack(services)

        def ask(*words):
            run = subprocess.run(
                [sys.executable, "-m", "aura_stack", *words, "--json"],
                cwd=made.folder, env=made.env, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
            )  # fmt: skip
            error = run.stderr.splitlines()[-1:] if run.returncode else []
            return (
                run.returncode,
                json.loads(run.stdout) if run.stdout else None,
                json.loads(error[0]) if error and error[0].startswith("{") else None,
            )

        return ask, made

    return make


def states(views):
    return {view["service"]: view["state"] for view in views}


def test_a_life_of_a_stack(ask):
    ask, made = ask({"web": SLEEPER, "task": {"command": "true", "restart": "no"}})
    code, views, _ = ask("up", "-d", "--wait")
    assert (code, states(views)) == (0, {"web": "ready", "task": "completed"})
    code, views, _ = ask("up", "--wait")
    assert (code, states(views)) == (0, {"web": "ready", "task": "completed"})
    for words in (("wait", "web"), ("start", "web"), ("restart", "web"), ("wait", "--for", "exit", "task")):
        code, (told,), _ = ask(*words)
        assert (code, told["ok"], told["exit_code"]) == (0, True, 0 if words[-1] == "task" else None)
    code, _, error = ask("restart", "wbe")
    assert (code, error["exit_code"]) == (4, 4)
    assert error["error"] == 'there is no service "wbe" in this stack'
    code, document, _ = ask("down")
    assert (code, document) == (0, [{"stack": made.name, "file": str(made.file), "ok": True, "words": None}])
    for words in (("down",), ("status",), ("restart", "web"), ("wait", "web")):
        code, document, error = ask(*words)
        assert (code, document, error["exit_code"], error["problems"]) == (3, None, 3, [])
        assert error["hint"] == "aura-stack up starts it"


def test_what_does_not_come_up_is_told_with_the_states_of_all(ask):
    ask, _ = ask({"web": SLEEPER, "bad": {"command": "echo no such colour >&2; exit 3", "restart": "no"}})
    code, views, error = ask("up", "-d", "--wait")
    assert (code, states(views)) == (1, {"web": "ready", "bad": "failed"})
    assert {view["service"]: view["last_error"] for view in views}["bad"] == "no such colour"
    assert (error["error"], error["exit_code"]) == ("not up: bad", 1)
    assert ask("up", "-d", "--wait")[0] == 1
    assert ask("down")[0] == 0


def test_mistakes_of_a_definition_have_their_places(ask):
    ask, made = ask({"web": SLEEPER})
    code, document, _ = ask("config", "check")
    assert (code, document["ok"], document["problems"], document["file"]) == (0, True, [], str(made.file))
    made.file.write_text("services:\n  web: {comand: x}\n")
    code, document, error = ask("config", "check")
    assert (code, document["ok"], document["exit_code"], error) == (5, False, 5, None)
    misspelt = {
        "file": "stack.yaml",
        "line": 2,
        "column": 9,
        "message": 'unknown key "comand" in a service',
        "hint": 'did you mean "command"?',
    }
    assert misspelt in document["problems"]
    code, nothing, error = ask("up", "-d")
    assert (code, nothing, error["problems"]) == (5, None, document["problems"])


def test_json_in_the_foreground_is_a_mistake_of_the_line(ask):
    ask, _ = ask({"web": SLEEPER})
    assert ask("up") == (2, None, None)
