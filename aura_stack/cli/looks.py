"""How a face shows the logs, as the flags of `up` say."""

from aura_stack.frozen import Frozen


class Looks(Frozen):
    """The flags that say how logs look.

    Args:
        coloured: whether the screen shows colours.
        stamps: whether each line begins with its time.
        prefixes: whether each line begins with the name of its service.
        only_errors: whether only what went wrong is shown.
    """

    coloured: bool = False
    stamps: bool = False
    prefixes: bool = True
    only_errors: bool = False
