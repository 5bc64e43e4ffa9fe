"""From what is seen of files to the saves that are told.

The rules say who asks for a file, `settle` when its save is over, and whether it is another now is found by
looking at what it holds. What the files held at the beginning is read beside the loop; a file that is saved
before that was known counts as changed, for nobody can say that it is not.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from . import git
from .aside import aside
from .contents import Contents, is_heavy, learn, look, unread
from .listing import Status
from .patterns import Pattern
from .rules import Asking
from .settle import FIRST, MISSING, Look, Seen, Settle, compared

_MANY = 50  # files that are looked at in the loop; more are looked at beside it
_LARGE = 1 << 20  # bytes of such a file

Saved = Callable[[Mapping[str, tuple[str, ...]], float], None]
"""Takes the changed files by interested key, and when they were looked at last (monotonic seconds)."""


def _nothing() -> None:
    """Nobody has anything to tell."""


class Changes:
    """All files that somebody asks for, and what is going on with them.

    Args:
        loop: runs.
        rules: of all interests.
        saved: told of saves; see `Watch`.
        since: ns since 1970; a file that was changed later and is met now was saved. None where times say nothing.
        slow: whether the files may take long to be read, as on file systems of another machine.
        drain: makes the backends tell what they have seen.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        rules: Sequence[Asking],
        saved: Saved,
        *,
        since: int | None,
        slow: bool,
        drain: Callable[[], None] = _nothing,
    ) -> None:
        self._loop = loop
        self._saved = saved
        self._slow = slow
        self._drain = drain
        self._known = Contents()
        self._settle = Settle()
        self._held: dict[object, tuple[Pattern, ...]] = {}  # what somebody is making just now
        self._kept: dict[str, Seen] = {}  # what was seen of that
        self._seen = 0.0  # when something happened to a file last
        self._timer: asyncio.TimerHandle | None = None
        self._earlier: tuple[Asking, ...] = ()  # who asked until a moment ago
        self._unmet: set[str] = set()  # files of theirs that have not been met since
        self._ask(rules, since)
        self._calm: list[Callable[[], None]] = []  # who waits until nothing is going on
        self._closed = False

    def redefine(self, rules: Sequence[Asking], *, since: int | None) -> None:
        """Others ask for files from now on; what is known of a file for which somebody asked before stays known.

        All files are met anew then. One that is not known by that time is new, if somebody asked for it before.
        """
        earlier = self._rules
        self._ask(rules, since)
        for path in tuple(self._known):
            if not self._keys(path):
                self._known[path] = MISSING
        self._earlier, self._unmet = earlier, set(self._known)

    def _ask(self, rules: Sequence[Asking], since: int | None) -> None:
        self._rules = tuple(rules)
        self._bases = frozenset(base for each in rules for base in each.bases)
        self._locks = git.locks(sorted(self._bases))
        self._since = since

    def hold(self, maker: object, patterns: Sequence[Pattern]) -> None:
        """Somebody makes these files now; what is seen of them counts when he has ended, all at once."""
        self._held[maker] = tuple(patterns)

    def release(self, maker: object) -> None:
        """He has ended."""
        self._held.pop(maker, None)
        kept, self._kept = self._kept, {}
        for path, seen in kept.items():
            self._sight(path, seen)

    def when_calm(self, done: Callable[[], None]) -> None:
        """Call back once all that was seen has been told, or was nothing."""
        if self._settle.empty:
            done()
        else:
            self._calm.append(done)

    def close(self) -> None:
        """Tell nothing any more."""
        self._closed = True
        if self._timer:
            self._timer.cancel()

    # --- what backends see ---

    def met(self, path: str, status: Status) -> None:
        """See `Witness.met`."""
        if not self._keys(path):
            return
        is_late = self._since is not None and status.ctime > self._since
        if self._known[path] != MISSING:  # it was met before, for others or by another backend
            self._unmet.discard(path)
            if is_late or self._since is None:
                self.saw(path, Seen.MADE)
            return
        is_late = is_late or any(each.covers(path) for each in self._earlier)
        self._known[path] = unread(None if is_late else status)
        if is_late:
            self.saw(path, Seen.MADE)

    def saw(self, path: str, seen: Seen) -> None:
        """See `Witness.saw`."""
        if seen is Seen.GONE:
            for inside in self._known.inside(path):
                self._sight(inside, seen)
        self._sight(path, seen)

    def suspect(self) -> None:
        """Anything may have happened to any file."""
        for path in tuple(self._known):
            self._sight(path, Seen.MADE)

    def learn(self, learnt: Callable[[], None]) -> None:
        """Read, beside the loop, what the files hold that were met; calls back when it is known."""
        found = self._known.unread()
        unmet, self._unmet, self._earlier = self._unmet, set(), ()
        for path in unmet:
            self.saw(path, Seen.GONE)

        def read() -> list[tuple[str, str, str]]:
            return [(path, word, learn(path, word, through=path in self._bases)) for path, word in found]

        def keep(read: list[tuple[str, str, str]]) -> None:
            if not self._closed:
                self._drain()  # what was saved while it was read must not pass for what was there before
                self._keep(read)
                learnt()

        aside(self._loop, read, keep)

    def _keep(self, read: list[tuple[str, str, str]]) -> None:
        for path, word, content in read:
            if path not in self._settle and self._known[path] == word:
                self._known[path] = content

    def _sight(self, path: str, seen: Seen) -> None:
        keys = self._keys(path)
        if keys and any(each.covers(path) for patterns in self._held.values() for each in patterns):
            self._kept[path] = seen
        elif keys:
            now = self._seen = self._loop.time()
            self._settle.sight(path, seen, keys, now)
            self._wake(now + FIRST)

    def _keys(self, path: str) -> frozenset[str]:
        return frozenset(rules.key for rules in self._rules if rules.covers(path))

    # --- until a save is over ---

    def _wake(self, moment: float) -> None:
        """Be there at that moment, or before it."""
        if self._timer:
            if self._timer.when() <= moment:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(moment, self._due)

    def _due(self) -> None:
        self._timer = None
        if git.is_busy(self._locks, self._loop.time() - self._seen):
            self._wake(self._loop.time() + git.PAUSE)
            return
        self._drain()  # of many files at once the first is not told as if it were alone
        looks = self._settle.looks(self._loop.time())
        if looks:
            self._look(looks)
        else:
            self._tell()

    def _look(self, looks: list[Look]) -> None:
        questions = [(each, self._known[each.path], each.path in self._bases) for each in looks]

        def answers() -> list[tuple[Look, str]]:
            return [(each, look(each.path, known, through=base)) for each, known, base in questions]

        if self._slow or len(looks) > _MANY or any(is_heavy(each.path, _LARGE) for each in looks):
            aside(self._loop, answers, self._answered)
        else:
            self._answered(answers())

    def _answered(self, answers: list[tuple[Look, str]]) -> None:
        if self._closed:
            return
        now = self._loop.time()
        for each, content in answers:
            self._settle.answer(each, compared(self._known[each.path], content), content, now)
        self._tell()

    def _tell(self) -> None:
        """Hand over what is settled, and wait for the rest."""
        by_key: dict[str, set[str]] = {}
        looked = 0.0
        for over in self._settle.settled(self._loop.time()):
            self._known[over.path] = over.content
            looked = max(looked, over.looked)
            for rules in self._rules:
                if rules.key in over.keys and rules.covers(over.path):
                    by_key.setdefault(rules.key, set()).add(rules.name(over.path))
        moment = self._settle.moment()
        if moment is not None:
            self._wake(moment)
        if by_key and not self._closed:
            self._saved({key: tuple(sorted(names)) for key, names in sorted(by_key.items())}, looked)
        if self._settle.empty:
            calm, self._calm = self._calm, []
            for done in calm:
                done()
