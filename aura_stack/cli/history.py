"""What `logs` was asked for, out of a record: lines of some services, times and runs that hold something."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from aura_stack.frozen import Frozen
from aura_stack.logs import index
from aura_stack.logs.follow import Follower, Piece
from aura_stack.logs.framing import Kind, Lines
from aura_stack.logs.search import Found, Span, search
from aura_stack.logs.sieve import Sieve, Terms

from .printers import Aside, Printer, Source

if TYPE_CHECKING:
    from aura_stack.messages import events

    from .story import Story


class Asked(Frozen):
    """What lines are asked for.

    Attributes:
        wanted: whether the stream of that name of that service counts; the service of events is "".
        terms: which of their lines.
        span: which part of the record.
        until: the moment after which nothing counts, ns since 1970; None for no such moment.
    """

    wanted: Callable[[str, str], bool]
    terms: Terms
    span: Span
    until: int | None = None

    @property
    def whole(self) -> bool:
        """Whether everything in the record counts, so that its end can be found from behind."""
        return self.terms.all and self.span == Span() and self.until is None


class Flow:
    """Pieces of a record in, what to print out.

    Args:
        asked: which lines.
        printer: how they are printed.
    """

    def __init__(self, asked: Asked, printer: Printer) -> None:
        self._asked = asked
        self._printer = printer
        self._story: Story | None = None
        self._streams: dict[Source, tuple[Lines, Sieve]] = {}
        self._latest: dict[Source, int] = {}  # when the last of them came: an unfinished line has that time
        self._last: tuple[Source, int] | None = (
            None  # of the last line with others around it, and where it ended
        )

    def texts(self, piece: Piece | None) -> Iterator[bytes]:
        """What to print for a piece; None stands for the end: what is unfinished is printed then."""
        if piece is None:
            for source, (lines, sieve) in self._streams.items():
                yield from self._sieved(source, self._latest[source], lines.finish(), sieve)
            self._streams = {}
        elif not piece.service:
            yield from self._told(piece)
        elif self._asked.span.run is None or self._asked.span.run(piece.service, piece.life, piece.run):
            yield from self._printed(piece)

    def found(self, found: Found) -> Iterator[bytes]:
        """What to print for lines that were searched for."""
        (_, offset), time, service, stream, run, life, lines = found
        source = Source(service, stream, run, life)
        if self._asked.terms.context:
            return self._shown(source, time, offset, lines)
        return self._printer.lines(source, time, lines)

    def _printed(self, piece: Piece) -> Iterator[bytes]:
        source = Source(piece.service, piece.stream, piece.run, piece.life)
        if piece.kind is Kind.END:
            if source in self._streams:
                lines, sieve = self._streams.pop(source)
                yield from self._sieved(source, self._latest.pop(source), lines.finish(), sieve)
            return
        if source not in self._streams:
            self._streams[source] = (Lines(), Sieve(self._asked.terms))
        lines, sieve = self._streams[source]
        self._latest[source] = piece.time
        yield from self._sieved(source, piece.time, lines.feed(piece.data), sieve)

    def _sieved(self, source: Source, time: int, text: bytes, sieve: Sieve) -> Iterator[bytes]:
        if not text:
            return
        if self._asked.terms.all:
            yield from self._printer.lines(source, time, text)
            return
        for line in sieve.feed(text):
            yield from self._shown(source, time, line.offset, line.text + b"\n")

    def _shown(self, source: Source, time: int, offset: int, lines: bytes) -> Iterator[bytes]:
        if self._asked.terms.context:
            if self._last not in (None, (source, offset)):
                yield from self._printer.gap()
            self._last = (source, offset + len(lines))
        yield from self._printer.lines(source, time, lines)

    def _told(self, piece: Piece) -> Iterator[bytes]:
        if piece.kind is not Kind.BYTES:
            return
        from .story import Mark, Story  # noqa: PLC0415 - 3 ms, which a search need not wait for

        self._story = self._story or Story()
        for line in piece.data.split(b"\n")[:-1]:
            event = _event(line)
            mark = self._story.see(event, piece.time / 1e9) if event else None
            if isinstance(mark, Mark) and self._asked.wanted(mark.service, "out"):
                yield from self._printer.mark(mark.service, mark.text)


def _event(line: bytes) -> "events.Event | None":
    from aura_stack.messages import events  # noqa: PLC0415 - as above

    try:
        return events.decode(line)
    except (ValueError, TypeError):  # cut short by a crash, or of another version
        return None


def stored(directory: str, asked: Asked, flow: Flow, count: int | None, end: int) -> Iterator[bytes]:
    """What to print of what is there.

    Args:
        directory: of the record.
        asked: which lines.
        flow: prints them.
        count: only the last so many lines; None for all.
        end: where in the index to end.
    """
    texts = _all(directory, asked, flow, end)
    if count is None:
        yield from texts
        return
    if asked.whole:
        from aura_stack.logs.tail import last_pieces  # noqa: PLC0415 - a search needs none

        pieces = last_pieces(directory, count, asked.wanted, end, told=True)
        texts = (text for piece in pieces for text in flow.texts(piece))
    elif not asked.terms.all and not asked.terms.context:
        last = _last_found(search(directory, asked.wanted, asked.terms, _up_to(asked.span, end)), count)
        texts = (text for found in last for text in flow.found(found))
    yield from last_of(texts, count)


def last_of(texts: Iterator[bytes], count: int) -> Iterator[bytes]:
    """The last lines of a text that comes in parts of whole lines; no more is kept than those parts that hold them."""
    kept: deque[bytes] = deque()
    lines = 0
    for text in texts:
        kept.append(text)
        lines += _lines_of(text)
        while kept and lines - _lines_of(kept[0]) >= count:
            lines -= _lines_of(kept.popleft())
    for text in kept:
        if isinstance(text, Aside):
            yield text
            continue
        begin = 0
        for _ in range(lines - count):  # of the first one some may be too many
            begin = text.index(b"\n", begin) + 1
        lines = min(lines, count)
        yield text[begin:]


def _lines_of(text: bytes) -> int:
    """How many of the lines that were asked for."""
    return 0 if isinstance(text, Aside) else text.count(b"\n")


def _last_found(found: Iterator[Found], count: int) -> deque[Found]:
    """The last ones, which have so many lines, and perhaps some more."""
    kept: deque[Found] = deque()
    lines = 0
    for one in found:
        kept.append(one)
        lines += one[-1].count(b"\n")
        while lines - kept[0][-1].count(b"\n") >= max(count, 1):
            lines -= kept.popleft()[-1].count(b"\n")
    return kept


def _up_to(span: Span, end: int) -> Span:
    """A part of a record that ends where the index ended."""
    return span._replace(end=end if span.end is None else min(end, span.end))


def _all(directory: str, asked: Asked, flow: Flow, end: int) -> Iterator[bytes]:
    if not asked.terms.all:
        for found in search(directory, asked.wanted, asked.terms, _up_to(asked.span, end)):
            yield from flow.found(found)
        return
    follower = Follower(
        directory, asked.span.begin, lambda service, stream: service == "" or asked.wanted(service, stream)
    )
    last = end if asked.span.end is None else min(end, asked.span.end)
    try:
        for piece in follower.read():
            if follower.position > last:
                return
            yield from flow.texts(piece)
    finally:
        follower.close()


def span_of(directory: str, since: int | None, until: int | None) -> Span:
    """Which part of a record lies between two moments (ns since 1970)."""
    begin = index.moment(directory, since) if since is not None else 0
    end = index.moment(directory, until + 1) if until is not None else None
    return Span(begin, end, since or 0)
