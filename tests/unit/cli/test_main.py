import os
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from aura_stack.cli import main as program
from aura_stack.cli.main import COMMANDS, ELSEWHERE, cli
from aura_stack.cli.settings import resolve_color
from aura_stack.errors import AuraError, ExitCode, InvalidDefinition, Place, Problem


@pytest.fixture
def told(monkeypatch):
    """Runs the command line with a command `fail` in it, which raises what it is given."""

    def tell(error, *flags):
        @click.command()
        def fail():
            raise error

        monkeypatch.setattr(cli, "get_command", lambda _ctx, _name: fail)
        monkeypatch.setattr(cli, "list_commands", lambda _ctx: ["fail"])
        return CliRunner().invoke(cli, [*flags, "fail"])

    return tell


def child(*args, code=None, encoding="utf-8", **environ):
    """Runs the real program, or a piece of Python that uses it."""
    command = ["-c", code] if code else ["-m", "aura_stack", *args]
    return subprocess.run(
        [sys.executable, *command],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | environ,
        capture_output=True,
        encoding=encoding,
        check=False,
    )


def test_an_error_is_a_sentence_what_to_do_and_an_exit_code(told):
    result = told(AuraError("the cat is out", "let it in", ExitCode.PORT_CONFLICT))
    assert (result.stdout, result.stderr) == ("", "error: the cat is out\nhint: let it in\n")
    assert result.exit_code == 6
    assert told(AuraError("no hint")).stderr == "error: no hint\n"


def test_a_fault_of_our_own_keeps_its_traceback(told):
    result = told(ZeroDivisionError("ours"))
    assert isinstance(result.exception, ZeroDivisionError)


def test_errors_are_coloured_where_that_is_wanted(told):
    assert "\x1b[" in told(AuraError("x"), "--color", "always").stderr
    assert "\x1b[" not in told(AuraError("x"), "--color", "never").stderr


def test_the_caret_stands_below_the_mistake_whatever_stands_before_it(told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f.yaml").write_text("é: 漢\tx\x1b[2J y\n")
    result = told(InvalidDefinition([Problem(Place("f.yaml", 1, 6), "here")]))
    assert result.stderr == "f.yaml:1:6: here\n    1 | é: 漢    x\\x1b[2J y\n      |          ^\n"


def test_a_long_line_is_shown_around_its_mistake(told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f.yaml").write_text("a" * 500 + "!" + "b" * 500)
    shown = told(InvalidDefinition([Problem(Place("f.yaml", 1, 501), "here")])).stderr.splitlines()
    assert shown[1] == "    1 | …" + "a" * 59 + "!" + "b" * 58 + "…"
    assert shown[2].index("^") == shown[1].index("!")


def test_a_line_of_a_file_of_variables_is_nobodys_to_see(told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text('DB_PASSWORD="hunter2')
    assert told(InvalidDefinition([Problem(Place(".env", 1, 13), "here")])).stderr == ".env:1:13: here\n"


def test_a_file_that_has_gone_leaves_the_message(told):
    assert told(InvalidDefinition([Problem(Place("/nix/f", 3, 1), "here")])).stderr == "/nix/f:3:1: here\n"


def test_help_lists_the_commands_and_imports_none():
    code = (
        "import sys; from aura_stack.cli.main import cli\n"
        "cli.main(['--help'], standalone_mode=False)\n"
        "assert not any(name.startswith('aura_stack.session') for name in sys.modules)"
    )
    done = child(code=code)
    assert (done.returncode, done.stderr) == (0, "")
    for name, lazy in program.COMMANDS.items():
        assert f"  {name}" in done.stdout
        assert lazy.help.split()[0] in done.stdout


@pytest.mark.parametrize("name", program.COMMANDS)
def test_every_command_of_the_table_exists_and_its_help_is_a_sentence(name):
    context = click.Context(cli)
    assert isinstance(cli.get_command(context, name), click.Command)
    assert program.COMMANDS[name].help.endswith(".")


def test_an_unknown_command_gets_a_guess():
    result = CliRunner().invoke(cli, ["confg"])
    assert result.exit_code == 2
    assert 'there is no command "confg" (did you mean "config"?)' in result.stderr
    assert "did you mean" not in CliRunner().invoke(cli, ["zebra"]).stderr


@pytest.mark.parametrize("flag", ["--nix", "-x"])
def test_an_unknown_flag_is_a_mistake_of_usage(flag):
    assert CliRunner().invoke(cli, [flag]).exit_code == 2


def test_a_directory_that_does_not_exist_is_a_mistake_of_usage(tmp_path):
    assert CliRunner().invoke(cli, ["-C", str(tmp_path / "nix"), "config", "path"]).exit_code == 2


@pytest.mark.parametrize(
    ("flag", "environ", "color"),
    [
        ("auto", {}, None),
        ("auto", {"NO_COLOR": "1"}, False),
        ("auto", {"NO_COLOR": ""}, None),
        ("auto", {"FORCE_COLOR": "1"}, True),
        ("auto", {"FORCE_COLOR": "0"}, None),
        ("auto", {"FORCE_COLOR": ""}, None),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ("auto", {"TERM": "dumb"}, False),
        ("auto", {"TERM": "dumb", "FORCE_COLOR": "1"}, True),
        ("auto", {"TERM": "xterm"}, None),
        ("always", {"NO_COLOR": "1", "TERM": "dumb"}, True),
        ("never", {"FORCE_COLOR": "1"}, False),
    ],
)
def test_a_flag_beats_the_environment_which_beats_the_terminal(flag, environ, color):
    assert resolve_color(flag, environ) is color


def test_the_program_names_its_version():
    done = child("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("aura-stack ")


def test_usage_ends_with_2():
    done = child("confg")
    assert (done.returncode, done.stdout) == (2, "")


def test_ctrl_c_ends_with_130():
    code = (
        "import click, aura_stack.cli.main as program\n"
        "@click.command()\n"
        "def stop(): raise KeyboardInterrupt\n"
        "program.cli.get_command = lambda ctx, name: stop\n"
        "program.cli.list_commands = lambda ctx: ['stop']\n"
        "import sys; sys.argv = ['aura-stack', 'stop']\n"
        "sys.exit(program.run())"
    )
    assert child(code=code).returncode == 130


def test_a_reader_that_leaves_early_is_no_traceback():
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "aura_stack", "config", "schema"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_characters_that_a_terminal_lacks_are_escaped(tmp_path):
    (tmp_path / "stack.yaml").write_text("services: {a: {command: 'echo é → x'}}\n")
    done = child("-C", str(tmp_path), "config", "show", PYTHONIOENCODING="iso-8859-1", encoding="iso-8859-1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "command: echo é \\u2192 x\n" in done.stdout


@pytest.mark.parametrize(("word", "here"), ELSEWHERE.items())
def test_words_of_other_tools_are_told_in_ours(word, here):
    assert word not in COMMANDS
    assert here.split()[0] in {*COMMANDS, "--version", "--help"}
    result = CliRunner().invoke(cli, [word])
    assert result.exit_code == 2
    assert f'there is no command "{word}" (here that is aura-stack {here})' in result.stderr


def test_a_flag_for_all_commands_is_told_to_stand_before_them():
    result = child("up", "-f", "stack.yaml")
    assert result.returncode == 2
    assert "No such option '-f'. It stands before the command: aura-stack -f … up" in result.stderr
    result = child("ports", "who", "4010", "--file", "x")
    assert "It stands before the command: aura-stack --file … ports who" in result.stderr
    assert "before" not in child("up", "--nonsense").stderr
