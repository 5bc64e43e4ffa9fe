"""Which files count for an interest, and which folders need to be looked into for them."""

import posixpath
import re
from collections.abc import Callable, Collection, Sequence
from fnmatch import fnmatchcase
from typing import Protocol

from .interest import Interest
from .patterns import Pattern, below, pattern

LeavesOut = Callable[[str, str, bool], bool]
"""Whether git leaves out what lies at or below a base: base, path, and whether that is a folder."""

# What editors make beside a file while they save it, by the editor that does. A name that is in no row does no
# harm if it is gone again after a moment: it held nothing before, and holds nothing then.
_MADE_IN_PASSING = (
    r"4913",  # vim: may files be made in this folder?
    r".*~",  # vim, emacs, nano, joe: the backup
    r"\..*\.sw.x?",  # vim: the swap file
    r"\.#.*",  # emacs: the lock, a link that leads nowhere
    r"#.*#",  # emacs: the auto-save
    r".*___jb_(?:tmp|old|bak)___",  # JetBrains: safe write
    r".*\.vsctmp",  # Visual Studio Code: atomic write
    r"\.subl[0-9a-f]+\.tmp",  # Sublime Text: atomic save
    r"\..*\.kate-swp",  # Kate
    r"\.goutputstream-.{6}",  # GLib: gedit, GNOME Text Editor
    r"sed[A-Za-z0-9]{6}",  # sed -i
    r".*\.tmp\.\d+(?:\.[0-9a-z]+)*",  # safe write of many programs: the number of a process, a time
    r"\.nfs[0-9a-f]+",  # NFS: deleted and still open
)
_TEMPORARY = re.compile("|".join(_MADE_IN_PASSING), re.DOTALL)


class Asking(Protocol):
    """Somebody who asks for files; see `Rules`."""

    @property
    def key(self) -> str:
        """Who it is."""

    @property
    def bases(self) -> tuple[str, ...]:
        """Absolute paths at or below which everything lies that counts."""

    def covers(self, path: str) -> bool:
        """Whether a change of the file counts."""

    def enters(self, folder: str) -> bool:
        """Whether files that count may lie in that folder, or deeper."""

    def name(self, path: str) -> str:
        """What the file is called."""


class Selection:
    """Files and folders, and all that is in them, by patterns such as those of `Interest.ignore`.

    Args:
        root: the absolute folder that patterns with a slash start from.
        patterns: one without a slash is a name at any depth.
        bases: where such a name counts from, for paths outside of the root.
    """

    def __init__(self, root: str, patterns: Sequence[str], bases: Sequence[str] = ()) -> None:
        self._root = root
        self._bases = tuple(bases)
        self._names = tuple(each.rstrip("/") for each in patterns if not _anchored(each))
        self._patterns = tuple(pattern(root, _from_root(root, each)) for each in patterns if _anchored(each))

    def __call__(self, path: str) -> bool:
        """Whether it is one of them."""
        if any(each.covers(path) for each in self._patterns):
            return True
        names = self._inner(path) if self._names else ()
        return any(fnmatchcase(name, each) for name in names for each in self._names)

    def _inner(self, path: str) -> Collection[str]:
        """The names below the root, or below the base for what is outside of it: those above are not the user's."""
        names = below(self._root, path)
        if names is None:
            names = next(filter(None, (below(base, path) for base in self._bases)), ())
        return names


class Rules:
    """An interest, ready to be asked.

    Args:
        interest: whose rules.
        never: names of folders that are entered only where a path of the interest spells them out.
        leaves_out: asked where the interest wants that.
    """

    def __init__(
        self, interest: Interest, never: Collection[str], leaves_out: LeavesOut | None = None
    ) -> None:
        self.key = interest.key
        self._root = interest.root
        self._never = never
        self._leaves_out = leaves_out if interest.gitignore else None
        self._patterns = tuple(pattern(interest.root, path) for path in interest.paths)
        self._ignores = Selection(interest.root, interest.ignore, self.bases)

    @property
    def bases(self) -> tuple[str, ...]:
        """The absolute paths at or below which everything lies that counts; not all need to exist."""
        return tuple(dict.fromkeys(each.base for each in self._patterns))

    def covers(self, path: str) -> bool:
        """Whether a change of the file at that absolute path counts."""
        counting = [each for each in self._patterns if each.covers(path, self._never)]
        if not counting:
            return False
        if self._leaves_out and posixpath.basename(path) == ".gitignore" and path not in self.bases:
            return False  # it says which files count, and is none
        if temporary(posixpath.basename(path)) and path not in self.bases:
            return False
        return not self._ignores(path) and self._kept(counting, path, folder=False)

    def enters(self, folder: str) -> bool:
        """Whether files that count may lie in that folder, or deeper."""
        counting = [each for each in self._patterns if each.enters(folder, self._never)]
        return bool(counting) and not self._ignores(folder) and self._kept(counting, folder, folder=True)

    def _kept(self, counting: Sequence[Pattern], path: str, *, folder: bool) -> bool:
        """Whether git keeps a path, below one of the bases at least."""
        out = self._leaves_out
        return out is None or not all(out(each.base, path, folder) for each in counting)

    def name(self, path: str) -> str:
        """The path as somebody in the root would call it, fit to be printed whatever its bytes are."""
        relative = posixpath.relpath(path, self._root)
        return relative.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def temporary(name: str) -> bool:
    """Whether a file of that name is one that editors make in passing."""
    return _TEMPORARY.fullmatch(name) is not None


def _anchored(ignore: str) -> bool:
    return "/" in ignore.rstrip("/")


def _from_root(root: str, ignore: str) -> str:
    """The pattern without the slash that says no more than "from the root"; a path below the root stays one."""
    plain = "/" + ignore.lstrip("/")
    if below(root, posixpath.normpath(plain)) is not None:
        return plain
    return ignore.lstrip("/")
