"""Replicas and profiles of a stack that runs, and variables that change while it does."""

import json
import re
import signal
import socket
import sys

import pytest
from stacks import PATIENCE

pytestmark = pytest.mark.long

SLEEP = [sys.executable, "-c", "import time; time.sleep(1000)"]
SERVE = ["sh", "-c", f"exec {sys.executable} -m http.server -b 127.0.0.1 $PORT"]
TELL = [
    sys.executable,
    "-uc",
    "import os, time; e = os.environ; print(e.get('A'), e['AURA_REPLICA'], e.get('AURA_PORT_W_2')); time.sleep(1000)",
]


def status(one, *flags):
    return {view["service"]: view for view in json.loads(one.run(*flags, "status", "--json")[1])}


def down(one, up):
    up.signal(signal.SIGINT)
    assert up.finish(PATIENCE) == 130


# --- variables ---


def test_a_restart_sees_what_was_written_into_a_file_of_variables(stack):
    one = stack({"a": {"command": TELL, "env_file": "a.env"}})
    (one.folder / "a.env").write_text("A=first\n")
    up = one.up("--no-watch")
    up.expect(r"a +\| first")
    (one.folder / "a.env").write_text("A=second\n")
    assert one.run("restart", "a")[0] == 0
    up.expect(r"a +\| second")
    (one.folder / "a.env").write_text('A="open\n')
    code, output = one.run("restart", "a")
    assert code == 1
    assert "a goes on as it was: its environment: a.env:1:3: " in output
    assert status(one)["a"]["run"] == 2  # what runs of it goes on
    down(one, up)


def test_a_mistake_in_a_file_of_variables_starts_nothing(stack):
    one = stack({"a": {"command": TELL}, "b": {"command": TELL, "env_file": "b.env"}})
    (one.folder / "b.env").write_text("A='x\n")
    code, output = one.run("up")
    assert (code, "started" in output) == (5, False)
    assert output.startswith("b.env:1:3: ")
    assert one.run("config", "check") == (5, output)


def test_the_origin_of_every_value_is_told_and_secrets_are_not(stack):
    one = stack(
        {
            "a": {
                "command": SLEEP,
                "env": {"API_KEY": "secret-1234", "URL": "x-secret-1234"},
                "env_file": "a.env",
            }
        }
    )
    (one.folder / "a.env").write_text("A=file\nHOME=file\n")
    code, output = one.run("config", "env", "a", "--explain")
    assert code == 0
    assert "A=file  # a.env:1:1" in output
    assert re.search(r"HOME=file  # a.env:2:1 \(not \S+ of the shell\)", output)
    assert "secret-1234" not in output
    (one.folder / "a.env").write_text("API_KEY=older-5678\nAUTH=Bearer ${API_KEY}\nA=1\nHOME=file\n")
    assert "older-5678" not in one.run("config", "env", "a")[1]
    found = {row["name"]: row for row in json.loads(one.run("config", "env", "a", "--json")[1])}
    assert found["API_KEY"]["value"] == "***"
    assert found["HOME"]["over"][0]["origin"] == "the shell"


# --- replicas ---


def test_replicas_run_and_are_ordered_together_or_one_by_one(stack, port):
    one = stack({"w": {"command": SERVE, "port": port, "replicas": 3}})
    up = one.up()
    before = status(one)
    assert list(before) == ["w", "w-2", "w-3"]
    assert [view["ports"] for view in before.values()] == [[port], [port + 1], [port + 2]]
    assert one.run("restart", "w-2") == (
        0,
        "w-2 restarted, ready in " + one.running[-1].output.split("in ")[-1],
    )
    assert [view["run"] for view in status(one).values()] == [1, 2, 1]
    assert one.run("restart", "w")[0] == 0
    assert [view["run"] for view in status(one).values()] == [2, 3, 2]
    assert one.run("stop", "w-1")[0] == 0
    assert [view["state"] for view in status(one).values()] == ["stopped", "ready", "ready"]
    down(one, up)


def test_a_running_stack_is_scaled(stack, port):
    one = stack({"w": {"command": SERVE, "port": port}, "v": {"command": TELL}})
    up = one.up()
    pid = status(one)["w"]["pid"]
    code, output = one.run("scale", "w=3")
    assert (code, re.sub(r"[0-9.]+ s", "T", output)) == (0, "w-2 ready in T\nw-3 ready in T\n")
    up.expect(r"w-3 +· ready")
    assert status(one)["w"]["pid"] == pid
    assert one.run("restart", "v")[0] == 0
    up.expect(rf"v +\| None 1 {port + 1}")
    assert one.run("scale", "w=1") == (0, "w-2 stopped\nw-3 stopped\n")
    assert list(status(one)) == ["w", "v"]
    assert one.run("scale", "w=1") == (0, "nothing to do\n")
    assert one.run("scale", "w=0")[0] == 0
    assert one.run("scale", "w=2")[0] == 0
    assert list(status(one)) == ["w", "w-2", "v"]
    down(one, up)


