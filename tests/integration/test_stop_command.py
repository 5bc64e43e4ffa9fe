"""A service whose real work is a daemon's ends by a command, in its time or killed together with it."""

import json
import os
import re
import signal
import subprocess

import pytest
from stacks import child

pytestmark = pytest.mark.long

HANGS = "trap '' TERM; sleep 1000 & sleep 1000"
"""A stop command that does nothing, with a child, and does not end when it is asked to."""


class Daemon:
    """What does the work: no process of the stack's."""

    def __init__(self, path):
        self.path = str(path)
        environ = {name: value for name, value in os.environ.items() if not name.startswith("AURA_")}
        self.process = subprocess.Popen(self.client("serve"), stdout=subprocess.PIPE, env=environ)
        assert self.process.stdout.readline() == b"serving\n"

    def client(self, *words):
        return child("daemon", self.path, *words)

    def says(self, *words):
        done = subprocess.run(self.client(*words), capture_output=True, text=True, check=True)
        return done.stdout.split("\n")[:-1]

    @property
    def asked(self):
        return self.says("asked")

    @property
    def jobs(self):
        return [job for job in self.says("jobs") if job]

    def close(self):
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def daemon(tmp_path):
    daemon = Daemon(tmp_path / "daemon.sock")
    yield daemon
    daemon.close()


@pytest.fixture
def up(stack, daemon):
    """Brings up a service that lets the daemon work, with a stop command."""

    def up(command, *, ready="runs$", **stop):
        made = stack(
            {
                "db": {
                    "command": daemon.client("run", "db"),
                    "ready": {"log": ready},
                    "stop": {"grace": "20s", **stop, "command": command},
                    "restart": "no",
                }
            }
        )
        made.command = made.up()
        assert daemon.jobs == ["db"]
        return made

    return up


def printed(made, stream):
    """The lines of a stream of the record."""
    lines = [json.loads(line) for line in made.run("logs", "-n", "all", "--json")[1].splitlines()]
    return [line["line"] for line in lines if line["stream"] == stream]


def test_the_command_ends_the_work_and_no_signal_is_sent(up, daemon):
    made = up(daemon.client("stop", "db"))
    made.command.signal(signal.SIGINT)
    assert made.command.finish() == 130
    assert daemon.asked == ["run db", "stop db"]
    assert daemon.jobs == []
    assert re.search(r"db +· stopping: \S+ \S+daemon\.py \S+ stop db$", made.command.output, re.MULTILINE)
    assert "SIGTERM" not in made.command.output
    assert "killed" not in made.command.output
    assert printed(made, "stop") == ["db stop done"]
    assert printed(made, "out") == ["db runs", "db run done"]
    assert made.members() == []


def test_it_runs_in_the_folder_and_with_the_variables_of_the_service(stack, tmp_path):
    (tmp_path / "work").mkdir()
    service = {
        "command": "echo $$$$ > pid; echo up; exec sleep 1000",
        "cwd": "work",
        "env": {"NAME": "a b"},
        "ready": {"log": "up"},
        "stop": {"command": 'echo "$NAME, $AURA_SERVICE, $(basename "$PWD")" >&2; kill $(cat pid)'},
    }
    made = stack({"db": service})
    made.up()
    assert made.run("down")[0] == 0
    assert printed(made, "stop") == ["a b, db, work"]


def test_a_restart_waits_for_the_end_of_the_command(up, daemon):
    stop, note = (" ".join(daemon.client("stop", name)) for name in ("db", "note"))
    made = up(f"{stop}; sleep 0.3; {note}")
    code, output = made.run("restart", "db")
    assert code == 0, output
    assert daemon.asked == ["run db", "stop db", "stop note", "run db"]
    assert made.run("stop", "db")[0] == 0
    assert daemon.asked[4:] == ["stop db", "stop note"]
    assert daemon.jobs == []
    assert made.run("down")[0] == 0
    assert daemon.asked[6:] == [], "what does not run is not stopped"


@pytest.mark.parametrize(
    ("command", "failure"),
    [
        ("echo no such thing; exit 3", "exited 3"),
        (["./nothing"], r"command not found: \./nothing"),
        ("kill -9 $$$$", "killed by SIGKILL"),
    ],
)
def test_when_the_command_fails_the_signal_is_sent_at_once(up, daemon, command, failure):
    made = up(command, signal="INT", grace="1h")
    assert made.run("stop", "db")[0] == 0
    made.command.expect(rf"db +· .* failed: {failure}; SIGINT sent$")
    made.command.expect(r"db +· stopped$")
    assert daemon.jobs == ["db"], "nobody ended the work, which is no process of the stack's"
    assert made.members() == []
    assert made.run("down")[0] == 0


