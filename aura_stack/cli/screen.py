"""Writing to the terminal, or to whatever stands in its place: whole text, a progress line that gets out of the way."""

import os
import select
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from aura_stack.logs.width import fitted

T = TypeVar("T")


class Screen:
    """Standard output for text, standard error for progress.

    Args:
        out: descriptor of the output.
        err: descriptor for progress.
    """

    def __init__(self, out: int, err: int) -> None:
        self._out = out
        self._err = err
        self._shown = ""  # the line that is drawn at the bottom
        self._asked = ""  # that line, while somebody types into it
        self._fault: OSError | None = None
        self.writing = False
        """Whether a write is under way, which waits as long as nobody reads."""
        self.written = 0
        """How many writes have returned."""
        self.waits: Callable[[bool], None] = lambda _: None
        """Told before and after each write, which may wait."""
        self.gone = False
        """Whether nobody reads the output any more (a closed pipe or terminal)."""
        self.terminal = os.isatty(out)
        """Whether the output is a terminal, on which people look; else it is a record."""
        self.redraws = os.isatty(err) and os.environ.get("TERM") != "dumb"
        """Whether a line can be drawn over."""

    def fileno(self) -> int:
        """The descriptor of the output, for poll."""
        return self._out

    def ends_within(self, seconds: float) -> bool:
        """Wait so long; at once whether whoever reads the output has gone (poll(2): POLLERR, POLLHUP)."""
        poll = select.poll()
        poll.register(self._out, 0)
        self.gone = self.gone or bool(poll.poll(seconds * 1000))
        return self.gone

    def write(self, text: bytes) -> None:
        """Write all of it, however long that takes."""
        self.write_all([text] if text else [])

    def write_all(self, buffers: Sequence[bytes | memoryview]) -> None:
        """Write one after the other, in one call where the kernel takes them so."""
        if not buffers or self.gone:
            return
        self._draw("")
        try:
            written = self._write(os.writev, self._out, buffers)
            for buffer in buffers:  # a pipe or a full disk takes a part
                size = len(buffer)
                if written < size:
                    view = memoryview(buffer)[max(written, 0) :]
                    while view:
                        view = view[self._write(os.write, self._out, view) :]
                written -= size
        except OSError as error:
            self.gone, self._fault = True, error
        if self._asked and not self.gone:
            self._draw(self._asked)

    def _write(self, write: Callable[[int, T], int], descriptor: int, data: T) -> int:
        """All writing is done here; how many bytes that were.

        Who shares the terminal with us may have set it to make nobody wait (O_NONBLOCK), as node does: then we wait
        ourselves.
        """
        self.writing = True
        self.waits(True)
        try:
            while True:
                with suppress(BlockingIOError):
                    return write(descriptor, data)
                _wait_for_room(descriptor)
        finally:
            self.waits(False)
            self.writing = False
            self.written += 1

    @property
    def hears(self) -> bool:
        """Whether a word on standard error would be taken at once."""
        poll = select.poll()
        poll.register(self._err, select.POLLOUT)
        return any(event & select.POLLOUT for _, event in poll.poll(0))

    def complete(self) -> None:
        """Raise the OSError that kept the output from being whole, such as a full disk; a reader that left is none."""
        if self._fault and not isinstance(self._fault, BrokenPipeError):
            raise self._fault

    def progress(self, text: str) -> None:
        """Show this as the last line until something else is written; "" takes it away."""
        if not self._asked:
            self._draw(text)

    def ask(self, text: str) -> None:
        """Show this as the last line whatever is written, while somebody types into it; "" takes it away."""
        self._asked = text
        self._draw(text)

    @property
    def asking(self) -> bool:
        """Whether somebody types into the last line."""
        return bool(self._asked)

    @property
    def columns(self) -> int:
        """How wide the terminal is; 0 where nothing can be drawn over."""
        return _width(self._out) if self.terminal and os.environ.get("TERM") != "dumb" else 0

    def _draw(self, text: str) -> None:
        if not self.redraws or text == self._shown:
            return
        width = max(_width(self._err) - 1, 20)
        self._to_err(b"\r\x1b[K" + fitted(text, width).encode())
        self._shown = text

    def say(self, text: str) -> None:
        """A line on standard error."""
        self._to_err(text.encode() + b"\n")

    def _to_err(self, data: bytes) -> None:
        try:
            self._write(os.write, self._err, data)
        except OSError:
            self.redraws = False


def _wait_for_room(descriptor: int) -> None:
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    poll.poll()


def _width(descriptor: int) -> int:
    try:
        columns = os.get_terminal_size(descriptor).columns
    except OSError:
        columns = 0
    return columns or 80  # a terminal that was never told its size says 0


def programs_screen() -> Screen:
    """Where standard output is for programs: all that people read goes to standard error."""
    return Screen(sys.stderr.fileno(), sys.stderr.fileno())


def standard_screen() -> Screen:
    """The screen of this process."""
    return Screen(sys.stdout.fileno(), sys.stderr.fileno())
