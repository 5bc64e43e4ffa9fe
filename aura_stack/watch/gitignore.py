"""What git leaves out: the patterns of `.gitignore` in every folder, of the repository itself, and of its user.

As gitignore(5) has it: the last pattern that fits decides, one of a deeper folder before those above it, and what
lies in a folder that is left out is left out whatever is said of it. Two things are other than git's. A path that
somebody asks for by its name counts, and so does all below it, if git leaves out that path itself: who watches
`dist` means it. And a file that was added in spite of a pattern is still left out.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from aura_stack.system.plain import opened

from .rules import Asking

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

NAME = ".gitignore"
_LARGEST = 1 << 20  # bytes of a file of patterns


class GitIgnore:
    """Answers for any path; each file of patterns is read once.

    Args:
        environ: the user's variables: where the patterns for all repositories are.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        config = environ.get("XDG_CONFIG_HOME") or os.path.join(environ.get("HOME") or "/", ".config")
        self._users = os.path.join(config, "git", "ignore")
        self._specs: dict[str, GitIgnoreSpec | None] = {}  # by file
        self._tops: dict[str, str] = {}
        self._outside: dict[tuple[str, str], bool] = {}  # whether a folder is left out, by base and folder

    def leaves_out(self, base: str, path: str, folder: bool) -> bool:
        """Whether git leaves out what lies at or below a base.

        Args:
            base: absolute; somebody asks for it by its name.
            path: absolute, at or below the base.
            folder: whether it is one.
        """
        top = self._top(base)
        if path == base or self._folder(top, top, base):
            return False
        if folder:
            return self._folder(top, base, path)
        return self._folder(top, base, os.path.dirname(path)) or self._decided(top, path, "")

    def above(self, base: str) -> tuple[str, ...]:
        """The files of patterns, there or not, in the folders above a base, in its repository."""
        return tuple(os.path.join(folder, NAME) for folder in _upwards(self._top(base), base))

    def _folder(self, top: str, base: str, folder: str) -> bool:
        """Whether a folder is left out, or one on the way to it from the base."""
        if len(folder) <= len(base):
            return False
        known = self._outside.get((base, folder))
        if known is None:
            known = self._folder(top, base, os.path.dirname(folder)) or self._decided(top, folder, "/")
            self._outside[base, folder] = known
        return known

    def _decided(self, top: str, path: str, end: str) -> bool:
        """What the patterns say of a path, the deepest first, if nothing is said of the folders above it."""
        files = [(folder, os.path.join(folder, NAME)) for folder in _upwards(top, path)]
        files += [(top, os.path.join(top, ".git", "info", "exclude")), (top, self._users)]
        for folder, file in files:
            spec = self._spec(file)
            said = spec.check_file(os.path.relpath(path, folder) + end).include if spec else None
            if said is not None:
                return said
        return False

    def _top(self, base: str) -> str:
        """The folder of the repository that holds a base; where there is none, the base itself."""
        if base not in self._tops:
            folder = base
            while not os.path.lexists(os.path.join(folder, ".git")) and folder != os.path.dirname(folder):
                folder = os.path.dirname(folder)
            self._tops[base] = folder if os.path.lexists(os.path.join(folder, ".git")) else base
        return self._tops[base]

    def _spec(self, file: str) -> "GitIgnoreSpec | None":
        if file not in self._specs:
            self._specs[file] = _read(file)
        return self._specs[file]


class IgnoreFiles:
    """Asks for the files of patterns themselves, so that other ones count at once; see `rules.Asking`.

    Args:
        others: those for whom they count.
        git: knows where they are.
    """

    key = ""

    def __init__(self, others: Sequence[Asking], git: GitIgnore) -> None:
        self._others = tuple(others)
        bases = dict.fromkeys(base for each in others for base in each.bases)
        self.bases = tuple(dict.fromkeys(file for base in bases for file in git.above(base)))

    def covers(self, path: str) -> bool:
        """Whether it is one of them."""
        if os.path.basename(path) != NAME:
            return False
        folder = os.path.dirname(path)
        return path in self.bases or any(each.enters(folder) for each in self._others)

    def enters(self, _: str) -> bool:
        """No folder is looked into for their sake alone."""
        return False

    def name(self, path: str) -> str:
        """What nobody is told."""
        return path


def _upwards(top: str, path: str) -> Iterator[str]:
    """The folders above a path, the nearest first, until the top."""
    while path not in (top, os.path.dirname(path)):
        path = os.path.dirname(path)
        yield path


def _read(file: str) -> "GitIgnoreSpec | None":
    """The patterns of a file; None where there are none. Git passes over what is no pattern, and so do we."""
    lines: list[str] = []
    with suppress(OSError), opened(file) as stream:
        text = stream.read(_LARGEST).decode("utf-8", "surrogateescape")
        lines = [line for line in text.splitlines() if line.strip() and line[0] != "#"]
    if not lines:
        return None
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - only who has patterns needs it

    patterns: list[Any] = []
    for line in lines:
        with suppress(ValueError):
            patterns += GitIgnoreSpec.from_lines([line]).patterns
    return GitIgnoreSpec(patterns)
