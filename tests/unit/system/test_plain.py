"""Opening what is called a file: nothing that is none is waited for."""

import os
import socket
import threading

import pytest

from aura_stack.errors import AuraError
from aura_stack.system.plain import NotAFileError, handed, opened, require_kept


@pytest.fixture
def pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    return str(tmp_path / "pipe")


def _refused(path):
    with pytest.raises(NotAFileError) as refused:
        opened(path)
    assert refused.value.filename == path
    return refused.value.words


def test_a_file_is_opened_also_through_a_link_and_dev_null_is_an_empty_one(tmp_path):
    (tmp_path / "real").write_bytes(b"A=1")
    (tmp_path / "link").symlink_to("real")
    with opened(str(tmp_path / "link")) as file:
        assert file.read() == b"A=1"
        assert not os.get_inheritable(file.fileno())
    with opened(os.devnull) as file:
        assert file.read() == b""


def test_a_named_pipe_is_refused_without_waiting_for_a_writer_and_without_being_opened(pipe):
    assert _refused(pipe) == "this is a named pipe, not a file"
    with pytest.raises(OSError, match="No such device or address"):
        os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)  # ENXIO: nobody has it open for reading


def test_a_name_that_becomes_a_pipe_while_it_is_looked_at_is_not_waited_for(tmp_path, pipe, monkeypatch):
    (tmp_path / "file").touch()
    plain = os.stat(tmp_path / "file")
    monkeypatch.setattr(os, "stat", lambda _: plain)
    before = len(os.listdir("/dev/fd"))
    assert _refused(pipe) == "this is a named pipe, not a file"
    assert len(os.listdir("/dev/fd")) == before


def test_a_folder_a_socket_and_a_device_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket")
        assert _refused("socket") == "this is a socket, not a file"
    assert _refused("/dev/zero") == "this is a device, not a file"
    assert _refused(str(tmp_path)) == "this is a folder, not a file"


def test_what_is_not_there_is_the_callers(tmp_path):
    with pytest.raises(FileNotFoundError):
        opened(str(tmp_path / "none"))


def test_a_descriptor_that_a_shell_has_handed_to_us_is_read_to_its_end():
    reading, writing = os.pipe()

    def write():
        with open(writing, "wb") as file:
            file.write(b"A=1")

    path = f"/dev/fd/{reading}"
    with opened(path) as file:  # it has a writer that has not written yet
        writer = threading.Thread(target=write)
        writer.start()
        assert file.read() == b"A=1"
        writer.join()
    os.close(reading)
    assert handed(path)


def test_what_can_be_read_once_is_nothing_for_a_stack_that_runs():
    require_kept(["stack.yaml", ".env", os.devnull])
    with pytest.raises(AuraError, match="/dev/fd/63 can be read once") as refused:
        require_kept(["stack.yaml", "/dev/fd/63"])
    assert refused.value.exit_code == 5
    assert "into a file" in refused.value.hint
