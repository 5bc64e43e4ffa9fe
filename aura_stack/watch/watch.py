"""Tells of saves, each of them once, to whoever is interested in the files.

Linux tells of them where the files are (`tree`), other systems by way of watchfiles (`notified`); where neither can,
they are looked for (`polling`). What becomes of that is in `changes`.
"""

import asyncio
import errno
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from aura_stack.system import limits, mounts
from aura_stack.system.globs import NEVER_ENTERED

from .backend import Backend
from .changes import Changes, Saved
from .gitignore import GitIgnore, IgnoreFiles
from .interest import Interest
from .notified import SELDOM, Notified
from .patterns import pattern
from .polling import PERIOD, Polling
from .rules import Asking, Rules

_FEWEST_WATCHES = 524_288  # what the cure for too few of them raises the limit to, at least
_FEWEST_INSTANCES = 1_024
_TICK = 20_000_000  # ns: more than the clock by which Linux stamps files lags behind
_SHOWN = 3  # places that a notice names
_INSTEAD = "they are looked for every second"


class Watch:
    """Watches the files of all interests, from `attach` to `close`.

    Args:
        interests: who asks for which files; one key may stand for several.
        saved: called in the loop when a save is over: by interested key, the changed files relative to its root,
            sorted, and when they were looked at last. All that was saved together is one call.
        notice: told, once each, what people ought to know about how saves are seen.
        since: ns since 1970; a file that was changed later than that, but before `attach`, was saved. Without it,
            that is now.
        kind: the kind of file system of a path; see `mounts.kind`.
        period: seconds between two looks at files that nobody tells of.
        environ: the user's variables, for where git keeps what it leaves out everywhere; without it, ours.
        mounted: what is mounted below a path; see `mounts.inside`.
        platform: whose kernel is asked.
        seldom: seconds between two looks for what watchfiles does not tell.
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
        environ: Mapping[str, str] | None = None,
        mounted: Callable[[str], list[tuple[str, str]]] = mounts.inside,
        platform: str = sys.platform,
        seldom: float = SELDOM,
    ) -> None:
        self._mounted = mounted
        self._environ = os.environ if environ is None else environ
        self._rules = self._asking(interests)
        self._saved = saved
        self._notice = notice
        self._since = time.time_ns() if since is None else since
        self._kind = kind
        self._period = period
        self._told: set[str] = set()
        self._backends: list[Backend] = []
        self._incomplete = 0  # backends that have not met everything yet
        self._kernel_tells = True  # until it turns out that it does not
        self._platform = platform
        self._seldom = seldom
        self._changes: Changes | None = None
        self._asked: list[Callable[[], None]] = []  # who waits until all has been seen
        self.learnt = asyncio.Event()
        """Set while it is known what the files hold; a save before that counts even if it changes nothing."""

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin: what is there now is what the files held before any save."""
        self._loop = loop
        self._choose()
        # the clock of another machine says nothing about ours
        since = None if self._polled else self._since
        self._changes = Changes(
            loop, self._rules, self._hear, since=since, slow=bool(self._polled), drain=self._drain
        )
        self._begin(first=True)

    def change(self, interests: Sequence[Interest]) -> None:
        """Others ask from now on; what they had in common with those before misses nothing."""
        assert self._changes
        self.learnt.clear()
        self._drain()
        since = time.time_ns() - _TICK
        self._rules = self._asking(interests)
        self._end()
        self._choose()
        self._changes.redefine(self._rules, since=None if self._polled else since)
        self._begin(first=True)

    def when_seen(self, done: Callable[[], None]) -> None:
        """Call back once all that was saved until now has been told, or was nothing."""
        self._asked.append(done)
        self._look(done)

    def hold(self, maker: object, root: str, paths: Iterable[str]) -> None:
        """Somebody makes these files now: what is saved of them is told when he has ended, all of it together.

        Args:
            maker: stands for him.
            root: the absolute folder that the paths start from.
            paths: files, folders and patterns.
        """
        if self._changes:
            self._changes.hold(maker, [pattern(root, path) for path in paths])

    def release(self, maker: object) -> None:
        """He has ended."""
        if self._changes:
            self._drain()  # what he did last still counts as his
            self._changes.release(maker)

    def close(self) -> None:
        """Tell nothing any more."""
        self._end()
        if self._changes:
            self._changes.close()

    def means(self) -> list[str]:
        """How saves are seen, in a few words for each way."""
        return [backend.means for backend in self._backends]

    # --- who asks ---

    def _asking(self, interests: Sequence[Interest]) -> tuple[Asking, ...]:
        self._interests = tuple(interests)
        git = GitIgnore(self._environ)
        rules = tuple(Rules(each, NEVER_ENTERED, git.leaves_out) for each in interests)
        with_git = [each for each, interest in zip(rules, interests, strict=True) if interest.gitignore]
        return (*rules, IgnoreFiles(with_git, git)) if with_git else rules

    def _hear(self, changes: Mapping[str, tuple[str, ...]], looked: float) -> None:
        """Hand on what was saved, but for what says which files count."""
        others = {key: names for key, names in changes.items() if key != IgnoreFiles.key}
        if len(others) < len(changes):
            self._loop.call_soon(self._renew)
        if others:
            self._saved(others, looked)

    def _renew(self) -> None:
        if self._backends:  # not closed meanwhile
            self.change(self._interests)

    # --- how saves are seen ---

    def _choose(self) -> None:
        """Say for each place whether the kernel tells of saves there."""
        bases = tuple(dict.fromkeys(base for rules in self._rules for base in rules.bases))
        kinds = {base: self._kind(base) for base in bases}
        area = Area(bases, self._rules)
        kinds |= {
            point: kind
            for base in bases
            for point, kind in self._mounted(base)
            if point not in kinds and area.enters(point)
        }
        self._polled = [base for base, kind in kinds.items() if mounts.written_elsewhere(kind)]
        for kind in dict.fromkeys(kinds[base] for base in self._polled):
            places = [base for base in self._polled if kinds[base] == kind]
            self._tell(f"{_listed(places)} on a file system ({kind}) that tells of no saves: {_INSTEAD}")
        self._told_of = [base for base in bases if base not in self._polled]

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
        for done in tuple(self._asked):
            self._look(done)

    def _new_backends(self, *, first: bool) -> Iterable[Backend]:
        assert self._changes
        if self._told_of and self._platform == "linux":
            from .tree import Tree  # noqa: PLC0415 - inotify is Linux's alone

            yield Tree(Area(self._told_of, self._rules), self._changes, self, first=first)
        elif self._told_of:
            area = Area(self._told_of, self._rules)
            yield Notified(area, self._changes, self, first=first, period=self._seldom)
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

    def _look(self, done: Callable[[], None]) -> None:
        """Let every backend look; if one is replaced meanwhile, its successor is asked."""
        changes, backends = self._changes, tuple(self._backends)
        assert changes
        left = len(backends)

        def seen() -> None:
            nonlocal left
            left -= 1
            if left <= 0 and done in self._asked and backends == tuple(self._backends):
                self._asked.remove(done)
                changes.when_calm(done)

        for backend in backends:
            backend.look(seen)
        if not backends:
            seen()

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._notice(text)

    # --- what backends report ---

    def complete(self) -> None:
        """See `Host.complete`."""
        self._incomplete -= 1
        if not self._incomplete and self._changes:
            self._changes.learn(self.learnt.set)

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

    def __init__(self, bases: Iterable[str], rules: Sequence[Asking]) -> None:
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
    if error.errno == errno.ENOSPC and found:
        raised = max(_FEWEST_WATCHES, 4 * found.watches)
        limit, cure = f"{found.watches} watches", f"max_user_watches={raised}"
    elif error.errno == errno.EMFILE and found:
        raised = max(_FEWEST_INSTANCES, 4 * found.instances)
        limit, cure = f"{found.instances} inotify instances", f"max_user_instances={raised}"
    else:
        return f"the kernel does not tell of saves ({error.strerror}): {_INSTEAD}"
    return f"the kernel tells of no saves beyond its limit of {limit}: {_INSTEAD} (sudo sysctl fs.inotify.{cure})"


def _listed(places: Sequence[str]) -> str:
    more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    return f"{', '.join(places[:_SHOWN])}{more} {'is' if len(places) == 1 else 'are'}"
