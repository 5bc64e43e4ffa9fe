"""`aura-stack ports`: the table of its sub-commands, each of which is imported when it is called."""

import click

from .arguments import remember_json
from .lazy import Lazy, LazyGroup

COMMANDS = {
    "ls": Lazy("aura_stack.cli.ports_live:ls", "List what is declared, and who holds it."),
    "check": Lazy("aura_stack.cli.ports_live:check", "Look for trouble with ports."),
    "who": Lazy("aura_stack.cli.ports_live:who", "Say who holds a port."),
    "inventory": Lazy("aura_stack.cli.inventory:inventory", "Compare manifest, code and machine."),
    "fix": Lazy("aura_stack.cli.fix:fix", "Bring the numbers in files to the manifest."),
    "adopt": Lazy("aura_stack.cli.adopt:adopt", "Give numbers in use entries in the manifest."),
    "free": Lazy("aura_stack.cli.ports_change:free", "End what holds a port."),
    "next": Lazy("aura_stack.cli.ports_change:next_", "Print numbers that can be had."),
    "reserve": Lazy("aura_stack.cli.ports_change:reserve", "Put an entry into the manifest."),
    "release": Lazy("aura_stack.cli.ports_change:release", "Take an entry out of the manifest."),
    "leases": Lazy("aura_stack.cli.ports_change:leases", "Show which checkout has which numbers."),
}


@click.group(cls=LazyGroup, commands_table=COMMANDS, invoke_without_command=True)
@click.option("--all", "undeclared", is_flag=True, help="Without a sub-command: as ports ls --all.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    callback=remember_json,
    help="Without a sub-command: as ports ls --json.",
)
@click.pass_context
def ports(context: click.Context, undeclared: bool, as_json: bool) -> None:
    r"""Look at ports: those of the manifest, and those of this machine; alone it is ports ls.

    \b
    Keys of --json: those of ports ls.
    """
    if context.invoked_subcommand is None:
        from .ports_live import ls  # noqa: PLC0415 - the others need none of it

        context.invoke(ls, undeclared=undeclared, as_json=as_json)
