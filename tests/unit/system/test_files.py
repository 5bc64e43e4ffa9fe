"""Replacing a file in one step."""

import os

import pytest

from aura_stack.system.files import replace


def test_a_new_file_has_the_content_and_the_mode(tmp_path):
    path = tmp_path / "run.json"
    replace(str(path), b"{}", 0o600)
    assert path.read_bytes() == b"{}"
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["run.json"]


@pytest.mark.parametrize("fsync", [False, True])
def test_who_holds_the_old_file_open_still_reads_the_old_content(tmp_path, fsync):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with path.open("rb") as old:
        replace(str(path), b"new", fsync=fsync)
        assert old.read() == b"old"
    assert path.read_bytes() == b"new"


def test_much_is_written_whole(tmp_path, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:1000]))
    data = os.urandom(10_500)
    replace(str(tmp_path / "a"), data)
    assert (tmp_path / "a").read_bytes() == data


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a").write_bytes(b"old")
    (tmp_path / "a").symlink_to("real/a")
    replace(str(tmp_path / "a"), b"new")
    assert (tmp_path / "a").is_symlink()
    assert (tmp_path / "real" / "a").read_bytes() == b"new"


def test_a_name_of_full_length_can_be_replaced(tmp_path):
    path = tmp_path / ("n" * 255)
    replace(str(path), b"x")
    assert path.read_bytes() == b"x"


def test_a_name_of_full_length_in_two_byte_letters_can_be_replaced(tmp_path):
    path = tmp_path / ("é" * 127)
    replace(str(path), b"x")
    assert path.read_bytes() == b"x"


@pytest.mark.parametrize("failing", ["write", "fsync", "rename"])
def test_a_failure_leaves_the_old_content_and_nothing_beside_it(tmp_path, monkeypatch, failing):
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    before = len(os.listdir("/dev/fd"))
    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(OSError, match="No space left"):
        replace(str(path), b"new", fsync=True)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]
    assert len(os.listdir("/dev/fd")) == before


def test_an_interrupt_leaves_nothing_behind(tmp_path, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "write", interrupt)
    with pytest.raises(KeyboardInterrupt):
        replace(str(tmp_path / "a"), b"new")
    assert os.listdir(tmp_path) == []


def test_a_directory_that_is_not_there_is_the_callers_to_mend(tmp_path):
    with pytest.raises(FileNotFoundError):
        replace(str(tmp_path / "gone" / "a"), b"")
