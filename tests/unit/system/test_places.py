"""Where a stack lives, and what is refused there."""

import hashlib
import os
import pwd
import stat
import subprocess
import tempfile

import pytest

from aura_stack.errors import AuraError, ExitCode
from aura_stack.system import places as module
from aura_stack.system.places import clear, create, every, places, strays


@pytest.fixture
def project(tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "stack.yaml").write_text("")
    return tmp_path / "shop"


@pytest.fixture
def login(tmp_path):
    (tmp_path / "login").mkdir(mode=0o700)
    return tmp_path / "login"


def short(file):
    return hashlib.sha256(os.fsencode(os.path.realpath(file))).hexdigest()[:10]


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


def test_logs_lie_beside_the_file_and_the_rest_where_the_login_keeps_it(project, login):
    file = str(project / "stack.yaml")
    found = places(file, {"XDG_RUNTIME_DIR": str(login), "HOME": "/home/u"})
    runtime = f"{login}/aura-stack/{short(file)}"
    assert found.data == f"{project}/.aura"
    assert found.logs == f"{project}/.aura/logs"
    assert found.events == f"{project}/.aura/events.jsonl"
    assert found.fingerprints == f"{project}/.aura/fingerprints.json"
    assert (found.runtime, found.lock, found.run) == (runtime, f"{runtime}/lock", f"{runtime}/run.json")


@pytest.mark.parametrize(
    ("environ", "root"),
    [
        ({}, "/h/.local/state/aura-stack/run"),
        ({"XDG_RUNTIME_DIR": "/nowhere/at/all"}, "/h/.local/state/aura-stack/run"),
        ({"XDG_RUNTIME_DIR": "relative"}, "/h/.local/state/aura-stack/run"),
        ({"XDG_RUNTIME_DIR": ""}, "/h/.local/state/aura-stack/run"),
        ({"XDG_STATE_HOME": "/s"}, "/s/aura-stack/run"),
        ({"XDG_STATE_HOME": "relative"}, "/h/.local/state/aura-stack/run"),
        ({"XDG_STATE_HOME": ""}, "/h/.local/state/aura-stack/run"),
    ],
)
def test_without_a_login_the_state_directory_takes_over(project, environ, root):
    file = str(project / "stack.yaml")
    assert places(file, {"HOME": "/h", **environ}).runtime == f"{root}/{short(file)}"


def test_a_login_directory_that_is_not_ours_is_passed_over(project, login, monkeypatch):
    uid = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: uid + 1)
    found = places(str(project / "stack.yaml"), {"XDG_RUNTIME_DIR": str(login), "HOME": "/h"})
    assert found.runtime.startswith("/h/.local/state/")


def test_a_login_directory_that_is_a_file_is_passed_over(project, login):
    (login / "file").write_text("")
    found = places(str(project / "stack.yaml"), {"XDG_RUNTIME_DIR": str(login / "file"), "HOME": "/h"})
    assert found.runtime.startswith("/h/.local/state/")


def test_without_home_the_user_database_is_asked(project):
    home = pwd.getpwuid(os.geteuid()).pw_dir
    assert places(str(project / "stack.yaml"), {}).runtime.startswith(f"{home}/.local/state/aura-stack/run/")


def test_a_user_without_any_home_is_told_the_cure(project, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 987_654)
    with pytest.raises(AuraError) as caught:
        places(str(project / "stack.yaml"), {})
    assert caught.value.message == "user 987654 has no home directory, and HOME is not set"
    assert caught.value.hint == "set HOME or XDG_STATE_HOME to a directory of your own"


def test_every_way_to_a_file_leads_to_the_same_places(project, tmp_path, monkeypatch):
    environ = {"HOME": "/h"}
    expected = places(str(project / "stack.yaml"), environ)
    (tmp_path / "link").symlink_to(project)
    (tmp_path / "other.yaml").symlink_to(project / "stack.yaml")
    monkeypatch.chdir(project)
    for way in ("stack.yaml", "../link/stack.yaml", str(tmp_path / "other.yaml"), "./../shop/stack.yaml"):
        assert places(way, environ) == expected


def test_two_files_are_two_stacks(project, tmp_path):
    environ = {"HOME": "/h"}
    (project / "other.yaml").write_text("")
    runtimes = {
        places(str(file), environ).runtime
        for file in (project / "stack.yaml", project / "other.yaml", tmp_path / "stack.yaml")
    }
    assert len(runtimes) == 3


