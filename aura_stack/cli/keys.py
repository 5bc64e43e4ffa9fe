"""Single keys from the terminal, which is put back as it was on every way out that a process can survive.

The terminal is set to give each key at once and not to show it (termios(3): ICANON and ECHO off); Ctrl-C and
Ctrl-Z stay signals. Whoever is in the background leaves the terminal alone: it is another job's.
"""

import contextlib
import os
import signal
import termios
from types import FrameType


class Keys:
    """The keyboard of a job in the foreground.

    Args:
        descriptor: of standard input.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._before: list[int | list[bytes | int]] | None = None  # what the terminal was like
        self._begun = False

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

    def _restore(self) -> None:
        before, self._before = self._before, None
        if before is not None and self._is_ours():
            with contextlib.suppress(termios.error):  # the terminal has gone
                termios.tcsetattr(self._descriptor, termios.TCSADRAIN, before)

    def read(self) -> str:
        """What was pressed; "" once nobody can press anything any more."""
        try:
            data = os.read(self._descriptor, 64)
        except OSError:
            data = b""
        if not data:
            self.end()
        return data.decode("ascii", "replace")

    def _enter(self) -> None:
        try:
            self._before = termios.tcgetattr(self._descriptor)
            now = termios.tcgetattr(self._descriptor)
            assert isinstance(now[3], int)
            now[3] &= ~(termios.ICANON | termios.ECHO)
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, now)
        except termios.error:
            self._before = None

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
