"""docs/commands.md is what the commands say, and what they say can be typed."""

import re
import shlex
import sys
from pathlib import Path

import click
import pytest

DOCS = Path(__file__).parents[2] / "docs"
sys.path.insert(0, str(DOCS))
import commands as pages  # noqa: E402 - the generator stands beside its page

from aura_stack.cli.main import cli  # noqa: E402 - after it

ALL = {context.command_path: (command, context) for command, context in pages.commands()}


def test_the_page_is_what_the_commands_say():
    assert (DOCS / "commands.md").read_text() == pages.page(), "`make docs` writes it anew"


@pytest.mark.parametrize("path", ALL)
def test_the_help_of_a_command_begins_with_a_sentence(path):
    command, _ = ALL[path]
    assert re.match(r"[A-Z][^\n]*(\n[^\n]+)*[.;:]", (command.help or "").strip())


@pytest.mark.parametrize("path", [path for path in ALL if not isinstance(ALL[path][0], click.Group)])
def test_every_command_has_an_example(path):
    command, _ = ALL[path]
    assert examples(command), f"{path} shows no example"


def examples(command):
    return re.findall(r"^ +(aura-stack .*)$", command.help or "", re.MULTILINE)


LINES = sorted({line for command, _ in ALL.values() for line in examples(command)})


@pytest.mark.parametrize("line", LINES)
def test_every_example_is_a_line_that_is_understood(line):
    words = shlex.split(re.split(r" [>|#] ", line)[0])[1:]
    context = cli.make_context("aura-stack", list(words))
    rest = [*context._protected_args, *context.args]
    command = cli
    while isinstance(command, click.Group) and (rest or not command.invoke_without_command):
        name, command, rest = command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)
        rest = [*context._protected_args, *context.args] if isinstance(command, click.Group) else rest


@pytest.mark.parametrize("path", ALL)
def test_the_keys_of_json_are_documented(path):
    command, _ = ALL[path]
    if any("--json" in option.opts for option in command.params) and path != "aura-stack config show":
        assert "Keys of --json" in command.help
