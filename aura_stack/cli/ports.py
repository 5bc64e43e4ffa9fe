"""`aura-stack ports`: the table of its sub-commands, each of which is imported when it is called."""

import click

from .lazy import Lazy, LazyGroup

COMMANDS = {
    "who": Lazy("aura_stack.cli.ports_live:who", "Say who holds a port."),
    "inventory": Lazy("aura_stack.cli.inventory:inventory", "Compare manifest, code and machine."),
    "fix": Lazy("aura_stack.cli.fix:fix", "Bring the numbers in files to the manifest."),
}


@click.group(cls=LazyGroup, commands_table=COMMANDS)
def ports() -> None:
    """Look at ports: those of the manifest, and those of this machine."""
