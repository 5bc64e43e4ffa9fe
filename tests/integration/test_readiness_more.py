"""Readiness that a run says itself, that several conditions make, and that no stranger can give."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from stacks import child

# Without http.server, which would take ten times as long to load: it has two seconds to answer once.
SERVER = """
import socket, sys
head = "HTTP/1.1 %s Anything\\r\\nX-Ready: %s\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n" % tuple(sys.argv[2:])
body = b"".join(b"1\\r\\n" + bytes([one]) + b"\\r\\n" for one in b"db: up") + b"0\\r\\n\\r\\n"
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    client, _ = listener.accept()
    with client:
        client.recv(1 << 16)
        client.sendall(head.encode() + body)
"""
LISTENER = """
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("listens", flush=True)
while True: listener.accept()[0].close()
"""


def python(code, *words):
    return [sys.executable, "-c", code, *map(str, words)]


def sockets_of_runs(made):
    return [path.name for path in Path(made.places.socket).parent.glob("n-*")]


def waiting(made):
    """Follows what services wait for."""
    return made.start("events", "-f", "--json", "--kind", "waiting")


def interrupted(up):
    up.signal(signal.SIGINT)
    return up.finish()


# --- what a run says itself ---


def test_a_run_says_itself_that_it_is_ready_and_how_far_it_is_before(stack, tmp_path):
    words = ["noise", "descriptor", "STOPPING=1", "STATUS=half way", "@", "READY=1\nMAINPID=1"]
    made = stack({"web": {"command": child("notifier", *words), "ready": {"notify": True}}})
    up = made.start("up", start_new_session=True)
    place = Path(up.expect(r"at (/\S+)")[1])
    assert place.stat().st_mode & 0o777 == 0o600
    waiting(made).expect("READY=1 by sd_notify: half way")
    (view,) = json.loads(made.run("status", "--json")[1])
    assert view["waits_for"] == "READY=1 by sd_notify: half way"
    (tmp_path / "go").touch()
    up.expect("all ready")
    links = [os.readlink(each) for each in Path(f"/proc/{made.engine()}/fd").iterdir() if each.is_symlink()]
    assert links.count(os.devnull) < 10, "descriptors that came along were kept"
    assert interrupted(up) == 130
    assert sockets_of_runs(made) == []


def test_each_run_has_a_socket_of_its_own_which_goes_with_it(stack):
    made = stack({"web": {"command": child("notifier", "READY=1"), "ready": {"notify": True}}})
    up = made.up()
    first = up.expect(r"at (/\S+)")[1]
    assert made.run("restart", "web")[0] == 0
    second = up.expect(rf"at (?!{first}\n)(/\S+)")[1]
    assert sockets_of_runs(made) == [os.path.basename(second)]
    assert interrupted(up) == 130


def test_nobody_is_held_up_who_goes_on_speaking_after_it_was_ready(stack):
    words = ["READY=1", *["WATCHDOG=1"] * 3000]
    made = stack({"web": {"command": child("notifier", *words), "ready": {"notify": True}}})
    up = made.up()
    up.expect("all said")
    assert interrupted(up) == 130


def test_a_stranger_who_says_ready_is_not_heard(stack, tmp_path):
    made = stack(
        {
            "web": {
                "command": child("notifier", "@", "STATUS=mine"),
                "ready": {"notify": True, "timeout": "4s"},
            }
        }
    )
    up = made.start("up", start_new_session=True)
    place = up.expect(r"at (/\S+)")[1]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"READY=1\nSTATUS=foreign", place)
    (tmp_path / "go").touch()
    assert up.finish() == 1
    assert "not ready after 4 s: READY=1 by sd_notify, last answer: mine\n" in up.output


def test_a_child_that_speaks_for_the_run_and_ends_at_once_is_heard(stack):
    speak = "socket(AF_UNIX, SOCK_DGRAM).sendto(b'READY=1', os.environ['NOTIFY_SOCKET'])"
    command = f'{sys.executable} -c "import os; from socket import *; {speak}"; sleep 1000'
    up = stack({"web": {"command": command, "ready": {"notify": True}}}).up()
    assert interrupted(up) == 130


def test_what_a_killed_engine_left_of_its_sockets_goes_with_the_next(stack):
    made = stack({"web": {"command": child("notifier", "READY=1"), "ready": {"notify": True}}})
    up = made.up()
    os.kill(made.engine(), signal.SIGKILL)
    assert up.finish() == 1
    assert interrupted(made.up()) == 130
    assert sockets_of_runs(made) == []


def test_a_server_of_grpc_is_ready_when_its_health_service_says_so(stack, port, tmp_path):
    command = child("grpcserver", str(port), "shop.Cart")
    made = stack({"web": {"command": command, "port": port, "ready": {"grpc": "shop.Cart"}}})
    up = made.start("up", start_new_session=True)
    up.expect("listening")
    waiting(made).expect(f"gRPC health of shop.Cart on port {port}: NOT_SERVING")
    (tmp_path / "go").touch()
    up.expect("all ready")
    assert interrupted(up) == 130


# --- several conditions ---


def test_all_of_several_conditions_have_to_be_met_and_the_message_names_those_that_are_not(stack, port):
    conditions = [{"tcp": port}, {"log": "^up$"}, {"file": "there"}]
    ready = {"all": conditions, "timeout": "1s"}
    code, output = stack({"web": {"command": "touch there; echo up; sleep 100", "ready": ready}}).run("up")
    assert code == 1
    assert f"not ready after 1 s: missing 1 of 3: port {port}: connection refused\n" in output


def test_any_of_several_conditions_is_enough(stack):
    ready = {"any": [{"file": "never"}, {"log": "^up"}, {"log": "^other"}]}
    up = stack({"web": {"command": "printf 'up? '; sleep 100", "ready": ready}}).up()
    assert interrupted(up) == 130


# --- more of an HTTP answer ---

WANTED = {"path": "/health", "status": [204, "200-202"], "header": {"x-ready": "yes"}, "body": "^db: up$"}


def test_an_http_answer_has_the_status_the_headers_and_the_body_that_are_wanted(stack, port):
    service = {"command": python(SERVER, port, 201, "yes"), "port": port, "ready": {"http": WANTED}}
    assert interrupted(stack({"web": service}).up()) == 130


@pytest.mark.parametrize(
    ("answer", "wanted", "words"),
    [
        ((203, "yes"), {}, "HTTP 203"),
        ((200, "no"), {}, "HTTP 200 without the header x-ready: yes"),
        ((200, "yes"), {"body": "down"}, "HTTP 200 with a body in which nothing matches down"),
    ],
)
def test_an_http_answer_that_lacks_something_makes_nothing_ready(stack, port, answer, wanted, words):
    ready = {"http": WANTED | wanted, "timeout": "2s"}
    service = {"command": python(SERVER, port, *answer), "port": port, "ready": ready}
    code, output = stack({"web": service}).run("up")
    assert code == 1
    assert f"http://localhost:{port}/health, last answer: {words}\n" in output


# --- who answers ---


@pytest.fixture
def stranger(port):
    """A process that is not ours and listens at the port."""
    process = subprocess.Popen(python(LISTENER, port), stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"listens\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_stranger_at_the_port_makes_nothing_ready_and_is_named(stack, port, stranger):
    made = stack({"web": {"command": ["sleep", "100"], "ready": {"tcp": port, "timeout": "1s"}}})
    code, output = made.run("up")
    assert code == 1
    assert f"not ready after 1 s: port {port} is answered by pid {stranger.pid} (" in output
    assert "which is not ours\n" in output


def test_a_service_is_ready_once_the_stranger_has_left_its_port(stack, port, stranger, tmp_path):
    wait = "import os, time\nwhile not os.path.exists('go'): time.sleep(0.01)\n"
    made = stack({"web": {"command": python(wait + LISTENER, port), "ready": {"tcp": port}}})
    up = made.start("up", start_new_session=True)
    up.expect("started")
    waiting(made).expect(f"answered by pid {stranger.pid} .*, which is not ours")
    stranger.kill()
    stranger.wait()
    (tmp_path / "go").touch()
    up.expect("all ready")
    assert interrupted(up) == 130


def test_a_daemon_of_the_run_counts_as_the_run(stack, port):
    command = f'setsid {sys.executable} -c "$CODE" {port} & sleep 100'
    made = stack({"web": {"command": command, "env": {"CODE": LISTENER}, "ready": {"tcp": port}}})
    assert interrupted(made.up()) == 130


def test_a_service_with_a_stop_command_may_be_answered_for_by_whoever_its_daemon_is(stack, port, stranger):
    service = {
        "command": ["sleep", "100"],
        "ready": {"tcp": port},
        "stop": {"command": "true", "grace": "100ms"},
    }
    assert interrupted(stack({"web": service}).up()) == 130


def test_a_port_of_another_service_is_answered_by_that_one(stack, port):
    services = {
        "web": {"command": python(LISTENER, port), "port": port},
        "page": {"command": ["sleep", "100"], "ready": {"tcp": port}},
    }
    assert interrupted(stack(services).up()) == 130


# --- services that are not ours ---


def external(**ready):
    return {
        "job": {"command": ["true"], "restart": "no"},
        "db": {"external": True, "required": False, "ready": ready},
    }


def test_all_and_any_are_asked_of_external_services_too(stack, port, stranger):
    there, not_there = {"tcp": port}, {"exec": "exit 3"}
    notice = "db: is not ready: exit 3: exited 3; not required"
    assert notice not in stack(external(all=[there, {"exec": "true"}])).run("up")[1]
    assert notice in stack(external(all=[there, not_there])).run("up")[1]
    assert notice not in stack(external(any=[there, not_there])).run("up")[1]
    assert notice in stack(external(any=[not_there])).run("up")[1]