def test_the_socket_stands_beside_the_lock_where_its_path_fits(project):
    home = "/h" * 20
    tail = len("/.local/state/aura-stack/run/0123456789/control.sock")
    for length in (103 - tail, 104 - tail):
        found = places(str(project / "stack.yaml"), {"HOME": "/" + "h" * (length - 1)})
        assert len(found.socket) <= 103
        assert found.socket.startswith(found.runtime) is (length == 103 - tail)
    assert places(str(project / "stack.yaml"), {"HOME": home}).socket.endswith("/control.sock")


def test_the_length_of_a_path_is_counted_in_bytes(project):
    found = places(str(project / "stack.yaml"), {"HOME": "/" + "é" * 30})
    assert found.socket == f"/tmp/aura-stack-{os.geteuid()}/{short(project / 'stack.yaml')}/control.sock"


def test_a_long_path_moves_the_socket_to_the_temporary_directory(project):
    environ = {"HOME": "/" + "h" * 90, "TMPDIR": "/var/tmp"}
    name = short(project / "stack.yaml")
    assert (
        places(str(project / "stack.yaml"), environ).socket
        == f"/var/tmp/aura-stack-{os.geteuid()}/{name}/control.sock"
    )


@pytest.mark.parametrize("temporary", ["relative", "", "/" + "t" * 90])
def test_a_temporary_directory_that_will_not_do_is_passed_over(project, temporary):
    environ = {"HOME": "/" + "h" * 90, "TMPDIR": temporary}
    assert places(str(project / "stack.yaml"), environ).socket.startswith(f"/tmp/aura-stack-{os.geteuid()}/")


@pytest.fixture
def made(project, login):
    found = places(str(project / "stack.yaml"), {"XDG_RUNTIME_DIR": str(login)})
    create(found)
    return found


def test_directories_are_made_as_closed_as_they_must_be(made):
    assert mode(made.runtime) == 0o700
    assert mode(os.path.dirname(made.runtime)) == 0o700
    assert os.path.isdir(made.logs)
    assert os.listdir(made.runtime) == []


def test_making_them_again_changes_nothing(made):
    create(made)
    assert sorted(os.listdir(made.data)) == [".gitignore", "logs"]


def test_git_never_sees_what_lies_beside_the_file(made, project):
    def git(*arguments):
        environ = {"PATH": os.environ["PATH"], "HOME": str(project), "GIT_CONFIG_NOSYSTEM": "1"}
        command = ["git", "-c", "safe.directory=*", *arguments]
        return subprocess.run(
            command, cwd=project, env=environ, check=True, capture_output=True, text=True
        ).stdout

    git("init", "-q")
    (project / ".aura" / "logs" / "backend.out.log").write_text("x")
    assert git("status", "--porcelain", "--untracked-files=all") == "?? stack.yaml\n"


def test_a_gitignore_that_a_user_wrote_is_left_alone(made):
    with open(os.path.join(made.data, ".gitignore"), "w") as file:
        file.write("mine")
    create(made)
    with open(os.path.join(made.data, ".gitignore")) as file:
        assert file.read() == "mine"


def test_the_state_directory_is_made_with_all_above_it(project, tmp_path):
    found = places(str(project / "stack.yaml"), {"HOME": str(tmp_path / "new")})
    create(found)
    assert mode(found.runtime) == 0o700
    assert mode(tmp_path / "new" / ".local" / "state") == 0o700


