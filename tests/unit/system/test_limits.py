"""What the machine allows, and how /proc says it."""

import os
import resource
import subprocess
import sys

import pytest

from aura_stack.system import limits

linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("\n", ()),
        ("54112\n", (range(54112, 54113),)),
        ("8080,9148-9150\n", (range(8080, 8081), range(9148, 9151))),
    ],
)
def test_a_list_of_the_kernels_is_read(text, found):
    assert limits.spans(text) == found


@pytest.mark.parametrize(
    ("status", "may"),
    [
        ("Name:\tx\nCapEff:\t0000000000000400\nCapBnd:\t0\n", True),
        ("Name:\tx\nCapEff:\t0000000000000800\nCapBnd:\t0000000000000400\n", False),
        ("", False),
    ],
)
def test_a_capability_is_read_from_the_effective_ones(status, may):
    assert limits.capable(status, 10) is may


def test_watches_are_counted_by_line():
    info = "pos:\t0\nflags:\t00\ninotify wd:2 ino:1 sdev:2\ninotify wd:1 ino:3 sdev:2\n"
    assert limits.watched(info) == 2


def test_the_limit_of_open_files_is_that_of_this_process(monkeypatch):
    assert limits.open_files().soft == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, resource.RLIM_INFINITY))
    assert limits.open_files() == limits.OpenFiles(256, None)


@linux
def test_an_instance_of_ours_and_its_watches_are_counted(tmp_path):
    from ctypes import CDLL  # noqa: PLC0415 - Python has no inotify

    libc = CDLL(None)
    before = limits.inotify()
    descriptor = libc.inotify_init1(os.O_CLOEXEC)
    try:
        assert libc.inotify_add_watch(descriptor, os.fsencode(tmp_path), 2) > 0
        with open(f"/proc/self/fdinfo/{descriptor}") as file:
            assert limits.watched(file.read()) == 1
        # other programs of this user come and go: ours alone is sure
        assert limits.inotify().used_instances >= 1
        assert limits.inotify().used_watches >= 1
        now = limits.inotify()
        assert (before.instances, before.watches) == (now.instances, now.watches)
    finally:
        os.close(descriptor)


@linux
def test_the_numbers_of_this_kernel_are_read():
    found = limits.ports()
    with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
        low, high = map(int, file.read().split())
    assert (found.ephemeral[0], found.ephemeral[-1]) == (low, high)
    assert found.lowest in {0, 1024} or os.geteuid() != 0


def test_what_the_system_does_not_tell_is_none(monkeypatch):
    monkeypatch.setattr(limits, "_text", lambda _: None)
    assert limits.inotify() is None
    assert limits.ports() is None


RAISED = """
import resource
from aura_stack.system import limits
limit = resource.RLIMIT_NOFILE
hard = resource.getrlimit(limit)[1]
resource.setrlimit(limit, (64, hard))
limits.raise_open_files()
print(resource.getrlimit(limit) == (hard, hard))
with limits.as_given():
    print(resource.getrlimit(limit) == (64, hard))
print(resource.getrlimit(limit) == (hard, hard))
"""


@linux
def test_the_limit_is_raised_to_the_hard_one_and_is_what_it_was_for_a_child():
    done = subprocess.run([sys.executable, "-c", RAISED], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n" * 3


def test_a_limit_that_nobody_raised_stays_as_it_is(monkeypatch):
    monkeypatch.setattr(resource, "setrlimit", lambda *_: pytest.fail("it was set"))
    with limits.as_given():
        assert limits.open_files()
