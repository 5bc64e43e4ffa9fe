"""The face as a citizen of a shell: pipes that close, terminals that go, being stopped."""

import os
import signal
import subprocess
import sys

from stacks import PATIENCE


def test_up_ends_when_the_reader_of_its_output_has_gone(stack):
    made = stack({"web": {"command": ["sleep", "1000"]}})
    up = made.up()
    up.process.stdout.close()
    assert up.process.wait(PATIENCE) == 128 + signal.SIGPIPE
    assert made.members() == []


def test_a_stopped_face_stops_no_service_and_keeps_no_line(stack):
    script = "import time\nfor n in range(2000):\n print('x' * 500, n, flush=True)\nopen('done', 'w')\ntime.sleep(1000)"
    made = stack({"web": {"command": [sys.executable, "-c", script], "ready": {"file": "done"}}})
    up = made.start("up")
    up.expect("started")
    up.signal(signal.SIGSTOP)
    status = ""
    while "ready" not in status:
        status = made.run("status")[1]
    up.signal(signal.SIGCONT)
    up.expect("x 1999")
    up.signal(signal.SIGINT)
    assert up.finish() == 130
    assert up.output.count("web  | xxx") == 2000


def test_a_service_gets_three_descriptors_and_no_more(stack):
    made = stack({"web": {"command": "ls -l /proc/self/fd; sleep 1000", "ready": {"log": "total"}}})
    up = made.up()
    (shell,) = [
        pid for pid in made.members() if os.readlink(f"/proc/{pid}/exe").endswith("dash")
    ] or made.members()[:1]
    assert sorted(map(int, os.listdir(f"/proc/{shell}/fd"))) == [0, 1, 2]
    up.signal(signal.SIGINT)
    up.finish()


def test_without_a_terminal_and_with_everything_closed_it_still_runs(stack):
    made = stack({"job": {"command": ["true"], "restart": "no"}})
    command = f"exec {sys.executable} -m aura_stack up <&- >&- 2>&-"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=made.folder,
        env=made.env,
        start_new_session=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode in {0, 128 + signal.SIGPIPE}
    assert made.members() == []
