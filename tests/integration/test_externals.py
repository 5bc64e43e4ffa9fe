"""What is not ours is asked once, before anything starts: what it answers decides, and is told."""

import http.server
import socket
import threading

import pytest

from aura_stack.ports.probe import is_free

pytestmark = pytest.mark.long

REQUIRED = "which is external and required,"
WEB = {"command": "echo started; exit 0", "restart": "no"}


@pytest.fixture
def server():
    """Answers every GET on a port with a code; the answer is what was asked for."""
    servers = []

    def serve(number, code):
        asked = []

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                self.send_response(code)
                self.end_headers()

            def log_message(self, *_):
                pass

        servers.append(http.server.HTTPServer(("127.0.0.1", number), Answer))
        threading.Thread(target=servers[-1].serve_forever, args=(0.01,)).start()
        return asked

    yield serve
    for one in servers:
        one.shutdown()
        one.server_close()


@pytest.fixture
def listener(port):
    """Accepts on a port, and says nothing."""
    with socket.create_server(("127.0.0.1", port)):
        yield port


def external(made_by, ready, **more):
    return made_by({"db": {"external": True, "ready": ready, **more}, "web": WEB})


def refused(made):
    code, output = made.run("up")
    assert code == 1
    assert "started" not in output
    assert made.wait_until_empty(5) == []
    return output.replace(str(made.folder), "FOLDER")


def starts(made):
    code, output = made.run("up")
    assert code == 0, output
    assert "web  | started" in output
    return output


def test_an_answer_that_means_ready_lets_the_stack_start(stack, port, server):
    asked = server(port, 204)
    output = starts(external(stack, {"http": "/health"}, port=port))
    assert "db" not in output
    assert asked == ["/health"]


def test_another_answer_is_told_with_the_way_to_get_it_right(stack, port, server):
    asked = server(port, 503)
    made = external(stack, {"http": "/health"}, port=port, hint="start the database")
    assert refused(made) == (
        f"error: db, {REQUIRED} is not ready: http://localhost:{port}/health: answered 503\n"
        "hint: start the database\n"
    )
    assert asked == ["/health"], "it is asked once"


def test_where_nobody_listens_that_is_the_answer(stack, port):
    made = external(stack, {"http": f"http://localhost:{port}/"})
    assert (
        refused(made) == f"error: db, {REQUIRED} is not ready: http://localhost:{port}/: connection refused\n"
    )


def test_one_that_does_not_answer_is_not_waited_for_long(stack, listener):
    made = external(stack, {"http": "/", "timeout": "1h"}, port=listener)
    assert (
        refused(made)
        == f"error: db, {REQUIRED} is not ready: http://localhost:{listener}/: no answer within 2 s\n"
    )


def test_one_that_is_not_required_is_told_and_the_stack_starts(stack, port, server):
    server(port, 503)
    made = external(stack, {"http": "/"}, port=port, required=False, hint="start the database")
    said = f"db: is not ready: http://localhost:{port}/: answered 503; not required (start the database)"
    assert said in starts(made)


def test_a_command_that_succeeds_lets_the_stack_start(stack):
    command = 'test "$AURA_SERVICE $(basename "$PWD")" = "db $(basename "$HOME")"'
    assert "db" not in starts(external(stack, {"exec": command}))


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("exit 2", "exit 2: exited 2"),
        (["./nothing", "-q"], "./nothing -q: command not found: ./nothing"),
        (
            "trap '' TERM; sleep 1000 & sleep 1000",
            "trap '' TERM; sleep 1000 & sleep 1000: no answer within 2 s",
        ),
    ],
)
def test_a_command_that_fails_or_does_not_end_refuses_and_nothing_of_it_stays(stack, command, answer):
    made = external(stack, {"exec": command}, hint="start the database")
    assert refused(made) == f"error: db, {REQUIRED} is not ready: {answer}\nhint: start the database\n"


def test_what_a_command_leaves_running_goes_with_it(stack):
    leaves = {"external": True, "ready": {"exec": "sleep 1000 & setsid sleep 1000 & exit 0"}}
    made = stack({"db": leaves, "web": {"command": ["sleep", "1000"]}})
    up = made.up()
    pid = int(up.expect(r"web +· started \(pid (\d+)\)")[1])
    assert made.members() == [pid]
    assert made.run("down")[0] == 0


def test_a_file_is_looked_for(stack):
    made = external(stack, {"file": "tmp/ready"})
    assert refused(made) == f"error: db, {REQUIRED} is not ready: the file FOLDER/tmp/ready is not there\n"
    (made.folder / "tmp").mkdir()
    (made.folder / "tmp/ready").touch()
    starts(made)


def test_the_port_that_is_named_counts_and_not_the_main_one(stack, listener):
    other = next(number for number in range(listener + 1, 32768) if is_free(number))
    made = external(stack, {"tcp": other}, port=listener)
    assert refused(made) == f"error: db, {REQUIRED} does not answer on port {other}\n"
    starts(external(stack, {"tcp": listener}, port=other))


def test_all_that_are_missing_are_told_at_once(stack, port):
    made = stack(
        {
            "db": {"external": True, "port": port, "hint": "start the database"},
            "queue": {"external": True, "ready": {"exec": "exit 2"}, "hint": "start the queue"},
            "cache": {"external": True, "ready": {"exec": "exit 3"}, "required": False},
            "web": WEB,
        }
    )
    assert refused(made) == (
        f"error: db, {REQUIRED} does not answer on port {port}\n"
        f"queue, {REQUIRED} is not ready: exit 2: exited 2\n"
        "hint: start the database; start the queue\n"
    )


def test_all_are_asked_at_the_same_time(stack):
    meet = "touch {}; until test -e {}; do sleep 0.01; done"
    services = {
        name: {"external": True, "ready": {"exec": meet.format(name, other)}}
        for name, other in (("here", "there"), ("there", "here"))
    }
    starts(stack({**services, "web": WEB}))


def test_what_a_named_service_does_not_need_is_not_asked(stack):
    made = stack({"db": {"external": True, "ready": {"exec": "touch asked; exit 1"}}, "web": WEB})
    assert made.run("up", "web")[0] == 0
    assert not (made.folder / "asked").exists()
