"""Orders for a running stack, given from a terminal that is not its own."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from crashes import crash
from stacks import PATIENCE, child

from aura_stack.control.client import connect

TALKER = {"command": child("talker"), "ready": {"log": "hello"}}
SLEEPER = {"command": ["sleep", "1000"]}
CRASHER = {
    "command": [
        sys.executable,
        "-c",
        "import sys; print('starting', flush=True); sys.exit('ValueError: no such colour')",
    ],
    "ready": {"log": "never"},
}


def rows(output):
    """The table of `status`: name → row."""
    return {line.split()[0]: line.split() for line in output.splitlines()[1:] if not line.startswith(" ")}


def pids(made):
    return {view["service"]: view["pid"] for view in json.loads(made.run("status", "--json")[1])}


def runs(made):
    return {view["service"]: view["run"] for view in json.loads(made.run("status", "--json")[1])}


def test_status_restart_logs_and_down(stack):
    made = stack({"web": TALKER, "db": SLEEPER})
    up = made.up()
    code, output = made.run("status")
    assert code == 0
    assert output.split("\n")[0].split() == [
        "NAME", "STATE", "HEALTH", "PID", "UPTIME", "RESTARTS", "CPU", "MEMORY", "PORTS",
    ]  # fmt: skip
    assert {name: row[1] for name, row in rows(output).items()} == {"web": "ready", "db": "ready"}
    before = pids(made)
    code, output = made.run("restart", "web")
    assert code == 0
    assert re.fullmatch(r"web restarted, ready in 0\.\d\d s\n", output)
    after = pids(made)
    assert after["web"] != before["web"]
    assert after["db"] == before["db"]
    assert made.run("logs", "web")[1].count("web | hello") == 2
    assert made.run("logs", "-n", "1", "web")[1] == "web | hello\n"
    code, output = made.run("down")
    assert (code, output) == (0, "all stopped\n")
    assert up.finish() == 0
    assert made.run("status")[0] == 3
    assert made.run("logs", "nobody")[0] == 4


def test_every_command_works_from_a_folder_below(stack):
    made = stack({"web": TALKER})
    made.up()
    below = made.folder / "a" / "b"
    below.mkdir(parents=True)
    for words in (["status"], ["restart", "web"], ["logs", "web"], ["events"], ["wait"], ["down"]):
        assert made.start(*words, cwd=below).finish() == 0, words


def test_three_terminals_at_once_get_one_restart_and_three_right_answers(stack):
    made = stack({"web": TALKER, "db": SLEEPER})
    made.up()
    before = pids(made)
    commands = [made.start("restart", "web") for _ in range(3)]
    assert [command.finish() for command in commands] == [0, 0, 0]
    assert all(command.output.startswith("web restarted, ready in ") for command in commands)
    assert runs(made) == {"web": 2, "db": 1}
    assert pids(made)["db"] == before["db"]


def test_a_restart_that_fails_says_why_with_the_last_lines(stack):
    made = stack({"web": {**CRASHER, "restart": "no"}, "db": SLEEPER})
    up = made.start("up")
    up.expect("not up: web")
    code, output = made.run("restart", "web")
    assert code == 1
    assert output == (
        "web | starting\n"
        "web | ValueError: no such colour\n"
        "error: web is not up: exited 1\n"
        "hint: aura-stack logs shows all that was printed\n"
    )


def test_a_restart_says_so_at_the_first_failure_and_does_not_wait_for_the_last(stack):
    made = stack({"web": {**CRASHER, "backoff": {"first": "1h", "max": "1h"}}, "db": SLEEPER})
    made.start("up").expect("starts again")
    code, output = made.run("restart", "web")
    assert code == 1
    assert "error: web is not up: exited 1; starts again\n" in output
    assert made.run("status", "web")[1].splitlines()[1:] == [
        "web   backoff  -       -    -       2         -    -       -",
        "  exited 1: ValueError: no such colour",
    ]


def test_the_reason_stands_below_a_service_that_failed(stack):
    made = stack({"web": {**CRASHER, "restart": "no"}, "db": SLEEPER})
    made.start("up").expect("not up: web")
    code, output = made.run("status")
    assert code == 1
    assert output.splitlines()[2] == "  exited 1: ValueError: no such colour"
    code, output = made.run("status", "--json", "web")
    (view,) = json.loads(output)
    assert (code, view["last_error"]) == (1, "ValueError: no such colour")
    assert (view["state"], view["ended"], view["exit_code"]) == ("failed", "exited 1", 1)


def test_the_keys_of_status_are_the_documented_ones(stack):
    made = stack({"web": TALKER})
    made.up()
    (view,) = json.loads(made.run("status", "--json")[1])
    text = made.run("status", "--help")[1]
    documented = re.findall(
        r"[a-z_]{3,}",
        re.sub(r"\([^)]*\)", "", text.split("one object for each service:")[1].split("Options:")[0]),
    )
    assert set(view) == set(documented)
    assert (view["service"], view["state"], view["wanted"], view["health"]) == ("web", "ready", "up", "ok")
    assert view["memory_bytes"] > 1 << 20
    assert view["processes"] == 1


def test_stop_and_start_of_one_service_leave_the_rest_alone(stack):
    made = stack({"web": {**TALKER, "depends_on": ["db"]}, "db": SLEEPER})
    made.up()
    before = pids(made)
    assert made.run("stop", "web") == (0, "web stopped\n")
    assert pids(made) == {"web": None, "db": before["db"]}
    code, output = made.run("start", "web")
    assert code == 0
    assert re.fullmatch(r"web started, ready in 0\.\d\d s\n", output)
    assert pids(made)["db"] == before["db"]
    assert made.run("start", "web") == (0, "web is up already\n")


def test_stopping_the_last_service_does_not_end_the_stack(stack):
    made = stack({"web": TALKER})
    up = made.up()
    assert made.run("stop") == (0, "web stopped\n")
    assert made.run("status")[0] == 0
    assert made.run("start", "web")[0] == 0
    assert made.run("down")[0] == 0
    assert up.finish() == 0


def test_dependents_go_and_come_with_a_service_where_that_is_asked(stack):
    made = stack({"web": {**TALKER, "depends_on": ["db"]}, "db": SLEEPER, "other": SLEEPER})
    made.up()
    assert made.run("restart", "db", "--with-dependents")[0] == 0
    assert runs(made) == {"web": 2, "db": 2, "other": 1}
    assert made.run("stop", "db", "--with-dependents")[0] == 0
    assert pids(made)["web"] is pids(made)["db"] is None


def test_names_may_be_patterns_and_unknown_ones_are_refused(stack):
    made = stack({"worker-a": SLEEPER, "worker-b": SLEEPER, "web": SLEEPER})
    made.up()
    assert made.run("restart", "work*")[0] == 0
    assert runs(made) == {"worker-a": 2, "worker-b": 2, "web": 1}
    code, output = made.run("restart", "wbe")
    assert code == 4
    assert 'there is no service "wbe" in this stack' in output
    assert 'did you mean "web"?' in output


def test_up_takes_patterns_too(stack):
    made = stack({"worker-a": SLEEPER, "worker-b": SLEEPER, "web": SLEEPER})
    made.up("work*")
    assert runs(made) == {"worker-a": 1, "worker-b": 1, "web": 0}
    assert made.run("stop")[0] == 0
    assert made.run("restart") == (0, "nothing is up, so there is nothing to restart\n")


def test_an_external_service_is_not_ours_to_restart(stack, port):
    made = stack({"web": TALKER, "db": {"external": True, "port": port, "required": False}})
    made.up()
    assert made.run("restart", "db") == (
        4,
        "error: db is external: it is not ours to start, stop or signal\n",
    )


def test_a_refused_start_keeps_the_note_of_an_earlier_crash(stack):
    made = stack({"web": TALKER})
    with crash(made):
        with open(made.places.run, encoding="utf-8") as file:
            note = file.read()
        made.write({"web": {"command": ["true"], "cwd": "nowhere"}})
        assert made.run("up")[0] == 5
        with open(made.places.run, encoding="utf-8") as file:
            assert file.read() == note
        assert not os.path.exists(made.places.socket)


def test_a_service_that_was_not_asked_for_can_be_started_later(stack, port):
    server = [
        sys.executable,
        "-c",
        f"import socket,time; held = socket.create_server(('', {port})); time.sleep(1000)",
    ]
    step = {"command": "touch made", "inputs": ["stack.yaml"], "outputs": ["made"]}
    made = stack({"web": TALKER, "late": {"command": server, "port": port, "prepare": [step]}})
    made.start("up", "web").expect("all ready")
    assert not (made.folder / "made").exists()
    assert made.run("restart")[0] == 0
    assert runs(made) == {"web": 2, "late": 0}
    assert made.run("start", "late")[0] == 0
    assert (made.folder / "made").exists()
    assert runs(made)["late"] == 1


def test_a_port_that_is_taken_when_a_service_is_started_later_is_told_with_its_owner(stack, port):
    made = stack({"web": TALKER, "late": {"command": ["sleep", "1000"], "port": port}})
    made.start("up", "web").expect("all ready")
    bind = f"s = socket.create_server(('127.0.0.1', {port}))"
    code = f"import socket, time; {bind}; print('bound', flush=True); time.sleep(1000)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as squatter:
        squatter.stdout.readline()
        code, output = made.run("start", "late")
        squatter.kill()
    assert code == 6
    assert f"port {port} is taken by pid {squatter.pid}" in output
    assert runs(made)["late"] == 0


def test_a_step_that_became_due_runs_before_a_restart_and_its_failure_leaves_the_old_run(stack):
    step = {"command": 'cat input; test "$(cat input)" != bad', "inputs": ["input"]}
    made = stack({"web": {**TALKER, "prepare": [step]}})
    (made.folder / "input").write_text("one\n")
    up = made.up()
    (made.folder / "input").write_text("two")
    assert made.run("restart", "web")[0] == 0
    up.expect(r"\(input changed\)")
    before = pids(made)
    (made.folder / "input").write_text("bad")
    code, output = made.run("restart", "web")
    assert code == 1
    assert output.splitlines()[-3] == "web | bad"
    assert output.endswith(
        'error: web goes on as it was: cat input; test "$(cat input)" != bad failed: exited 1\n'
        "hint: aura-stack logs shows all that was printed\n"
    )
    up.expect("failed: exited 1; what runs of it goes on")
    assert pids(made) == before


def test_no_wait_comes_back_at_once(stack):
    made = stack({"web": {"command": ["sleep", "1000"], "ready": {"log": "never"}}})
    up = made.start("up")
    up.expect("started")
    assert made.run("restart", "--no-wait") == (0, "")
    up.expect(r"started[\s\S]*started")


def test_a_wait_has_its_limit(stack):
    made = stack({"web": {"command": ["sleep", "1000"], "ready": {"log": "never"}}})
    made.start("up").expect("started")
    late = (
        "error: waited 0.1 s: web is starting, waits for a log line like never: not printed yet\n"
        "hint: what was ordered goes on; aura-stack status shows it\n"
    )
    assert made.run("wait", "--timeout", "100ms") == (124, late)
    assert made.run("restart", "web", "--wait-timeout", "100ms") == (124, late)


def test_a_full_disk_is_told_and_is_no_traceback(stack):
    made = stack({"web": TALKER})
    made.up()
    for words in (["status"], ["events"], ["logs"], ["list"]):
        with open("/dev/full", "w") as full:
            argv = [sys.executable, "-m", "aura_stack", *words]
            done = subprocess.run(
                argv,
                cwd=made.folder,
                env=made.env,
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        text = "error: standard output cannot be written: No space left on device\n"
        assert (done.returncode, done.stderr) == (1, text)


def test_waiting_for_ready_and_for_the_end(stack):
    made = stack({"job": {"command": "read x < go; exit 3", "restart": "no"}, "db": SLEEPER})
    os.mkfifo(made.folder / "go")
    made.up()
    code, output = made.run("wait")
    assert (code, re.sub(r"[\d.]+ s", "T", output)) == (0, "job: ready in T\ndb: ready in T\n")
    waiting = made.start("wait", "job", "--for", "exit", "--exit-code")
    (made.folder / "go").write_text("\n")
    assert waiting.finish() == 3
    assert made.run("wait", "job", "--for", "exit")[0] == 1


def test_the_end_of_the_stack_answers_whoever_waits_for_it(stack):
    made = stack({"job": {"command": "read x < go", "restart": "no"}})
    os.mkfifo(made.folder / "go")
    up = made.up()
    client = connect(made.places.socket, "stack.yaml")
    waiting = client.send("wait", **{"for": "exit"})
    following = client.send("follow", position=2**40)
    client.call("status")  # what was asked before has been taken by now
    (made.folder / "go").write_text("\n")
    answers = {}
    while waiting not in answers or following not in answers:
        answers |= {message.id: message.result for message in client.receive()}
    client.close()
    assert answers[waiting][0]["state"] == "completed"
    assert answers[following]["position"] > 0
    assert up.finish() == 0


def test_a_signal_goes_to_all_processes_or_to_the_main_one(stack):
    loop = "while :; do sleep 0.05; done"
    script = f"trap 'echo got HUP' HUP; (trap 'echo below' HUP; echo up; {loop}) & {loop}"
    made = stack({"web": {"command": script, "ready": {"log": "up"}}})
    up = made.up()
    code, output = made.run("kill", "-s", "HUP", "--main-only", "web")
    assert (code, output) == (0, f"web: {pids(made)['web']}\n")
    up.expect("got HUP")
    assert "below" not in up.output
    assert made.run("kill", "-s", "SIGHUP", "web")[0] == 0
    up.expect("below")
    assert made.run("kill", "-s", "NONE", "web")[0] == 2
    assert made.run("kill")[0] == 2


def test_a_killed_service_is_restarted_as_its_policy_says(stack):
    made = stack({"web": TALKER})
    up = made.up()
    assert made.run("kill", "-s", "KILL", "web")[0] == 0
    up.expect("killed by SIGKILL[\\s\\S]*ready in")
    assert rows(made.run("status")[1])["web"][6] == "1"


def test_events_are_shown_for_people_and_for_programs(stack):
    made = stack({"web": TALKER})
    up = made.up()
    following = made.start("events", "-f", "--json", "--kind", "ready", "-n", "0")
    made.run("wait")  # by now the follower has most likely come; what it missed, the next run tells again
    made.run("restart", "web")
    made.run("restart", "web")
    made.run("down")
    assert following.finish() == 0
    told = [json.loads(line) for line in following.output.splitlines()]
    assert {event["kind"] for event in told} == {"ready"}
    assert told[-1]["run"] == 3
    code, output = made.run("events")
    assert code == 0
    assert re.search(r"^\d\d:\d\d:\d\d aura · stopping all: aura-stack down$", output, re.MULTILINE)
    assert made.run("events", "--kind", "nothing")[0] == 2
    assert up.finish() == 0


def test_logs_for_programs_are_one_object_a_line(stack):
    made = stack({"web": {"command": "printf 'one\\ntwo \\377'; sleep 1000", "ready": {"log": "two"}}})
    made.up()
    code, output = made.run("logs", "--json", "-n", "all")
    assert code == 0
    lines = [json.loads(line) for line in output.splitlines()]
    assert [(line["service"], line["stream"], line["run"], line["line"]) for line in lines] == [
        ("web", "out", 1, "one"),
        ("web", "out", 1, "two \ufffd"),
    ]


def test_the_last_lines_are_found_whatever_stands_before_them(stack):
    script = (
        "import sys, time\nfor n in range(200000): print('line', n)\n"
        "sys.stdout.flush(); open('done', 'w'); time.sleep(1000)"
    )
    made = stack(
        {
            "web": {"command": [sys.executable, "-c", script], "ready": {"file": "done"}},
            "db": {"command": "echo quiet; sleep 1000"},
        }
    )
    made.up()
    assert made.run("logs", "-n", "3", "web")[1] == "".join(
        f"web | line {n}\n" for n in range(199997, 200000)
    )
    assert made.run("logs", "-n", "1", "db")[1] == "db  | quiet\n"
    assert made.run("logs", "-n", "all")[1].count("\n") == 200001


def test_the_stack_outlives_its_checkout_being_cleaned(stack):
    made = stack({"web": TALKER})
    subprocess.run(["git", "init", "-q"], cwd=made.folder, env=made.env, check=True)
    subprocess.run(["git", "add", "stack.yaml"], cwd=made.folder, env=made.env, check=True)
    up = made.up()
    clean = ["git", "-c", "clean.requireForce=false", "clean", "-fdxq", "-e", "state"]
    subprocess.run(clean, cwd=made.folder, env=made.env, check=True)
    assert not os.path.exists(made.places.logs)
    code, output = made.run("restart", "web")
    assert (code, output[:14]) == (0, "web restarted,")
    up.expect(r"hello[\s\S]*stopping[\s\S]*hello")
    assert made.run("logs", "web")[1].endswith("web | hello\n")
    assert made.run("down") == (0, "all stopped\n")
    assert up.finish() == 0


def test_down_works_when_the_stack_file_has_gone_too(stack):
    """`git clean -fdx` takes a stack file that was never added."""
    made = stack({"web": TALKER})
    up = made.up()
    while os.path.exists(made.places.data):  # what is just being written may come once more
        shutil.rmtree(made.places.data, ignore_errors=True)
    made.file.unlink()
    (made.folder / "below").mkdir()
    assert made.start("status", cwd=made.folder / "below").finish() == 0
    code, output = made.run("down")
    assert (code, output) == (0, "all stopped\n")
    assert up.finish() == 0
    assert made.run("down")[0] == 5


@pytest.mark.parametrize("verb", ["start", "stop", "restart", "status", "wait", "kill"])
def test_a_stack_that_does_not_run_is_told_with_3(stack, verb):
    made = stack({"web": TALKER})
    assert made.run(verb, "web") == (
        3,
        "error: the stack of stack.yaml is not running\nhint: aura-stack up starts it\n",
    )


def test_a_down_waits_for_the_guardian_so_that_the_next_up_finds_nothing(stack):
    made = stack(
        {"family": {"command": child("family"), "ready": {"log": "^main"}, "stop": {"grace": "200ms"}}}
    )
    for _ in range(3):
        up = made.up()
        assert made.run("down")[0] == 0
        assert made.members() == []
        assert up.process.wait(PATIENCE) == 0


# --- orders that meet something else ---


def test_an_order_that_prepares_keeps_the_stack_alive(stack):
    """The old run ends by itself while a step of its restart runs: nothing runs, and yet it is not over."""
    step = {"command": "read x < gate; cp input made", "inputs": ["input"], "outputs": ["made"]}
    made = stack({"web": {"command": "read x < go; echo $(cat made)", "restart": "no", "prepare": [step]}})
    for name in ("gate", "go"):
        os.mkfifo(made.folder / name)
    (made.folder / "input").write_text("one")
    up = made.start("up")
    up.expect("input|missing")
    (made.folder / "gate").write_text("\n")
    up.expect("all ready")
    (made.folder / "input").write_text("two")
    up.expect(r"\(input changed\)")
    (made.folder / "go").write_text("\n")
    up.expect("completed")
    (made.folder / "gate").write_text("\n")
    up.expect("completed[\\s\\S]*started")
    (made.folder / "go").write_text("\n")
    up.expect("web +\\| two")
    assert up.finish() == 0


def test_a_run_that_began_before_its_steps_had_ended_does_not_count(stack):
    """Two restarts with a due step: the second one's step ends after the first one's run began."""
    step = {"command": "read x < gate; cp input made", "inputs": ["input"], "outputs": ["made"]}
    made = stack(
        {"web": {"command": "echo has $(cat made); sleep 1000", "ready": {"log": "has"}, "prepare": [step]}}
    )
    os.mkfifo(made.folder / "gate")
    (made.folder / "input").write_text("one")
    up = made.start("up", "--no-watch")
    up.expect("missing")
    (made.folder / "gate").write_text("\n")
    up.expect("has one")
    (made.folder / "input").write_text("two")
    first = made.start("restart", "web")
    up.expect(r"\(input changed\)")
    (made.folder / "input").write_text("three")
    second = made.start("restart", "web")
    client = connect(made.places.socket, "stack.yaml")
    (made.folder / "gate").write_text("\n")
    up.expect(r"changed\)[\s\S]*changed\)")
    (made.folder / "gate").write_text("\n")
    assert (first.finish(), second.finish()) == (0, 0)
    up.expect("has three")
    client.close()


@pytest.mark.parametrize("order", ["restart", "start"])
def test_a_later_stop_beats_an_order_whose_steps_still_run(stack, order):
    step = {"command": "read x < gate", "inputs": ["input"]}
    made = stack({"db": SLEEPER, "web": {**SLEEPER, "prepare": [step], "depends_on": ["db"]}})
    os.mkfifo(made.folder / "gate")
    up = made.start("up", "--no-watch")
    up.expect("not run yet")
    (made.folder / "gate").write_text("\n")
    up.expect("all ready")
    assert made.run("stop", *(["web"] if order == "start" else ["db"]))[0] == 0
    (made.folder / "input").write_text("two")
    first = made.start(order, "web")
    up.expect(r"\(input changed\)")
    assert made.run("stop", "db" if order == "start" else "web")[0] == 0
    (made.folder / "gate").write_text("\n")
    assert first.finish() == 1
    why = "db, which it needs, was stopped meanwhile" if order == "start" else "stopped before it was ready"
    assert f"web is not up: {why}" in first.output
    assert [one["state"] for one in json.loads(made.run("status", "--json")[1])] == ["stopped", "stopped"]


def test_a_save_during_the_steps_of_the_start_is_not_lost(stack):
    step = {"command": "cp input made; read x < gate", "inputs": ["input"], "outputs": ["made"]}
    made = stack(
        {"web": {"command": "echo has $(cat made); sleep 1000", "ready": {"log": "has"}, "prepare": [step]}}
    )
    os.mkfifo(made.folder / "gate")
    (made.folder / "input").write_text("one")
    up = made.start("up")
    up.expect("missing")
    (made.folder / "input").write_text("two")
    up.expect("input saved")
    (made.folder / "gate").write_text("\n")
    up.expect(r"\(input changed\)")
    (made.folder / "gate").write_text("\n")
    up.expect("has two")


def test_a_stop_does_not_wait_for_a_dependent_that_is_wanted_up_again(stack):
    slow = {
        "command": "trap 'read x < go; exit' TERM; echo up; while :; do sleep 0.05; done",
        "ready": {"log": "up"},
    }
    made = stack({"a": SLEEPER, "d": {**SLEEPER, "depends_on": ["a"]}, "e": {**slow, "depends_on": ["d"]}})
    os.mkfifo(made.folder / "go")
    up = made.up()
    stop = made.start("stop")
    up.expect("e +· stopping")
    assert made.run("start", "--no-deps", "d")[0] == 0
    (made.folder / "go").write_text("\n")
    assert stop.finish() in (0, 1)  # d was started again, which its line says
    assert runs(made)["a"] == 1
    assert pids(made)["a"] is None


def test_a_restart_right_after_a_start_is_a_restart(stack):
    made = stack({"web": TALKER})
    made.up()
    for number in range(2, 8):
        assert made.run("restart", "web")[0] == 0
        assert runs(made)["web"] == number


def test_two_downs_at_once_both_succeed(stack):
    made = stack({"web": TALKER})
    for _ in range(3):
        made.run("up", "-d", "--wait")
        downs = [made.start("down") for _ in range(2)]
        assert {down.finish() for down in downs} <= {0, 3}
        assert [down for down in downs if down.process.returncode == 0]
        assert not [down for down in downs if "came to its end" in down.output]
