"""A folder goes with all that is in it, and with nothing that is elsewhere."""

import os
import subprocess
import sys

import pytest

from aura_stack.errors import AuraError, ExitCode
from aura_stack.system.removal import remove, size


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "made"
    (folder / "logs" / "deep").mkdir(parents=True)
    (folder / "logs" / "a.log").write_bytes(b"x" * 1000)
    (folder / "logs" / "deep" / "b.log").write_bytes(b"y" * 500)
    (folder / ".gitignore").write_bytes(b"*\n")
    return folder


def test_everything_in_it_goes_and_is_counted(folder, tmp_path):
    assert size(str(folder)) == 1502
    assert remove(str(folder)) == 1502
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_there_has_no_size(folder):
    assert size(str(folder / "nowhere")) == 0
    assert size(str(folder / "logs" / "a.log")) == 1000


def test_a_relative_path_is_one_from_here(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert remove("made") == 1502
    assert not folder.exists()


def test_links_go_and_what_they_lead_to_stays(folder, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_bytes(b"z" * 7)
    (folder / "to-a-folder").symlink_to(tmp_path / "precious")
    (folder / "logs" / "to-a-file").symlink_to(tmp_path / "precious" / "file")
    (folder / "to-nowhere").symlink_to("nowhere")
    assert size(str(folder)) == 1502
    assert remove(str(folder)) == 1502
    assert (tmp_path / "precious" / "file").read_bytes() == b"z" * 7


def test_a_file_with_another_name_frees_nothing(folder, tmp_path):
    os.link(folder / "logs" / "a.log", tmp_path / "kept")
    assert size(str(folder)) == 502
    assert remove(str(folder)) == 502
    assert (tmp_path / "kept").stat().st_size == 1000


def test_pipes_and_sockets_go_unread(folder):
    os.mkfifo(folder / "pipe")
    assert remove(str(folder)) == 1502


@pytest.mark.parametrize("kind", ["a link", "a file"])
def test_what_is_no_folder_is_left_alone(folder, tmp_path, kind):
    path = tmp_path / "other"
    path.symlink_to(folder) if kind == "a link" else path.write_text("")
    with pytest.raises(AuraError) as caught:
        remove(str(path))
    assert caught.value.message == f"{path} is no folder, and is left alone"
    assert path.is_symlink() or path.is_file()
    assert (folder / "logs" / "a.log").exists()


def test_a_folder_that_became_a_link_meanwhile_is_not_entered(folder, tmp_path, monkeypatch):
    """Between the look at a name and the step into it somebody exchanges it."""
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("")
    real = os.open

    def exchange(path, flags, *args, **kwargs):
        if path == "deep":
            os.rename(folder / "logs" / "deep", tmp_path / "aside")
            os.symlink(precious, folder / "logs" / "deep")
        return real(path, flags, *args, **kwargs)

    monkeypatch.setattr(os, "open", exchange)
    with pytest.raises(AuraError) as caught:
        remove(str(folder))
    assert caught.value.message == f"cannot remove {folder}/logs/deep: Not a directory"
    assert (precious / "file").exists()


def test_what_cannot_be_removed_is_told_and_the_rest_goes(folder, monkeypatch):
    real = os.unlink

    def unlink(path, **kwargs):
        if path == "b.log":
            raise PermissionError(1, "Operation not permitted")
        real(path, **kwargs)

    monkeypatch.setattr(os, "unlink", unlink)
    with pytest.raises(AuraError) as caught:
        remove(str(folder))
    assert caught.value.message == f"cannot remove {folder}/logs/deep/b.log: Operation not permitted"
    assert caught.value.exit_code == ExitCode.NOT_PERMITTED
    assert [path.name for path in folder.rglob("*")] == ["logs", "deep", "b.log"]


def test_many_failures_are_told_in_short(folder, monkeypatch):
    for number in range(9):
        (folder / f"{number}").write_text("")

    def unlink(*_, **__):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "unlink", unlink)
    with pytest.raises(AuraError) as caught:
        remove(str(folder))
    lines = caught.value.message.splitlines()
    assert len(lines) == 4
    assert lines[-1] == "and 9 more"
    assert caught.value.exit_code == ExitCode.FAILED


@pytest.mark.root
@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root mounts")
def test_another_file_system_is_not_entered(folder):
    """In a mount namespace of its own, so that nothing is left of it whatever happens."""
    (folder / "disk").mkdir()
    code = (
        "import subprocess, sys\n"
        "from aura_stack.errors import AuraError\n"
        "from aura_stack.system.removal import remove\n"
        "folder = sys.argv[1]\n"
        "subprocess.run(['mount', '-t', 'tmpfs', 'none', folder + '/disk'], check=True)\n"
        "open(folder + '/disk/precious', 'w').close()\n"
        "try:\n"
        "    remove(folder)\n"
        "except AuraError as error:\n"
        "    print(error.message)\n"
        "print(open(folder + '/disk/precious').read() == '')\n"
    )
    done = subprocess.run(
        ["unshare", "--mount", sys.executable, "-c", code, str(folder)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"cannot remove {folder}/disk: Device or resource busy\nTrue\n"
