"""In which checkout of git a folder stands: the main working tree of a repository, or one linked to it."""

import os

from aura_stack.frozen import Frozen

from .plain import opened

_POINTER = b"gitdir: "


class Checkout(Frozen):
    """A working tree: its top folder; `linked` is the name of a linked one, "" for a main one.

    `main` is the top folder of the repository's main working tree, or the repository itself where it has none.
    """

    top: str
    linked: str = ""
    main: str = ""


def checkout(folder: str) -> Checkout | None:
    """The checkout that holds the folder, None if it is in none.

    A linked worktree has a file `.git` that names its part of the repository, `worktrees/NAME`, in which
    `commondir` leads to the rest; a submodule's leads elsewhere (gitrepository-layout(5), git-worktree(1)).
    """
    top = os.path.realpath(folder)
    while not os.path.lexists(os.path.join(top, ".git")):
        above = os.path.dirname(top)
        if above == top:
            return None
        top = above
    own = _pointed_to(os.path.join(top, ".git"), _POINTER, top)
    common = _pointed_to(os.path.join(own, "commondir"), b"", own) if own else ""
    if not common or os.path.basename(os.path.dirname(own)) != "worktrees":
        return Checkout(top, "", top)
    main = os.path.dirname(common) if os.path.basename(common) == ".git" else common
    return Checkout(top, os.path.basename(own), main)


def _pointed_to(file: str, before: bytes, folder: str) -> str:
    """The path on the first line of a file, "" if it is a folder, is missing or says something else."""
    try:
        with opened(file) as stream:
            line = stream.readline(4096)
    except OSError:
        return ""
    if not line.startswith(before):
        return ""
    return os.path.normpath(os.path.join(folder, os.fsdecode(line.removeprefix(before).rstrip(b"\n"))))
