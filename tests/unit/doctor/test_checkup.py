"""The checks together: on a stack, without one, with a bad one, and with something to take away."""

import os
import subprocess
import sys
import tempfile

import pytest
from seats import Seat

from aura_stack.doctor import checkup
from aura_stack.doctor.checkup import Case, Means
from aura_stack.doctor.programs import Asking
from aura_stack.errors import AuraError, ExitCode
from aura_stack.session import definition, programs, requires
from aura_stack.stack import find
from aura_stack.system import places as module

MEANS = Means(
    definition.read, Asking(programs.find, programs.versions, requires.unmet), lambda size: f"{size} B"
)
EVERYTHING = ["python", "libyaml", "system", "inotify", "definition", "open files", "node"]
EVERYWHERE = ["socket", "folders", "file system"]


def findings(case):
    return list(checkup.check(case, MEANS))


def of(found, check):
    return [finding for finding in found if finding.check == check]


def without(environ, folder, **more):
    absence = AuraError("there is no stack.yaml in /x", "name one with -f FILE", ExitCode.INVALID)
    return Case("", absence, asked_for=False, folder=str(folder), environ=environ, **more)


@pytest.fixture
def case(environ, seat):
    def make(text=None, **more):
        one = seat()
        if text is not None:
            one.file.write_text(text)
        return Case(
            str(one.file), None, asked_for=False, folder=str(one.file.parent), environ=environ, **more
        )

    return make


def test_a_good_stack_on_a_good_machine_gets_every_check_once(case):
    found = findings(case("services: {a: {command: x, port: 21000}}\n"))
    assert [finding.check for finding in found] == [
        *EVERYTHING,
        "ports",
        *EVERYWHERE,
        "record",
        "stacks",
        "leftovers",
    ]
    assert of(found, "definition")[0].found.endswith("stack.yaml: no mistakes, 1 service")
    assert of(found, "definition")[0].level == "ok"
    assert of(found, "stacks")[0].found == "none runs"


def test_without_a_stack_the_machine_alone_is_looked_at(environ, tmp_path):
    found = findings(without(environ, tmp_path))
    assert [finding.check for finding in found] == [*EVERYTHING, *EVERYWHERE, "stacks", "leftovers"]
    said = of(found, "definition")[0]
    assert (said.level, said.found, said.cure) == (
        "note",
        "there is no stack.yaml in /x",
        "name one with -f FILE",
    )
    assert list(tmp_path.iterdir()) == [], "nothing is made"


@pytest.mark.parametrize(("code", "asked_for"), [(ExitCode.INVALID, True), (ExitCode.NOT_PERMITTED, False)])
def test_a_stack_file_that_was_asked_for_and_is_not_to_be_had_is_trouble(environ, tmp_path, code, asked_for):
    case = without(environ, tmp_path).but(asked_for=asked_for, absence=AuraError("no", "look", code))
    assert of(findings(case), "definition")[0].level == "trouble"


def test_a_mistake_is_trouble_and_the_first_is_told(case):
    found = findings(case("services:\n  a: {comand: x}\n  b: {prot: 1}\n"))
    (said,) = of(found, "definition")
    assert said.level == "trouble"
    assert "stack.yaml:2:3: " in said.found
    assert said.found.endswith(" more")
    assert said.cure == "aura-stack config check shows every mistake with its line"
    assert of(found, "ports") == []
    assert of(found, "record") != []


def test_a_stack_file_that_cannot_be_read_is_trouble(case):
    made = case()
    os.unlink(made.file)
    assert of(findings(made), "definition")[0].level == "trouble"


def test_a_program_that_is_missing_is_trouble(case):
    found = findings(case("requires: {no-such-program: '*'}\nservices: {a: {command: x}}\n"))
    (said,) = of(found, "no-such-program")
    assert said.level == "trouble"
    assert "stack.yaml:1:29: no-such-program is required, but there is none on PATH" in said.found
    assert said.cure == "to get no-such-program: install it so that it is found on PATH"


def test_the_size_of_the_record_is_told(case):
    made = case()
    with open(os.path.join(os.path.dirname(made.file), ".aura", "logs", "a.log"), "w") as file:
        file.write("x" * 5000)
    assert of(findings(made), "record")[0].found.endswith(f".aura has {5000 + len('*') + 1} B")


def test_a_user_without_any_home_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 987_654)
    found = findings(without({"PATH": os.environ["PATH"]}, tmp_path))
    (said,) = of(found, "socket")
    assert (said.level, said.found) == (
        "trouble",
        "user 987654 has no home directory, and HOME is not set",
    )


def test_a_login_folder_of_somebody_else_is_noted(environ, tmp_path):
    environ["XDG_RUNTIME_DIR"] = "/nowhere/at/all"
    assert of(findings(without(environ, tmp_path)), "socket")[0].level == "note"
    with tempfile.TemporaryDirectory(dir="/tmp") as short:  # a longer one has no room for a socket's path
        environ["XDG_RUNTIME_DIR"] = short
        assert of(findings(without(environ, tmp_path)), "socket")[0].found.startswith(short)


def test_nothing_is_taken_away_unasked(environ, seat, tmp_path):
    one = seat().dead_note().desert()
    assert of(findings(without(environ, tmp_path)), "leftovers")[0].level == "note"
    assert os.path.exists(one.places.run)


def test_leftovers_are_taken_away_when_that_is_asked_for(environ, seat, tmp_path):
    one = seat().dead_note().desert()
    found = of(findings(without(environ, tmp_path, fix=True)), "leftovers")
    assert [finding.level for finding in found] == ["ok"]
    assert one.places.run in found[0].found
    assert not os.path.exists(one.places.run)
    assert of(findings(without(environ, tmp_path, fix=True)), "leftovers")[0].found == "none"


def test_what_cannot_be_taken_away_is_trouble_and_still_there(environ, seat, tmp_path):
    one = seat().dead_note()
    os.symlink("elsewhere", one.places.lock)
    found = of(findings(without(environ, tmp_path, fix=True)), "leftovers")
    assert [finding.level for finding in found] == ["trouble", "note"]


def test_this_stack_found_under_another_root_is_trouble(environ, tmp_path):
    """It was started in a login session, and we are under `su`, or in cron."""
    login = f"{module._LOGINS}/{os.geteuid()}"
    os.makedirs(login, 0o700)
    one = Seat(tmp_path / "shop", {**environ, "XDG_RUNTIME_DIR": login}).note().lock()
    case = Case(str(one.file), None, asked_for=False, folder=str(tmp_path), environ=environ)
    found = of(findings(case), "stacks")
    one.close()
    assert [finding.level for finding in found] == ["ok", "trouble"]
    assert f"(pid {os.getpid()}) with lock and socket in {login}/aura-stack/" in found[1].found


def test_nothing_of_it_loads_an_event_loop(tmp_path):
    """It is to be quick, and to work where much is broken."""
    code = (
        "import sys\n"
        "from aura_stack.cli.main import cli\n"
        "try:\n    cli.main(['doctor', '--json'], prog_name='aura-stack')\n"
        "except SystemExit:\n    pass\n"
        "print(sorted({'asyncio', 'psutil'} & set(sys.modules)), file=sys.stderr)\n"
    )
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "HOME": str(tmp_path)}
    environ.pop(find.VARIABLE, None)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    assert done.stderr == "[]\n"
