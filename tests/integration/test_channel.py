"""The control channel of a running engine: who may speak, what it says, and that nobody can hurt it."""

import json
import os
import random
import socket
import stat
import subprocess
import sys
import threading

import pytest
from stacks import PATIENCE, child

from aura_stack.control import protocol
from aura_stack.control.client import Client, connect
from aura_stack.control.server import OPEN_CALLS, most_clients
from aura_stack.errors import AuraError, ExitCode
from aura_stack.system import limits, processes

TALKER = {"command": child("talker"), "ready": {"log": "hello"}}
FLOOD = {"command": "while :; do echo 0123456789012345678901234567890123456789; done"}


@pytest.fixture
def made(stack):
    made = stack({"web": TALKER, "db": {"command": ["sleep", "1000"]}})
    made.face = made.up()
    yield made
    made.run("down")


def raw(made):
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    link.settimeout(PATIENCE)
    link.connect(made.places.socket)
    return link


def until_the_end(client):
    """All messages up to the end of the connection."""
    while True:
        try:
            messages = list(client.receive())
        except ConnectionError:
            return
        yield from messages


def status(made):
    client = connect(made.places.socket, "stack.yaml")
    try:
        return client.call("status")
    finally:
        client.close()


def undisturbed(made):
    return [(view["service"], view["state"], view["run"]) for view in status(made)] == [
        ("web", "ready", 1),
        ("db", "ready", 1),
    ]


def memory(made):
    return processes.usage(made.engine())[1]


def test_nobody_else_may_connect(made):
    assert stat.S_IMODE(os.stat(made.places.socket).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(made.places.runtime).st_mode) == 0o700


def test_the_engine_opens_no_port(made):
    engine = made.engine()
    descriptors = [os.readlink(f"/proc/{engine}/fd/{name}") for name in os.listdir(f"/proc/{engine}/fd")]
    sockets = {name[8:-1] for name in descriptors if name.startswith("socket:[")}
    assert sockets
    for table in ("tcp", "tcp6", "udp", "udp6"):
        with open(f"/proc/{engine}/net/{table}", encoding="ascii") as file:
            assert not sockets & {line.split()[9] for line in list(file)[1:]}


def test_the_engine_says_hello_first_with_its_version(made):
    with raw(made) as link:
        hello = json.loads(link.makefile("rb").readline())
    assert hello == {
        "jsonrpc": "2.0",
        "method": "hello",
        "params": {"version": protocol.VERSION, "stack": made.name},
    }


def test_a_client_of_another_version_gets_a_clear_word(made, monkeypatch):
    monkeypatch.setattr(protocol, "VERSION", protocol.VERSION + 1)
    with pytest.raises(AuraError) as refused:
        connect(made.places.socket, "stack.yaml")
    assert refused.value.message == (
        f"the running engine speaks version {protocol.VERSION - 1} of the control protocol, "
        f"this command {protocol.VERSION}"
    )
    assert (
        refused.value.hint
        == "stop the stack with the aura-stack that started it, or with Ctrl-C where it runs"
    )


# --- 10,000 messages that make no sense ---

METHODS = ("status", "attach", "detach", "nothing", "", "hello", "bye") * 3 + ("follow", "wait", "subscribe")
ORDERS = ("start", "stop", "restart", "signal", "shutdown")
KEYS = ("services", "position", "record", "usage", "for", "kinds", "own", "wait", "signal", "grace", "since")


def nonsense(chance):
    """A value of any shape that JSON has."""
    kinds = [
        lambda: None,
        lambda: chance.choice((True, False)),
        lambda: chance.choice((0, -1, 1, 2**31, 2**63, 2**64, -(2**70), 10**300)),
        lambda: chance.choice((0.5, -0.0, 1e308, float("nan"), float("inf"), float("-inf"))),
        lambda: chance.choice(
            ("", "web", "*", "\0", "\ud800", "é" * 50, "ready", "exit", "../..", "x" * 5000)
        ),
        lambda: [nonsense(chance) for _ in range(chance.randrange(4))],
        lambda: {chance.choice(KEYS): nonsense(chance) for _ in range(chance.randrange(3))},
    ]
    return chance.choice(kinds)()


