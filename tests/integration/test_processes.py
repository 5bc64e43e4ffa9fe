"""Facts about real processes: odd names, zombies, orphans, numbers that are given out again."""

import json
import os
import pwd
import signal
import subprocess
import sys
import time

import psutil
import pytest

from aura_stack.system import portable, processes
from aura_stack.system.processes import Identity

CHILDREN = os.path.join(os.path.dirname(os.path.dirname(__file__)), "children")
LINUX = sys.platform == "linux"
ROOT = os.geteuid() == 0


@pytest.fixture(autouse=True)
def nothing_is_left_behind():
    """Neither a child nor a descriptor outlives a test."""
    descriptors = sorted(os.listdir("/dev/fd"))
    yield
    assert psutil.Process().children() == []
    assert sorted(os.listdir("/dev/fd")) == descriptors


@pytest.fixture(params=["proc", "proc without lists of children", "psutil"] if LINUX else ["psutil"])
def source(request, monkeypatch):
    """Each way of knowing, also those that this machine would not take by itself."""
    if request.param == "psutil":
        monkeypatch.setattr(processes, "source", portable)
    elif request.param != "proc":
        monkeypatch.setattr(processes.source, "_lists_children", lambda: False)
    return request.param


@pytest.fixture
def start():
    """Starts children that live until the test ends, and sees to it that they do not live longer."""
    started = []

    def start(*command, **keywords):
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **keywords)
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()
        child.communicate()


@pytest.fixture
def cat(start):
    """A child that does nothing, and that has become what it is (it has answered)."""
    child = start("cat")
    child.stdin.write(b"x")
    child.stdin.flush()
    assert child.stdout.read(1) == b"x"
    return child


def end(child):
    """End a child and leave it a zombie."""
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)


def test_a_name_with_spaces_and_parentheses_is_no_trap(source, start, tmp_path):
    (tmp_path / "a) b (c").symlink_to("/bin/cat")
    child = start(str(tmp_path / "a) b (c"))
    child.stdin.write(b"x")
    child.stdin.flush()
    child.stdout.read(1)
    assert processes.name(child.pid) == "a) b (c"
    # psutil takes one word with spaces for several (a title that was written over the arguments looks so)
    assert " ".join(processes.command_line(child.pid)) == str(tmp_path / "a) b (c")
    assert processes.children(os.getpid()) == [child.pid]
    assert processes.parent(child.pid) == os.getpid()
    assert 0 <= processes.age(child.pid) < 100
    assert not processes.is_zombie(child.pid)
    created = psutil.Process(child.pid).create_time()
    assert abs(time.time() - processes.age(child.pid) - created) < 1.5


def test_the_facts_are_those_the_child_was_started_with(source, start, tmp_path):
    environment = {"PATH": os.environ["PATH"], "A": "1=2", "EMPTY": "", "LINES": "a\nb", "STRANGE": "\udcff"}
    child = start("cat", "-", cwd=tmp_path, env=environment, start_new_session=True)
    child.stdin.write(b"x")
    child.stdin.flush()
    child.stdout.read(1)
    assert processes.environment(child.pid) == environment
    assert processes.command_line(child.pid) == ("cat", "-")
    assert processes.cwd(child.pid) == str(tmp_path)
    assert processes.user(child.pid) == pwd.getpwuid(os.getuid()).pw_name
    assert processes.session(child.pid) == processes.group(child.pid) == child.pid
    assert child.pid in processes.pids()


def test_a_zombie_is_there_and_is_not_alive(source, cat):
    identity = processes.identify(cat.pid)
    assert processes.is_alive(identity)
    end(cat)
    assert processes.is_zombie(cat.pid)
    assert processes.identify(cat.pid) == identity
    assert not processes.is_alive(identity)
    assert not processes.environment(cat.pid)
    assert not processes.command_line(cat.pid)
    assert processes.cwd(cat.pid) is None
    assert processes.children(os.getpid()) == [cat.pid], "it waits to be asked for its status"


def test_of_a_process_that_has_gone_nothing_is_known_and_nothing_is_raised(source, cat):
    identity = processes.identify(cat.pid)
    end(cat)
    cat.wait()
    questions = (
        processes.identify,
        processes.start_time,
        processes.age,
        processes.parent,
        processes.session,
        processes.group,
        processes.environment,
        processes.command_line,
        processes.name,
        processes.user,
        processes.cwd,
    )
    assert [question(cat.pid) for question in questions] == [None] * len(questions)
    assert processes.children(cat.pid) == processes.descendants(cat.pid) == []
    assert not processes.is_zombie(cat.pid)
    assert not processes.is_alive(identity)
    assert not processes.signal(identity, signal.SIGTERM)


def test_descendants_come_after_their_parents(source, start):
    child = start("sh", "-c", "exec 3<&0; sh -c 'cat; :' <&3 & wait")
    child.stdin.write(b"x")
    child.stdin.flush()
    assert child.stdout.read(1) == b"x", "cat, the innermost, answers"
    middle, last = chain = processes.descendants(child.pid)
    assert processes.children(child.pid) == [middle]
    assert processes.children(middle) == [last]
    assert chain == processes.descendants(os.getpid())[1:]
    child.stdin.close()
    assert child.wait() == 0
    child.stdin = None


