"""`aura-stack ports`, with real listeners, real connections and another user."""

import json
import os
import signal
import socket
import subprocess
import sys

import pytest
from stacks import child

STUBBORN = """
import os, signal, socket, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
if len(sys.argv) > 2:
    os.setuid(int(sys.argv[2]))
os.write(1, b"up\\n")
sys.stdin.read()
"""
GENTLE = STUBBORN.replace("signal.SIG_IGN", "signal.SIG_DFL")


@pytest.fixture
def holder():
    """Starts a process that holds a port until its standard input ends, or it is ended."""
    started = []

    def start(port, text=GENTLE, *words):
        command = [sys.executable, "-c", text, str(port), *map(str, words)]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        assert started[-1].stdout.readline() == b"up\n"
        return started[-1]

    yield start
    for one in started:
        one.communicate()


@pytest.fixture
def made(stack, port, tmp_path):
    manifest = {
        "ranges": {"back": [f"{port}-{port + 9}"]},
        "ports": {"api": {"port": port, "range": "back"}, "old": {"port": port + 1, "state": "retired"}},
        "external": {"db": {"port": port + 5}},
    }
    (tmp_path / "ports.json").write_text(json.dumps(manifest, indent=2) + "\n")
    web = {"command": child("web"), "port": "api", "env": {"BODY": "x"}}
    return stack({"web": web, "db": {"external": True, "port": "db", "required": False}}, ports="ports.json")


def asked(made, *words):
    code, output = made.run("ports", *map(str, words), "--json")
    return code, json.loads(output)


def states(made):
    return {row["name"]: row["state"] for row in asked(made, "ls")[1]}


def test_what_is_declared_is_shown_beside_what_is_there(made, port, holder):
    assert states(made) == {"api": "free", "old": "free", "db": "absent"}
    assert made.run("ports", "check")[0] == 0
    database = holder(port + 5)
    with made.up().process as up:
        assert states(made) == {"api": "up", "old": "free", "db": "answering"}
        (row,) = [row for row in asked(made, "ls")[1] if row["name"] == "api"]
        assert row["held_by"][0]["service"] == "web"
        assert row["held_by"][0]["file"] == str(made.file)
        code, output = made.run("ports", "check")
        assert (code, output) == (0, "3 ports: nothing is wrong\n")
        code, output = made.run("ports", "free", str(port), "-y")
        assert (code, f"instead: aura-stack -C {made.folder} stop web" in output) == (1, True)
        code, output = made.run("ports", "free", str(port + 5), "-y")
        assert (code, "--force ends it all the same" in output) == (1, True)
        up.send_signal(signal.SIGINT)
    assert database.poll() is None


def test_a_port_that_is_taken_is_found_and_freed_and_then_the_stack_starts(made, port, holder):
    one = holder(port)
    code, (finding,) = asked(made, "check")
    assert (code, finding["rule"], finding["held_by"][0]["pid"]) == (6, "taken", one.pid)
    assert f"aura-stack ports free {port}, or the next free one in back is {port + 2}" in finding["cure"]
    code, output = made.run("up", "--force-ports")
    assert (code, "there is no terminal to ask on whether to end" in output) == (2, True)
    assert one.poll() is None
    up = made.start("up", "--force-ports", "-y", start_new_session=True)
    up.expect(f"{port}: free, after TERM")
    up.expect("all ready")
    assert one.wait() == -signal.SIGTERM
    up.signal(signal.SIGINT)
    up.finish()


def test_who_does_not_listen_to_term_is_killed_when_the_time_is_up(made, port, holder):
    one = holder(port, STUBBORN)
    code, (row,) = asked(made, "free", port, "-y", "--timeout", "0.2s")
    assert (code, row["freed"], row["by"]) == (0, True, "KILL")
    assert one.wait() == -signal.SIGKILL
    assert asked(made, "free", port)[1][0]["was_free"] is True


def test_who_has_several_of_the_ports_is_ended_once_and_asked_for_once(made, port, holder):
    text = GENTLE.replace(
        "if len", "more = socket.create_server(('127.0.0.1', int(sys.argv[1]) + 3))\nif len"
    )
    one = holder(port, text)
    code, output = made.run("ports", "free", str(port), str(port + 3), str(port + 4), "-y")
    assert (code, output) == (
        0,
        f"{port}: free, after TERM\n{port + 3}: free, with that\n{port + 4}: free already\n",
    )
    assert one.wait() == -signal.SIGTERM