@pytest.fixture
def short_folder():
    """A folder whose path is short whatever the folders of tests are called: sockets have to fit into it."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="a") as folder:
        yield folder


def test_a_socket_elsewhere_gets_a_directory_of_its_own(project, tmp_path, short_folder):
    long = tmp_path / ("d" * 90)
    found = places(str(project / "stack.yaml"), {"HOME": str(long), "TMPDIR": short_folder})
    assert found.socket.startswith(f"{short_folder}/aura-stack-{os.geteuid()}/")
    create(found)
    assert mode(os.path.dirname(found.socket)) == 0o700
    assert mode(f"{short_folder}/aura-stack-{os.geteuid()}") == 0o700


def test_a_runtime_directory_that_stands_open_is_closed(made):
    os.chmod(made.runtime, 0o777)
    os.chmod(os.path.dirname(made.runtime), 0o755)
    create(made)
    assert (mode(made.runtime), mode(os.path.dirname(made.runtime))) == (0o700, 0o700)


@pytest.mark.parametrize("field", ["data", "logs", "runtime"])
def test_a_link_in_the_place_of_a_directory_is_refused(made, tmp_path, field):
    path = getattr(made, field)
    os.rename(path, str(tmp_path / "moved"))
    os.symlink(tmp_path / "moved", path)
    with pytest.raises(AuraError) as caught:
        create(made)
    assert caught.value.message == f"{path} is a symbolic link, and a directory is needed"
    assert caught.value.hint == f"remove it: rm {path}"


def test_a_planted_link_above_the_runtime_directory_is_refused(project, login, tmp_path):
    (tmp_path / "planted").mkdir()
    (login / "aura-stack").symlink_to(tmp_path / "planted")
    with pytest.raises(AuraError, match="aura-stack is a symbolic link"):
        create(places(str(project / "stack.yaml"), {"XDG_RUNTIME_DIR": str(login)}))


def test_a_file_in_the_place_of_a_directory_is_refused(project, login):
    (project / ".aura").write_text("")
    with pytest.raises(AuraError, match=r"\.aura is no directory"):
        create(places(str(project / "stack.yaml"), {"XDG_RUNTIME_DIR": str(login)}))


def test_the_directory_of_another_user_is_refused(made, monkeypatch):
    uid = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: uid + 1)
    with pytest.raises(AuraError) as caught:
        create(made)
    assert caught.value.message == f"{made.data} belongs to another user (uid {uid})"
    assert caught.value.hint == f"make {made.data} writable for yourself, or run as the user it belongs to"
    assert caught.value.exit_code == ExitCode.NOT_PERMITTED


def test_a_directory_that_cannot_be_written_is_refused(made, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_path, **_mode: False)
    with pytest.raises(AuraError) as caught:
        create(made)
    assert caught.value.message == f"{made.data} is not writable"
    assert caught.value.exit_code == ExitCode.NOT_PERMITTED


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_project_that_cannot_be_written_is_told(project, login):
    project.chmod(0o500)
    try:
        with pytest.raises(AuraError) as caught:
            create(places(str(project / "stack.yaml"), {"XDG_RUNTIME_DIR": str(login)}))
    finally:
        project.chmod(0o700)
    assert caught.value.message == f"cannot make {project}/.aura: Permission denied"
    assert caught.value.hint == f"make {project} writable for yourself, or run as the user it belongs to"
    assert caught.value.exit_code == ExitCode.NOT_PERMITTED


def test_a_state_directory_that_cannot_be_made_is_told(project, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(AuraError, match=r"cannot make .*/file/aura-stack/run|cannot make .*/file: "):
        create(places(str(project / "stack.yaml"), {"XDG_STATE_HOME": str(tmp_path / "file")}))


def test_clearing_takes_away_what_only_a_running_stack_needs(made):
    create(made)
    for path in (made.socket, made.run, made.lock):
        with open(path, "w", encoding="utf-8"):
            pass
    clear(made)
    assert os.listdir(made.runtime) == ["lock"]
    clear(made)


def test_clearing_takes_away_a_folder_made_for_the_socket(project, tmp_path, short_folder):
    environ = {"XDG_STATE_HOME": str(tmp_path / ("x" * 100)), "TMPDIR": short_folder}
    made = places(str(project / "stack.yaml"), environ)
    create(made)
    assert os.path.isdir(os.path.dirname(made.socket))
    clear(made)
    assert not os.path.exists(os.path.dirname(made.socket))


# --- all stacks of a user ---

NAME, OTHER = "0123456789", "abcdef0123"


@pytest.fixture
def alone(monkeypatch, tmp_path, short_folder):
    """What is found is what the test made: no folder of the machine's own is looked into."""
    monkeypatch.setattr(module, "_TEMPORARY", short_folder)
    monkeypatch.setattr(module, "_LOGINS", str(tmp_path / "logins"))
    return short_folder


def folder(path):
    os.makedirs(path, 0o700)
    return str(path)


def touch(path):
    os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
    with open(path, "x"):
        return str(path)


def test_stacks_are_found_below_every_root(alone, tmp_path, login):
    expected = [
        folder(login / "aura-stack" / NAME),
        folder(tmp_path / "state" / "aura-stack" / "run" / NAME),
        folder(tmp_path / "home" / ".local" / "state" / "aura-stack" / "run" / NAME),
    ]
    environ = {
        "XDG_RUNTIME_DIR": str(login),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "HOME": str(tmp_path / "home"),
    }
    assert [runtime.directory for runtime in every(environ)] == expected