def test_a_list_of_children_holds_those_of_every_thread(source, start):
    script = (
        "import os, subprocess, threading\n"
        "def run():\n"
        "    child = subprocess.Popen(['cat'])\n"
        "    os.write(1, b'%d\\n' % child.pid)\n"  # one write: print makes two, and threads mix them
        "    child.wait()\n"
        "threads = [threading.Thread(target=run) for _ in range(3)]\n"
        "[thread.start() for thread in threads]\n"
    )
    child = start(sys.executable, "-c", script)
    pids = {int(child.stdout.readline()) for _ in range(3)}
    assert set(processes.children(child.pid)) == pids
    child.stdin.close()
    child.wait()
    child.stdin = None


@pytest.mark.skipif(not LINUX, reason="no subreaper on this system")
def test_a_subreaper_is_given_the_daemon_that_ran_away(start):
    hold, release = os.pipe()
    root = os.path.dirname(os.path.dirname(CHILDREN))
    script = os.path.join(CHILDREN, "orphaner.py")
    child = start(
        sys.executable, script, str(hold), pass_fds=[hold], env={**os.environ, "PYTHONPATH": root}, cwd="/"
    )
    os.close(hold)
    try:
        seen = json.loads(child.stdout.readline())
        assert seen["subreaper"] is True
        assert seen["children"] == [seen["daemon"]]
        assert seen["session"] == seen["middle"], "it left the session of its parents"
        assert processes.descendants(os.getpid()) == [child.pid, seen["daemon"]]
    finally:
        os.close(release)
    assert json.loads(child.stdout.readline()) == {"children": []}
    assert child.wait() == 0


@pytest.mark.skipif(not LINUX, reason="no subreaper on this system")
def test_the_subreaper_imports_nothing_else_of_the_house(start):
    script = (
        "import sys; before = set(sys.modules)\n"
        "import aura_stack.system.subreaper\n"
        "print(sorted(set(sys.modules) - before))\n"
    )
    child = start(sys.executable, "-c", script)
    modules = child.stdout.readline().decode()
    assert modules == "['aura_stack', 'aura_stack.system', 'aura_stack.system.subreaper']\n"
    child.wait()


@pytest.fixture(params=["by descriptor", "by number", "where the kernel has no descriptors"])
def way(request, monkeypatch):
    """Each way a signal is sent."""
    if request.param != "by descriptor" and not LINUX:
        pytest.skip("this system has one way")

    def refuse(pid):
        raise OSError(38, "Function not implemented")

    if request.param == "by number":
        monkeypatch.setattr(processes, "_signal_held", processes._signal_compared)
    elif request.param != "by descriptor":
        monkeypatch.setattr(os, "pidfd_open", refuse)


def test_a_signal_reaches_the_process_it_is_meant_for(way, cat):
    assert processes.signal(processes.identify(cat.pid), signal.SIGTERM)
    assert cat.wait() == -signal.SIGTERM


def test_a_signal_is_kept_from_another_process_of_the_same_number(way, cat):
    identity = processes.identify(cat.pid)
    assert not processes.signal(Identity(identity.pid, identity.start + 1), signal.SIGKILL)
    cat.stdin.write(b"y")
    cat.stdin.flush()
    assert cat.stdout.read(1) == b"y", "it lives"


@pytest.mark.parametrize("pid", [1, 0, -1, -2, -100_000])
def test_what_means_everything_or_a_group_is_never_signalled(way, monkeypatch, pid):
    def refuse(*arguments):
        pytest.fail(f"signalled {arguments}")

    monkeypatch.setattr(os, "kill", refuse)
    monkeypatch.setattr(os, "pidfd_open", refuse, raising=False)
    monkeypatch.setattr(processes, "start_time", lambda _pid: 7)
    assert not processes.signal(Identity(pid, 7), signal.SIGKILL)


LAST_PID = "/proc/sys/kernel/ns_last_pid"


@pytest.mark.root
@pytest.mark.skipif(not (ROOT and LINUX), reason="only root can have a number given out again")
def test_a_number_that_was_given_out_again_is_another_process(way, start):
    first = start("cat")
    identity = processes.identify(first.pid)
    first.kill()
    first.communicate()
    deadline = time.monotonic() + 20
    second = None
    while second is None and time.monotonic() < deadline:
        with open(LAST_PID, "w") as file:
            file.write(str(first.pid - 1))
        second = start("cat")
        if second.pid != first.pid or processes.start_time(second.pid) == identity.start:
            # Somebody else was quicker, or the clock has not ticked since.
            second.kill()
            second.communicate()
            second = None
    assert second is not None, "the number was not given out again in 20 s"
    assert not processes.is_alive(identity)
    assert not processes.signal(identity, signal.SIGKILL)
    assert processes.is_alive(processes.identify(second.pid))
    assert processes.signal(processes.identify(second.pid), signal.SIGKILL)
    assert second.wait() == -signal.SIGKILL


@pytest.mark.skipif(ROOT, reason="root may see and signal everything")
def test_the_process_of_another_user_shows_what_it_must_and_takes_no_signal(source, monkeypatch):
    pid = next(pid for pid in processes.pids() if pid > 1 and processes.user(pid) == "root")
    assert processes.user(pid) == "root"
    assert processes.environment(pid) is None
    assert processes.cwd(pid) is None
    assert processes.identify(pid) is not None
    # Not SIGCONT: kill(2) lets that one through to every process of the sender's session, whoever owns it.
    assert not processes.signal(processes.identify(pid), signal.SIGURG)


def test_a_number_without_a_name_is_its_own_name():
    assert processes.user_name(4_000_000_000) == "4000000000"


def test_a_run_of_the_machine_has_one_name(source):
    assert processes.boot() == processes.boot() != ""
