"""Reading a record for `logs` and `events`: its last lines first, then, if wanted, what comes."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from aura_stack.errors import AuraError, ExitCode
from aura_stack.logs import index
from aura_stack.logs.follow import Follower, Piece
from aura_stack.logs.framing import EVENTS
from aura_stack.logs.segments import read_streams
from aura_stack.system.places import Places

from .screen import Screen

if TYPE_CHECKING:
    from aura_stack.control.client import Client
    from aura_stack.logs.lanes import Gap, Lanes

SAID = 64 << 20  # bytes after which the engine is told how far we are, although more has come

AT_ONCE = 64 << 10  # bytes that are written at once
SOON = 0.1  # seconds after which less is written

Texts = Callable[[Piece | None], Iterable[bytes]]
"""What to print for a piece: whole lines. None stands for the end: what is unfinished is printed then."""


def require_record(file: str, places: Places) -> None:
    """See that there is something to read.

    Raises:
        AuraError: nothing was ever printed (exit code 3).
    """
    if not index.exists(places.logs):
        raise AuraError(
            f"the stack of {os.path.relpath(file)} has no logs",
            "aura-stack up starts it",
            ExitCode.NOT_RUNNING,
        )


def known_services(places: Places) -> list[str]:
    """The services that have a stream in the record, in the order in which they first appeared."""
    files = read_streams(places.logs)[EVENTS + 1 :]
    return list(dict.fromkeys(file.removesuffix(".log").rpartition(".")[0] for file in files))


class Reader:
    """Prints a record's lines.

    Args:
        places: of the stack.
        screen: where to.
        texts: what to print for a piece.
        wanted: whether the stream of that name of that service counts; the service of events is "".
        record: the number of the record, where an engine has told it.
        name: of the command.
    """

    def __init__(
        self,
        places: Places,
        screen: Screen,
        texts: Texts,
        wanted: Callable[[str, str], bool],
        record: int = 0,
        name: str = "logs -f",
    ) -> None:
        self._name = name
        self._logs = places.logs
        self._screen = screen
        self._texts = texts
        self._wanted = wanted
        self._source: Follower | Lanes = Follower(places.logs, 0, self._reads)
        self._record = record

    def print_last(self, count: int | None) -> None:
        """The last lines of what is there, None for all of it; what comes later is for `follow`."""
        if count is None:
            self._print_new(None)
            return
        from aura_stack.logs.tail import last_pieces  # noqa: PLC0415 - a search needs none

        end = index.end(self._logs)
        pieces = last_pieces(self._logs, count, self._wanted, end)
        last: deque[bytes] = deque(maxlen=count)
        for piece in pieces:
            for text in self._texts(piece):
                last.extend(text.splitlines(keepends=True))
        self._screen.write(b"".join(last))
        self._go_to(end)

    def print_stored(self, texts: Callable[[int], Iterable[bytes]]) -> None:
        """What is stored up to now, as `texts` makes it of where the index ends; what comes later is for `follow`."""
        end = index.end(self._logs)
        ready: list[bytes] = []
        size, since = 0, time.monotonic()
        for text in texts(end):
            ready.append(text)
            size += len(text)
            if size >= AT_ONCE or time.monotonic() - since > SOON:
                self._screen.write(b"".join(ready))
                ready, size, since = [], 0, time.monotonic()
                if self._screen.gone:
                    break
        self._screen.write(b"".join(ready))
        self._go_to(end)

    def _reads(self, service: str, stream: str) -> bool:
        """What is wanted, and the events for their marks."""
        return service == "" or self._wanted(service, stream)

    def _go_to(self, position: int) -> None:
        """Read on from there: on a terminal so that nobody waits behind a flood, else everything in its order."""
        self._source.close()
        if self._screen.terminal:
            from aura_stack.logs.lanes import Lanes  # noqa: PLC0415 - for terminals alone

            self._source = Lanes(self._logs, position, time.time_ns, lambda _: False, self._reads)
        else:
            self._source = Follower(self._logs, position, self._reads)

    def finish(self) -> None:
        """What is unfinished."""
        self._screen.write(b"".join(self._texts(None)))
        self._screen.complete()

    def follow(
        self, engine: "Client", again: "Callable[[], tuple[Client, int] | None] | None" = None
    ) -> None:
        """What comes, until nobody reads any more.

        Args:
            engine: tells when there is more.
            again: waits for the next engine, and answers which record it writes, None where nobody reads any more;
                without it the end of this one is the end.
        """
        while not self._screen.gone:
            try:
                self._renew(self._ask(engine))
            except AuraError:
                self._print_new(None)
                engine.close()
                following = again() if again and not self._screen.gone else None
                if following is None:
                    break
                engine, record = following
                self._renew(record)
            self._print_new(engine)
        self.finish()

    def _ask(self, engine: "Client") -> int:
        """Wait until there is more, or nobody reads any more; which record it is in."""
        # what goes to a file or a pipe is kept until it was read; a terminal shows what there is
        keep = "" if self._screen.terminal else f"aura-stack {self._name} (pid {os.getpid()})"
        place = self._source.position
        news = engine.call_while_read(
            self._screen.fileno(), "follow", position=place, record=self._record, keep=keep
        )
        if news is None:
            self._screen.gone = True
            return self._record
        if news["trouble"]:
            self._screen.say(news["trouble"])
        return int(news["record"])

    def _renew(self, record: int) -> None:
        """Read another record, if it is one: somebody has deleted the files, and new ones were begun."""
        if self._record not in (0, record):
            self._print_new(None)
            self._go_to(0)
        self._record = record

    def _print_new(self, engine: "Client | None") -> None:
        unsaid = 0
        for piece in self._pieces():
            if not isinstance(piece, Piece):
                self._screen.say(_passed_over(piece))
                continue
            for text in self._texts(piece):
                self._screen.write(text)
            unsaid += len(piece.data)
            if unsaid > SAID and engine:
                self._ask(engine)  # so that it knows how far we are
                unsaid = 0
            if self._screen.gone:
                return

    def _pieces(self) -> "Iterator[Piece | Gap]":
        if isinstance(self._source, Follower):
            yield from self._source.read()
            return
        yield from self._source.turn()
        while self._source.behind:
            yield from self._source.turn()


def _passed_over(gap: "Gap") -> str:
    from . import tables  # noqa: PLC0415 - as above

    return f"{gap.service}: {tables.size(gap.size)} not shown; aura-stack logs {gap.service} has them"
