"""Servers that take no socket, behind the front, under hammering clients: restarts, saves, crashes, its own death."""

import json
import os
import re
import signal
import socket
import sys

import pytest
from clients import Clients, hammering
from stacks import child, wait_for

from aura_stack.system import processes

pytestmark = pytest.mark.long

SERVER = child("versions")
PAGES = [sys.executable, "-m", "http.server", "--bind", "localhost", "${port}"]


@pytest.fixture
def serve(stack, port, tmp_path):
    """Brings a server of version `one` up behind the front, and answers the stack."""

    def bring_up(mode="overlap", **keys):
        version(tmp_path, "one")
        handover = {"mode": mode, "by": "front"}
        service = {"command": SERVER, "port": port, "ready": {"http": "/"}, "handover": handover, **keys}
        made = stack({"web": service, "other": {"command": ["sleep", "1000"]}})
        made.up()
        return made

    return bring_up


def version(folder, words):
    (folder / "version").write_text(words)


def told(made, kind):
    found = map(json.loads, made.run("events", "--json", "--kind", kind)[1].splitlines())
    return [one for one in found if one.get("service", "web") == "web"]


def view(made, name="web"):
    return json.loads(made.run("status", "--json", name)[1])[0]


def front(made):
    return json.loads(made.run("why", "--json", "web")[1])["front_pid"]


def versions(clients):
    return {body.split()[0] for body in clients.bodies if body}


@pytest.mark.parametrize("mode", ["hold", "overlap"])
def test_no_client_is_refused_and_none_is_lost(serve, port, tmp_path, mode):
    made = serve(mode)
    with hammering(port, count=2) as clients:
        for number in range(3):
            clients.await_more(20)
            version(tmp_path, f"v{number}")
            assert made.run("restart", "web")[0] == 0
        clients.await_more(20)
    assert set(clients.counts) == {"ok"}, clients.counts
    assert versions(clients) == {"one", "v0", "v1", "v2"}
    assert [bool(one["beside"]) for one in told(made, "started")] == [False] + [mode == "overlap"] * 3


@pytest.mark.parametrize(
    ("broken", "words"),
    [("two crash", "exited 3"), ("two ill", "not ready after 2 s")],
)
def test_a_new_version_that_does_not_get_ready_meets_no_client(serve, port, tmp_path, broken, words):
    made = serve(ready={"http": "/", "timeout": "2s"})
    old = view(made)["pid"]
    version(tmp_path, broken)
    with hammering(port, count=2) as clients:
        clients.await_more(20)
        code, output = made.run("restart", "web")
        clients.await_more(20)
    assert code == 1
    assert f"the new version failed: {words}" in output
    assert set(clients.counts) == {"ok"}, clients.counts
    assert versions(clients) == {"one"}
    assert view(made)["pid"] == old


def test_a_new_version_that_gets_ready_and_falls_over_soon_meets_no_client_while_it_settles(
    serve, port, tmp_path
):
    made = serve(handover={"mode": "overlap", "by": "front", "settle": "1s"})
    version(tmp_path, "two brief")
    with hammering(port, count=2) as clients:
        clients.await_more(20)
        code, output = made.run("restart", "web")
        assert (code, "the new version failed: exited 4" in output) == (1, True)
        clients.await_more(20)
        assert versions(clients) == {"one"}
        version(tmp_path, "three")
        assert made.run("restart", "web")[0] == 0
        clients.await_more(20)
    assert set(clients.counts) == {"ok"}, clients.counts
    assert versions(clients) == {"one", "three"}
    assert "takes over if it stays so for 1 s" in made.run("events")[1]


def test_an_unmodified_server_is_put_behind_it_without_being_asked(stack, port, tmp_path):
    (tmp_path / "index.html").write_text("found")
    made = stack({"web": {"command": PAGES, "port": port, "handover": "overlap", "ready": {"http": "/"}}})
    made.up()
    assert "a front listens" in told(made, "notice")[0]["text"]
    # it may have ended of itself before it was ended for that
    assert told(made, "started")[1]["why"] in ("did not take the socket that is held for it", "exited 1")
    with hammering(port, count=2) as clients:
        for _ in range(2):
            clients.await_more(10)
            assert made.run("restart", "web")[0] == 0
        clients.await_more(10)
    assert clients.counts["refused"] == 0
    assert [bool(one["beside"]) for one in told(made, "started")] == [False, False, True, True]
    own = view(made)["behind_front"][str(port)]
    assert f"behind the front at {own}" in made.run("logs", "web")[1] + made.run("events")[1]
    assert f"the front accepts and hands on to its own {own}" in made.run("why", "web")[1]
    assert "web of the stack" in made.run("ports", "who", str(port))[1]
    assert "web of the stack" in made.run("ports", "who", str(own))[1]
    inventory = made.run("ports", "inventory")[1]
    assert "squatted" not in inventory
    assert str(own) not in inventory


