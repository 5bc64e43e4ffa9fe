"""Which stacks run and which died, told by lock, socket, note and what engines answer."""

import fcntl
import os
import signal
import socket
import subprocess
import sys

import pytest
from seats import gone, statuses

from aura_stack.control import protocol
from aura_stack.control.protocol import Answer, Request
from aura_stack.doctor import census
from aura_stack.doctor.census import Counts, Note, State, take
from aura_stack.supervision.tree import MARK
from aura_stack.system import processes
from aura_stack.system.locks import is_held
from aura_stack.system.places import Runtime
from aura_stack.system.processes import Identity


def only(environ, patience=60.0):
    (known,) = take(environ, patience)
    return known


def test_where_nothing_was_started_there_is_nothing(environ):
    assert take(environ) == []


def test_a_stack_that_was_stopped_in_order_is_not_told(environ, seat):
    one = seat()
    with open(one.places.lock, "w"):
        assert take(environ) == []


def test_a_running_stack_says_how_many_services_are_ready(environ, seat):
    one = seat().note().lock()
    with one.serve(statuses("ready", "completed", "failed", "starting")):
        known = only(environ)
    assert known.state is State.RUNNING
    assert known.counts == Counts(ready=2, total=4, failed=1)
    assert (known.note.stack, known.note.file, known.pid) == ("shop", str(one.file), os.getpid())
    assert known.seconds >= 0


def test_a_stack_of_which_a_service_is_prepared_is_preparing(environ, seat):
    with seat().note().lock().serve(statuses("ready", "preparing")):
        assert only(environ).state is State.PREPARING


def test_an_answer_that_comes_in_pieces_is_put_together():
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        asked = census._Asked(census.Known(Runtime("0", "/run/0", ()), State.RUNNING, Note()), ours)
        asked.ask()
        greeting = protocol.encode(Request("hello", {"version": protocol.VERSION}))
        answer = statuses("ready")(protocol.decode(theirs.recv(1000)))
        whole = greeting + answer
        for piece in (whole[:10], whole[10 : len(greeting) + 10]):
            theirs.sendall(piece)
            assert census._heard(asked) is None
        theirs.sendall(whole[len(greeting) + 10 :])
        assert census._heard(asked).counts == Counts(1, 1, 0)


def test_an_engine_that_ends_before_it_answers_is_stopping():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        asked = census._Asked(census.Known(Runtime("0", "/run/0", ()), State.RUNNING, Note()), ours)
        theirs.close()
        assert census._heard(asked).state is State.STOPPING


def test_an_engine_that_says_nothing_is_not_waited_for(environ, seat):
    seat().note().lock().listen()
    known = only(environ, 0.05)
    assert (known.state, known.remark, known.counts) == (State.SILENT, "no answer in 0.05 s", None)


def test_one_that_says_nothing_takes_nobody_elses_answer(environ, seat):
    seat("silent").note().lock().listen()
    with seat("good").note().lock().serve(statuses("ready")):
        states = {known.note.file.split("/")[-2]: known.state for known in take(environ, 0.5)}
    assert states == {"silent": State.SILENT, "good": State.RUNNING}


def test_an_engine_with_too_many_who_wait_is_not_answering(environ, seat):
    one = seat().note().lock()
    one.listen()
    crowd = []
    while True:
        crowd.append(client := socket.socket(socket.AF_UNIX))
        client.setblocking(False)
        try:
            client.connect(one.places.socket)
        except BlockingIOError:
            break
    known = only(environ, 0.05)
    for client in crowd:
        client.close()
    assert known.state is State.SILENT


def test_an_engine_that_a_signal_has_stopped_is_told_as_such(environ, seat):
    child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    try:
        child.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, child.pid, os.WSTOPPED)
        start = processes.start_time(child.pid)
        seat().note(engine={"pid": child.pid, "start": start}).lock().listen()
        assert only(environ, 0.05).remark == census.STOPPED
    finally:
        child.kill()
        child.wait()


def test_another_version_is_told_and_asked_nothing_more(environ, seat):
    with seat().note().lock().serve(hello={"version": 0}):
        known = only(environ)
    assert (known.state, known.counts) == (State.RUNNING, None)
    assert known.remark == f"it speaks version 0 of the control protocol, this command {protocol.VERSION}"


def test_a_refusal_is_told(environ, seat):
    def refused(call):
        return protocol.encode(Answer(call.id, error={"code": -32000, "message": "not now"}))

    with seat().note().lock().serve(refused):
        assert only(environ).remark == "not now"


@pytest.mark.parametrize("answer", [{"a": 1}, [{"service": "a"}], ["a"], None])
def test_an_answer_of_another_form_counts_nothing(environ, seat, answer):
    def strange(call):
        return protocol.encode(Answer(call.id, answer))

    with seat().note().lock().serve(strange):
        known = only(environ)
    assert (known.counts, known.remark) == (None, "its answer is of another form")


def test_what_speaks_no_json_is_no_engine(environ, seat):
    with seat().note().lock().serve(b"HTTP/1.1 400 Bad Request\r\n"):
        known = only(environ)
    assert (known.state, known.remark) == (State.SILENT, "what listens there is no engine of aura-stack")


def test_news_that_comes_between_is_passed_over(environ, seat):
    event = protocol.encode(Request("event", {"kind": "ready"}))
    with seat().note().lock().serve(event, statuses("ready")):
        assert only(environ).counts == Counts(1, 1, 0)


