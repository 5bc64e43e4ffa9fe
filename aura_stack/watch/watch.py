"""Tells of saves, each of them once, to whoever is interested in the files.

Linux tells of them where the files are (`tree`); where it cannot, they are looked for (`polling`). What becomes
of that is in `changes`.
"""

import asyncio
import errno
import sys
import time
from collections.abc import Callable, Iterable, Sequence

from aura_stack.system import limits, mounts
from aura_stack.system.globs import NEVER_ENTERED

from .backend import Backend
from .changes import Changes, Saved
from .interest import Interest
from .polling import PERIOD, Polling
from .rules import Rules

_FEWEST_WATCHES = 524_288  # what the cure for too few of them raises the limit to, at least
_FEWEST_INSTANCES = 1_024


class Watch:
    """Watches the files of all interests, from `attach` to `close`.

    Args:
        interests: who asks for which files; one key may stand for several.
        saved: called in the loop when a save is over: by interested key, the changed files relative to its root,
            sorted. All that was saved together is one call.
        notice: told, once each, what people ought to know about how saves are seen.
        since: ns since 1970; a file that was changed later than that, but before `attach`, was saved. Without it,
            that is now.
        kind: the kind of file system of a path; see `mounts.kind`.
        period: seconds between two looks at files that nobody tells of.
    """

    def __init__(
        self,
        interests: Sequence[Interest],
        saved: Saved,
        notice: Callable[[str], None],
        *,
        since: int | None = None,
        kind: Callable[[str], str] = mounts.kind,
        period: float = PERIOD,
    ) -> None:
        self._rules = tuple(Rules(each, NEVER_ENTERED) for each in interests)
        self._saved = saved
        self._notice = notice
        self._since = time.time_ns() if since is None else since
        self._kind = kind
        self._period = period
        self._told: set[str] = set()
        self._backends: list[Backend] = []
        self._incomplete = 0  # backends that have not met everything yet
        self._kernel_tells = sys.platform == "linux"
        self._changes: Changes | None = None
        self.learnt = asyncio.Event()
        """Set once it is known what the files hold; a save before that counts even if it changes nothing."""

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin: what is there now is what the files held before any save."""
        self._loop = loop
        bases = tuple(dict.fromkeys(base for rules in self._rules for base in rules.bases))
        kinds = {base: self._kind(base) for base in bases}
        elsewhere = [base for base, kind in kinds.items() if mounts.written_elsewhere(kind)]
        for base in elsewhere:
            self._tell(
                f"{base} is on a file system ({kinds[base]}) that tells of no saves: they are looked for every second"
            )
        self._told_of = [base for base in bases if base not in elsewhere]
        self._polled = elsewhere
        # the clock of another machine says nothing about ours
        since = None if elsewhere else self._since
        self._changes = Changes(loop, self._rules, self._saved, since=since, slow=bool(elsewhere))
        self._begin(first=True)

    def close(self) -> None:
        """Tell nothing any more."""
        self._end()
        if self._changes:
            self._changes.close()

    # --- how saves are seen ---

    def _begin(self, *, first: bool) -> None:
        if not self._kernel_tells:
            self._polled, self._told_of = [*self._polled, *self._told_of], []
        self._backends = list(self._new_backends(first=first))
        self._incomplete = len(self._backends) if first else 0
        for backend in tuple(self._backends):
            try:
                backend.begin(self._loop)
            except OSError as error:
                self.exhausted(error)
                return

    def _new_backends(self, *, first: bool) -> Iterable[Backend]:
        assert self._changes
        if self._told_of:
            from .tree import Tree  # noqa: PLC0415 - inotify is Linux's alone

            yield Tree(Area(self._told_of, self._rules), self._changes, self, first=first)
        if self._polled:
            area = Area(self._polled, self._rules)
            yield Polling(area, self._changes, self, first=first, period=self._period)

    def _end(self) -> None:
        for backend in self._backends:
            backend.close()
        self._backends = []

    def _again(self) -> None:
        """See saves by other backends, and look at all files: nobody knows what happened meanwhile."""
        assert self._changes
        first = self._incomplete > 0
        self._end()
        self._begin(first=first)
        if not first:
            self._changes.suspect()

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._notice(text)

    # --- what backends report ---

    def complete(self) -> None:
        """See `Host.complete`."""
        self._incomplete -= 1
        if not self._incomplete and self._changes:
            self._changes.learn(self._drain, self.learnt.set)

    def lost(self) -> None:
        """See `Host.lost`."""
        self._tell("so many files changed at once that the kernel lost count: all were looked at again")
        self._again()

    def exhausted(self, error: OSError) -> None:
        """See `Host.exhausted`."""
        self._tell(refusal(error, limits.inotify()))
        self._kernel_tells = False
        self._again()

    def _drain(self) -> None:
        for backend in self._backends:
            backend.drain()


class Area:
    """The part of all that is asked for which one backend looks at.

    Args:
        bases: absolute paths; see `backend.Area`.
        rules: of all interests.
    """

    def __init__(self, bases: Iterable[str], rules: Sequence[Rules]) -> None:
        self.bases = tuple(bases)
        self._rules = rules

    def enters(self, folder: str) -> bool:
        """See `backend.Area.enters`."""
        return any(each.enters(folder) for each in self._rules)


def refusal(error: OSError, found: limits.Inotify | None) -> str:
    """Why the kernel tells of no saves, what holds instead, and the cure.

    Args:
        error: of inotify(7).
        found: the limits, where they are known.
    """
    instead = "they are looked for every second"
    if error.errno == errno.ENOSPC and found:
        raised = max(_FEWEST_WATCHES, 4 * found.watches)
        limit, cure = f"{found.watches} watches", f"max_user_watches={raised}"
    elif error.errno == errno.EMFILE and found:
        raised = max(_FEWEST_INSTANCES, 4 * found.instances)
        limit, cure = f"{found.instances} inotify instances", f"max_user_instances={raised}"
    else:
        return f"the kernel does not tell of saves ({error.strerror}): {instead}"
    return (
        f"the kernel tells of no saves beyond its limit of {limit}: {instead} (sudo sysctl fs.inotify.{cure})"
    )