def test_the_logs_of_replicas_are_read_together_or_one_by_one(stack):
    one = stack({"w": {"command": TELL, "replicas": 3}, "w-4": {"command": TELL}}, profiles={"p": ["w"]})
    up = one.up()
    for name in ("w", "w-2", "w-3", "w-4"):
        up.expect(rf"{name} +\| None")
    down(one, up)

    def services(*names):
        return sorted(
            json.loads(line)["service"] for line in one.run("logs", "--json", *names)[1].splitlines()
        )

    assert services("w") == services("@p") == ["w", "w-2", "w-3"]
    assert services("w-1") == ["w"]
    assert services("w-3", "w-4") == ["w-3", "w-4"]
    assert services("w*") == ["w", "w-2", "w-3", "w-4"]
    assert one.run("logs", "w-5")[0] == 4


def test_what_cannot_be_scaled_changes_nothing(stack, port):
    one = stack({"w": {"command": SERVE, "port": port}, "taken": {"command": SERVE, "port": port + 1}})
    up = one.up()
    assert one.run("scale", "x=2")[0] == 4
    assert one.run("scale", "w=101")[0] == 2
    assert one.run("scale", "w")[0] == 2
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a test before may have left a TIME_WAIT
        held.bind(("127.0.0.1", port + 2))
        held.listen()
        code, output = one.run("scale", "w=2")
    assert code == 6
    assert f"port {port + 2} is taken" in output
    assert list(status(one)) == ["w", "taken"]
    down(one, up)


STUBBORN = [
    sys.executable,
    "-uc",
    "import signal, time; signal.signal(15, lambda *_: (time.sleep(1), exit(0))); print('there'); time.sleep(1000)",
]


def test_two_scalings_take_turns(stack):
    one = stack({"w": {"command": STUBBORN, "replicas": 2}, "v": {"command": SLEEP}})
    up = one.up()
    up.expect(r"w-2 +\| there")
    first = one.start("scale", "w=1")
    up.expect(r"w-2 +· stopping")
    second = one.start("scale", "v=3")
    assert (first.finish(), second.finish()) == (0, 0)
    assert list(status(one)) == ["w", "v", "v-2", "v-3"]
    down(one, up)


def test_what_is_being_scaled_away_takes_no_orders(stack):
    one = stack({"w": {"command": STUBBORN, "replicas": 2}})
    up = one.up()
    up.expect(r"w-2 +\| there")
    scaling = one.start("scale", "w=1")
    up.expect(r"w-2 +· stopping")
    assert one.run("restart", "w-2")[0] == 4
    assert scaling.finish() == 0
    assert list(status(one)) == ["w"]
    down(one, up)


def test_what_waits_for_a_replica_that_goes_waits_no_longer(stack, port):
    slow = ["sh", "-c", f"sleep 1; exec {sys.executable} -m http.server -b 127.0.0.1 $PORT"]
    one = stack(
        {"w": {"command": slow, "port": port, "replicas": 3}, "v": {"command": SLEEP, "depends_on": ["w"]}}
    )
    up = one.start("up", start_new_session=True)
    up.expect(r"w-3 +· started")
    assert one.run("scale", "w=1")[0] == 0
    up.expect(r"v +· ready")
    assert {view["state"] for view in status(one).values()} == {"ready"}
    down(one, up)


def test_scaling_away_what_is_being_prepared_ends_nothing(stack):
    step = {"command": "sleep 1", "inputs": ["in.txt"]}
    one = stack({"w": {"command": SLEEP, "replicas": 2, "prepare": [step]}})
    (one.folder / "in.txt").write_text("1")
    up = one.up()
    (one.folder / "in.txt").write_text("2")
    up.expect(r"w +· started[\s\S]*w +· sleep 1 \(in.txt changed\)")
    assert one.run("scale", "w=1")[0] == 0
    up.expect(r"w +· started[\s\S]*w +· started")
    assert list(status(one)) == ["w"]
    down(one, up)


def test_what_was_scaled_by_hand_may_go_with_another_definition_and_gives_its_numbers_back(stack, port):
    v = {"command": SLEEP, "port": port, "ready": {"exec": "true"}}
    one = stack({"w": {**v, "port": port + 1}, "v": v, "u": {"command": SLEEP, "replicas": 0}})
    up = one.up("--no-watch")
    assert one.run("scale", "w=2", "v=2", "u=1")[0] == 0
    assert [len(view["ports"]) for view in status(one).values()] == [1, 1, 1, 1, 0]
    one.write({"v": v})
    code, told = one.run("reload")
    assert code == 0, told
    assert list(status(one)) == ["v", "v-2"]
    (lease,) = json.loads(one.run("ports", "leases", "--json")[1])
    assert {each["service"] for each in lease["ports"]} == {"v", "v-2"}
    one.write({"v": {**v, "replicas": 3}})
    assert one.run("reload")[0] == 0
    assert list(status(one)) == ["v", "v-2", "v-3"]
    down(one, up)


def test_a_save_restarts_all_replicas(stack):
    one = stack({"w": {"command": TELL, "replicas": 2, "watch": {"paths": ["w.py"]}}})
    (one.folder / "w.py").write_text("1")
    up = one.up()
    assert one.run("scale", "w=3")[0] == 0
    (one.folder / "w.py").write_text("2")
    up.expect(r"w +· w.py saved")
    for name in ("w", "w-2", "w-3"):
        up.expect(rf"{name} +· started \(pid \d+\)[\s\S]*{name} +· started \(pid \d+\)")
    down(one, up)


