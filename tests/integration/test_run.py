"""`run` and `exec`: tasks and commands in front of the user, with what they need."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from stacks import PATIENCE
from terminal import Terminal

SLEEP = [sys.executable, "-c", "import time; time.sleep(1000)"]


def says(text, code=0):
    return [sys.executable, "-c", f"print({text!r}); raise SystemExit({code})"]


def database(port):
    return {"command": ["sh", "-c", f"exec {sys.executable} -m http.server -b 127.0.0.1 $PORT"], "port": port}


# --- what comes through ---


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (says("fine"), 0),
        (says("seven", 7), 7),
        (["no-such-program"], 127),
        ("no-such-program", 127),
        ("kill -INT $$$$", 130),
        ("kill -SEGV $$$$", 139),
        ("exit 125", 125),
    ],
)
def test_the_code_of_a_task_is_that_of_run(stack, command, code):
    one = stack({"a": {"command": SLEEP}}, tasks={"t": {"command": command}})
    assert one.run("run", "t")[0] == code


def test_a_signal_to_run_is_for_the_task(stack):
    heeds = (
        "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(5));"
        "print('there', flush=True); signal.pause()"
    )
    one = stack({"a": {"command": SLEEP}}, tasks={"t": {"command": [sys.executable, "-c", heeds]}})
    run = one.start("run", "t", start_new_session=True)
    run.expect("there")
    run.signal(signal.SIGTERM)
    assert run.finish() == 5


def test_standard_input_is_the_tasks(stack):
    one = stack({"a": {"command": SLEEP}}, tasks={"t": {"command": "wc -c"}})
    argv = [sys.executable, "-m", "aura_stack", "run", "t"]
    given = b"x" * 1_000_000
    found = subprocess.run(
        argv, input=given, cwd=one.folder, env=one.env, capture_output=True, timeout=PATIENCE, check=True
    )
    assert found.stdout.split() == [b"1000000"]


def test_the_terminal_is_the_tasks(stack):
    asks = "import os; print(os.isatty(0), os.isatty(1), os.isatty(2)); print('got', input('name? '))"
    one = stack({"a": {"command": SLEEP}}, tasks={"t": {"command": [sys.executable, "-c", asks]}})
    terminal = Terminal([sys.executable, "-m", "aura_stack", "run", "t"], one.folder, one.env)
    try:
        terminal.expect("True True True", PATIENCE)
        terminal.expect("name\\? ", PATIENCE)
        terminal.type(b"web\n")
        terminal.expect("got web", PATIENCE)
        assert terminal.finish(PATIENCE) == 0
    finally:
        terminal.close()


# --- what it needs ---


def test_what_a_task_needs_is_started_and_stopped_behind_it(stack, port):
    one = stack(
        {"db": database(port), "other": {"command": SLEEP}},
        tasks={
            "t": {"command": f"echo on $AURA_PORT_DB; {sys.executable} -m aura_stack status", "needs": ["db"]}
        },
    )
    code, output = one.run("run", "t")
    assert code == 0, output
    assert f"on {port}" in output
    assert "db     ready" in output
    assert "other  stopped" in output
    assert one.run("status")[0] == 3
    assert one.members() == []


def test_what_ran_before_runs_on(stack, port):
    one = stack({"db": database(port)}, tasks={"t": {"command": says("done", 7), "needs": ["db"]}})
    up = one.up()
    before = one.run("status", "--json")[1]
    assert one.run("run", "t")[0] == 7
    after = one.run("status", "--json")[1]
    assert [view["pid"] for view in json.loads(before)] == [view["pid"] for view in json.loads(after)]
    up.signal(signal.SIGINT)
    assert up.finish() == 130


def test_what_somebody_wanted_meanwhile_stays_up(stack, port, tmp_path):
    os.mkfifo(tmp_path / "gate")
    one = stack(
        {"db": database(port), "web": {"command": SLEEP}},
        tasks={"t": {"command": f"echo there; cat {tmp_path}/gate", "needs": ["db"]}},
    )
    run = one.start("run", "t")
    run.expect("there")
    assert one.run("up", "-d", "--wait", "db")[0] == 0
    (tmp_path / "gate").write_text("go\n")
    assert run.finish() == 0
    (view,) = [view for view in json.loads(one.run("status", "--json")[1]) if view["service"] == "db"]
    assert view["state"] == "ready"
    assert one.run("down")[0] == 0


def test_two_tasks_share_what_they_need_and_the_last_one_ends_it(stack, port, tmp_path):
    for gate in ("one", "two"):
        os.mkfifo(tmp_path / gate)
    one = stack(
        {"db": database(port)},
        tasks={
            name: {"command": f"echo there; cat {tmp_path}/{name}", "needs": ["db"]}
            for name in ("one", "two")
        },
    )
    first, second = one.start("run", "one"), one.start("run", "two")
    first.expect("there")
    second.expect("there")
    (tmp_path / "one").write_text("go\n")
    assert first.finish() == 0
    assert '"ready"' in one.run("status", "--json")[1]
    (tmp_path / "two").write_text("go\n")
    assert second.finish() == 0
    assert one.run("status")[0] == 3


def test_what_is_stopped_meanwhile_keeps_no_stack_up(stack, port, tmp_path):
    os.mkfifo(tmp_path / "gate")
    one = stack(
        {"db": database(port)}, tasks={"t": {"command": f"echo there; cat {tmp_path}/gate", "needs": ["db"]}}
    )
    run = one.start("run", "t")
    run.expect("there")
    assert one.run("stop", "db")[0] == 0
    (tmp_path / "gate").write_text("go\n")
    assert run.finish() == 0
    assert one.run("status")[0] == 3


def test_what_was_scaled_away_meanwhile_is_not_let_go(stack, tmp_path):
    os.mkfifo(tmp_path / "gate")
    one = stack(
        {"w": {"command": SLEEP, "replicas": 2}, "z": {"command": SLEEP}},
        tasks={"t": {"command": f"echo there; cat {tmp_path}/gate", "needs": ["w"]}},
    )
    assert one.run("up", "-d", "z")[0] == 0
    run = one.start("run", "t")
    run.expect("there")
    assert one.run("scale", "w=1")[0] == 0
    (tmp_path / "gate").write_text("go\n")
    assert run.finish() == 0
    views = {view["service"]: view["state"] for view in json.loads(one.run("status", "--json")[1])}
    assert views == {"w": "stopped", "z": "ready"}
    assert one.run("down")[0] == 0


def test_a_stack_that_was_up_for_a_task_ends_without_a_fault(stack, port):
    one = stack({"db": database(port)}, tasks={"t": {"command": "true", "needs": ["db"]}})
    for _ in range(5):
        assert one.run("run", "t")[0] == 0
        assert (Path(one.places.runtime) / "engine.log").read_text() == ""
        assert not Path(one.places.run).exists()


def test_a_run_that_is_killed_leaves_nothing(stack, port):
    one = stack(
        {"db": database(port)},
        tasks={
            "t": {
                "command": f"echo there; {' '.join(SLEEP[:2])} 'import time; time.sleep(1000)'",
                "needs": ["db"],
            }
        },
    )
    run = one.start("run", "t", start_new_session=True)
    run.expect("there")
    run.signal(signal.SIGKILL)
    run.finish()
    assert one.wait_until_empty() == []


def test_what_does_not_come_up_is_shown_and_the_task_is_not_run(stack, port):
    one = stack(
        {"db": {"command": says("no disk", 3), "restart": "no", "port": port}},
        tasks={"t": {"command": "echo ran", "needs": ["db"]}},
    )
    code, output = one.run("run", "t")
    assert code == 125
    assert "db | no disk" in output
    assert "db is not up: exited 3" in output
    assert "ran\n" not in output


def test_an_external_service_has_to_answer(stack, port):
    one = stack(
        {
            "a": {"command": SLEEP},
            "db": {"external": True, "port": port, "required": False, "hint": "start it"},
        },
        tasks={"t": {"command": "echo ran", "needs": ["db"]}},
    )
    code, output = one.run("run", "t")
    assert code == 125
    assert "start it" in output
    assert "ran" not in output


# --- several, and those that are up to date ---


def test_several_run_in_order_until_one_fails(stack):
    one = stack(
        {"a": {"command": SLEEP}},
        tasks={
            "one": {"command": "echo 1"},
            "two": {"command": "echo 2; exit 4"},
            "three": {"command": "echo 3"},
        },
    )
    code, output = one.run("run", "one", "two", "three")
    assert (code, output.split("\n")[:2]) == (4, ["1", "2"])
    assert "two failed: exited 4" in output
    assert "3\n" not in output


def test_a_task_is_run_again_when_what_it_reads_or_makes_is_not_as_it_was(stack):
    one = stack(
        {"a": {"command": SLEEP}},
        tasks={"t": {"command": "echo working; cp in out", "inputs": ["in"], "outputs": ["out"]}},
    )
    (one.folder / "in").write_text("1")
    assert one.run("run", "t") == (0, "working\n")
    assert one.run("run", "t") == (0, "t is up to date\n")
    (one.folder / "in").write_text("2")
    assert one.run("run", "t") == (0, "working\n")
    os.utime(one.folder / "in")
    assert one.run("run", "t") == (0, "t is up to date\n")
    (one.folder / "out").unlink()
    assert one.run("run", "t") == (0, "working\n")
    assert one.run("run", "--force", "t") == (0, "working\n")


def test_a_task_that_does_not_make_what_it_should_has_failed(stack):
    one = stack({"a": {"command": SLEEP}}, tasks={"t": {"command": "true", "outputs": ["out"]}})
    code, output = one.run("run", "t")
    assert (code, output) == (1, "t failed: it succeeded but did not make out\n")


# --- tasks of services ---


def test_a_service_waits_for_its_task_which_runs_only_when_it_is_due(stack):
    one = stack(
        {"a": {"command": SLEEP, "depends_on": {"m": "completed"}}},
        tasks={"m": {"command": "echo working; cp in out", "inputs": ["in"], "outputs": ["out"]}},
    )
    (one.folder / "in").write_text("1")
    code, output = one.run("up", "-d", "--wait")
    assert code == 0, output
    assert re.search(r"m +· completed[\s\S]*a +· started", output), output
    assert one.run("down")[0] == 0
    assert one.run("run", "m") == (0, "m is up to date\n")
    assert one.run("up", "-d", "--wait")[0] == 0
    assert one.run("logs", "-n", "all", "m")[1].count("working") == 1
    assert one.run("down")[0] == 0


def test_a_service_whose_task_fails_is_not_started(stack):
    one = stack({"a": {"command": SLEEP, "depends_on": ["m"]}}, tasks={"m": {"command": says("no table", 3)}})
    code, output = one.run("up", "-d", "--wait")
    assert code == 1
    assert re.search(r"m +\| no table", output), output
    assert re.search(r"a +· failed: m, which it needs, is down: exited 3", output), output


# --- commands ---


def test_a_command_has_the_variables_of_the_stack_or_of_a_service(stack, port):
    one = (
        stack({"a": {"command": SLEEP, "port": port, "env": {"OWN": "1"}, "cwd": "sub"}}, env_file=".env")
        if False
        else None
    )
    one = stack({"a": {"command": SLEEP, "port": port, "env": {"OWN": "1"}}})
    assert one.run("run", "--", "sh", "-c", "echo $OWN $AURA_PORT_A $PORT")[1] == f"{port}\n"
    assert (
        one.run("run", "--service", "a", "sh", "-c", "echo $OWN $AURA_PORT_A $PORT")[1]
        == f"1 {port} {port}\n"
    )


def test_a_command_beside_a_procfile_has_the_variables_of_its_files(stack):
    one = stack({"a": {"command": SLEEP}})
    one.file.unlink()
    (one.folder / "Procfile").write_text("web: sleep 1000\n")
    (one.folder / ".env").write_text("A=file\nHOME=file\n")
    assert one.run("run", "sh", "-c", "echo $A $HOME $PORT") == (0, "file file\n")


def test_two_dashes_make_a_command_of_what_is_also_a_task(stack):
    one = stack({"a": {"command": SLEEP}}, tasks={"echo": {"command": "false"}})
    assert one.run("run", "echo")[0] == 1
    assert one.run("run", "--", "echo", "-n", "x") == (0, "x")


def test_exec_needs_a_service_that_runs(stack):
    one = stack({"a": {"command": SLEEP, "env": {"OWN": "1"}}, "b": {"command": SLEEP}})
    assert one.run("exec", "a", "true")[0] == 3
    up = one.start("up", "a", start_new_session=True)
    up.expect("all ready")
    assert one.run("exec", "a", "sh", "-c", "echo $OWN $AURA_SERVICE; exit 7") == (7, "1 a\n")
    assert one.run("exec", "b", "true")[0] == 3
    assert one.run("exec", "c", "true")[0] == 4
    assert one.run("exec", "a", "no-such-program")[0] == 127
    up.signal(signal.SIGINT)
    up.finish(PATIENCE)
