"""The folders that inotify watches: those in which files lie that somebody asked for, and no others.

A watch is of one folder, not of what is below it, so the tree follows what happens to folders:

1. A folder is watched first and looked into then. What comes in between is met twice, nothing is missed.
2. A new folder is looked into in the same way. Of what it holds nobody knows whether it is whole.
3. A folder that went, or was moved, is forgotten with all below it: moved within the tree, it comes as a new one.
4. Above each base the nearest folder that there is is watched for names alone, so that a base which is missing,
   is removed or is replaced is met when it comes. A base that is a file is watched by way of that folder, too.
5. When the kernel had to drop events, or gives no more watches, the tree says so once and is of no use any more.

Folders are looked into a few at a time, so that the loop is never held up for long.
"""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from errno import ENOSPC
from functools import partial
from typing import TYPE_CHECKING

from . import inotify
from .backend import Area, Host, Witness
from .inotify import ALL, NAMES, Event, Inotify
from .listing import glance, lead, listing, status
from .patterns import below
from .settle import Seen

if TYPE_CHECKING:
    import asyncio

_AT_ONCE = 16  # folders that are looked into in one turn of the loop
_GONE = inotify.DELETE | inotify.MOVED_FROM
_WHOLE = inotify.CLOSE_WRITE | inotify.MOVED_TO