def test_an_engine_that_is_still_checking_is_starting(environ, seat):
    """It has lock and socket, and has not said yet who it is."""
    seat().lock(f"{os.getpid()}\n").listen()
    known = only(environ, 0.05)
    assert (known.state, known.pid, known.remark) == (State.STARTING, os.getpid(), "")


def test_a_lock_without_a_socket_is_about_to_be_dropped(environ, seat):
    seat().dead_note().lock()
    assert only(environ).state is State.STOPPING


def test_a_socket_that_refuses_while_the_lock_is_held_is_one_of_an_engine_that_died_just_now(environ, seat):
    seat().dead_note().lock().desert()
    assert only(environ).state is State.STOPPING


@pytest.mark.parametrize("left", ["note", "socket", "both"])
def test_a_free_lock_and_anything_else_is_a_dead_stack(environ, seat, left):
    one = seat()
    if left != "socket":
        one.dead_note()
    if left != "note":
        one.desert()
    known = only(environ)
    assert (known.state, known.pid, known.left) == (State.DEAD, 0, ())
    assert known.note.stack == ("" if left == "socket" else "shop")
    assert census.dead(environ) == [known]


def test_a_stack_whose_lock_was_deleted_still_runs(environ, seat):
    with seat().note().serve(statuses("ready")):
        assert only(environ).state is State.RUNNING
    assert census.dead(environ) == []


def test_a_note_of_an_earlier_boot_tells_of_nobody(environ, seat):
    seat().note(boot="another")
    assert only(environ).state is State.DEAD


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"stack": 1, "file": [], "engine": {"pid": "1"}, "began": "x"}', "[" * 20000],
)
def test_a_note_of_another_form_is_an_empty_one(tmp_path, text):
    path = tmp_path / "run.json"
    path.write_text(text)
    assert census.read_note(str(path)) == Note()


def test_a_note_is_never_read_through_a_link_or_a_pipe(tmp_path):
    (tmp_path / "real").write_text('{"stack": "x"}')
    (tmp_path / "link").symlink_to("real")
    os.mkfifo(tmp_path / "pipe")
    assert census.read_note(str(tmp_path / "real")).stack == "x"
    assert census.read_note(str(tmp_path / "link")) == Note()
    assert census.read_note(str(tmp_path / "pipe")) == Note()


def test_two_who_look_at_a_lock_do_not_take_each_other_for_a_stack(seat):
    one = seat()
    with open(one.places.lock, "w"):
        pass
    with open(one.places.lock) as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        assert not is_held(one.places.lock)
    one.lock()
    assert is_held(one.places.lock)


def test_the_stacks_of_a_folder_are_those_whose_files_are_there(environ, seat):
    one = seat("one").note().lock()
    seat("two").note().lock()
    seat("three").dead_note()
    found = census.running_in(str(one.file.parent), environ)
    assert [known.note.file for known in found] == [str(one.file)]


# --- processes that a dead stack left ---


@pytest.fixture
def marked():
    """Starts processes that carry a mark, as services do."""
    children = []

    def start(mark, project="shop"):
        environ = {**os.environ, MARK: mark, "AURA_PROJECT": project}
        child = subprocess.Popen(
            [sys.executable, "-c", "print(flush=True); input()"],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        child.stdout.readline()
        children.append(child)
        return child.pid

    yield start
    for child in children:
        child.communicate(b"\n")


def test_processes_with_the_mark_of_a_dead_engine_are_its_leftovers(environ, seat, marked):
    engine = gone()
    pid = marked(f"{engine}-18f:backend:1")
    marked(f"{engine}-18f:backend:1", project="other")
    marked(f"{engine}0-18f:backend:1")
    seat().note(engine={"pid": engine, "start": 1})
    assert only(environ).left == (pid,)


def test_an_engine_that_nobody_has_buried_yet_is_dead(marked):
    engine = os.fork()
    if engine == 0:
        os._exit(0)
    os.waitid(os.P_PID, engine, os.WEXITED | os.WNOWAIT)
    pid = marked(f"{engine}-18f:backend:1")
    found = census.left_by(Note("shop", boot=processes.boot(), engine=processes.identify(engine)))
    os.waitpid(engine, 0)
    assert found == (pid,)


def test_the_processes_of_a_living_engine_are_no_leftovers(marked):
    marked(f"{os.getpid()}-18f:backend:1")
    assert census.left_by(Note("shop", boot=processes.boot(), engine=processes.identify(os.getpid()))) == ()


def test_processes_of_an_earlier_engine_with_the_same_number_are_not(marked):
    engine = gone()
    pid = marked(f"{engine}-18f:backend:1")
    later = processes.start_time(pid) + 1
    assert census.left_by(Note("shop", boot=processes.boot(), engine=Identity(engine, later))) == ()


def test_processes_of_a_later_engine_with_the_same_number_are_not(marked):
    """This process stands for the later engine."""
    marked(f"{os.getpid()}-18f:backend:1")
    note = Note("shop", boot=processes.boot(), engine=Identity(os.getpid(), 1))
    assert census.left_by(note) == ()


def test_processes_of_another_boot_are_not_looked_for(marked):
    engine = gone()
    marked(f"{engine}-18f:backend:1")
    assert census.left_by(Note("shop", boot="another", engine=Identity(engine, 1))) == ()
