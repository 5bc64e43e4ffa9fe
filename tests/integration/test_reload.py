"""Another definition for a stack that runs: by a save, by hand, and never with a mistake in it."""

import json
import os
import re
import signal
import socket
import sys

import pytest
from stacks import child, wait_for

from aura_stack.control.client import connect

TALK = "import os, time; print('word', os.environ.get('WORD'), flush=True); time.sleep(1000)"
WEB = {"command": [sys.executable, "-c", TALK], "ready": {"log": "word"}}
SERVE = """
import os, socket
with socket.create_server(("127.0.0.1", int(os.environ["PORT"]))) as door:
    while True:
        door.accept()[0].close()
"""
OTHER = {"command": child("talker"), "ready": {"log": "hello"}}


@pytest.fixture
def made(stack, tmp_path):
    (tmp_path / ".env").write_text("WORD=one\n")
    return stack({"web": WEB, "other": OTHER}, env_file=".env")


def pids(made):
    return {view["service"]: view["pid"] for view in json.loads(made.run("status", "--json")[1])}


def again(made, services, **top):
    made.write(services, env_file=".env", **top)


def test_a_saved_stack_file_is_taken_over_and_only_what_is_another_now_is_touched(made):
    up = made.up()
    before = pids(made)
    command = [sys.executable, "-c", TALK.replace("word", "new word")]
    again(made, {"web": {**WEB, "command": command}, "other": OTHER, "third": OTHER})
    up.expect(r"aura +· the definition has changed: web restarts \(command\); third starts \(new\)")
    up.expect(r"third +· ready in")
    code, _ = made.run("wait", "--for", "reloaded")
    assert code == 0
    after = pids(made)
    assert list(after) == ["web", "other", "third"]
    assert after["other"] == before["other"]
    assert after["web"] != before["web"]
    again(made, {"other": OTHER})
    up.expect(r"definition has changed: web stops \(no longer defined\); third stops \(no longer defined\)")
    up.expect(r"third +· stopped")
    made.run("wait", "--for", "reloaded")
    assert pids(made) == {"other": before["other"]}


def test_a_saved_file_of_variables_restarts_whom_it_concerns(made):
    alone = {**OTHER, "env": {"WORD": "mine"}}
    again(made, {"web": WEB, "other": alone})
    up = made.up()
    before = pids(made)
    (made.folder / ".env").write_text("# a comment\nWORD=one\n")
    (made.folder / ".env").write_text("WORD=two\n")
    up.expect(r"definition has changed: web restarts \(WORD changed\)\n[\s\S]*word two")
    assert made.run("wait", "--for", "reloaded")[0] == 0
    assert pids(made)["other"] == before["other"]


def test_a_service_that_a_broken_file_of_variables_keeps_down_comes_back_with_what_it_said_before(made):
    up = made.up()
    (made.folder / ".env").write_text("WORD one\n")
    up.expect(r"the definition is not taken over")
    os.kill(pids(made)["web"], signal.SIGKILL)
    up.expect(r"web +· failed: its environment: ")
    (made.folder / ".env").write_text("WORD=one\n")
    for told in (r"web +\| word one\n", r"web +· ready"):  # in whatever order
        up.expect(rf"web restarts \(its variables can be read again\)[\s\S]*{told}")


def test_a_mistake_changes_nothing_and_is_told_with_its_place(made):
    up = made.up()
    before = pids(made)
    whole = made.file.read_text()
    made.file.write_text(whole.replace('"command"', '"comand"', 1))
    up.expect(r"the definition is not taken over, all goes on: .*stack.yaml:1:\d+: unknown key \"comand\"")
    code, told = made.run("wait", "--for", "reloaded")
    assert code == 1
    assert "comand" in told
    code, told = made.run("reload")
    assert code == 5
    assert 'unknown key "comand" in a service (did you mean "command"?)' in told
    (made.folder / ".env").write_text("WORD='one\n")
    made.file.write_text(whole)
    up.expect(r"all goes on: \.env:1:\d+: ")
    (made.folder / ".env").write_text("WORD=one\n")
    assert made.run("wait", "--for", "reloaded")[0] == 0
    assert pids(made) == before