def test_a_command_that_hangs_is_killed_with_the_service_when_the_time_is_up(up):
    made = up(HANGS, grace="500ms")
    assert made.run("stop", "db")[0] == 0
    made.command.expect(r"db +· .* failed: not done after 0\.\d s$")
    made.command.expect(r"db +· killed \d+: would not end$")
    assert made.members() == []
    assert made.run("down")[0] == 0


def test_a_command_that_hangs_after_the_service_has_ended_is_killed_as_well(up, daemon):
    stop = " ".join(daemon.client("stop", "db"))
    made = up(f"{stop}; {HANGS}", grace="2s")
    assert made.run("stop", "db")[0] == 0
    made.command.expect(r"db +· .* failed: not done after \d\.\d s$")
    made.command.expect(r"db +· stopped$")
    assert "killed" not in made.command.output
    assert made.members() == []
    assert made.run("down")[0] == 0


def test_a_service_that_stays_although_the_command_succeeded_is_killed(up, daemon):
    made = up("echo done", grace="500ms")
    assert made.run("stop", "db")[0] == 0
    made.command.expect(r"db +· killed \d+: would not end$")
    assert "failed" not in made.command.output
    assert daemon.jobs == ["db"]
    assert made.run("down")[0] == 0


def test_a_second_ctrl_c_ends_both_at_once(up):
    made = up(HANGS, grace="1h")
    made.command.signal(signal.SIGINT)
    made.command.expect(r"db +· stopping: trap")
    made.command.signal(signal.SIGINT)
    assert made.command.finish() == 130
    assert re.search(r"db +· .* failed: not done after", made.command.output)
    assert re.search(r"db +· killed \d+: would not end", made.command.output)
    assert made.members() == []


def test_without_a_grace_period_the_signal_is_sent(up, daemon):
    made = up(daemon.client("stop", "db"), grace="0s")
    made.command.signal(signal.SIGINT)
    assert made.command.finish() == 130
    assert re.search(r"db +· stopping \(pid \d+, SIGTERM\)", made.command.output)
    assert daemon.asked == ["run db"]


@pytest.mark.parametrize("who", ["face", "guardian"])
def test_when_a_process_of_ours_is_killed_the_command_has_no_longer_than_what_it_ends(up, daemon, who):
    made = up(f"echo asked; {HANGS}", grace="1h")
    os.kill(made.command.pid if who == "face" else made.guardian(), signal.SIGKILL)
    made.command.finish()
    assert made.wait_until_empty() == []
    assert printed(made, "stop") == ["asked"]


def test_what_the_command_leaves_running_goes_with_it(up, daemon):
    stop = " ".join(daemon.client("stop", "db"))
    made = up(f"sleep 1000 & setsid sleep 1000 & {stop}")
    assert made.run("stop", "db")[0] == 0
    assert made.wait_until_empty(5) == []
    assert made.run("down")[0] == 0


def test_a_service_that_ended_by_itself_is_not_stopped(up, daemon):
    made = up(daemon.client("stop", "wrong"))
    daemon.says("stop", "db")
    assert made.command.finish() == 0
    assert daemon.asked == ["run db", "stop db"]


def test_a_run_that_never_became_ready_is_ended_by_the_command_too(stack, daemon):
    service = {
        "command": daemon.client("run", "db"),
        "ready": {"log": "never", "timeout": "1s"},
        "stop": {"command": daemon.client("stop", "db")},
    }
    made = stack({"db": service})
    code, output = made.run("up")
    assert code == 1
    assert "stopping: " in output
    assert daemon.asked == ["run db", "stop db"]


def test_the_status_says_that_the_work_is_no_process_of_ours(stack, daemon):
    services = {"web": {"command": ["sleep", "1000"]}}
    services["db"] = {
        "command": daemon.client("run", "db"),
        "ready": {"log": "runs$"},
        "stop": {"command": f"{' '.join(daemon.client('stop', 'db'))} # db"},
    }
    made = stack(services)
    made.up()
    line = f"its real work is no process of ours: {services['db']['stop']['command']} ends it"
    _, web, db, below = made.run("status")[1].splitlines()
    assert (web.split()[0], db.split()[0], below) == ("web", "db", f"  {line}")
    found = {view["service"]: view["stop_command"] for view in json.loads(made.run("status", "--json")[1])}
    assert found == {"web": None, "db": services["db"]["stop"]["command"]}
    assert made.run("stop", "db")[0] == 0
    assert len(made.run("status")[1].splitlines()) == 3, "what does not run does no work"
    assert made.run("down")[0] == 0