@pytest.mark.parametrize("named", ["", "/nowhere/at/all", "relative"])
def test_who_has_no_login_finds_what_a_login_of_the_same_user_started(alone, tmp_path, named):
    made = folder(tmp_path / "logins" / str(os.geteuid()) / "aura-stack" / NAME)
    assert [runtime.directory for runtime in every({"HOME": "/h", "XDG_RUNTIME_DIR": named})] == [made]


def test_one_root_under_two_names_is_one(alone, tmp_path, login):
    os.symlink(login, tmp_path / "link")
    made = folder(login / "aura-stack" / "run" / NAME)
    environ = {"XDG_STATE_HOME": str(login), "HOME": str(tmp_path)}
    assert [runtime.directory for runtime in every(environ)] == [made]
    folder(tmp_path / ".local")
    os.symlink(login, tmp_path / ".local" / "state")
    assert len(every(environ)) == 1


def test_what_a_stack_created_is_found_again(alone, project, login):
    environ = {"XDG_RUNTIME_DIR": str(login), "HOME": "/h"}
    made = places(str(project / "stack.yaml"), environ)
    create(made)
    (found,) = every(environ)
    assert (found.directory, found.lock, found.run) == (made.runtime, made.lock, made.run)
    assert found.sockets == ()
    touch(made.socket)
    assert every(environ)[0].sockets == (made.socket,)
    assert strays(environ) == []


def test_a_socket_apart_belongs_to_its_stack(alone, project, tmp_path):
    environ = {"HOME": str(tmp_path / ("d" * 90))}
    made = places(str(project / "stack.yaml"), environ)
    create(made)
    touch(made.socket)
    another = touch(f"{alone}/aura-stack-{os.geteuid()}/{OTHER}/control.sock")
    assert made.socket.startswith(alone)
    assert every(environ)[0].sockets == (made.socket,)
    assert strays(environ) == [another]


def test_a_socket_apart_that_belongs_to_none_is_a_stray(alone):
    uid, login = os.geteuid(), f"{alone}/login"
    stray = touch(f"{alone}/aura-stack-{uid}/{NAME}/control.sock")
    folder(f"{alone}/aura-stack-{uid}/{OTHER}")
    os.mkdir(login, 0o700)
    folder(
        f"{login}/aura-stack/{NAME}"
    )  # short enough for a socket beside its lock, so that one is another's
    environ = {"XDG_RUNTIME_DIR": login, "HOME": "/h", "TMPDIR": alone}
    assert strays(environ) == [stray]
    assert every(environ)[0].sockets == ()


@pytest.mark.parametrize("name", ["notes", "0123456789a", "ABCDEF0123", "run"])
def test_what_is_not_called_as_a_stack_is_passed_over(alone, login, name):
    folder(login / "aura-stack" / name)
    assert every({"XDG_RUNTIME_DIR": str(login), "HOME": "/h"}) == []


def test_links_and_what_others_own_are_passed_over(alone, login, tmp_path, monkeypatch):
    environ = {"XDG_RUNTIME_DIR": str(login), "HOME": "/h"}
    os.symlink(folder(tmp_path / "elsewhere"), folder(login / "aura-stack") + f"/{NAME}")
    touch(str(login / "aura-stack" / OTHER))
    assert every(environ) == []
    folder(login / "aura-stack" / "9876543210")
    assert len(every(environ)) == 1
    uid = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: uid + 1)
    assert every(environ) == []


def test_only_the_runtime_folders_are_made_where_only_they_are_asked_for(project, login):
    found = places(str(project / "stack.yaml"), {"XDG_RUNTIME_DIR": str(login), "HOME": "/h"})
    module.create_runtime(found)
    assert mode(found.runtime) == 0o700
    assert not os.path.exists(found.data)


@pytest.mark.parametrize("name", ["stack.yaml", "stack.yml", "aura-stack.yaml", "Procfile"])
def test_what_is_found_by_itself_records_in_the_folder_itself(project, name):
    assert places(str(project / name), {"HOME": "/h"}).data == f"{project}/.aura"


@pytest.mark.parametrize("name", ["Procfile.dev", "stack.test.yaml"])
def test_every_other_stack_file_has_a_record_of_its_own(project, name):
    found = places(str(project / name), {"HOME": str(project)}, "fast")
    assert found.data == f"{project}/.aura/files/{name}/profiles/fast"
    create(found)
    assert os.path.isdir(found.logs)
    assert (project / ".aura" / ".gitignore").read_text() == "*\n"