def test_orders_for_a_service_that_goes_while_they_wait_are_refused_and_end_nothing(stack):
    step = {"command": "read word < gate; sleep 0"}
    web = {**WEB, "prepare": [step]}
    made = stack({"web": web, "other": OTHER, "third": OTHER})
    os.mkfifo(made.folder / "gate")
    up = made.start("up", "--no-watch")
    up.expect("web +· .*read word")
    made.write({"web": web})
    clients = [connect(made.places.socket, "stack.yaml") for _ in range(4)]
    clients[0].send("reload")
    clients[1].send("restart", services=["other"])
    clients[2].send("stop", services=["third"])
    clients[3].call("status")  # these three have been taken now
    (made.folder / "gate").write_text("go\n")
    (reloaded,), (restarted,), (stopped,) = (list(client.receive()) for client in clients[:3])
    assert {one["service"]: one["what"] for one in reloaded.result["changes"]} == {
        "other": "stops",
        "third": "stops",
    }
    assert [(one["service"], one["ok"], one["words"]) for one in restarted.result] == [
        ("other", False, "is no service of the stack any more")
    ]
    assert stopped.result == []
    assert list(pids(made)) == ["web"]
    assert made.run("stop", "web")[0] == 0
    for client in clients:
        client.close()


def test_by_hand_it_is_said_first_and_done_then(made):
    made.up("--no-watch")
    before = pids(made)
    assert made.run("reload") == (0, "nothing has changed\n")
    again(made, {"web": {**WEB, "stop": {"grace": "3s"}}, "new": OTHER})
    code, told = made.run("reload", "--dry-run")
    assert (code, [line.split() for line in told.splitlines()]) == (
        0,
        [
            ["other", "stops", "no", "longer", "defined"],
            ["web", "goes", "on", "stop"],
            ["new", "starts", "new"],
        ],
    )
    assert pids(made) == before
    code, told = made.run("up", "-d")
    assert code == 7
    assert "aura-stack reload takes the new one" in told
    code, told = made.run("reload", "--json")
    assert code == 0
    assert {one["service"]: one["ok"] for one in json.loads(told)["outcomes"]} == {"other": True, "new": True}
    after = pids(made)
    assert list(after) == ["web", "new"]
    assert after["web"] == before["web"]
    assert made.run("up", "-d")[0] == 0
    assert made.run("wait", "--for", "reloaded")[0] == 1  # nothing is acted on by itself


def serving(number):
    return {"command": [sys.executable, "-c", SERVE], "port": number}


def test_a_port_that_is_taken_changes_nothing(made, port):
    again(made, {"web": WEB, "other": serving(port)})
    made.up("--no-watch")
    before = pids(made)
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        taken = stranger.getsockname()[1]
        again(made, {"web": {**WEB, "env": {"X": "1"}}, "other": serving(taken)})
        code, told = made.run("reload")
    assert code == 6
    assert f"port {taken} is taken by" in told
    assert pids(made) == before


def test_two_services_change_their_numbers(made, port):
    other = port + 1
    again(made, {"a": serving(port), "b": serving(other)})
    made.up("--no-watch")
    again(made, {"a": serving(other), "b": serving(port)})
    code, told = made.run("reload")
    assert code == 0, told
    assert f"port {port} → {other}" in told
    views = {view["service"]: view for view in json.loads(made.run("status", "--json")[1])}
    assert [(views[name]["state"], views[name]["ports"]) for name in "ab"] == [
        ("ready", [other]),
        ("ready", [port]),
    ]
    assert [views[name]["restarts"] for name in "ab"] == [0, 0]


def test_a_number_that_a_service_is_just_giving_up_is_waited_for(made, port):
    slow = (
        "import os, signal; signal.signal(15, lambda *_: (open('asked', 'w'), open('gate').read(), exit(0)))"
    )
    a = {**serving(port), "command": [sys.executable, "-c", f"{slow}\n{SERVE}"]}
    again(made, {"a": a})
    os.mkfifo(made.folder / "gate")
    made.up("--no-watch")
    again(made, {"a": {**a, "port": port + 1}})
    first = made.start("reload")
    wait_for((made.folder / "asked").exists)
    again(made, {"a": {**a, "port": port + 1}, "b": serving(port)})
    client = connect(made.places.socket, "stack.yaml")
    client.send("reload")
    client.call("status")  # the order before it has been taken
    (made.folder / "gate").write_text("")
    assert first.finish() == 0
    (answer,) = client.receive()
    assert [one["ok"] for one in answer.result["outcomes"]] == [True], answer
    views = json.loads(made.run("status", "--json")[1])
    assert [(view["state"], view["ports"]) for view in views] == [("ready", [port + 1]), ("ready", [port])]
    client.close()


