"""Restarts, saves and crashes of a service whose socket is held, while clients hammer it."""

import json
import os
import re
import shutil
import signal
import socket
import sys

import pytest
from clients import Clients, hammering
from stacks import child, wait_for

SERVER = child("versions")
WRAPPER = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"  # passes no descriptors on


@pytest.fixture
def serve(stack, port, tmp_path):
    """Brings a server of version `one` up, and answers the stack."""

    def bring_up(handover, **keys):
        version(tmp_path, "one")
        service = {"command": SERVER, "port": port, "ready": {"http": "/"}, "handover": handover, **keys}
        other = {"command": ["sleep", "1000"]}  # it keeps the stack up
        made = stack({"web": service, "other": other})
        made.up()
        return made

    return bring_up


def version(folder, words):
    (folder / "version").write_text(words)


def restart(made, *words):
    return made.run("restart", "web", *words)


def told(made, kind):
    """Events of a kind, of the server alone where they are about a service."""
    found = map(json.loads, made.run("events", "--json", "--kind", kind)[1].splitlines())
    return [one for one in found if one.get("service", "web") == "web"]


def view(made):
    return json.loads(made.run("status", "--json", "web")[1])[0]


def versions(clients):
    return {body.split()[0] for body in tuple(clients.bodies) if body}


@pytest.mark.parametrize("mode", ["hold", "overlap"])
@pytest.mark.parametrize(
    "command",
    [
        SERVER,
        pytest.param([*SERVER, "--fd", "{fd}"], marks=pytest.mark.long),
        pytest.param(f"exec {' '.join(SERVER)} --fd {{fd}}", marks=pytest.mark.long),
    ],
)
def test_no_client_is_refused_and_none_is_lost(serve, port, tmp_path, mode, command):
    made = serve(mode, command=command)
    with hammering(port) as clients:
        for number in range(5):
            clients.await_more(20)
            version(tmp_path, f"v{number}")
            assert restart(made)[0] == 0
            wait_for(
                lambda number=number: f"v{number}" in versions(clients)
            )  # the old one may still answer a few
        clients.await_more(20)
    assert set(clients.counts) == {"ok"}, clients.counts
    assert versions(clients) == {"one", "v0", "v1", "v2", "v3", "v4"}
    assert Clients(port).ask()[1].startswith("v4 ")


def test_the_old_run_is_asked_to_end_only_when_the_new_one_is_ready(serve, tmp_path):
    made = serve("overlap")
    old = view(made)["pid"]
    version(tmp_path, "two slow")
    assert restart(made)[0] == 0
    order = [
        (one["kind"], one["run"]) for kind in ("started", "ready", "stopping") for one in told(made, kind)
    ]
    assert order == [("started", 1), ("started", 2), ("ready", 1), ("ready", 2), ("stopping", 1)]
    assert told(made, "stopping")[0]["time"] > told(made, "ready")[1]["time"]
    assert told(made, "started")[1]["beside"] == old
    wait_for(lambda: told(made, "gone"))
    (gone,) = told(made, "gone")
    assert (gone["run"], gone["pid"]) == (1, old)


@pytest.mark.long
@pytest.mark.parametrize(
    ("broken", "words"),
    [("two crash", "exited 3"), ("two deaf", "not ready after 1 s"), ("two ill", "not ready after 1 s")],
)
def test_a_new_version_that_does_not_get_ready_leaves_the_old_one_serving(
    serve, port, tmp_path, broken, words
):
    made = serve("overlap", ready={"http": "/", "timeout": "1s"})
    old = view(made)["pid"]
    version(tmp_path, broken)
    with hammering(port) as clients:
        clients.await_more(50)
        code, output = restart(made)
        clients.await_more(200)
    assert code == 1
    assert f"the new version failed: {words}" in output
    if "ill" not in broken:  # who listens and answers nonsense gets his share until he is given up
        assert set(clients.counts) == {"ok"}, clients.counts
        assert versions(clients) == {"one"}
    after = view(made)
    assert (after["state"], after["pid"], after["run"]) == ("ready", old, 1)
    wait_for(lambda: [one["run"] for one in told(made, "gone")] == [2])
    assert after["stale"].startswith(words)
    assert "new version failed" in made.run("status")[1]
    version(tmp_path, "three")
    assert restart(made)[0] == 0
    assert view(made)["stale"] is None
    assert Clients(port).ask()[1].startswith("three ")


