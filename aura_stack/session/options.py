"""What an order to bring a stack up says besides the stack file."""

from aura_stack.frozen import Frozen


class Options(Frozen):
    """The services asked for, none for all.

    Args:
        services: their names.
        coloured: whether the reader of the logs sees colours.
        dependencies: whether what they depend on comes with them.
        watch: whether saves are acted on.
    """

    services: tuple[str, ...] = ()
    coloured: bool = False
    dependencies: bool = True
    watch: bool = True
