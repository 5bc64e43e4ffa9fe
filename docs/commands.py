"""Writes docs/commands.md from the commands themselves: `make docs`. A test compares both."""

import inspect
import re
import sys
from collections.abc import Iterator

import click

from aura_stack.cli.main import PROGRAM, cli

HEAD = """\
# Commands

Every command, option and default, written from the commands themselves by `make docs`; `aura-stack COMMAND --help`
says the same. Exit codes stand in the [README](../README.md#exit-codes).

Names of services may be patterns (`'work*'`). Durations are those of the stack file (`500ms`, `30s`, `1m30s`), or bare
numbers of seconds. A command that reads prints JSON with `--json`: nothing else comes on standard output then, and the
keys that are named here stay. What goes wrong is then the last line of standard error, an object with `error`, `hint`,
`exit_code` and `problems` (of a definition: `file`, `line`, `column`, `message`, `hint`). Which stack a command is
about: the file that `-f` names, else the one that `AURA_FILE` names, else the nearest `stack.yaml`, `stack.yml` or
`aura-stack.yaml` in the current folder and those above it.
Colours: `--color`, else `NO_COLOR`, else `FORCE_COLOR`, else where there is a terminal.
"""


def page() -> str:
    """The whole page."""
    root = click.Context(cli, info_name=PROGRAM)
    parts = [HEAD, "## Flags before the command\n", *_options(cli, root)]
    for name in cli.list_commands(root):
        command = cli.get_command(root, name)
        assert command is not None
        parts += _command(command, click.Context(command, info_name=name, parent=root), "##")
    return "\n".join(parts)


def commands() -> Iterator[tuple[click.Command, click.Context]]:
    """All commands and sub-commands, with the context in which their lines are parsed."""
    root = click.Context(cli, info_name=PROGRAM)
    for name in cli.list_commands(root):
        command = cli.get_command(root, name)
        assert command is not None
        context = click.Context(command, info_name=name, parent=root)
        yield command, context
        if isinstance(command, click.Group):
            for below in command.list_commands(context):
                found = command.get_command(context, below)
                assert found is not None
                yield found, click.Context(found, info_name=below, parent=context)


def _command(command: click.Command, context: click.Context, level: str) -> list[str]:
    usage = command.get_usage(context).removeprefix("Usage: ")
    parts = [
        f"{level} `{context.command_path}`\n",
        f"    {' '.join(usage.split())}\n",
        *_text(command.help or ""),
    ]
    parts += _options(command, context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            parts += _command(below, click.Context(below, info_name=name, parent=context), f"{level}#")
    return parts


def _text(text: str) -> Iterator[str]:
    """Paragraphs; a block that click leaves as it is (it begins with a backspace) is code below its first line."""
    for block in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        lines = [line.rstrip() for line in block.splitlines()]
        if lines[0] == "\b":
            title, *rest = lines[1:]
            yield f"{title}\n"
            yield "\n".join(["```text", *(line.removeprefix("  ") for line in rest), "```\n"])
        else:
            yield " ".join(lines) + "\n"


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    rows = [_row(each, context) for each in command.params if isinstance(each, click.Option)]
    if rows:
        yield "\n".join(["| option | default | what it does |", "|---|---|---|", *rows]) + "\n"


def _row(option: click.Option, context: click.Context) -> str:
    record = option.get_help_record(context)
    assert record is not None
    flags, text = record
    text = re.sub(r"\s*\[default: [^\]]*\]", "", text)
    default = option.to_info_dict()["default"]
    shown = f"`{default}`" if isinstance(default, str | int) and not isinstance(default, bool) else "-"
    if option.is_flag and option.secondary_opts:
        shown = f"`{(option.opts if default else option.secondary_opts)[0]}`"
    if option.count:
        shown = "-"
    return f"| `{flags.replace('|', chr(92) + '|')}` | {shown} | {text} |"


if __name__ == "__main__":
    sys.stdout.write(page())
