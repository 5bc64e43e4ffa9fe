"""What the kernel has no more of, what it cannot tell, and what nobody waits for."""

import errno
import os
import shutil
import sys
import time
from pathlib import Path

import pytest
from watching import Watching

from aura_stack.system import limits
from aura_stack.watch import inotify, tree

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's alone"),
]


@pytest.fixture
def project(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "app.js").write_text("app")
    (tmp_path / "gone.js").write_text("gone")
    (tmp_path / "src/a.js").write_text("a")
    return tmp_path


def limit_of(name):
    return int(Path(f"/proc/sys/fs/inotify/{name}").read_text())


class Kernel(inotify.Inotify):
    """Gives as many watches as it is told to."""

    left = 0

    def add(self, folder, mask):
        if Kernel.left <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), folder)
        Kernel.left -= 1
        return super().add(folder, mask)


@pytest.mark.parametrize("given", [0, 1, 2, 3])
def test_at_the_limit_of_watches_saves_are_looked_for_and_the_cure_is_told_once(project, monkeypatch, given):
    monkeypatch.setattr(tree, "Inotify", Kernel)
    Kernel.left = given
    with Watching(project) as watching:
        assert watching.told((project / "src/a.js").write_text, "2") == [{"svc": ("src/a.js",)}]
        assert watching.silent((project / "src/a.js").write_text, "2") == []
        (notice,) = watching.notices
    limit = limit_of("max_user_watches")
    assert notice.startswith(f"the kernel tells of no saves beyond its limit of {limit} watches: ")
    assert notice.endswith(f" (sudo sysctl fs.inotify.max_user_watches={max(4 * limit, 524288)})")


def test_the_limit_may_be_met_later(project, monkeypatch):
    monkeypatch.setattr(tree, "Inotify", Kernel)
    Kernel.left = 20
    with Watching(project) as watching:
        assert watching.told((project / "src/a.js").write_text, "2") == [{"svc": ("src/a.js",)}]
        assert watching.notices == []
        Kernel.left = 0

        def change():
            (project / "new").mkdir()
            (project / "new/b.js").write_text("b")
            (project / "app.js").write_text("2")

        told = {name for call in watching.told(change) for name in call["svc"]}
        assert told == {"app.js", "new/b.js"}
        assert len(watching.notices) == 1
        assert watching.told((project / "new/b.js").write_text, "c") == [{"svc": ("new/b.js",)}]


def test_without_an_inotify_instance_saves_are_looked_for(project, monkeypatch):
    def refuse(_):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(inotify.Inotify, "__init__", refuse)
    with Watching(project) as watching:
        assert watching.told((project / "src/a.js").write_text, "2") == [{"svc": ("src/a.js",)}]
        (notice,) = watching.notices
    assert (
        "inotify instances: they are looked for every second (sudo sysctl fs.inotify.max_user_instances="
        in notice
    )


