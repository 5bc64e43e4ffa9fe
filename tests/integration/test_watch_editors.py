"""One save is one call, however a program writes: real ones, and what others are known to do."""

import os
import subprocess
import time

import pytest
from watching import NOTIFIED, Watching

pytestmark = pytest.mark.long

ONE_CALL = [{"svc": ("src/app.js",)}]


@pytest.fixture(params=["told", "polled"])
def polled(request):
    return request.param == "polled"


@pytest.fixture
def project(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src/app.js").write_text("one\n" * 50)
    (tmp_path / "src/other.js").write_text("other\n")
    return tmp_path


@pytest.fixture
def watching(project, polled):
    with Watching(project, polled=polled) as found:
        yield found


def run(*argv, cwd):
    subprocess.run(argv, cwd=cwd, check=True, capture_output=True, timeout=60)


def write(path, *parts, pause=0.0, flags=os.O_WRONLY | os.O_CREAT | os.O_TRUNC):
    """Open, write in parts with pauses, close."""
    descriptor = os.open(path, flags)
    for part in parts:
        os.write(descriptor, part.encode())
        time.sleep(pause)
    os.close(descriptor)


# --- programs that are there ---


@pytest.mark.parametrize("backup", ["writebackup", "nowritebackup", "writebackup backup"])
@pytest.mark.parametrize("copy", ["yes", "no", "auto"])
def test_vim(watching, project, backup, copy):
    def edit(number):
        commands = f"set {backup} backupcopy={copy}|%s/one/vim{number}/|wq"
        run("vim", "-u", "NONE", "-es", "-c", commands, "src/app.js", cwd=project)

    assert watching.told(edit, "") == ONE_CALL
    assert "vim" in (project / "src/app.js").read_text()
    assert watching.told(run_vim_again, project, backup, copy) == ONE_CALL


def run_vim_again(project, backup, copy):
    run(
        "vim",
        "-u",
        "NONE",
        "-es",
        "-c",
        f"set {backup} backupcopy={copy}|%s/vim/two/|wq",
        "src/app.js",
        cwd=project,
    )


def test_vim_that_writes_what_was_there(watching, project):
    assert (
        watching.silent(lambda: run("vim", "-u", "NONE", "-es", "-c", "wq", "src/app.js", cwd=project)) == []
    )


def test_a_swap_file_that_comes_and_goes(watching, project):
    commands = "set swapfile directory=. updatecount=1|preserve|q!"
    assert (
        watching.silent(lambda: run("vim", "-u", "NONE", "-es", "-c", commands, "src/app.js", cwd=project))
        == []
    )


@pytest.mark.parametrize(
    "argv",
    [
        ("sed", "-i", "s/one/sed/", "src/app.js"),
        ("sh", "-c", "echo shell > src/app.js"),
        ("sh", "-c", "echo shell >> src/app.js"),
        ("sh", "-c", "t=$(mktemp); echo copy > $t; cp $t src/app.js; rm $t"),
        ("sh", "-c", "cp src/other.js src/.new; mv src/.new src/app.js"),
        ("truncate", "-s", "0", "src/app.js"),
        ("rm", "src/app.js"),
    ],
    ids=" ".join,
)
def test_programs_of_every_day(watching, project, argv):
    assert watching.told(lambda: run(*argv, cwd=project)) == ONE_CALL


@pytest.mark.parametrize(
    "argv",
    [
        ("touch", "src/app.js"),
        ("chmod", "600", "src/app.js"),
        ("cp", "--preserve=all", "src/app.js", "src/app.js~"),
        ("sh", "-c", "cat src/app.js > .aura-copy~; cat .aura-copy~ > src/app.js"),
        ("sh", "-c", "cp src/app.js src/app.js.tmp.77; mv src/app.js.tmp.77 src/app.js"),
        ("cat", "src/app.js", "src/other.js"),
    ],
    ids=" ".join,
)
def test_what_changes_no_content_is_no_save(watching, project, argv):
    assert watching.silent(lambda: run(*argv, cwd=project)) == []


# --- what others are known to do ---


def vs_code(path):
    """Cut it off and write it (Visual Studio Code; two opens on some systems)."""
    write(path, pause=0.0)
    time.sleep(0.03)
    write(path, "code", flags=os.O_WRONLY)


def vs_code_atomic(path):
    write(f"{path}.vsctmp", "code")
    os.rename(f"{path}.vsctmp", path)


def jetbrains(path):
    """Safe write: a new file, the old one aside, the new one in its place."""
    write(f"{path}___jb_tmp___", "jet", "brains", pause=0.01)
    os.rename(path, f"{path}___jb_old___")
    time.sleep(0.02)
    os.rename(f"{path}___jb_tmp___", path)
    os.unlink(f"{path}___jb_old___")


def emacs(path):
    """The lock, the old one becomes the backup, a new file."""
    folder, name = os.path.split(path)
    os.symlink("me@here.4711:1", os.path.join(folder, f".#{name}"))
    write(os.path.join(folder, f"#{name}#"), "auto-save")
    os.rename(path, f"{path}~")
    write(path, "em", "acs", pause=0.02)
    os.unlink(os.path.join(folder, f"#{name}#"))
    os.unlink(os.path.join(folder, f".#{name}"))


def kate(path):
    """A temporary file with a name like any other (QSaveFile)."""
    write(f"{path}.QwErTy", "kate")
    os.rename(f"{path}.QwErTy", path)


def slow(path):
    write(path, *"so slow", pause=0.02)


def linked(path):
    """A new file that is linked into place, and had another name before."""
    write(f"{path}.tmp.1", "linked")
    os.unlink(path)
    os.link(f"{path}.tmp.1", path)
    os.unlink(f"{path}.tmp.1")


@pytest.mark.parametrize("program", [vs_code, vs_code_atomic, jetbrains, emacs, kate, slow, linked])
def test_editors_that_are_not_here(watching, project, program):
    assert watching.told(program, str(project / "src/app.js")) == ONE_CALL
    assert watching.silent(program, str(project / "src/app.js")) == []  # the same again


@pytest.mark.parametrize("program", [vs_code, vs_code_atomic, jetbrains, kate, linked])
def test_by_way_of_watchfiles_one_save_is_one_call_as_well(project, program):
    with Watching(project, polled=NOTIFIED) as watching:
        assert watching.told(program, str(project / "src/app.js")) == ONE_CALL
        assert watching.silent(os.utime, project / "src/app.js") == []


def test_what_git_changes_is_one_call_however_long_it_takes(project):
    (project / ".git").mkdir()

    def check_out():
        lock = project / ".git/index.lock"
        lock.touch()
        write(project / "src/app.js", "2")
        time.sleep(0.3)
        write(project / "src/other.js", "2")
        lock.unlink()

    with Watching(project) as watching:
        assert watching.told(check_out) == [{"svc": ("src/app.js", "src/other.js")}]


def test_a_lock_that_git_left_behind_delays_nothing(project, polled):
    (project / ".git").mkdir()
    lock = project / ".git/index.lock"
    lock.touch()
    os.utime(lock, (1, 1))
    with Watching(project, polled=polled) as watching:
        assert watching.told(write, project / "src/app.js", "2") == ONE_CALL


def test_a_checkout_of_many_files_is_one_call(project, polled):
    git = ("git", "-c", "user.name=x", "-c", "user.email=x", "-c", "commit.gpgsign=false")
    run(*git, "init", "-q", cwd=project)
    for number in range(300):
        (project / f"src/{number}.js").write_text("old")
    run(*git, "add", ".", cwd=project)
    run(*git, "commit", "-qm", "old", cwd=project)
    for number in range(300):
        (project / f"src/{number}.js").write_text("new")
    run(*git, "commit", "-qam", "new", cwd=project)
    with Watching(project, polled=polled) as watching:
        calls = watching.told(lambda: run(*git, "checkout", "-q", "HEAD~", cwd=project))
    assert calls == [{"svc": tuple(sorted(f"src/{number}.js" for number in range(300)))}]
