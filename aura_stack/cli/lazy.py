"""Groups of commands that import a command when it is called, and say what was meant by an unknown one."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem

from aura_stack.frozen import NamedTuple
from aura_stack.reading.suggest import did_you_mean
from aura_stack.reading.words import quoted

from . import interrupt


class Lazy(NamedTuple):
    """Where a command stands, as `package.module:attribute`, and what the list of commands says of it."""

    target: str
    help: str


class Group(click.Group):
    """A group that answers an unknown command with the nearest known one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the first argument names.

        Raises:
            click.UsageError: there is none.
        """
        name = args[0]
        known = self.list_commands(ctx)
        if name not in known and not name.startswith("-") and not ctx.resilient_parsing:
            hint = self.meant(name, known)
            raise click.UsageError(
                f"there is no command {quoted(name)}" + (f" ({hint})" if hint else ""), ctx
            )
        return super().resolve_command(ctx, args)

    def meant(self, name: str, known: list[str]) -> str:
        """What an unknown command may have been meant to be, in words; "" where that cannot be guessed."""
        return did_you_mean(name, known)


class LazyGroup(Group):
    """A group whose commands are named in a table, so that `--help` and completion import none of them."""

    def __init__(self, *args: Any, commands_table: Mapping[str, Lazy], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._table = commands_table

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """All names, in the order of the table."""
        return list(self._table)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of that name."""
        lazy = self._table.get(cmd_name)
        if lazy is None:
            return None
        module, _, attribute = lazy.target.partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        interrupt.heed()  # with the words behind its name it begins
        for each in (command, *getattr(command, "commands", {}).values()):
            # the docstrings are raw: what they say to click is a backslash and a b, what click looks for is a backspace
            each.help = each.help and each.help.replace("\\b\n", "\b\n")
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names of commands come from the table, so that the tab key imports none of them."""
        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        found = ((name, lazy.help) for name, lazy in self._table.items() if name.startswith(incomplete))
        return [CompletionItem(name, help=text) for name, text in found]

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.help) for name, lazy in self._table.items()])