def message(chance):
    """One line that is no sensible order: garbage, broken JSON, wrong shapes, wrong types."""
    kind = chance.randrange(6)
    if kind == 0:
        return chance.randbytes(chance.randrange(200)).replace(b"\n", b"")
    if kind == 1:
        return b"[" * chance.randrange(20_000)
    record = {"jsonrpc": "2.0", "id": nonsense(chance), "method": chance.choice(METHODS)}
    record["params"] = {key: nonsense(chance) for key in chance.sample(KEYS, 3)}
    if kind == 2:  # an order with a parameter that it cannot have
        wrong = {
            "services": 7,
            "grace": "x",
            "wait": "x",
            "since": [],
            "at_once": 1,
            "signal": {},
            "dependents": 2,
        }
        record["method"] = chance.choice(ORDERS)
        record["params"] = {**wrong, "dependencies": 0}
    if kind == 3:
        record[chance.choice(("jsonrpc", "method", "params", "id"))] = nonsense(chance)
        if record["method"] in ORDERS:
            record["method"] = "nothing"
    line = json.dumps(record).encode()
    if kind == 4:
        cut = chance.randrange(len(line))
        line = line[:cut] + chance.randbytes(3).replace(b"\n", b"") + line[cut + 1 :]
        line = line.replace(b"shutdown", b"nothing!")
    return line


def fifty(chance):
    last = protocol.encode(protocol.Request("status", {}, "the last"))
    return b"".join(message(chance) + b"\n" for _ in range(50)) + last


def test_ten_thousand_messages_without_sense_change_nothing(made):
    chance = random.Random(20_261_121)
    engine, before = made.engine(), memory(made)
    answers = 0
    for _ in range(200):
        with raw(made) as link, link.makefile("rb") as lines:
            sender = threading.Thread(target=link.sendall, args=(fifty(chance),))
            sender.start()
            for line in lines:
                answers += 1
                if json.loads(line).get("id") == "the last":  # it has read all that came before
                    break
            sender.join()
    assert answers > 9_000  # a call without an id, and one that waits, has none
    assert undisturbed(made)
    assert made.engine() == engine
    assert memory(made) - before < 30 << 20
    with open(os.path.join(made.places.runtime, "engine.log"), encoding="utf-8") as file:
        assert file.read() == ""


def test_two_hundred_clients_that_say_nothing_are_no_burden(made):
    before = memory(made)
    silent = [raw(made) for _ in range(200)]
    assert undisturbed(made)
    assert made.run("restart", "web")[0] == 0
    assert memory(made) - before < 20 << 20
    for link in silent:
        link.close()
    assert made.run("status")[0] == 0


def test_there_is_a_limit_to_clients_and_the_one_beyond_it_is_told(made):
    held, most = [], most_clients(limits.open_files().hard)
    words = b""
    for _ in range(most + 1):
        held.append(raw(made))
        words = held[-1].makefile("rb").readline()
    assert json.loads(words)["params"]["message"] == f"{most} clients are connected already"
    code, output = made.run("status")
    assert (code, output) == (1, f"error: {most} clients are connected already\n")
    for link in held:
        link.close()
    assert undisturbed(made)


def test_a_message_without_end_is_refused_and_ends_its_connection(made):
    before = memory(made)
    link = raw(made)
    answers = link.makefile("rb")
    answers.readline()
    sent = 0
    try:
        while sent < 64 << 20:
            sent += link.send(b"x" * 65536)
    except (BrokenPipeError, ConnectionResetError):
        pass
    assert sent < 4 << 20
    assert (
        json.loads(answers.readline())["error"]["message"]
        == f"a message has at most {protocol.LINE_LIMIT} bytes"
    )
    link.close()
    assert undisturbed(made)
    assert memory(made) - before < 20 << 20


def test_a_client_that_never_reads_its_answers_is_not_read_either(made):
    """It may fill what the kernel and one call keep for it; then its own writing stops."""
    before = memory(made)
    link = raw(made)
    link.setblocking(False)
    call = protocol.encode(protocol.Request("status", {}, 1))
    sent = 0
    for _ in range(200):
        try:
            while True:
                sent += link.send(call * 100)
        except BlockingIOError:
            status(made)  # the engine has had its turns meanwhile
    assert sent < 8 << 20
    assert memory(made) - before < 20 << 20
    link.close()
    assert undisturbed(made)


