"""What an order to bring a stack up says besides the stack file."""

from aura_stack.frozen import Frozen


class Options(Frozen):
    """The services asked for, none for all; and whether the reader of the logs sees colours."""

    services: tuple[str, ...] = ()
    coloured: bool = False
