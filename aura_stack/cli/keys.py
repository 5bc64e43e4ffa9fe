"""Single keys from the terminal, which is put back as it was on every way out that a process can survive.

The terminal is set to give each key at once and not to show it (termios(3): ICANON and ECHO off); Ctrl-C and
Ctrl-Z stay signals. Where it stands for another terminal, nothing is changed on its way in or out (cfmakeraw(3)):
Ctrl-C is a byte like any other. Whoever is in the background leaves the terminal alone: it is another job's.
"""

import contextlib
import os
import signal
import termios
from types import FrameType

_Modes = list[
    int | list[bytes | int]
]  # as from tcgetattr: input, output, control, local, two speeds, characters
_SINGLE = ((3, termios.ICANON | termios.ECHO),)
_RAW = (
    (
        0,
        termios.IGNBRK
        | termios.BRKINT
        | termios.PARMRK
        | termios.ISTRIP
        | termios.INLCR
        | termios.IGNCR
        | termios.ICRNL
        | termios.IXON,
    ),
    (1, termios.OPOST),
    (3, termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN),
)
"""By place among the modes: what is turned off."""


class Keys:
    """The keyboard of a job in the foreground.

    Args:
        descriptor: of standard input.
        wanted: whether it is listened to at all.
    """

    def __init__(self, descriptor: int, *, wanted: bool = True) -> None:
        self._descriptor = descriptor
        self.wanted = wanted
        self._before: _Modes | None = None  # what the terminal was like
        self._begun = False
        self._raw = False

    @property
    def active(self) -> bool:
        """Whether keys come."""
        return self._before is not None

    @property
    def elsewhere(self) -> bool:
        """Whether there is a terminal and another job has it; nobody tells us when it is ours again (fg)."""
        return self._begun and not self.active and os.isatty(self._descriptor)

    def fileno(self) -> int:
        """The descriptor, for poll."""
        return self._descriptor

    def begin(self) -> None:
        """Take keys from now on, if there is a terminal and it is ours; also after Ctrl-Z and fg."""
        if not self.wanted:
            return
        self._begun = True
        signal.signal(signal.SIGTSTP, self._suspend)
        signal.signal(signal.SIGCONT, lambda *_: self.resume())
        self.resume()

    def end(self) -> None:
        """Put the terminal back as it was, and take no more keys."""
        self._begun = False
        self._restore()

    def resume(self) -> None:
        """Take keys again if the terminal is ours again."""
        if self._begun and not self.active and self._is_ours():
            self._enter()

    def make_raw(self, *, raw: bool) -> None:
        """From now on everything as it is typed and printed, or single keys again."""
        self._raw = raw
        if self._before is not None and self._is_ours():
            with contextlib.suppress(termios.error):  # the terminal has gone
                termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._changed(self._before))

    def _restore(self) -> None:
        before, self._before = self._before, None
        if before is not None and self._is_ours():
            with contextlib.suppress(termios.error):  # the terminal has gone
                termios.tcsetattr(self._descriptor, termios.TCSADRAIN, before)

    def read(self) -> bytes:
        """What was pressed; empty once nobody can press anything any more."""
        try:
            data = os.read(self._descriptor, 64)
        except OSError:
            data = b""
        if not data:
            self.end()
        return data

    def _enter(self) -> None:
        try:
            self._before = termios.tcgetattr(self._descriptor)
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._changed(self._before))
        except termios.error:
            self._before = None

    def _changed(self, before: _Modes) -> _Modes:
        """What the terminal is to be like, from what it was like."""
        now = list(before)
        for place, flags in _RAW if self._raw else _SINGLE:
            modes = now[place]
            assert isinstance(modes, int)
            now[place] = modes & ~flags
        return now

    def _is_ours(self) -> bool:
        """Whether we are the job in the foreground: another's terminal is not to be touched (SIGTTOU)."""
        try:
            return os.tcgetpgrp(self._descriptor) == os.getpgrp()
        except OSError:
            return False

    def _suspend(self, _signum: int, _frame: FrameType | None) -> None:
        """Ctrl-Z: give the terminal back, then stop as if nothing had been caught."""
        self._restore()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)  # and here we are again after SIGCONT
        signal.signal(signal.SIGTSTP, self._suspend)
        self.resume()


def typed_as(names: str) -> bytes:
    """What a terminal sends for keys that are pressed one after the other; b"" for what is no such list.

    Args:
        names: `ctrl-LETTER` or single characters, with commas between; for Ctrl the letters are those from @ to _.
    """
    sent = b""
    for name in names.split(","):
        letter = name[-1:].upper()
        if len(name) == 1 and name.isascii() and name.isprintable():
            sent += name.encode()
        elif name[:-1].lower() == "ctrl-" and "@" <= letter <= "_":
            sent += bytes([ord(letter) - 0x40])
        else:
            return b""
    return sent


def named_as(sent: bytes) -> str:
    """The keys for which a terminal sends that, as a person reads them: `ctrl-p ctrl-q`."""
    return " ".join(f"ctrl-{chr(one + 0x40).lower()}" if one < 0x20 else chr(one) for one in sent)  # noqa: PLR2004 - a blank
