"""Says what kind of file system a path is on: some do not tell this machine's kernel what others write there."""

import os
import re
from collections.abc import Sequence

from aura_stack.frozen import NamedTuple

_TABLE = "/proc/self/mountinfo"
_ESCAPED = re.compile(rb"\\([0-7]{3})")

# What another machine, the host of this one or a program writes there passes by the kernel, so inotify(7) is silent.
_WRITTEN_ELSEWHERE = frozenset(
    {
        "9p",  # /mnt/c under WSL 2, shared folders of qemu
        "afs",
        "ceph",
        "cifs",
        "drvfs",  # /mnt/c under WSL 1
        "fuse",
        "glusterfs",
        "lustre",
        "nfs",
        "nfs4",
        "prl_fs",  # Parallels
        "smb3",
        "smbfs",
        "vboxsf",  # VirtualBox
        "virtiofs",
        "vmhgfs",  # VMware
    }
)


class Mount(NamedTuple):
    """One line of the table: ids tell which mount lies on which."""

    number: int
    parent: int
    point: str
    kind: str


def kind(path: str) -> str:
    """The type of the file system that holds the path, as mount(8) calls it: `ext4`, `9p`, `nfs4`, `fuse.sshfs`.

    What is missing is looked for where it would be. "" where it cannot be known: without /proc, as on macOS.
    """
    try:
        with open(_TABLE, "rb") as file:
            table = parsed(file.read())
    except OSError:
        return ""
    return covering(table, os.path.realpath(path))


def inside(path: str) -> list[tuple[str, str]]:
    """What is mounted below a path, and its kind; nothing where it cannot be known."""
    top = os.path.join(os.path.realpath(path), "")
    try:
        with open(_TABLE, "rb") as file:
            table = parsed(file.read())
    except OSError:
        return []
    return [(mount.point, mount.kind) for mount in table if mount.point.startswith(top)]


def written_elsewhere(kind: str) -> bool:
    """Whether files of such a file system can change without the kernel telling anybody, so one has to look."""
    return kind in _WRITTEN_ELSEWHERE or kind.startswith("fuse.")


def parsed(text: bytes) -> tuple[Mount, ...]:
    """The table of proc_pid_mountinfo(5); lines of another form are left out."""
    found = []
    for line in text.splitlines():
        left, _, right = line.partition(b" - ")
        before, after = left.split(b" "), right.split(b" ")
        if len(before) >= 6 and before[0].isdigit() and before[1].isdigit():  # noqa: PLR2004 - the fields of the man page
            point = os.fsdecode(_ESCAPED.sub(lambda code: bytes([int(code[1], 8) & 0xFF]), before[4]))
            found.append(Mount(int(before[0]), int(before[1]), point, os.fsdecode(after[0])))
    return tuple(found)


def covering(table: Sequence[Mount], path: str) -> str:
    """The kind of the mount that a path without links ends in, found as the kernel walks: from the root down.

    The longest mount point alone would not do: what is mounted over /a later hides what was mounted on /a/b.
    """
    numbers = {mount.number for mount in table}
    on_the_way = [mount for mount in table if _covers(mount.point, path)]
    here = [mount for mount in on_the_way if mount.parent not in numbers or mount.parent == mount.number]
    kind = ""
    while here:
        mount = min(here, key=lambda mount: len(mount.point))
        kind = mount.kind
        here = [each for each in on_the_way if each.parent == mount.number and each is not mount]
        on_the_way = [each for each in on_the_way if each is not mount]  # no ring in it can hold us
    return kind


def _covers(point: str, path: str) -> bool:
    return path == point or path.startswith(os.path.join(point, ""))
