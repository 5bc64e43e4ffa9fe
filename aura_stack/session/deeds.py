"""What a save leads to: which of its files restart a service, which commands run and which signals are sent."""

import posixpath
from collections.abc import Iterable
from typing import TypeVar

from aura_stack.frozen import Frozen
from aura_stack.stack.model import Command, Deed, Watch, WatchRule
from aura_stack.watch.rules import Selection

Key = TypeVar("Key")


class Deeds(Frozen):
    """What is to be done, and for the sake of which files; those that nothing is done about are left out.

    Attributes:
        restart: files that restart the service.
        signals: files by the number of the signal that they send.
        commands: files by the command that they run.
    """

    restart: tuple[str, ...] = ()
    signals: tuple[tuple[int, tuple[str, ...]], ...] = ()
    commands: tuple[tuple[Command, tuple[str, ...]], ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """All of them, sorted."""
        others = (files for _, files in (*self.signals, *self.commands))
        return tuple(sorted({*self.restart, *(name for files in others for name in files)}))

    def and_then(self, later: "Deeds") -> "Deeds":
        """This and what came since, each once."""
        return Deeds(
            tuple(sorted({*self.restart, *later.restart})),
            _joined((*self.signals, *later.signals)),
            _joined((*self.commands, *later.commands)),
        )


def deeds(watch: Watch, root: str, files: Iterable[str]) -> Deeds:
    """Find out what the files of one save lead to.

    Args:
        watch: whose rules; the first that fits a file counts.
        root: the absolute folder of the service.
        files: paths from there.
    """
    rules = [(Selection(root, rule.match), rule) for rule in watch.rules]
    found: list[tuple[WatchRule, tuple[str, ...]]] = []
    restart = []
    for name in files:
        path = posixpath.normpath(posixpath.join(root, name))
        rule = next((rule for fits, rule in rules if fits(path)), None)
        if rule is None or rule.deed is Deed.RESTART:
            restart.append(name)
        else:
            found.append((rule, (name,)))
    return Deeds(
        tuple(sorted(restart)),
        _joined((rule.signal, names) for rule, names in found if rule.deed is Deed.SIGNAL),
        _joined((rule.command, names) for rule, names in found if rule.command),
    )


def _joined(pairs: Iterable[tuple[Key, tuple[str, ...]]]) -> tuple[tuple[Key, tuple[str, ...]], ...]:
    """Each key once, with all its files."""
    by_key: dict[Key, set[str]] = {}
    for key, files in pairs:
        by_key.setdefault(key, set()).update(files)
    return tuple((key, tuple(sorted(files))) for key, files in by_key.items())
