"""The tab key in real shells: commands, options, and names of services of the stack that runs or is written."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from terminal import Terminal

pytestmark = pytest.mark.long

SLEEPER = {"command": ["sleep", "1000"]}
SERVICES = {"backend": SLEEPER, "frontend": SLEEPER, "gateway": SLEEPER}
CI = os.environ.get("CI", "") not in {"", "false"}
PATIENCE = 60


def require(shell):
    if shutil.which(shell) is None:
        assert not CI, f"{shell} is missing: continuous integration installs it"
        pytest.skip(f"no {shell} on this machine (Debian, Ubuntu: apt install {shell})")


@pytest.fixture
def made(stack, tmp_path):
    """A stack, and the command on PATH under its own name, as a shell looks it up."""
    made = stack(SERVICES)
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    program = bin_folder / "aura-stack"
    program.write_text(f"#!{sys.executable}\nfrom aura_stack.__main__ import main\nmain()\n")
    program.chmod(0o755)
    made.env["PATH"] = f"{bin_folder}:{made.env['PATH']}"
    made.env["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    made.env["TERM"] = "xterm"
    return made


def script(made, shell):
    path = made.folder / f"completion.{shell}"
    path.write_text(made.run("completion", shell)[1])
    return path


def by_bash(made, line):
    """What bash offers after `line`, asked as readline asks it."""
    words = line.split(" ")
    code = (
        f"source {script(made, 'bash')}; COMP_WORDS=({' '.join(words)}); "
        f"[ -n '{words[-1]}' ] || COMP_WORDS+=(''); COMP_CWORD={len(words) - 1}; "
        "$(complete -p aura-stack | sed 's/.*-F \\([^ ]*\\).*/\\1/') aura-stack; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", code],
        cwd=made.folder,
        env=made.env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


def by_fish(made, line):
    """What fish offers after `line`, without its descriptions."""
    code = f"source {script(made, 'fish')}; complete -C '{line}'"
    done = subprocess.run(
        ["fish", "--no-config", "-c", code],
        cwd=made.folder,
        env=made.env,
        capture_output=True,
        text=True,
        check=True,
    )
    return [line.split("\t")[0] for line in done.stdout.splitlines()]


def by_zsh(made, line):
    """What zsh puts on the screen when tab is pressed twice after `line`, in a terminal."""
    zshrc = made.folder / ".zshrc"
    zshrc.write_text(
        f"PS1='ready> '; autoload -U compinit; compinit -u -D; source {script(made, 'zsh')}\n"
        "LISTMAX=1000; zstyle ':completion:*' list-colors; unsetopt prompt_cr prompt_sp\n"
    )
    shell = Terminal(["zsh", "-i"], made.folder, {**made.env, "ZDOTDIR": str(made.folder)})
    try:
        shell.expect("ready> ", PATIENCE)
        shell.output = ""
        shell.type(line.encode() + b"\t\t")
        # a list stands below the line; a single completion goes on in it
        shell.expect(
            r"restart [^\n]*\n[\s\S]*gateway|restart other" if line.endswith(" ") else f"{line}\\w+", PATIENCE
        )
    finally:
        shell.process.kill()  # an interactive shell takes no SIGTERM
        shell.close()
    return re.findall(r"[\w-]+", re.sub("\x1b\\[[0-9;?]*[a-zA-Z]", "", shell.output))


TRIES = 10
SHELLS = {"bash": by_bash, "fish": by_fish, "zsh": by_zsh}


@pytest.fixture(params=sorted(SHELLS))
def ask(request, made):
    require(request.param)
    return lambda line: SHELLS[request.param](made, line)


def test_services_come_from_the_file_where_nothing_runs(ask):
    assert {"backend", "frontend", "gateway"} <= set(ask("aura-stack restart "))


def test_services_come_from_the_stack_that_runs(ask, made):
    made.run("up", "-d", "--no-watch")  # or it would take the other file
    made.file.unlink()
    made.file.write_text("services: {other: {command: x}}")
    # a stack that does not answer within 100 ms is not waited for, as on a loaded machine
    offered = next(
        (names for names in (ask("aura-stack restart ") for _ in range(TRIES)) if "other" not in names), ()
    )
    assert {"backend", "frontend", "gateway"} <= set(offered)
    made.run("down")


def test_a_service_is_completed(ask):
    assert "frontend" in ask("aura-stack logs fr")


def test_a_command_is_completed(ask):
    assert "restart" in ask("aura-stack rest")


def test_an_option_is_completed(ask):
    assert "--with-dependents" in ask("aura-stack restart --with-d")


@pytest.mark.parametrize("content", ["", "services: [", "services: 3", "\xff", "services: {a: {}}\nb: ["])
def test_a_broken_file_completes_nothing_and_says_nothing(made, content):
    made.file.write_text(content, encoding="latin-1")
    assert by_bash(made, "aura-stack restart ") == []


def test_no_file_completes_nothing_and_says_nothing(made):
    made.file.unlink()
    assert by_bash(made, "aura-stack restart ") == []


def test_an_engine_that_does_not_answer_costs_a_tenth_of_a_second_and_no_more(made):
    made.run("up", "-d", "--wait")
    os.kill(made.engine(), 19)
    try:
        assert by_bash(made, "aura-stack restart fr") == ["frontend"]
    finally:
        os.kill(made.engine(), 18)
    made.run("down")


def test_a_service_is_offered_once(made):
    assert by_bash(made, "aura-stack restart backend ") == ["frontend", "gateway"]


@pytest.mark.parametrize(
    ("runs", "heavy"),
    [
        (True, ("asyncio", "psutil", "subprocess", "yaml")),
        (False, ("asyncio", "psutil", "subprocess")),
    ],
)
def test_the_path_of_completion_loads_nothing_heavy(made, runs, heavy):
    """A person waits for it with a finger on the key."""
    if runs:
        made.run("up", "-d", "--wait")
    code = (
        "import sys, click, aura_stack.cli.main\n"
        "from aura_stack.cli import names, orders\n"
        "before = set(sys.modules)\n"
        "found = names._names(None, '')\n"
        f"print(*found, '|', *sorted(set({heavy!r}) & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=made.folder,
        env=made.env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "backend frontend gateway |\n"
    if runs:
        made.run("down")


def test_the_script_of_another_shell_is_no_command(made):
    code, output = made.run("completion", "tcsh")
    assert code == 2
    assert "'bash', 'zsh', 'fish'" in output


def test_the_folder_that_is_named_counts(made, tmp_path):
    below = tmp_path / "elsewhere"
    below.mkdir()
    Path(below / "stack.yaml").write_text("services: {far: {command: x}}")
    assert by_bash(made, f"aura-stack -C {below} restart ") == ["far"]
    assert by_bash(made, f"aura-stack -f {below}/stack.yaml restart ") == ["far"]
