"""Where lock, socket and record may be, and what is said of bad places."""

import os

import pytest

from aura_stack.doctor import locations
from aura_stack.doctor.findings import Finding, Level

RUNTIME = "/run/user/1000/aura-stack/0123456789"


@pytest.mark.parametrize("kind", ["ext4", "btrfs", "overlay", "tmpfs"])
def test_a_disk_of_this_machine_is_fine(kind):
    assert list(locations.check_file_systems("/home/u/shop", kind, RUNTIME, "tmpfs")) == [
        Finding("file system", Level.OK, f"/home/u/shop is on {kind}")
    ]


def test_a_checkout_on_a_disk_of_windows_is_polled():
    assert list(locations.check_file_systems("/mnt/c/shop", "9p", RUNTIME, "tmpfs")) == [
        Finding(
            "file system",
            Level.NOTE,
            "/mnt/c/shop is on 9p: saves are polled, and every file is slow",
            "move it to ~/, or to another disk of this machine",
        )
    ]


def test_a_lock_on_another_machine_is_noted():
    checkout, runtime = locations.check_file_systems("/home/u/shop", "nfs4", "/home/u/.local/x", "nfs4")
    assert checkout.level is runtime.level is Level.NOTE
    assert runtime.found == (
        "/home/u/.local/x, for lock and socket, is on nfs4: whether a lock holds there is for its server"
    )
    assert runtime.cure == "set XDG_STATE_HOME to a folder on a disk of this machine"


def test_where_kinds_cannot_be_known_nothing_is_wrong():
    assert list(locations.check_file_systems("/Users/u/shop", "", "/x", "")) == [
        Finding("file system", Level.OK, "not on this system")
    ]


def test_the_socket_is_told_with_the_length_of_its_path_in_bytes():
    path = "/é/aura-stack/0123456789/control.sock"
    finding = locations.check_socket(path, os.path.dirname(path), "/é", usable=True)
    assert finding == Finding("socket", Level.OK, f"{path}, 38 of 103 bytes")


def test_a_path_that_would_be_too_long_is_told_with_where_it_goes():
    finding = locations.check_socket("/tmp/aura-stack-1/0123456789/control.sock", RUNTIME, "", usable=True)
    assert finding.level is Level.OK
    assert finding.found == (
        "/tmp/aura-stack-1/0123456789/control.sock, as its path below "
        f"{RUNTIME} would be longer than 103 bytes"
    )


def test_a_login_folder_that_is_not_ours_is_noted():
    finding = locations.check_socket(
        "/h/run/0123456789/control.sock", "/h/run/0123456789", "/run/user/0", usable=False
    )
    assert finding.level is Level.NOTE
    assert finding.found.startswith("XDG_RUNTIME_DIR is /run/user/0, which is no folder that you own")
    assert finding.cure.startswith("unset XDG_RUNTIME_DIR, or log in as yourself")


def test_folders_that_can_be_made_are_fine(tmp_path):
    missing = str(tmp_path / "a" / "b" / "c")
    assert list(locations.check_folders((missing, str(tmp_path)), (missing,))) == [
        Finding("folders", Level.OK, "all are yours, or can be made")
    ]


def test_a_folder_below_a_file_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    (finding,) = locations.check_folders((str(tmp_path / "file" / "a" / "b"),), ())
    assert finding == Finding(
        "folders",
        Level.TROUBLE,
        f"{tmp_path}/file/a/b cannot be made: {tmp_path}/file is no folder",
        f"look whose it is: ls -ld {tmp_path}/file",
    )


def test_a_folder_where_we_may_not_write_is_trouble(tmp_path, monkeypatch):
    """Root may write anywhere, so the answer of the kernel is given for it."""
    monkeypatch.setattr(os, "access", lambda path, _: path != str(tmp_path))
    there, missing = locations.check_folders((str(tmp_path), str(tmp_path / "a")), ())
    assert there.found == f"{tmp_path} is not writable"
    assert missing.found == f"{tmp_path}/a cannot be made: {tmp_path} is not writable"
    assert there.level is missing.level is Level.TROUBLE


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701])
def test_a_private_folder_that_stands_open_is_noted(tmp_path, mode):
    tmp_path.chmod(mode)
    (finding,) = locations.check_folders((), (str(tmp_path),))
    assert finding == Finding(
        "folders",
        Level.NOTE,
        f"{tmp_path} is open to others ({mode:04o}); the next up closes it",
        f"chmod 700 {tmp_path}",
    )


def test_a_link_in_the_place_of_a_private_folder_is_trouble(tmp_path):
    os.symlink(tmp_path, tmp_path / "link")
    (finding,) = locations.check_folders((), (str(tmp_path / "link"),))
    assert finding.level is Level.TROUBLE
    assert finding.found == f"{tmp_path}/link is no folder, so nothing of ours is put there and up is refused"


def test_a_private_folder_of_somebody_else_is_trouble(tmp_path, monkeypatch):
    uid = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: uid + 1)
    (finding,) = locations.check_folders((), (str(tmp_path),))
    assert finding.level is Level.TROUBLE
    assert f"{tmp_path} belongs to somebody else (user {uid})" in finding.found


@pytest.mark.parametrize(
    ("size", "level", "found"),
    [
        (0, "ok", "/s/.aura has nothing in it yet"),
        (1 << 30, "ok", "/s/.aura has so much"),
        ((1 << 30) + 1, "note", "/s/.aura has so much: the last 128 MB of each stream of a service are kept"),
    ],
)
def test_a_large_record_is_noted(size, level, found):
    finding = locations.check_record("/s/.aura", size, "so much")
    assert (finding.level, finding.found) == (level, found)
    assert finding.cure == (
        "aura-stack logs --clear, or aura-stack down and then aura-stack clean" if level == "note" else ""
    )