@pytest.fixture
def outgoing(port):
    """A connection that goes out from the number: both its ends, the client's first."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.bind(("127.0.0.1", port))
        client.connect(server.getsockname())
        accepted, _ = server.accept()
        yield client, accepted


def test_a_connection_that_goes_out_from_the_number_is_named_and_so_is_what_it_leaves(made, port, outgoing):
    client, accepted = outgoing
    code, (row,) = asked(made, "who", port)
    (owner,) = row["held_by"]
    assert (code, owner["kind"], owner["pid"], owner["state"]) == (
        0,
        "connection",
        os.getpid(),
        "ESTABLISHED",
    )
    assert row["notes"][0].startswith("no listener: ")
    code, output = made.run("up")
    assert (code, "is taken by a connection to 127.0.0.1:" in output) == (6, True)
    client.shutdown(socket.SHUT_RDWR)
    accepted.recv(1)
    accepted.close()
    client.close()
    (owner,) = asked(made, "who", port)[1][0]["held_by"]
    assert (owner["pid"], owner["state"]) == (None, "TIME_WAIT")
    assert 0 < owner["seconds_left"] <= 61
    code, (row,) = asked(made, "free", port, "-y")
    assert (code, row["freed"]) == (1, False)
    assert row["instead"] == "nobody has to be ended: it is free again then"


def test_a_port_that_is_bound_and_listens_to_nobody_is_explained(made, port):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", port))
        code, output = made.run("ports", "who", str(port))
    told = f"pid {os.getpid()} (", "which has bound it and does not listen"
    older = "no listener and no connection is to be seen: a socket that is bound", ""
    assert code == 0
    assert any(all(word in output for word in words) for words in (told, older)), output


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")
def test_another_users_server_is_shown_and_not_ended(made, port, holder):
    one = holder(port, GENTLE, 65534)
    code, output = made.run("ports", "free", str(port), "-y")
    assert (code, f"instead: sudo kill {one.pid}" in output) == (8, True)
    assert one.poll() is None


def test_an_entry_is_put_into_the_manifest_and_taken_out_and_the_rest_stays(made, port):
    manifest = made.folder / "ports.json"
    before = manifest.read_text()
    code, row = asked(made, "reserve", "more", "--range", "back", "--note", "from May on")
    assert (code, row["port"]) == (0, port + 2)
    told = json.loads(manifest.read_text())["ports"]["more"]
    assert told == {"port": port + 2, "range": "back", "state": "reserved", "note": "from May on"}
    assert manifest.read_text().startswith(before.partition(f'"port": {port + 1}')[0])
    assert made.run("ports", "reserve", "more", str(port + 3))[0] == 6
    code, output = made.run("ports", "reserve", "other", str(port))
    assert (code, "[duplicate]" in output) == (6, True)
    assert made.run("ports", "release", "api")[0] == 6
    assert made.run("ports", "release", "moer")[0] == 4
    assert made.run("ports", "release", "more")[0] == 0
    assert manifest.read_text() == before


def test_numbers_that_can_be_had_are_printed_for_scripts(made, port, holder):
    holder(port + 2)
    assert made.run("ports", "next", "--range", "back", "--count", "3") == (
        0,
        f"{port + 3}\n{port + 4}\n{port + 6}\n",
    )
    code, output = made.run("ports", "next", "--range", "back", "--count", "20")
    assert (code, output.endswith("stop something\n")) == (1, True)
    assert made.run("ports", "next", "--range", "bakc")[0] == 4


def test_a_rule_that_the_manifest_breaks_is_found_and_can_be_waived(made, port):
    manifest = made.folder / "ports.json"
    entries = json.loads(manifest.read_text())
    entries["ports"]["x11"] = {"port": 6000}
    manifest.write_text(json.dumps(entries))
    code, (finding,) = asked(made, "check")
    assert (code, finding["rule"], finding["level"]) == (5, "blocked-by-browsers", "error")
    assert finding["place"].startswith("ports.json:1:")
    assert made.run("up")[0] == 5
    entries["ports"]["x11"]["waive"] = {"blocked-by-browsers": "no browser talks to it"}
    manifest.write_text(json.dumps(entries))
    code, (finding,) = asked(made, "check")
    assert (code, finding["level"], finding["waived"]) == (0, "waived", "no browser talks to it")
    assert made.run("config", "check")[0] == 0


def test_a_retired_entry_is_no_services(made):
    made.write({"web": {"command": "x", "port": "old"}}, ports="ports.json")
    code, output = made.run("up")
    assert (code, 'port "old" is retired' in output) == (5, True)
