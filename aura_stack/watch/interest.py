"""Who wants to know of saves, and of which files."""

from aura_stack.frozen import Frozen


class Interest(Frozen):
    """Files that somebody wants to know about.

    Args:
        key: who asks, such as a service's name.
        root: the absolute folder that relative paths and patterns start from.
        paths: files, folders and patterns (see `system/globs`), below the root or outside of it by way of `..`.
        ignore: patterns of what counts for nothing; one without a slash is the name of a file or folder at any
            depth, one with a slash starts from the root, also where it begins with that slash.
        gitignore: whether what git leaves out counts for nothing, too.
    """

    key: str
    root: str
    paths: tuple[str, ...]
    ignore: tuple[str, ...] = ()
    gitignore: bool = False
