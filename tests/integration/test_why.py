"""Endings in words, and `why`: what is known of one service, on one screen."""

import json
import signal
import subprocess
import sys

from stacks import child

TALKER = {"command": child("talker"), "ready": {"log": "hello"}}
FAILS = "import sys; print('fatal: no such table'); sys.exit(3)"
BINDS = """
import os, socket, sys
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    server.bind(("127.0.0.1", int(os.environ["PORT"])))
except OSError as error:
    sys.exit(str(error))
server.listen()
print("serving", flush=True)
import time; time.sleep(1000)
"""
HOLDS = """
import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("held", flush=True)
sys.stdin.read()
"""


def python(code, *words):
    return [sys.executable, "-c", code, *words]


def asked(made, name):
    code, output = made.run("why", name, "--json")
    return code, json.loads(output)


def test_a_service_that_gave_up_is_explained(stack):
    made = stack({"web": {"command": python(FAILS), "give_up": "2 in 1m"}, "other": TALKER})
    up = made.start("up", start_new_session=True)
    up.expect("web +· failed: exited 3; gave up after 2 restarts")
    code, told = asked(made, "web")
    assert code == 0
    assert (told["state"], told["wanted"], told["restarts"][-1]["why"]) == ("failed", "up", "exited 3")
    assert [one["words"] for one in told["ends"]] == ["exited 3"] * 3
    assert told["last_error"] == "fatal: no such table"
    assert "aura-stack start web" in told["todo"]
    code, screen = made.run("why", "web")
    assert code == 0
    for words in ("web is failed for", "ended", "exited 3", "fatal: no such table", "aura-stack start web"):
        assert words in screen


def test_an_order_begins_anew_with_the_whole_budget(stack):
    made = stack({"web": {"command": python(FAILS), "give_up": "2 in 1m"}, "other": TALKER})
    up = made.start("up", start_new_session=True)
    up.expect("web +· failed: exited 3; gave up after 2 restarts")
    made.run("start", "web", "--no-wait")
    up.expect(r"(?s)gave up after 2 restarts.*web +· started .*gave up after 2 restarts")
    assert asked(made, "web")[1]["run"] == 6


def test_dependents_of_what_is_mended_come_up_by_themselves(stack, tmp_path):
    api = {
        "command": "test -e mended && echo hello && sleep 1000",
        "ready": {"log": "hello"},
        "restart": "no",
    }
    made = stack({"api": api, "web": {**TALKER, "depends_on": ["api"]}, "other": TALKER})
    up = made.start("up", start_new_session=True)
    up.expect("web +· failed: api, which it needs, is down: exited 1")
    told = asked(made, "web")[1]
    assert told["needs"] == [
        {"service": "api", "condition": "ready", "state": "failed", "met": False, "ended": "exited 1"}
    ]
    assert told["todo"][0] == "aura-stack why api"
    (tmp_path / "mended").touch()
    assert made.run("start", "api")[0] == 0
    up.expect("web +· started .* after it waited for api")
    assert made.run("wait", "web")[0] == 0


def test_the_process_that_holds_the_port_is_named_at_the_end_and_by_why(stack, port):
    made = stack({"web": {"command": python(BINDS), "port": port, "restart": "no"}, "other": TALKER})
    up = made.up()
    made.run("stop", "web")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout.readline() == b"held\n"
        # an order would be refused, since it looks at the port first; why names who is there
        told = asked(made, "web")[1]
        assert told["ports"][0]["port"] == port
        assert f"pid {holder.pid}" in told["ports"][0]["held_by"]
        assert told["todo"][0].startswith(f"free port {port}: end pid {holder.pid}")
    finally:
        holder.communicate()
    assert made.run("start", "web")[0] == 0
    assert asked(made, "web")[1]["ports"][0]["held_by"] is None
    up.signal(signal.SIGINT)
    up.finish()


def test_a_run_that_ends_beside_a_holder_of_its_port_says_so(stack, port, tmp_path):
    code = f"import os, time\nwhile not os.path.exists('taken'): time.sleep(0.02)\n{BINDS}"
    web = {"command": python(code), "port": port, "restart": "no", "ready": {"log": "serving"}}
    made = stack({"web": web, "other": TALKER})
    up = made.start("up", start_new_session=True)
    up.expect("web +· started")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout.readline() == b"held\n"
        (tmp_path / "taken").touch()
        up.expect(rf"web +· exited 1: address in use by pid {holder.pid} \(")
    finally:
        holder.communicate()


def test_a_code_that_counts_as_success_is_no_reason_to_start_again(stack):
    made = stack({"job": {"command": "exit 143", "success_codes": [143]}, "other": TALKER})
    up = made.start("up", start_new_session=True)
    up.expect("job +· exited 143, which counts as success")
    up.expect("job +· completed")
    told = asked(made, "job")[1]
    assert (told["state"], told["exit_code"], told["todo"]) == ("completed", 143, [])


def test_a_kill_of_ours_is_not_the_kernels(stack):
    made = stack({"web": {**TALKER, "restart": "no"}, "other": TALKER})
    up = made.up()
    made.run("kill", "-s", "KILL", "web")
    up.expect("web +· failed: killed by SIGKILL")


def test_of_a_stack_that_is_down_the_record_tells_and_the_code_is_3(stack):
    made = stack({"web": {"command": python(FAILS), "restart": "no"}, "idle": TALKER})
    assert made.run("why", "web")[0] == 3
    assert made.run("up", "web")[0] == 1
    code, told = asked(made, "web")
    assert (code, told["running"], told["todo"]) == (3, False, ["aura-stack up"])
    assert [one["words"] for one in told["ends"]] == ["exited 3"]
    code, screen = made.run("why", "web")
    assert code == 3
    assert "web is not running: its stack is down" in screen
    assert "fatal: no such table" in screen
    assert made.run("why", "nobody")[0] == 4
    assert made.run("why", "idle")[0] == 3
    assert made.run("up", "-d", "--wait", "idle")[0] == 0
    assert made.run("down")[0] == 0
    assert asked(made, "idle")[1]["last_error"] is None  # what it said last is no error: it was stopped


def test_an_unknown_name_is_4_while_the_stack_runs(stack):
    made = stack({"web": TALKER})
    made.up()
    assert made.run("why", "nobody")[0] == 4
    code, told = asked(made, "web")
    assert (code, told["state"], told["todo"], told["last_error"]) == (0, "ready", [], None)


def test_output_that_is_held_back_is_explained(stack):
    feed = "while :; do echo POST; sleep 0.05; done"
    made = stack(
        {
            "held": {"command": f"({feed}) | grep POST"},
            "free": {"command": f"({feed}) | grep --line-buffered POST"},
            "heard": {"command": f"echo first; ({feed}) | grep POST", "ready": {"log": "first"}},
        }
    )
    made.up()
    advised = "grep holds back what it prints into a pipe: tty: true or grep --line-buffered ends that"
    assert advised in made.run("why", "held")[1]
    for other in ("free", "heard"):
        assert "holds back" not in made.run("why", other)[1]
    assert json.loads(made.run("why", "--json", "held")[1])["held_back"] == advised
    made.run("down")
