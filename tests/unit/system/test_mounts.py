"""The table of mounts as text, and this machine's own for what every Linux has."""

import sys

import pytest

from aura_stack.system import mounts
from aura_stack.system.mounts import Mount, covering, kind, parsed, written_elsewhere

TABLE = rb"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
30 27 0:30 / /mnt/c rw,noatime - 9p drvfs rw,dirsync,aname=drvfs;path=C:\
31 27 0:31 / /home/a\040b\134c rw shared:7 master:2 - nfs4 server:/home rw
40 27 0:40 / /deep/below rw - xfs /dev/vdb rw
41 27 0:41 / /deep rw - tmpfs tmpfs rw
42 41 0:42 / /deep/other rw - btrfs /dev/vdc rw
43 42 0:43 / /deep/other rw - fuse.sshfs a:/ rw
a line that is none
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "ext4"),
        ("/etc/passwd", "ext4"),
        ("/proc", "proc"),
        ("/proc/1/stat", "proc"),
        ("/process", "ext4"),
        ("/mnt/c", "9p"),
        ("/mnt/c/Users/x", "9p"),
        ("/mnt/cc", "ext4"),
        ("/home/a b\\c/x", "nfs4"),
        ("/deep/x", "tmpfs"),
        ("/deep/below/x", "tmpfs"),  # hidden by what was mounted above it later
        ("/deep/other/x", "fuse.sshfs"),  # one mount upon another
    ],
)
def test_a_path_is_on_the_mount_that_the_kernel_would_come_to(path, expected):
    assert covering(parsed(TABLE), path) == expected


def test_the_order_of_the_table_means_nothing():
    for path in ("/", "/proc/1", "/deep/below/x", "/deep/other/x"):
        assert covering(parsed(TABLE)[::-1], path) == covering(parsed(TABLE), path)


def test_what_no_mount_covers_is_unknown():
    assert covering([Mount(1, 0, "/only/here", "xfs")], "/elsewhere") == ""


def test_a_ring_of_mounts_ends():
    ring = [Mount(1, 1, "/", "a"), Mount(2, 3, "/x", "b"), Mount(3, 2, "/x", "c")]
    assert covering(ring, "/x/y") == "a"


@pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")
def test_a_path_is_followed_to_where_its_links_lead(tmp_path):
    (tmp_path / "link").symlink_to("/proc/self")
    assert kind(str(tmp_path / "link" / "status")) == "proc"
    assert kind("/proc/no/such/thing") == "proc"


def test_nothing_is_known_without_the_table(monkeypatch, tmp_path):
    monkeypatch.setattr(mounts, "_TABLE", str(tmp_path / "missing"))
    assert kind("/") == ""


@pytest.mark.parametrize(
    "name", ["9p", "nfs", "nfs4", "vboxsf", "fuse.sshfs", "fuse.gvfsd-fuse", "virtiofs", "drvfs"]
)
def test_some_file_systems_are_written_behind_the_back_of_the_kernel(name):
    assert written_elsewhere(name)


@pytest.mark.parametrize("name", ["ext4", "btrfs", "xfs", "tmpfs", "overlay", "zfs", "fuseblk", "apfs", ""])
def test_others_are_not(name):
    assert not written_elsewhere(name)
