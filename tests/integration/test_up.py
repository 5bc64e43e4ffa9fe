"""`up` refuses before anything starts, or says what became of what it started: whole messages."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from aura_stack.ports.probe import is_free

WORDS = ["python3", "-c", "print('never')"]
# Without http.server, which would take ten times as long to load: it has two seconds to answer once.
NOT_FOUND = """
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    client, _ = listener.accept()
    with client:
        client.recv(1 << 16)
        client.sendall(b"HTTP/1.1 404 Not Found\\r\\nContent-Length: 0\\r\\n\\r\\n")
"""


def refused(made, *words):
    code, output = made.run("up", *words)
    assert made.members() == []
    assert not os.path.exists(made.places.run)
    assert not os.path.exists(made.places.socket)
    folder = os.path.dirname(made.places.socket)
    assert folder == made.places.runtime or not os.path.exists(folder)
    return code, output.replace(str(made.folder), "FOLDER")


@pytest.fixture
def hold(tmp_path):
    """Starts a process that listens on a port; the answer is how a refusal tells of it."""
    (tmp_path / "hold.py").write_text(
        "import socket, sys\ns = socket.create_server(('127.0.0.1', int(sys.argv[1])))\nprint('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    holders = []

    def start(number):
        holder = subprocess.Popen(
            ["holder", "hold.py", str(number)],
            executable=sys.executable,
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        holders.append(holder)
        assert holder.stdout.readline() == b"held\n"
        return rf"pid {holder.pid} \(holder hold\.py {number}, ~, up \d+ s\)"

    yield start
    for holder in holders:
        holder.communicate()


def free_after(*numbers):
    """The number that is offered in the place of the last of these."""
    return next(
        number for number in range(numbers[-1] + 1, 65536) if number not in numbers and is_free(number)
    )


def test_a_busy_port_is_refused_with_its_owner_and_the_next_free_one(stack, port, hold):
    owner = hold(port)
    code, output = refused(stack({"web": {"command": WORDS, "port": port}}))
    assert code == 6
    assert re.fullmatch(
        rf"error: web: port {port} is taken by {owner}; next free: {free_after(port)}\n"
        rf"hint: stop what holds the port \(aura-stack ports free {port}\), "
        r"or give the service another number \(aura-stack up --port-shift, for now\)\n",
        output,
    ), output


def test_two_busy_ports_are_told_at_once(stack, port, hold):
    other = free_after(port)
    owners = hold(port), hold(other)
    services = {"web": {"command": WORDS, "port": port}, "api": {"command": WORDS, "port": other}}
    code, output = refused(stack(services))
    first, second = free_after(port, other), free_after(port, other, free_after(port, other))
    assert code == 6
    assert re.fullmatch(
        rf"error: web: port {port} is taken by {owners[0]}; next free: {first}\n"
        rf"api: port {other} is taken by {owners[1]}; next free: {second}\n"
        rf"hint: stop what holds the port \(aura-stack ports free {port} {other}\), "
        r"or give the service another number \(aura-stack up --port-shift, for now\)\n",
        output,
    ), output


def test_a_program_of_the_wrong_version_is_refused(stack):
    made = stack({"web": {"command": WORDS}}, requires={"./tool": ">=2"})
    (made.folder / "tool").write_text("#!/bin/sh\necho tool 1.4.0\n")
    (made.folder / "tool").chmod(0o755)
    place = made.file.read_text().index('">=2"') + 1
    words = (
        f"error: stack.yaml:1:{place}: ./tool >=2 is required, but ./tool is 1.4.0\n"
        "hint: to get ./tool: install it so that it is found on PATH\n"
    )
    assert refused(made) == (1, words)


def test_a_program_that_is_not_there_is_refused(stack):
    made = stack({"web": {"command": WORDS}}, requires={"no-such-tool": "*"})
    place = made.file.read_text().index('"*"') + 1
    code, output = refused(made)
    assert code == 1
    assert (
        output.splitlines()[0]
        == f"error: stack.yaml:1:{place}: no-such-tool is required, but there is none on PATH"
    )


def test_a_required_external_service_that_does_not_answer_is_refused(stack, port):
    made = stack(
        {"web": {"command": WORDS}, "db": {"external": True, "port": port, "hint": "start the database"}}
    )
    assert refused(made) == (
        1,
        f"error: db, which is external and required, does not answer on port {port}\nhint: start the database\n",
    )


def test_what_a_named_service_does_not_need_does_not_stop_it(stack, port):
    made = stack({"job": {"command": ["true"], "restart": "no"}, "db": {"external": True, "port": port}})
    assert made.run("up", "job")[0] == 0


def test_an_unknown_service_is_refused_with_the_nearest_name(stack):
    made = stack({"backend": {"command": ["sleep", "1000"]}})
    words = 'error: there is no service "bakend" in this stack\nhint: did you mean "backend"?\n'
    assert refused(made, "bakend") == (4, words)
    made.up()
    assert made.run("restart", "bakend") == (4, words)
    assert made.run("down")[0] == 0


def test_an_external_service_that_is_not_required_is_only_mentioned(stack, port):
    made = stack(
        {
            "job": {"command": ["true"], "restart": "no"},
            "db": {"external": True, "required": False, "port": port, "hint": "start the database"},
        }
    )
    code, output = made.run("up")
    assert code == 0
    assert f"db: not answering on port {port}; not required (start the database)" in output


def test_a_shell_that_has_left_a_thousand_files_open_is_no_hindrance(stack):
    made = stack({"web": {"command": "sleep 1000"}})
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        up = made.start("up", "-d", pass_fds=held)
        assert up.finish() == 0, up.output
    finally:
        for each in held:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert made.run("down")[0] == 0


@pytest.mark.parametrize("what", ["socket", "run"])
def test_a_runtime_folder_that_cannot_be_written_starts_nothing(stack, what):
    made = stack({"web": {"command": "echo ran > ran; sleep 1000"}})
    in_the_way = Path(getattr(made.places, what))
    in_the_way.mkdir(parents=True)
    for words in (("up", "-d"), ("up",)):
        code, output = made.run(*words)
        assert (code, output.splitlines()[0]) == (
            1,
            f"error: {made.places.runtime} cannot be written: is a directory",
        )
    assert not (made.folder / "ran").exists()
    in_the_way.rmdir()
    assert "was killed" not in made.run("up", "-d")[1]
    assert made.run("down")[0] == 0


def test_a_prepare_step_that_fails_shows_its_output_and_starts_nothing(stack):
    step = {"command": "echo building; echo broken >&2; exit 3", "inputs": ["stack.yaml"]}
    made = stack({"web": {"command": WORDS, "prepare": [step]}, "api": {"command": WORDS}})
    words = (
        f"web  · {step['command']} (not run yet)\n"
        "web  | building\n"
        "web  | broken\n"
        f"web  · {step['command']} failed: exited 3; nothing was started\n"
    )
    assert refused(made) == (1, words)


def test_a_prepare_step_runs_again_only_when_an_input_changed_or_an_output_is_missing(stack):
    step = {"command": "cp source result", "inputs": ["source"], "outputs": ["result"]}
    made = stack({"job": {"command": ["cat", "result"], "restart": "no", "prepare": [step]}})
    source, result = made.folder / "source", made.folder / "result"
    source.write_text("one\n")
    assert "cp source result (result missing)" in made.run("up")[1]
    assert "cp source" not in made.run("up")[1]
    source.write_text("two\n")
    code, output = made.run("up")
    assert code == 0
    assert "cp source result (source changed)" in output
    assert "job  | two\n" in output
    result.unlink()
    assert "cp source result (result missing)" in made.run("up")[1]


def test_ctrl_c_during_a_prepare_step_ends_it_and_starts_nothing(stack):
    step = {"command": "echo long; sleep 1000", "inputs": ["stack.yaml"]}
    made = stack({"web": {"command": WORDS, "prepare": [step]}})
    up = made.start("up")
    up.expect("long")
    up.signal(signal.SIGINT)
    assert up.finish() == 130
    assert made.members() == []
    assert "never" not in up.output


def test_a_command_that_is_not_there_fails_at_once_with_127(stack):
    made = stack({"web": {"command": ["no-such-command-here"]}})
    code, output = made.run("up")
    assert code == 1
    assert output.count("web  · failed") == 1
    assert "web  · failed: command not found on PATH: no-such-command-here (127)\n" in output


def test_a_command_that_cannot_be_executed_fails_at_once_with_126(stack):
    made = stack({"web": {"command": ["./script"]}})
    (made.folder / "script").write_text("#!/bin/sh\n")
    code, output = made.run("up")
    assert code == 1
    assert "web  · failed: not executable: ./script (126)\n" in output


def test_one_that_fails_leaves_the_others_running(stack):
    made = stack({"web": {"command": ["no-such-command-here"]}, "api": {"command": ["sleep", "1000"]}})
    up = made.start("up")
    up.expect("not up: web")
    assert len(made.members()) == 1
    up.signal(signal.SIGINT)
    assert up.finish() == 130


def test_a_readiness_that_never_comes_says_what_was_tried_and_the_last_answer(stack, port):
    made = stack(
        {
            "web": {
                "command": ["sleep", "1000"],
                "port": port,
                "ready": {"http": "/health", "timeout": "300ms"},
            }
        }
    )
    code, output = made.run("up")
    assert code == 1
    words = f"not ready after 0.3 s: http://localhost:{port}/health, last answer: connection refused"
    assert f"web  · failed: {words}\n" in output


def test_a_readiness_that_answers_with_an_error_says_which(stack, port):
    serve = [sys.executable, "-c", NOT_FOUND, str(port)]
    made = stack({"web": {"command": serve, "port": port, "ready": {"http": "/health", "timeout": "2s"}}})
    code, output = made.run("up")
    assert code == 1
    assert f"http://localhost:{port}/health, last answer: HTTP 404" in output


@pytest.mark.parametrize(
    "ready",
    [{"log": "^listening on"}, {"exec": "test -e {folder}/there"}, {"file": "there"}],
    ids=["log", "exec", "file"],
)
def test_the_other_kinds_of_readiness(stack, ready, tmp_path):
    ready = {kind: text.format(folder=tmp_path) for kind, text in ready.items()}
    command = "sleep 0.2; touch there; printf 'listening on'; sleep 1000"
    up = stack({"web": {"command": command, "ready": ready}}).up()
    up.signal(signal.SIGINT)
    assert up.finish() == 130


def test_a_service_gets_its_ports_its_names_and_colour_only_where_we_are_coloured(stack, port):
    show = "env | grep -E '^(PORT|AURA_|PYTHONUNBUFFERED|FORCE_COLOR|OWN)' | grep -v AURA_RUN | sort"
    made = stack(
        {
            "job": {
                "command": show,
                "restart": "no",
                "port": port,
                "ready": {"log": "PYTHON"},
                "env": {"OWN": "${port}"},
            },
            "other": {
                "command": ["true"],
                "restart": "no",
                "ports": {"http": port + 1},
                "ready": {"exec": "true"},
            },
        }
    )
    _, output = made.run("up")
    shown = [line.removeprefix("job   | ") for line in output.splitlines() if line.startswith("job   | ")]
    assert shown == [
        f"AURA_PORT_JOB={port}",
        f"AURA_PORT_OTHER={port + 1}",
        f"AURA_PROJECT={made.name}",
        "AURA_REPLICA=1",
        "AURA_SERVICE=job",
        f"OWN={port}",
        f"PORT={port}",
        "PYTHONUNBUFFERED=1",
    ]


def test_every_line_is_whole_and_kept_also_the_last_without_an_end(stack):
    script = "import sys\nfor n in range(20000): print(n, 'x' * (n % 200))\nsys.stdout.write('the end')"
    made = stack({name: {"command": ["python3", "-c", script], "restart": "no"} for name in ("a", "b")})
    code, output = made.run("up")
    assert code == 0
    for name in ("a", "b"):
        lines = [
            line.removeprefix(f"{name}    | ")
            for line in output.splitlines()
            if line.startswith(f"{name}    | ")
        ]
        assert lines == [f"{n} {'x' * (n % 200)}" for n in range(20000)] + ["the end"]


def test_events_are_one_json_object_a_line(stack):
    made = stack({"job": {"command": ["true"], "restart": "no"}})
    made.run("up")
    with open(made.places.events, encoding="utf-8") as file:
        kinds = [json.loads(line)["kind"] for line in file]
    assert kinds == ["started", "exited", "completed", "settled", "stack-stopped"]


def test_a_crash_is_told_and_the_service_is_started_again(stack):
    made = stack({"web": {"command": "echo run; read wait", "ready": {"log": "run"}}})
    up = made.up()
    os.kill(made.members()[0], signal.SIGKILL)
    up.expect(r"web  · killed by SIGKILL")
    up.expect(r"started \(pid \d+\) after it killed by SIGKILL|started \(pid \d+\) after")
    up.expect(r"(?s)ready.*ready")
    up.signal(signal.SIGINT)
    assert up.finish() == 130


def test_no_order_crosses_the_preparation(stack):
    step = {"command": "echo long; sleep 1000", "inputs": ["stack.yaml"]}
    made = stack({"web": {"command": WORDS, "prepare": [step]}})
    up = made.start("up")
    up.expect("long")
    assert made.run("status", "web")[1].splitlines()[1].split()[:2] == ["web", "preparing"]
    code, output = made.run("restart", "web", "--wait-timeout", "200ms")
    assert code == 124
    assert output.startswith("error: waited 0.2 s: web is preparing, waits for echo long; sleep 1000\n")
    waiting = made.start("restart", "web")
    assert made.run("down") == (0, "all stopped\n")
    assert waiting.finish() == 3
    assert up.finish() == 0
    assert "never" not in up.output