def test_calls_that_wait_have_a_limit_and_hold_up_only_their_own_client(made):
    client = connect(made.places.socket, "stack.yaml")
    for _ in range(OPEN_CALLS + 10):
        client.send("follow", position=2**40)
    assert undisturbed(made)
    client.close()
    assert undisturbed(made)


def test_an_order_outlives_the_client_that_gave_it(made):
    client = connect(made.places.socket, "stack.yaml")
    client.send("restart", services=["web"])
    client.close()
    made.face.expect(r"stopping[\s\S]*ready in")


# --- being told ---


def test_a_subscriber_is_told_of_every_event_from_now_on(made):
    client = connect(made.places.socket, "stack.yaml")
    client.send("subscribe", kinds=["started", "ready", "stack-stopped"])
    client.call("status")
    made.run("restart", "web")
    made.run("down")
    told = list(until_the_end(client))
    client.close()
    facts = [one.params for one in told if isinstance(one, protocol.Request) and one.method == "event"]
    assert [(one["kind"], one.get("run")) for one in facts] == [
        ("started", 2),
        ("ready", 2),
        ("stack-stopped", None),
    ]
    assert all(one["time"] > 1.7e9 for one in facts)


@pytest.mark.long
def test_a_subscriber_that_does_not_read_costs_no_memory(stack):
    crash = {
        "command": "true",
        "restart": "always",
        "give_up": "never",
        "backoff": {"first": "0s", "max": "1ms"},
    }
    made = stack({"web": TALKER, "loop": crash})
    made.start("up").expect("loop .* started")
    slow = connect(made.places.socket, "stack.yaml")
    slow.send("subscribe")
    before = memory(made)
    size = os.stat(made.places.events).st_size
    while os.stat(made.places.events).st_size < size + (400 << 10):
        status(made)
    assert memory(made) - before < 20 << 20
    slow.close()
    made.run("down")


def test_an_unknown_kind_of_event_is_refused(made):
    client = connect(made.places.socket, "stack.yaml")
    with pytest.raises(AuraError, match="there are no events nothing"):
        client.call("subscribe", kinds=["nothing"])
    client.close()


# --- what is left behind, and who does not answer ---


def test_a_socket_that_kill_9_left_blocks_nothing(stack):
    made = stack({"web": TALKER})
    made.run("up", "-d", "--wait")
    guardian, engine = made.guardian(), made.engine()
    held = os.pidfd_open(guardian)
    os.kill(engine, 9)
    os.kill(guardian, 9)
    os.close(held)
    for pid in made.members():  # both at once is the one case that leaves services
        os.kill(pid, 9)
    assert os.path.exists(made.places.socket)
    assert made.run("status") == (
        3,
        "error: the stack of stack.yaml is not running\nhint: aura-stack up starts it\n",
    )
    assert made.run("up", "-d", "--wait")[0] == 0
    assert made.run("down")[0] == 0


def test_an_engine_that_was_stopped_is_told_from_one_that_is_not_there(made, monkeypatch):
    monkeypatch.setattr("aura_stack.control.client.PATIENCE", 0.2)
    os.kill(made.engine(), 19)
    try:
        with pytest.raises(AuraError) as refused:
            connect(made.places.socket, "stack.yaml")
    finally:
        os.kill(made.engine(), 18)
    assert refused.value.message.startswith("the engine of stack.yaml does not answer")
    assert refused.value.exit_code == ExitCode.FAILED


def test_a_stranger_at_the_socket_is_no_engine(tmp_path):
    path = str(tmp_path / "socket")
    script = (
        f"import socket; s = socket.socket(socket.AF_UNIX); s.bind({path!r}); s.listen(); print('up', flush=True); "
        "c, _ = s.accept(); c.sendall(b'SSH-2.0\\n'); c.recv(1)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as stranger:
        stranger.stdout.readline()
        with pytest.raises(AuraError, match="is no engine of aura-stack"):
            connect(path, "stack.yaml")
        stranger.kill()


def test_what_comes_beside_an_answer_is_kept():
    ours, theirs = socket.socketpair()
    client = Client(ours)
    theirs.sendall(
        protocol.encode(protocol.Request("event", {"n": 1}))
        + protocol.encode(protocol.Answer(1, "yes"))
        + protocol.encode(protocol.Request("bye", {"code": 0}))
    )
    assert client.call("status") == "yes"
    assert [one.method for one in client.kept] == ["event", "bye"]
    client.close()
    theirs.close()
