import pytest

from aura_stack.system import memory


@pytest.fixture
def files(monkeypatch):
    """The kernel's files, by their paths; what is not among them cannot be read."""
    found = {}
    monkeypatch.setattr(memory, "_content", lambda path: found.get(path, b""))
    monkeypatch.setattr(memory.sys, "platform", "linux")
    return found


def test_the_count_of_a_group_of_version_2_and_of_the_machine_are_read(files):
    files["/proc/self/cgroup"] = b"0::/user.slice/a.scope\n"
    files["/sys/fs/cgroup/user.slice/a.scope/memory.events"] = b"low 0\noom 5\noom_kill 2\noom_group_kill 0\n"
    files["/proc/vmstat"] = b"nr_free_pages 1\noom_kill 7\n"
    assert memory.kills() == (2, 7)


def test_the_count_of_a_group_of_version_1_is_read(files):
    files["/proc/self/cgroup"] = b"4:cpu,memory:/one\n1:name=systemd:/\n"
    files["/sys/fs/cgroup/memory/one/memory.oom_control"] = b"oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"
    assert memory.kills() == (3,)


def test_where_nothing_can_be_read_nothing_is_counted(files):
    assert memory.kills() == ()


def test_other_systems_are_not_asked(files, monkeypatch):
    monkeypatch.setattr(memory.sys, "platform", "darwin")
    files["/proc/vmstat"] = b"oom_kill 7\n"
    assert memory.kills() == ()
