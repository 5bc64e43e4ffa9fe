"""A service that is ready and not well: it is restarted and that is said, unless somebody looks into it just then."""

import json
import os
import signal
import sys

import pytest
from stacks import child

QUICK = {"http": "/h", "every": "60ms", "timeout": "2s", "failures": 3}


def view(made, name="web"):
    (found,) = json.loads(made.run("status", "--json", name)[1])
    return found


def events(made, *kinds):
    """Follows what happens of these kinds."""
    return made.start("events", "-f", "--json", *(word for kind in kinds for word in ("--kind", kind)))


def patient(port, *options, health=QUICK, **more):
    return {"command": child("patient", str(port), *options), "port": port, "health": health, **more}


def interrupted(up):
    up.signal(signal.SIGINT)
    return up.finish()


def test_one_that_answers_badly_so_often_is_restarted_and_that_is_said(stack, port):
    made = stack({"web": patient(port)})
    up = made.up()
    first = view(made)
    assert (first["health"], first["unwell"]) == ("ok", None)
    os.kill(first["pid"], signal.SIGUSR1)
    answer = rf"http://localhost:{port}/h: HTTP 500"
    up.expect(rf"^web  · unwell, 1 of 3: {answer}\n")
    up.expect(rf"^web  · unwell, 2 of 3: {answer}\n")
    up.expect(rf"^web  · unwell too often, it is ended: {answer}\n")
    up.expect(rf"started \(pid \d+\) after it was unhealthy, 3 times in a row: {answer}\n(.*\n)*web  · ready")
    again = view(made)
    assert (again["run"], again["restarts"], again["health"]) == (2, 1, "ok")
    assert interrupted(up) == 130


def test_one_that_recovers_in_time_is_left_alone(stack, port):
    made = stack({"web": patient(port, health={**QUICK, "failures": 1000})})
    up = made.up()
    pid = view(made)["pid"]
    os.kill(pid, signal.SIGUSR1)
    up.expect("unwell, 2 of 1000")
    assert (view(made)["health"], view(made)["unwell"]) == ("unwell", f"http://localhost:{port}/h: HTTP 500")
    assert f"unwell: http://localhost:{port}/h: HTTP 500" in made.run("status")[1]
    assert f"  unwell     http://localhost:{port}/h: HTTP 500\n" in made.run("why", "web")[1]
    assert made.run("wait", "web")[0] == 0
    code, output = made.run("wait", "--for", "healthy", "--timeout", "300ms", "web")
    late = f"error: waited 0.3 s: web is ready, unwell: http://localhost:{port}/h: HTTP 500\n"
    assert (code, late in output) == (124, True), output
    waiting = made.start("wait", "--for", "healthy", "web")
    os.kill(pid, signal.SIGUSR2)
    up.expect("^web  · well again")
    assert waiting.finish() == 0
    assert view(made)["pid"] == pid
    assert interrupted(up) == 130


def test_a_command_asks_with_the_variables_of_the_run_whatever_the_files_say_by_now(stack, tmp_path):
    written = tmp_path / "web.env"
    written.write_text("WORD=first\n")
    command = ["/bin/sh", "-c", 'echo "$WORD" >> asked; test -f well']
    command[-1] = f"sleep 1000 & {command[-1]}"  # what one leaves running goes with it
    health = {"exec": command, "every": "30ms", "failures": 1000}
    made = stack({"web": {"command": "exec sleep 60", "env_file": "web.env", "health": health}})
    up = made.start("up", "--no-watch")
    up.expect("unwell, 2 of 1000")
    written.write_text('WORD="never closed\n')
    asked = (tmp_path / "asked").read_text().count("first")
    (tmp_path / "well").touch()
    up.expect("web  · well again")
    assert len(made.members()) <= 4, "what asks leaves processes behind"
    words = (tmp_path / "asked").read_text().split()
    assert (set(words), len(words) > asked) == ({"first"}, True)
    written.write_text("WORD=second\n")
    assert made.run("reload", "--dry-run")[1] == "web  restarts  WORD changed\n"
    assert interrupted(up) == 130


