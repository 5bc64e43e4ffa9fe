"""The tab key in real shells: commands, options, files, and names of services of the stack that runs or is written."""

import os
import re
import shutil
import signal
import subprocess
import sys

import pytest
from terminal import Terminal

from aura_stack.cli.completion import SCRIPTS

SLEEPER = {"command": ["sleep", "1000"]}
NAMES = {"backend", "frontend", "gateway"}
SERVICES = {name: SLEEPER for name in NAMES} | {"postgres": {"external": True, "port": 29999}}
CI = os.environ.get("CI", "") not in {"", "false"}
PATIENCE = 20
TAB, SHOW = b"\t", b"\x07"

# In both, the key SHOW prints the line as it stands, in braces: then the shell is done with what was typed before.
BASHRC = """\
PS1='ready> '
bind 'set show-all-if-ambiguous on'
bind 'set completion-query-items 0'
bind 'set page-completions off'
bind 'set enable-bracketed-paste off'
bind -x '"\\C-g": printf "[%s]\\n" "$READLINE_LINE"'
"""
ZSHRC = """\
PS1='ready> '
LISTMAX=1000
setopt no_auto_menu no_list_ambiguous
unsetopt prompt_cr prompt_sp
show() { zle -I; print -r -- "{{$BUFFER}}" }
zle -N show
bindkey '^G' show
"""
COMPINIT = "autoload -U compinit; compinit -u -D\n"


def require(shell):
    if shutil.which(shell) is None:
        assert not CI, f"{shell} is missing: continuous integration installs it"
        pytest.skip(f"no {shell} on this machine (Debian, Ubuntu: apt install {shell})")