def test_a_save_that_is_broken_breaks_nothing_and_the_next_one_mends_it(serve, port, tmp_path):
    made = serve("overlap", watch={"paths": ["version"]})
    with hammering(port) as clients:
        for words, outcome in (("two", 0), ("three crash", 1), ("four", 0)):
            clients.await_more(10)
            version(tmp_path, words)
            code, output = made.run("wait", "web", "--for", "reloaded")
            assert code == outcome, output
            assert ("exited 3" in output) is bool(outcome)
        clients.await_more(10)
    assert set(clients.counts) == {"ok"}, clients.counts
    assert versions(clients) == {"one", "two", "four"}


def test_the_old_one_answers_200_of_200_while_the_new_one_never_accepts(serve, port, tmp_path):
    made = serve("overlap", ready={"tcp": port, "timeout": "3s"})
    version(tmp_path, "two deaf")
    asked = made.start("restart", "web")
    wait_for(lambda: "listens two" in made.run("logs", "web")[1])
    clients = Clients(port)
    answers = [clients.ask() for _ in range(200)]
    assert [what for what, _ in answers] == ["ok"] * 200
    assert {body.split()[0] for _, body in answers} == {"one"}
    assert asked.finish() == 1
    assert "answered by the run that is to be followed" in asked.output


def test_a_queue_that_nobody_serves_makes_nobody_ready(stack, port, tmp_path):
    version(tmp_path, "one deaf")
    made = stack(
        {
            "web": {
                "command": [*SERVER, "--fd", "{fd}"],
                "port": port,
                "handover": "hold",
                "ready": {"tcp": port, "timeout": "1s"},
            }
        }
    )
    up = made.start("up")
    assert up.finish() == 1
    assert re.search(
        r"web +· failed: not ready after 1 s: port \d+, last answer: connected, and not accepted yet",
        up.output,
    )


@pytest.mark.long
@pytest.mark.parametrize("mode", ["hold", "overlap"])
def test_clients_wait_while_one_that_crashed_starts_again(serve, port, mode):
    made = serve(mode)
    with hammering(port) as clients:
        clients.await_more(20)
        os.kill(view(made)["pid"], signal.SIGKILL)
        wait_for(lambda: view(made)["run"] == 2 and view(made)["state"] == "ready")
        clients.await_more(20)
    assert clients.counts["refused"] == 0
    assert clients.counts["hangs"] == 0
    assert clients.counts["empty"] + clients.counts["reset"] <= 4  # those that the dead one had accepted


def test_clients_of_a_service_that_is_stopped_are_refused(serve, port):
    made = serve("hold")
    assert made.run("stop", "web")[0] == 0
    assert Clients(port).ask()[0] == "refused"
    assert made.run("start", "web")[0] == 0
    assert Clients(port).ask()[0] == "ok"


def test_clients_of_a_service_that_has_given_up_are_refused(serve, port, tmp_path):
    made = serve("hold", give_up="1 in 5m")
    version(tmp_path, "two crash")
    restart(made)
    wait_for(lambda: view(made)["state"] == "failed")
    assert Clients(port).ask()[0] == "refused"


def test_nobody_is_taken_for_a_stranger_who_holds_the_port(serve, port):
    made = serve("hold")
    assert restart(made)[0] == 0
    assert told(made, "port-held") == []
    assert "squatted" not in made.run("ports", "inventory")[1]


# --- who does not take the socket ---


def test_a_wrapper_that_loses_the_socket_is_noticed_and_the_service_is_put_behind_the_front(serve, port):
    made = serve("overlap", command=[sys.executable, "-c", WRAPPER, *SERVER])
    assert Clients(port).ask()[0] == "ok"
    (notice,) = told(made, "notice")
    assert "does not take the socket that is held for it, so from now on a front listens" in notice["text"]
    assert restart(made)[0] == 0
    assert told(made, "notice") == [notice]
    assert [(bool(one["beside"]), bool(one["behind"])) for one in told(made, "started")] == [
        (False, False),
        (False, True),
        (True, True),
    ]