def test_when_the_kernel_lost_count_everything_is_looked_at_again(project):
    most = limit_of("max_queued_events")

    with Watching(project) as watching:
        for number in range(most // 2):  # the loop stands still meanwhile; each is two events at least
            path = project / f"{number}~"
            path.touch()
            path.unlink()
        (project / "app.js").write_text("2")
        (project / "gone.js").unlink()
        (project / "new/deep").mkdir(parents=True)
        (project / "new/deep/b.js").write_text("b")
        os.rename(project / "src", project / "lib")
        told = {name for call in watching.told(lambda: None) for name in call["svc"]}
        assert told == {"app.js", "gone.js", "new/deep/b.js", "src/a.js", "lib/a.js"}
        assert watching.notices == [
            "so many files changed at once that the kernel lost count: all were looked at again"
        ]
        assert watching.told((project / "lib/a.js").write_text, "2") == [{"svc": ("lib/a.js",)}]
        assert watching.told((project / "new/deep/b.js").write_text, "2") == [{"svc": ("new/deep/b.js",)}]


def test_a_file_system_that_tells_of_no_saves_is_named(project):
    with Watching(project, {"svc": (["src"], []), "two": (["src"], [])}, kind=lambda _: "nfs4") as watching:
        assert watching.told((project / "src/a.js").write_text, "2") == [
            {"svc": ("src/a.js",), "two": ("src/a.js",)}
        ]
        assert watching.notices[0].startswith(
            f"{project}/src, {project}/zz-mark are on a file system (nfs4) that"
        )
        assert len(watching.notices) == 1


def test_one_file_system_may_tell_and_another_not(project):
    def kind(path):
        return "fuse.sshfs" if path.endswith("src") else "ext4"

    with Watching(project, {"svc": (["src", "app.js"], [])}, kind=kind) as watching:
        assert watching.told((project / "src/a.js").write_text, "2") == [{"svc": ("src/a.js",)}]
        assert watching.told((project / "app.js").write_text, "2") == [{"svc": ("app.js",)}]


def test_what_is_mounted_below_is_looked_at_and_all_of_a_kind_is_one_notice(project):
    (project / "src/deep").mkdir()
    inside = [(f"{project}/src", "9p"), (f"{project}/src/deep", "9p"), (f"{project}/node_modules/x", "9p")]
    with Watching(project, mounted=lambda path: inside if path == str(project) else []) as watching:
        assert watching.told((project / "src/a.js").write_text, "2") == [{"svc": ("src/a.js",)}]
        (notice,) = watching.notices
    assert notice.startswith(
        f"{project}/src, {project}/src/deep are on a file system (9p) that tells of no saves"
    )


def test_whoever_waits_for_a_save_does_nothing_meanwhile(project):
    with Watching(project) as watching:
        watching.told((project / "app.js").write_text, "2")
        timers = [timer for timer in watching.loop._scheduled if not timer.cancelled()]
        assert (timers, list(watching.loop._ready)) == ([], [])


def test_what_is_closed_tells_nothing_and_keeps_nothing(project):
    before = set(os.listdir("/proc/self/fd"))
    watching = Watching(project)
    watching.begin()
    watching.told((project / "app.js").write_text, "2")
    (project / "app.js").write_text("3")
    watching.watch.close()
    watching.watch.close()
    (project / "app.js").write_text("4")
    watching.end()
    assert watching.calls == []
    assert set(os.listdir("/proc/self/fd")) == before


def kept_by_the_kernel():
    """How many watches each of our inotify instances has."""
    numbers = [
        name for name in os.listdir("/proc/self/fd") if "inotify" in pointed_to(f"/proc/self/fd/{name}")
    ]
    return [limits.watched(Path(f"/proc/self/fdinfo/{number}").read_text()) for number in numbers]


def pointed_to(link):
    try:
        return os.readlink(link)
    except FileNotFoundError:  # the descriptor with which the folder was read
        return ""


def test_what_has_gone_takes_its_watches_with_it(project, tmp_path_factory):
    for number in range(20):
        (project / f"src/{number}/deep").mkdir(parents=True)
        (project / f"src/{number}/deep/x.js").write_text("x")
    out = tmp_path_factory.mktemp("out")
    with Watching(project) as watching:
        assert kept_by_the_kernel() == [43]
        assert watching.told(os.rename, project / "src", out / "src")
        assert kept_by_the_kernel() == [2]
        assert watching.told(os.rename, out / "src", project / "lib")
        assert kept_by_the_kernel() == [43]
        assert watching.told(shutil.rmtree, project / "lib")
        assert kept_by_the_kernel() == [2]


def test_a_save_does_not_wait_for_what_somebody_else_waits_for(project):
    def change():
        (project / "gone.js").unlink()  # it may come back
        time.sleep(0.05)
        (project / "app.js").write_text("2")

    with Watching(project, {"gone": (["gone.js"], []), "app": (["app.js"], [])}) as watching:
        assert watching.told(change) == [{"app": ("app.js",)}, {"gone": ("gone.js",)}]


def test_a_large_file_and_many_files_are_looked_at_beside_the_loop(project):
    with Watching(project) as watching:
        assert watching.told((project / "app.js").write_bytes, bytes(2 << 20)) == [{"svc": ("app.js",)}]
        assert watching.silent((project / "app.js").write_bytes, bytes(2 << 20)) == []