def test_a_definition_that_never_gets_ready_does_not_keep_the_mended_one_waiting(made):
    up = made.up()
    never = {"command": [sys.executable, "-c", "import time; time.sleep(1000)"], "ready": {"log": "never"}}
    again(made, {"web": never, "other": OTHER})
    up.expect(r"web restarts \(command, ready\)[\s\S]*web +· started")
    again(made, {"web": {**WEB, "env": {"WORD": "mended"}}, "other": OTHER})
    up.expect(r"web restarts \(.*command.*\)[\s\S]*word mended")
    assert made.run("wait", "--for", "reloaded")[0] == 0


def test_the_only_service_may_have_another_name(made):
    again(made, {"web": WEB})
    up = made.up()
    again(made, {"site": WEB})
    up.expect(r"web stops \(no longer defined\); site starts \(new\)[\s\S]*site +· ready in")
    assert made.run("wait", "--for", "reloaded")[0] == 0
    assert list(pids(made)) == ["site"]


def test_a_step_that_fails_in_a_new_definition_is_told_of_its_service(made):
    made.up("--no-watch")
    steps = [{"command": "exit 3", "inputs": ["none"]}]
    again(made, {"web": WEB, "other": OTHER, "new": {**OTHER, "prepare": steps}})
    code, told = made.run("reload")
    assert code == 1
    assert "new is not up: " in told
    assert "exit 3 failed: exited 3" in told
    assert len(made.members()) == 2


def test_what_was_said_of_a_service_goes_with_it(made):
    watching = {**OTHER, "watch": {"paths": ["app.js"]}}
    again(made, {"web": watching, "third": watching, "other": OTHER})
    made.up()
    assert made.run("pause", "web", "third")[0] == 0
    assert made.run("watch", "off", "web")[0] == 0
    for services in ({"other": OTHER, "third": watching}, {"web": watching, "third": watching}):
        again(made, services)
        assert made.run("wait", "--for", "reloaded")[0] == 0
    paused = {view["service"]: view["paused"] for view in json.loads(made.run("status", "--json")[1])}
    assert paused == {"web": False, "third": True}
    told = json.loads(made.run("watch", "status", "--json")[1])["services"]
    assert {one["service"]: one["watch"] for one in told} == {"web": "on", "third": "paused"}


def test_what_a_service_watches_can_change(made):
    up = made.up()
    again(made, {"web": {**WEB, "watch": {"paths": ["word.txt"]}}, "other": OTHER})
    up.expect(r"web goes on \(watch\)")
    made.run("wait", "--for", "reloaded")
    (made.folder / "word.txt").write_text("new")
    up.expect(r"web +· word.txt saved[\s\S]*web +· ready in")


WRITES = """
import os, time
with open(".env", "w") as file:
    file.write(f"WORD={time.time()}\\n" + "#" * 8192)
print("word", os.environ.get("WORD"), flush=True)
time.sleep(1000)
"""


def test_a_service_that_writes_what_defines_it_is_noticed_and_left_alone(made, tmp_path):
    again(made, {"web": {**WEB, "command": [sys.executable, "-c", WRITES]}, "other": OTHER})
    up = made.start("up")
    up.expect(r"aura +· web goes round in a circle: .env was written .* after each start")
    made.run("wait", "--for", "reloaded")
    before = pids(made)
    (tmp_path / ".env").write_text("WORD=mine\n")
    made.run("wait", "--for", "reloaded")
    assert pids(made) == before
    code, output = made.run("reload", "--dry-run")
    assert code == 0
    assert re.search("web +restarts +WORD changed", output)
    made.run("watch", "on")
    (tmp_path / ".env").write_text("WORD=two\n")
    up.expect("definition has changed: .*web restarts")