def test_one_that_stands_still_is_killed_after_its_grace_period_and_restarted(stack, port):
    quick = {"http": "/h", "every": "50ms", "timeout": "1s", "failures": 1}
    made = stack({"web": patient(port, health=quick, stop={"grace": "200ms"})})
    up = made.up()
    os.kill(view(made)["pid"], signal.SIGSTOP)
    up.expect(rf"it is ended: http://localhost:{port}/h: no answer within 1 s\n")
    up.expect(r"started \(pid \d+\) after it was unhealthy: http")
    assert interrupted(up) == 130


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"exec": ["sh", "-c", "test ! -e sick"]}, "sh -c 'test ! -e sick': exited 1"),
        ({"exec": ["/nowhere"]}, "/nowhere: command not found: /nowhere"),
        ({"tcp": 9}, "port 9: connection refused"),
    ],
)
def test_the_other_ways_of_asking_and_a_policy_that_never_restarts(stack, tmp_path, condition, words):
    (tmp_path / "sick").touch()
    health = {**condition, "every": "10ms", "failures": 2}
    made = stack({"web": {"command": "sleep 1000", "health": health, "restart": "no"}})
    code, output = made.run("up")
    assert code == 1
    assert f"web  · failed: was unhealthy, 2 times in a row: {words}\n" in output


# --- a watchdog ---


def test_a_watchdog_barks_when_the_service_says_nothing_more(stack):
    speaks = child("notifier", "READY=1", "WATCHDOG=1", "@", "WATCHDOG=1")
    made = stack({"web": {"command": speaks, "ready": {"notify": True}, "health": {"watchdog": "300ms"}}})
    up = made.up()
    up.expect(r"^web  · unwell too often, it is ended: no WATCHDOG=1 within 0.3 s\n")
    up.expect(r"started \(pid \d+\) after it was unhealthy: no WATCHDOG=1 within 0.3 s\n")
    assert interrupted(up) == 130


def test_a_watchdog_tells_its_time_hears_who_is_alive_and_ends_who_asks_for_it(stack, tmp_path):
    speaks = 'echo "$WATCHDOG_USEC, $${WATCHDOG_PID:-anybody}"; exec "$@"'
    words = child("notifier", "READY=1", "WATCHDOG_USEC=1000000000", "@", "WATCHDOG=trigger")
    made = stack(
        {
            "web": {
                "command": ["sh", "-c", speaks, "-", *words],
                "ready": {"notify": True},
                "health": {"watchdog": "2s"},
                "restart": "no",
            }
        }
    )
    made.env["WATCHDOG_PID"] = "1"  # whoever runs us may have a watchdog of its own
    up = made.up()
    up.expect("^web  \\| 2000000, anybody")
    (tmp_path / "go").touch()
    up.expect("^web  · failed: was unhealthy: it said WATCHDOG=trigger")
    assert up.finish() == 1


def test_one_that_says_that_it_is_stopping_is_not_asked_any_more(stack, tmp_path):
    speaks = child("notifier", "READY=1", "@", "STOPPING=1")
    made = stack({"web": {"command": speaks, "ready": {"notify": True}, "health": {"watchdog": "5s"}}})
    up = made.up()
    (tmp_path / "go").touch()
    up.expect("^web  · says that it is stopping")
    assert view(made)["health"] == "leaving"
    assert interrupted(up) == 130


# --- somebody looks into it ---


def test_a_paused_service_is_asked_nothing_until_it_is_resumed(stack, port):
    made = stack({"web": patient(port, health={**QUICK, "failures": 1})})
    up = made.up()
    assert made.run("pause", "web") == (0, "web paused\n")
    assert made.run("pause", "web") == (0, "web is paused already\n")
    assert "until aura-stack resume web\n" in made.run("why", "web")[1]
    pid = view(made)["pid"]
    os.kill(pid, signal.SIGUSR1)
    for _ in range(5):  # each of these takes longer than a time between two questions
        assert (view(made)["health"], view(made)["pid"]) == ("paused", pid)
    assert made.run("resume", "web") == (0, "web resumed\n")
    up.expect("started .* after it was unhealthy")
    assert made.run("pause", "nobody")[0] == 4
    assert interrupted(up) == 130


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody tells who is traced")
def test_a_debugger_that_is_attached_spares_the_service(stack, port):
    made = stack({"web": patient(port, health={**QUICK, "timeout": "1s", "failures": 1})})
    up = made.up()
    pid = view(made)["pid"]
    tracer = made.start("exec", "web", *child("patient", "traced", str(pid)))
    tracer.expect("attached|not permitted")
    if "not permitted" in tracer.output:
        pytest.skip("this machine lets nobody attach to another process")
    os.kill(pid, signal.SIGUSR1)  # which is the debugger's to hand on
    while view(made)["health"] != "traced":
        assert view(made)["pid"] == pid
    tracer.signal(signal.SIGTERM)  # and now it has it
    up.expect("started .* after it was unhealthy")
    assert interrupted(up) == 130


