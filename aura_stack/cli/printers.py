"""How `logs` prints the lines that it was asked for: for people, and for programs."""

from collections.abc import Callable, Iterator
from typing import Protocol

from aura_stack.frozen import NamedTuple
from aura_stack.logs.render import Style
from aura_stack.logs.terminal import Merger


class Source(NamedTuple):
    """Who printed lines: a run of a service on one of its streams, in the life of one engine."""

    service: str
    stream: str
    run: int
    life: int


class Aside(bytes):
    """What is printed between lines, and is none of those that were asked for."""

    __slots__ = ()


class Printer(Protocol):
    """Turns whole lines into what is printed."""

    def lines(self, source: Source, time: int, text: bytes) -> Iterator[bytes]:
        """What to print for whole lines that came at a time (ns since 1970)."""

    def mark(self, service: str, text: str) -> Iterator[bytes]:
        """What to print for something that happened to a service."""

    def gap(self) -> Iterator[bytes]:
        """What to print between lines that are no neighbours."""


class People:
    """Lines for people.

    Args:
        merger: knows how lines look.
        style: the prefixes.
        marks: whether it is told what happened.
        reads: whether lines of JSON are shown as what they say.
    """

    def __init__(self, merger: Merger, style: Style, *, marks: bool, reads: bool) -> None:
        self._merger = merger
        self._style = style
        self._marks = marks
        self._readable: Callable[[bytes], bytes | None] | None = None
        if reads:
            from aura_stack.logs.levels import readable  # noqa: PLC0415 - 5 ms, for those who read

            self._readable = readable

    def lines(self, source: Source, time: int, text: bytes) -> Iterator[bytes]:
        """Whole lines, each with its prefix."""
        if self._readable and (text.startswith(b"{") or b"\n{" in text):
            text = b"".join((self._readable(line) or line) + b"\n" for line in text.split(b"\n")[:-1])
        yield self._merger.dressed(source.service, text, time)

    def mark(self, service: str, text: str) -> Iterator[bytes]:
        """A line across the stream."""
        if self._marks:
            yield Aside(self._style.rule(service, text))

    def gap(self) -> Iterator[bytes]:
        """As grep parts its groups."""
        yield b"--\n"


class Programs:
    """Lines as JSON, one object each."""

    def __init__(self) -> None:
        from json import JSONEncoder  # noqa: PLC0415 - as above

        self._encode = JSONEncoder(ensure_ascii=False).encode

    def lines(self, source: Source, time: int, text: bytes) -> Iterator[bytes]:
        """One object for each line; bytes that are no UTF-8 are replaced."""
        record = {
            "time": round(time / 1e9, 6),
            "service": source.service,
            "stream": source.stream,
            "run": source.run,
        }
        # a flood has millions of lines, and they differ in this alone
        begin, encode = self._encode(record)[:-1] + ', "line": ', self._encode
        lines = text.replace(b"\r\n", b"\n").decode("utf-8", "replace").split("\n")[:-1]
        yield "".join([f"{begin}{encode(line)}}}\n" for line in lines]).encode()

    def mark(self, service: str, text: str) -> Iterator[bytes]:  # noqa: ARG002 - as People has it
        """Nothing: `events --json` has these."""
        return iter(())

    def gap(self) -> Iterator[bytes]:
        """Nothing."""
        return iter(())