NODE = shutil.which("node")
NPM = """
const http = require('node:http');
const server = http.createServer((_, answer) => answer.end('node ' + process.pid));
const again = process.argv.includes('again');
server.listen(Number(process.env.PORT), () => {
  console.log('listens', server.address().port);
  if (again) { server.close(); server.listen({ port: process.env.PORT, host: 'localhost' }); }
});
process.on('SIGTERM', () => server.close(() => process.exit(0)));
"""
PLAIN = """
const net = require('node:net');
const look = net.createServer();
look.listen(process.env.PORT, '0.0.0.0', () => look.close(() => {
  const server = net.createServer((socket) => socket.end('HTTP/1.1 200 OK\\r\\n\\r\\nplain ' + process.pid));
  server.listen(Number(process.env.PORT), () => console.log('listens', server.address().port));
  process.on('SIGTERM', () => server.close(() => process.exit(0)));
}));
"""


@pytest.mark.long
@pytest.mark.skipif(NODE is None, reason="no node on this machine")
@pytest.mark.parametrize("code", [NPM, PLAIN], ids=["http", "net"])
def test_an_unmodified_node_server_takes_the_held_socket(serve, port, tmp_path, code):
    (tmp_path / "server.js").write_text(code)
    made = serve("overlap", command=[NODE, "server.js", "again"], ready={"tcp": port})
    assert f"listens {port}" in made.run("logs", "web")[1]
    with hammering(port) as clients:
        for _ in range(3):
            clients.await_more(10)
            assert restart(made)[0] == 0
        clients.await_more(10)
    assert clients.counts["refused"] == 0
    assert told(made, "notice") == []
    assert [bool(one["beside"]) for one in told(made, "started")] == [False, True, True, True]


@pytest.mark.skipif(NODE is None, reason="no node on this machine")
def test_node_below_a_wrapper_tells_at_once_that_it_has_lost_the_socket(serve, port, tmp_path):
    (tmp_path / "server.js").write_text(NPM)
    made = serve("hold", command=[sys.executable, "-c", WRAPPER, NODE, "server.js"], restart="no")
    assert any("does not take the socket" in one["text"] for one in told(made, "notice"))
    assert Clients(port).ask()[0] == "ok"


STREAMS = """
const http = require('node:http');
const server = http.createServer((asked, answer) => {
  if (asked.url !== '/stream') return answer.end('node ' + process.pid);
  answer.writeHead(200, { 'content-type': 'text/event-stream' });
  setInterval(() => answer.write(`data: ${process.pid}\\n\\n`), 20);
});
server.on('upgrade', (_, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n\\r\\n');
  socket.on('data', (data) => socket.write(`${process.pid} ${data}`));
});
server.listen(process.env.PORT);
process.on('SIGTERM', () => server.close(() => process.exit(0))); // which open streams hold up for ever
"""


def talk(client, words):
    client.sendall(words)
    return client.recv(4096)


@pytest.mark.skipif(NODE is None, reason="no node on this machine")
def test_open_streams_and_websockets_hold_no_hand_over_up_and_live_on_until_the_grace_period_is_over(
    serve, port, tmp_path
):
    (tmp_path / "server.js").write_text(STREAMS)
    made = serve("overlap", command=[NODE, "server.js"], stop={"grace": "1h"})
    old = str(view(made)["pid"]).encode()
    with (
        socket.create_connection(("127.0.0.1", port), timeout=60) as stream,
        socket.create_connection(("::1", port), timeout=60) as web,
    ):
        stream.sendall(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" in stream.recv(4096)
        upgrade = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        assert b" 101 " in talk(web, upgrade)
        code, output = restart(made)
        assert (code, "ready in" in output) == (0, True)
        assert Clients(port).ask()[1] == f"node {view(made)['pid']}"
        assert talk(web, b"still there?") == old + b" still there?"
        assert made.run("down", "--stop-timeout", "200ms")[0] == 0
        while data := stream.recv(4096):
            last = data
        assert old in last
        assert web.recv(4096) == b""
    assert [one["service"] for one in told(made, "killed")] == ["web"]