def test_a_save_during_a_pause_is_told_when_it_ends(stack, port, tmp_path):
    (tmp_path / "app.js").write_text("one")
    other = {"command": "sleep 1000", "watch": {"paths": ["other.js"]}}
    web = patient(port, watch={"paths": ["app.js"]}, health={**QUICK, "every": "1h"})
    made = stack({"web": web, "other": other})
    up = made.up()
    made.run("pause", "web")
    (tmp_path / "app.js").write_text("two")
    (tmp_path / "other.js").write_text("seen behind it")
    up.expect("other.js saved")
    assert made.run("resume", "web") == (0, "web resumed\n")
    up.expect("web does not know of app.js, saved meanwhile: aura-stack restart web")
    assert view(made)["run"] == 1
    assert interrupted(up) == 130


# --- who follows whom ---


def test_a_dependent_that_asks_for_it_is_restarted_behind_what_it_needs(stack, port):
    follows = {"command": "sleep 1000", "depends_on": {"web": {"restart": True}}}
    stays = {"command": "sleep 1000", "depends_on": ["web"]}
    made = stack({"web": patient(port), "page": follows, "other": stays})
    up = made.up()
    assert made.run("restart", "web")[0] == 0
    up.expect(r"^page +· restarts, for web has a new run\n")
    up.expect(r"^page +· started \(pid \d+\) after it ended for a new run of web\n")
    os.kill(view(made)["pid"], signal.SIGKILL)
    up.expect(r"web has a new run\n(.*\n)*page .* web has a new run\n(.*\n)*page +· ready")
    assert [view(made, name)["run"] for name in ("web", "page", "other")] == [3, 3, 1]
    assert interrupted(up) == 130


def test_a_hard_restart_leaves_no_time(stack, port):
    made = stack({"web": patient(port, "deaf", stop={"grace": "1h"})})
    up = made.up()
    code, output = made.run("restart", "--hard", "web")
    assert code == 0, output
    assert view(made)["run"] == 2
    made.run("kill", "-s", "KILL", "web")
    assert made.run("restart", "--hard", "--stop-timeout", "1s", "web")[0] == 2
    assert made.run("down", "--stop-timeout", "0")[0] == 0
    up.finish()


# --- in the background ---


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere orphans do not become ours")
@pytest.mark.parametrize("apart", [(), ("apart",)])
def test_one_that_puts_itself_in_the_background_is_followed_there(stack, port, apart):
    made = stack({"web": patient(port, "background", *apart)})
    up = made.up()
    serves = int(up.expect(r"serving (\d+)")[1])
    up.expect(rf"in the background: pid \d+ has ended, pid {serves} is followed")
    assert view(made)["pid"] == serves
    os.kill(serves, signal.SIGKILL)
    up.expect(rf"^web  · killed by SIGKILL \(pid {serves}\)")
    up.expect(r"ready in(.*\n)*web  · ready in")
    assert interrupted(up) == 130
    assert made.members() == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere orphans do not become ours")
def test_one_that_names_its_main_process_is_followed_there(stack, tmp_path):
    speaks = 'read -r _ pid _ < go.pid; exec "$@" "READY=1" "MAINPID=$pid"'
    script = "sleep 1000 & echo pid $! . > go.pid; " + f"sh -c '{speaks}' - \"$@\" & sleep 0.3; exit 0"
    command = ["sh", "-c", script, "-", *child("notifier")]
    made = stack({"web": {"command": command, "ready": {"notify": True}}})
    up = made.up()
    pid = int((tmp_path / "go.pid").read_text().split()[1])
    up.expect(rf"in the background: pid \d+ has ended, pid {pid} is followed")
    assert view(made)["pid"] == pid
    assert interrupted(up) == 130


def test_what_is_left_and_shows_no_sign_of_serving_is_ended_and_named(stack):
    made = stack({"job": {"command": "sleep 1000 & exit 0"}})
    code, output = made.run("up")
    assert code == 0
    assert "job  · completed" in output
    if sys.platform == "linux":
        assert "behind, which nothing shows to serve: ended too\n" in output