@pytest.fixture
def made(stack, tmp_path):
    """A stack, and the command on PATH under its own name, as a shell looks it up."""
    made = stack(SERVICES)
    program = tmp_path / "bin/aura-stack"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\nfrom aura_stack.__main__ import main\nmain()\n")
    program.chmod(0o755)
    made.env["PATH"] = f"{program.parent}:{made.env['PATH']}"
    made.env["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    made.env["TERM"] = "xterm"
    yield made
    if os.path.exists(made.places.socket):
        made.run("down")


def typed(made, argv, line, env=None):
    """The line after a tab, and what the shell has put on the screen meanwhile."""
    shell = Terminal(argv, made.folder, {**made.env, **(env or {})})
    try:
        shell.expect("ready> ", PATIENCE)
        shell.output = ""
        shell.type(line.encode() + TAB + SHOW)
        shown = shell.expect(r"{{(.*)}}", PATIENCE)
    finally:
        shell.process.kill()  # an interactive shell takes no SIGTERM
        shell.close()
    screen = re.sub("\x1b\\[[0-9;?]*[a-zA-Z]", "", shell.output[: shown.start()])
    return shown[1], screen


def by_bash(made, line, rc=""):
    (made.folder / ".bashrc").write_text(BASHRC + (rc or "source <(aura-stack completion bash)\n"))
    return typed(made, ["bash", "-i"], line)


def by_zsh(made, line, rc=""):
    (made.folder / ".zshrc").write_text(ZSHRC + (rc or COMPINIT + "source <(aura-stack completion zsh)\n"))
    return typed(made, ["zsh", "-d", "-i"], line, {"ZDOTDIR": str(made.folder)})


def by_fish(made, line, rc=""):
    """The same from what fish would offer, which it tells without a terminal."""
    done = subprocess.run(
        ["fish", "-c", (rc or "aura-stack completion fish | source") + f"; complete -C '{line}'"],
        cwd=made.folder,
        env=made.env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    offered = [line.split("\t")[0] for line in done.stdout.splitlines()]
    finished = f"{line.rpartition(' ')[0]} {offered[0]}" if len(offered) == 1 else line
    return finished, line + "\n" + done.stdout


SHELLS = {"bash": by_bash, "fish": by_fish, "zsh": by_zsh}


@pytest.fixture(params=sorted(SHELLS))
def press_tab(request, made):
    require(request.param)
    return lambda line: SHELLS[request.param](made, line)


def offered(screen):
    """The words below the line, without what describes them."""
    return {word for line in screen.splitlines()[1:] for word in re.split("  +-- |\t", line)[0].split()}


# --- in each shell ---


@pytest.mark.parametrize(
    ("line", "finished"),
    [
        ("aura-stack rest", "aura-stack restart"),
        ("aura-stack config sch", "aura-stack config schema"),
        ("aura-stack completion fi", "aura-stack completion fish"),
        ("aura-stack restart --with-d", "aura-stack restart --with-dependents"),
        ("aura-stack --color al", "aura-stack --color always"),
        ("aura-stack --color=al", "aura-stack --color=always"),
        ("aura-stack wait --for=ex", "aura-stack wait --for=exit"),
        ("aura-stack logs -n 5 fr", "aura-stack logs -n 5 frontend"),
        ("aura-stack --color=always logs fr", "aura-stack --color=always logs frontend"),
        ("aura-stack events --kind exi", "aura-stack events --kind exited"),
        ("aura-stack -f sta", "aura-stack -f stack.yaml"),
        ("aura-stack --file=sta", "aura-stack --file=stack.yaml"),
        ("aura-stack -C be", "aura-stack -C below/"),
        ("aura-stack -C below up fa", "aura-stack -C below up far"),
        ("aura-stack -C ~/below up fa", "aura-stack -C ~/below up far"),
        ("aura-stack -f below/stack.yaml up fa", "aura-stack -f below/stack.yaml up far"),
        ("aura-stack --file=below/stack.yaml up fa", "aura-stack --file=below/stack.yaml up far"),
        ("bin/aura-stack restart fr", "bin/aura-stack restart frontend"),
        ("~/bin/aura-stack restart fr", "~/bin/aura-stack restart frontend"),
    ],
)
def test_a_word_is_finished(press_tab, made, line, finished):
    (made.folder / "below").mkdir()
    (made.folder / "below/stack.yaml").write_text("services: {far: {command: x}}")
    assert press_tab(line)[0].rstrip(" ") == finished


def test_services_come_from_the_file_where_nothing_runs(press_tab):
    assert offered(press_tab("aura-stack restart ")[1]) == NAMES


def test_services_come_from_the_stack_that_runs(press_tab, made):
    made.run("up", "-d", "--wait")
    made.file.write_text("services: {other: {command: x}}")
    assert offered(press_tab("aura-stack restart ")[1]) == NAMES


def test_commands_are_offered_with_their_options(press_tab):
    assert {"up", "restart", "config"} <= offered(press_tab("aura-stack ")[1])
    assert {"--json", "--wait", "--no-wait"} <= offered(press_tab("aura-stack restart --")[1])


def test_what_is_given_already_is_not_offered(press_tab):
    assert offered(press_tab("aura-stack restart backend ")[1]) == NAMES - {"backend"}


def test_nothing_is_said_where_there_is_nothing_to_offer(press_tab, made):
    made.file.unlink()
    line, screen = press_tab("aura-stack restart ")
    assert line == "aura-stack restart "
    assert offered(screen) == set()


@pytest.mark.parametrize("shell", ["fish", "zsh"])
def test_a_description_is_shown_whole(made, shell):
    require(shell)
    _, screen = SHELLS[shell](made, "aura-stack re" if shell == "fish" else "aura-stack st")
    assert ("Restart services, and wait until they are ready." if shell == "fish" else "Stop services, and") in screen


@pytest.mark.parametrize("shell", ["fish", "zsh"])
def test_a_service_that_runs_is_shown_with_its_state(made, shell):
    require(shell)
    made.run("up", "-d", "--wait")
    _, screen = SHELLS[shell](made, "aura-stack restart ")
    assert len(re.findall(r"^(?:back|front)end\W+(?:-- )?ready|^gateway\W+(?:-- )?ready", screen, re.MULTILINE)) == 3


# --- installed as `completion --help` says ---


def test_zsh_finds_the_script_in_a_folder_of_fpath(made):
    require("zsh")
    folder = made.folder / ".zfunc"
    folder.mkdir()
    (folder / "_aura-stack").write_text(made.run("completion", "zsh")[1])
    line, _ = by_zsh(made, "aura-stack restart fr", "fpath+=~/.zfunc\n" + COMPINIT)
    assert line == "aura-stack restart frontend "


def test_fish_finds_the_script_in_its_folder(made):
    require("fish")
    folder = made.folder / ".config/fish/completions"
    folder.mkdir(parents=True)
    (folder / "aura-stack.fish").write_text(made.run("completion", "fish")[1])
    assert by_fish(made, "aura-stack restart fr", "true")[0] == "aura-stack restart frontend"


# --- bash, which hands over a line in pieces ---


@pytest.mark.parametrize(
    ("line", "finished"),
    [
        ("aura-stack restart \"fr", "aura-stack restart \"frontend\""),
        ("aura-stack 'restart' fr", "aura-stack 'restart' frontend"),
        ("true && aura-stack restart fr", "true && aura-stack restart frontend"),
        ("AURA_FILE=stack.yaml aura-stack restart fr", "AURA_FILE=stack.yaml aura-stack restart frontend"),
    ],
)
def test_bash_finishes_a_word_of_a_line_with_quotes_and_commands(made, line, finished):
    assert by_bash(made, line)[0].rstrip() == finished


def test_a_word_is_finished_in_the_middle_of_a_line(made):
    back = "\x02" * len(" backend")
    line, _ = by_bash(made, "aura-stack restart fr backend" + back)
    assert line.split() == ["aura-stack", "restart", "frontend", "backend"]


@pytest.mark.parametrize("options", ["--posix", "--norc"])
def test_the_script_is_accepted_by_bash_where_there_is_less_of_it(made, options):
    """Without `nosort` and `compopt`, as in the bash of macOS."""
    (made.folder / "older").write_text(
        "complete() { [ \"$2\" = nosort ] && return 1; builtin complete \"$@\"; }\ncompopt() { return 127; }\n"
        + made.run("completion", "bash")[1]
        + "COMP_WORDS=(aura-stack -f sta); COMP_CWORD=2; _aura_stack aura-stack sta -f; echo \"${COMPREPLY[@]}\"\n"
        "COMP_WORDS=(aura-stack restart fr); _aura_stack aura-stack fr restart; echo \"${COMPREPLY[@]}\"\n"
        "complete -p aura-stack\n"
    )
    done = subprocess.run(
        ["bash", options, str(made.folder / "older")],
        cwd=made.folder,
        env=made.env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[:2] == ["stack.yaml state", "frontend"] or done.stdout.startswith("stack.yaml\n")
    assert done.stdout.endswith("complete -F _aura_stack aura-stack\n")
    assert done.stderr == ""


# --- what a person waits for ---


def ask(made, *words):
    """What is answered to any shell, and every module that it took."""
    code = (
        "import sys\nfrom aura_stack.__main__ import main\n"
        "try:\n    main()\nfinally:\n    print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=made.folder,
        env={**made.env, "_AURA_STACK_COMPLETE": "zsh"},
        capture_output=True,
        text=True,
        check=True,
    )
    return [line.split("\t")[1] for line in done.stdout.splitlines()], set(done.stderr.split())


HEAVY = {"asyncio", "multiprocessing", "psutil", "subprocess", "tempfile", "urllib", "http"}


@pytest.mark.parametrize("command", ["up", "start", "stop", "restart", "status", "logs", "wait", "kill"])
def test_the_names_of_services_cost_no_module_that_is_not_needed(made, command):
    names, modules = ask(made, command, "")
    assert set(names) == NAMES
    assert modules & HEAVY == set()


def test_a_stack_that_runs_is_asked_and_its_file_not_even_read(made):
    made.run("up", "-d", "--wait")
    names, modules = ask(made, "restart", "")
    assert set(names) == NAMES
    assert modules & (HEAVY | {"yaml", "aura_stack.reading.load"}) == set()


def test_the_names_of_commands_cost_no_command(made):
    names, modules = ask(made, "")
    assert {"up", "restart", "config"} <= set(names)
    assert modules & (HEAVY | {"yaml", "socket", "aura_stack.cli.up", "aura_stack.cli.orders"}) == set()


def test_an_engine_that_does_not_answer_is_not_waited_for(made):
    made.run("up", "-d", "--wait")
    made.file.write_text("services: {other: {command: x}}")
    os.kill(made.engine(), signal.SIGSTOP)
    try:
        assert ask(made, "restart", "")[0] == ["other"]
    finally:
        os.kill(made.engine(), signal.SIGCONT)


def test_a_stack_that_runs_completes_when_its_file_has_been_deleted(made):
    made.run("up", "-d", "--wait")
    made.file.unlink()
    assert set(ask(made, "restart", "")[0]) == NAMES


def test_every_script_names_the_command_and_its_variable(made):
    for shell in SCRIPTS:
        code, script = made.run("completion", shell)
        assert code == 0
        assert f"_AURA_STACK_COMPLETE={shell} " in script
        assert "PROGRAM" not in script
        assert "VARIABLE" not in script


def test_another_shell_has_no_script(made):
    code, output = made.run("completion", "tcsh")
    assert code == 2
    assert "'bash', 'zsh', 'fish'" in output