# --- profiles ---


def test_a_profile_of_services_is_the_same_stack(stack):
    one = stack({name: {"command": SLEEP} for name in "abc"}, profiles={"p": ["a", "b"]})
    assert one.run("up", "-d", "--wait", "--profile", "p")[0] == 0
    assert {name: view["state"] for name, view in status(one).items()} == {
        "a": "ready",
        "b": "ready",
        "c": "stopped",
    }
    assert one.run("stop", "@p")[0] == 0
    assert one.run("up", "-d", "--wait")[0] == 0
    assert {view["state"] for view in status(one).values()} == {"ready"}
    assert one.run("down")[0] == 0


@pytest.mark.long
def test_two_variants_of_a_stack_run_side_by_side(stack, port):
    one = stack(
        {"w": {"command": SERVE, "port": port}, "v": {"command": TELL, "depends_on": ["w"]}},
        profiles={"test": {"env": {"A": "test"}, "range": f"{port + 10}-{port + 19}"}},
    )
    assert one.run("up", "-d", "--wait")[0] == 0
    assert one.run("up", "--profile", "test", "-d", "--wait")[0] == 0
    plain, test = status(one), status(one, "--profile", "test")
    assert (plain["w"]["ports"], test["w"]["ports"]) == ([port], [port + 10])
    assert plain["w"]["pid"] != test["w"]["pid"]
    assert "test 1" in one.run("logs", "--profile", "test", "v")[1]
    assert "test 1" not in one.run("logs", "v")[1]
    assert one.run("restart", "--profile", "test", "w")[0] == 0
    assert status(one)["w"]["run"] == 1
    assert one.run("down")[0] == 0
    assert status(one, "--profile", "test")["w"]["state"] == "ready"
    one.env["AURA_PROFILES"] = "test"
    assert one.run("status")[0] == 0
    assert one.run("down")[0] == 0
    assert one.run("status")[0] == 3


# --- the end of one ---


def test_the_end_of_one_can_be_the_end_of_all(stack):
    ends = [sys.executable, "-c", "raise SystemExit(4)"]
    one = stack(
        {"a": {"command": SLEEP}, "b": {"command": ends, "restart": "no", "depends_on": {"a": "started"}}}
    )
    code, output = one.run("up", "--abort-on-exit")
    assert code == 4
    assert "b ended, and all end together" in output


def test_the_failure_of_one_can_be_the_end_of_all(stack):
    fails = [sys.executable, "-c", "raise SystemExit(4)"]
    one = stack({
        "a": {"command": SLEEP},
        "fine": {"command": "true", "restart": "no"},
        "b": {"command": fails, "restart": "no", "depends_on": {"fine": "completed"}},
    })  # fmt: skip
    code, output = one.run("up", "--abort-on-failure")
    assert code == 4
    assert "b ended, and all end together" in output


def test_the_code_of_one_can_be_that_of_all(stack):
    ends = [sys.executable, "-c", "raise SystemExit(5)"]
    one = stack(
        {"a": {"command": SLEEP}, "tests": {"command": ends, "restart": "no", "depends_on": {"a": "started"}}}
    )
    assert one.run("up", "--exit-code-from", "tests")[0] == 5
    assert one.run("up", "--exit-code-from", "tets")[0] == 4


def test_a_procfile_runs_on_if_it_is_told_to(stack):
    one = stack({"a": {"command": SLEEP}})
    one.file.unlink()
    (one.folder / "Procfile").write_text("a: true\nb: sleep 1000\n")
    up = one.start("up", "--no-abort-on-exit", start_new_session=True)
    up.expect(r"a +· completed")
    assert {
        view["service"]: view["state"]
        for view in json.loads(one.start("status", "--json").expect(r"[\s\S]+\]\n")[0])
    }["b"] == "ready"
    down(one, up)


def test_the_service_whose_code_would_count_may_go_with_another_definition(stack):
    one = stack({"tests": {"command": SLEEP}, "web": {"command": SLEEP}})
    up = one.up("--no-watch", "--exit-code-from", "tests")
    one.write({"web": {"command": SLEEP}})
    assert one.run("reload")[0] == 0
    assert one.run("down")[0] == 0
    assert up.finish() == 0


def test_a_replica_that_does_not_get_ready_keeps_no_other_change_waiting(stack):
    services = {"w": {"command": SLEEP, "ready": {"file": "gate"}}}
    one = stack(services)
    (one.folder / "gate").touch()
    up = one.up()
    (one.folder / "gate").unlink()
    scaling = one.start("scale", "w=2")
    up.expect(r"w-2 +· started")
    one.write({**services, "v": {"command": SLEEP}})
    up.expect(r"v +· ready")
    assert one.run("scale", "w=1")[0] == 0
    assert scaling.finish() == 1
    assert "w-2 is not up" in scaling.output
    assert list(status(one)) == ["w", "v"]
    down(one, up)