@pytest.mark.parametrize("mode", ["hold", "overlap"])
def test_clients_wait_while_one_that_crashed_starts_again(serve, port, mode):
    made = serve(mode)
    with hammering(port, count=2) as clients:
        clients.await_more(20)
        os.kill(view(made)["pid"], signal.SIGKILL)
        wait_for(lambda: view(made)["run"] == 2 and view(made)["state"] == "ready")
        clients.await_more(20)
    assert clients.counts["refused"] == clients.counts["hangs"] == 0
    assert clients.counts["empty"] + clients.counts["reset"] <= 4  # those that the dead one had


def test_a_front_that_dies_is_replaced_and_nobody_is_refused(serve, port):
    made = serve()
    before, pid = front(made), view(made)["pid"]
    with hammering(port, count=2) as clients:
        for _ in range(2):
            clients.await_more(20)
            dead = front(made)
            os.kill(dead, signal.SIGKILL)
            wait_for(lambda dead=dead: front(made) not in (0, None, dead))
        clients.await_more(20)
    assert clients.counts["refused"] == clients.counts["hangs"] == 0
    assert clients.counts["empty"] + clients.counts["reset"] <= 12  # those that went through it
    assert (view(made)["pid"], view(made)["run"]) == (pid, 1)
    assert f"the front (pid {before}) was killed by SIGKILL" in told(made, "notice")[0]["text"]


def test_open_connections_stay_with_the_old_run_and_new_ones_go_to_the_new_one(serve, port, tmp_path):
    made = serve(stop={"grace": "20s"})
    with socket.create_connection(("127.0.0.1", port), timeout=60) as first:
        first.sendall(b"GET / HTTP/1.1\r\n")
        version(tmp_path, "two")
        asked = made.start("restart", "web")
        wait_for(lambda: view(made)["run"] == 2)
        assert Clients(port).ask()[1].startswith("two ")
        first.sendall(b"\r\n")
        assert b"one " in first.recv(4096)
        assert asked.finish() == 0
    assert told(made, "killed") == []


def test_clients_of_a_service_that_is_stopped_are_refused(serve, port):
    made = serve("hold")
    assert made.run("stop", "web")[0] == 0
    assert {Clients(port).ask(host)[0] for host in ("127.0.0.1", "::1")} == {"refused"}
    assert made.run("start", "web")[0] == 0
    assert Clients(port).ask()[0] == "ok"


ELSEWHERE = (
    "import os, subprocess, sys; os.environ['PORT'] = sys.argv[1]; sys.exit(subprocess.call(sys.argv[2:]))"
)


def test_a_service_that_listens_where_it_wants_cannot_be_behind_it_and_is_told_so(stack, port, tmp_path):
    version(tmp_path, "one")
    web = {"command": [sys.executable, "-c", ELSEWHERE, str(port), *SERVER], "port": port, "restart": "no"}
    up = stack({"web": {**web, "handover": {"mode": "overlap", "by": "front"}}}).start("up")
    assert up.finish() == 1
    assert re.search(
        r"web +· failed: exited 1; behind the front it has to listen where PORT says, at \d+\n", up.output
    )


DODGES = """
import os, socket
port = int(os.environ["FIRST"])
while True:
    try:
        door = socket.create_server(("127.0.0.1", port))
        break
    except OSError:
        port += 1
print("listens", port, flush=True)
while True:
    door.accept()[0].close()
"""


@pytest.mark.long
def test_one_that_dodges_to_another_port_is_noticed_before_its_time_is_up(stack, port):
    web = {
        "command": [sys.executable, "-c", DODGES],
        "port": port,
        "env": {"FIRST": f"{port:05}"},
        "handover": "hold",
    }
    made = stack({"web": web})
    made.up()
    assert [one["run"] for one in told(made, "started")] == [1, 2, 3]
    assert "neither takes the socket" in told(made, "notice")[0]["text"]
    assert re.findall(r"listens (\d+)", made.run("logs", "web")[1])[-1] == str(port)


def test_without_being_asked_for_the_front_it_is_stopped_first(stack, port, tmp_path):
    version(tmp_path, "one")
    web = {
        "command": [sys.executable, "-c", ELSEWHERE, str(port), *SERVER],
        "port": port,
        "handover": "overlap",
    }
    made = stack({"web": web})
    made.up()
    assert Clients(port).ask()[0] == "ok"
    (notice,) = told(made, "notice")
    assert "neither takes the socket that is held for it nor listens where PORT says" in notice["text"]
    assert made.run("restart", "web")[0] == 0
    assert [(one["run"], one["beside"]) for one in told(made, "started")] == [(1, 0), (2, 0), (3, 0), (4, 0)]
    assert view(made)["behind_front"] is None


@pytest.mark.parametrize("how", ["down", "killed"])
def test_nothing_is_left_of_it_when_the_stack_has_gone(serve, port, how):
    made = serve()
    identity = processes.identify(front(made))
    if how == "down":
        assert made.run("down")[0] == 0
    else:
        os.kill(processes.parent(identity.pid), signal.SIGKILL)  # the engine
        wait_for(lambda: not processes.is_alive(identity))
    assert not processes.is_alive(identity)
    wait_for(lambda: Clients(port).ask()[0] == "refused")