class Tree:
    """Sees saves by way of inotify.

    Args:
        area: where to look.
        witness: who is told of files.
        host: who is told how it goes.
        first: whether what is there now is the beginning; otherwise each file may have come since.
    """

    def __init__(self, area: Area, witness: Witness, host: Host, *, first: bool) -> None:
        self._area = area
        self._witness = witness
        self._host = host
        self._first = first
        self._numbers: dict[str, int] = {}  # watches, by folder
        self._places: dict[int, set[str]] = {}  # folders, by watch: links lead to one by several names
        self._below: dict[str, set[str]] = {}  # watched folders, by the one above
        self._leads: dict[str, str] = {}  # by base: the folder above that is watched for it
        self._links: dict[str, str] = {}  # bases that are links to files, by where they lead
        self._waiting: list[tuple[str, bool]] = []  # folders to look into, and whether it is the beginning
        self._asked: list[Callable[[], None]] = []  # who wants to know when these have been looked into
        self._kernel: Inotify | None = None
        self._over = False

    @property
    def means(self) -> str:
        """See `Backend.means`."""
        return f"the kernel tells of them, by {self.watches} inotify watches"

    @property
    def watches(self) -> int:
        """How many the kernel keeps for us."""
        return len(self._places)

    def begin(self, loop: "asyncio.AbstractEventLoop") -> None:
        """See `Backend.begin`.

        Raises:
            OSError: EMFILE, when the user has too many inotify instances.
        """
        self._loop = loop
        self._kernel = Inotify()
        loop.add_reader(self._kernel.fileno(), self._readable)
        for base in self._area.bases:
            self._take_up(base, first=self._first)
        loop.call_soon(self._work)

    def drain(self) -> None:
        """See `Backend.drain`."""
        while self._kernel and (events := self._kernel.read()):
            self._handle(events)

    def look(self, done: Callable[[], None]) -> None:
        """See `Backend.look`: the kernel has every event ready before the call that made it comes back."""
        self.drain()
        if self._waiting and not self._over:
            self._asked.append(done)
        else:
            done()

    def close(self) -> None:
        """See `Backend.close`."""
        self._over = True
        kernel, self._kernel = self._kernel, None
        if kernel:
            self._loop.remove_reader(kernel.fileno())
            kernel.close()

    # --- looking into folders ---

    def _take_up(self, base: str, *, first: bool) -> None:
        """Watch what leads to a base, and the base if it is there; whatever it was before."""
        place = ""
        while place != (place := lead(base)):  # what came before there was a watch is met now
            is_parent = place == os.path.dirname(base) and not os.path.isdir(base)
            self._watch(place, ALL if is_parent else NAMES)
        self._leads[base] = place
        if os.path.isdir(base):
            self._waiting.append((base, first))
            return
        self._follow(base)
        with suppress(OSError):
            found = glance(base)
            if first:
                self._witness.met(base, status(found))
            else:
                self._witness.saw(base, Seen.MADE)

    def _follow(self, base: str) -> None:
        """A base that is a link to a file is saved where it leads."""
        target = os.path.realpath(base)
        if os.path.islink(base) and os.path.isfile(target) and self._watch(os.path.dirname(target), ALL):
            self._links[target] = base

    def _work(self) -> None:
        """Look into some of the folders that wait, and go on in the next turn of the loop."""
        for _ in range(_AT_ONCE):
            if self._waiting and not self._over:
                self._look_into(*self._waiting.pop())
        if self._over:
            return
        if self._waiting:
            self._loop.call_soon(self._work)
            return
        if self._first:
            self._first = False
            self._host.complete()
        asked, self._asked = self._asked, []
        for done in asked:
            self.look(done)

    def _look_into(self, folder: str, first: bool) -> None:
        if not self._watch(folder, ALL):
            return
        found = listing(folder, self._area.enters)
        self._waiting += [(each, first) for each in found.folders]
        for path, its_status in found.files:
            if first:
                self._witness.met(path, its_status)
            else:
                self._witness.saw(path, Seen.MADE)

    def _watch(self, folder: str, mask: int) -> bool:
        """Watch a folder; False if it is not there any more, or not ours to watch."""
        if not self._kernel or self._over:
            return False
        try:
            number = self._kernel.add(folder, mask)
        except OSError as error:
            if error.errno == ENOSPC:
                self._give_up(partial(self._host.exhausted, error))
            return False
        if self._numbers.get(folder, number) != number:  # another folder has the name now
            self._forget_one(folder)
        self._numbers[folder] = number
        self._places.setdefault(number, set()).add(folder)
        self._link(folder)
        return True

    def _link(self, folder: str) -> None:
        """Let what is above a folder know that it is watched, also across folders that are not."""
        above = os.path.dirname(folder)
        while folder not in (known := self._below.setdefault(above, set())) and folder != above:
            known.add(folder)
            folder, above = above, os.path.dirname(above)

    def _forget(self, folder: str) -> None:
        """Watch a folder and those below it no more, and tell that what was in them is gone."""
        waiting = [folder]
        while waiting:
            place = waiting.pop()
            waiting += self._below.pop(place, ())
            if place in self._numbers:
                self._forget_one(place)
                self._witness.saw(place, Seen.GONE)
        self._below.get(os.path.dirname(folder), set()).discard(folder)

    def _forget_one(self, folder: str) -> None:
        number = self._numbers.pop(folder)
        places = self._places[number]
        places.discard(folder)
        if not places:
            del self._places[number]
            if self._kernel:
                self._kernel.remove(number)

    # --- what happens ---

    def _give_up(self, tell: Callable[[], None]) -> None:
        """Tell why, once, and not from within what is being done; unless we are closed until then."""
        self._over = True
        self._loop.call_soon(lambda: tell() if self._kernel else None)

    def _readable(self) -> None:
        if self._kernel:
            self._handle(self._kernel.read())

    def _handle(self, events: list[Event]) -> None:
        idle = not self._waiting
        for event in events:
            if self._over:
                return
            if event.mask & inotify.Q_OVERFLOW:
                self._give_up(self._host.lost)
                return
            for place in tuple(self._places.get(event.watch, ())):
                self._happened(place, event)
        if idle and self._waiting:
            self._work()

    def _happened(self, place: str, event: Event) -> None:
        """Something happened in a folder, or to it."""
        if event.name:
            path = os.path.join(place, event.name)
            if event.mask & inotify.ISDIR:
                self._folder(path, event.mask)
            else:
                self._file(path, event.mask)
        elif event.mask & inotify.IGNORED or (
            event.mask & inotify.MOVE_SELF and place in self._leads.values()
        ):
            self._forget(place)
            self._take_up_again(place)

    def _folder(self, path: str, mask: int) -> None:
        if mask & _GONE:
            self._forget(path)
        elif self._area.enters(path):
            self._waiting.append((path, False))
        self._take_up_again(path)

    def _take_up_again(self, path: str) -> None:
        """Begin anew with the bases that are at or below a path of which something came or went."""
        for base in self._area.bases:
            if below(path, base) is not None:
                self._take_up(base, first=False)

    def _file(self, path: str, mask: int) -> None:
        if path in self._numbers:  # a link to a folder, which is a base
            self._forget(path)
        if path in self._leads:
            self._follow(path)
        if not mask & _GONE and os.path.isdir(path):
            self._take_up_again(path)
        for each in (path, self._links.get(path)):
            if each:
                self._tell(each, mask)

    def _tell(self, path: str, mask: int) -> None:
        if mask & _GONE:
            self._witness.saw(path, Seen.GONE)
        elif mask & _WHOLE:
            self._witness.saw(path, Seen.WRITTEN)
        elif _is_more_than_begun(path):
            self._witness.saw(path, Seen.MADE)


def _is_more_than_begun(path: str) -> bool:
    """Whether what was just made may be all there is: a link, or a file with something in it.

    Of an empty file its writer will tell, by closing it. One that was linked here (link(2)) has been closed before.
    """
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return not stat.S_ISREG(found.st_mode) or found.st_size > 0
