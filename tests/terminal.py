"""A command in a terminal of its own, typed into and read as a person would."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

from stacks import PATIENCE

IN_TERMINAL = (
    "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execvp(sys.argv[1], sys.argv[1:])"
)
CTRL_C, CTRL_S = b"\x03", b"\x13"


class Terminal:
    """Runs `argv` as the foreground job of a new pseudo-terminal."""

    def __init__(self, argv, cwd, env):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", IN_TERMINAL, *argv],
            cwd=cwd,
            env=env,
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        self.output = ""
        self.seen = 0  # of the output, what was waited for with `expect`

    def expect(self, pattern, patience):
        """Read until the pattern is on the screen."""
        deadline = time.monotonic() + patience
        while not (found := re.search(pattern, self.output, re.MULTILINE)):
            data = self._read(deadline - time.monotonic())
            assert data, f"{pattern!r} did not come; on the screen was:\n{self.output}"
        return found

    def type(self, keys):
        """Press keys."""
        os.write(self.master, keys)

    def finish(self, patience):
        """Read until the command has ended; the answer is its exit code, below 0 for a signal."""
        deadline = time.monotonic() + patience
        while self._read(deadline - time.monotonic()):
            pass
        return self.process.wait(max(deadline - time.monotonic(), 1))

    def close(self):
        """End a command that a failed test left."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(PATIENCE)
        os.close(self.master)

    def _read(self, patience):
        ready, _, _ = select.select([self.master], [], [], max(patience, 0))
        if not ready:
            return b""
        try:
            data = os.read(self.master, 65536)
        except OSError:  # EIO: the last process has closed the terminal
            return b""
        self.output += data.decode(errors="replace")
        return data


def expect(terminal, pattern, patience=PATIENCE):
    """Read until the pattern is on the screen behind all that was waited for before."""
    before = terminal.output[: terminal.seen]
    terminal.output = terminal.output[terminal.seen :]
    try:
        end = terminal.expect(pattern, patience).end()
    finally:
        terminal.output = before + terminal.output
    terminal.seen += end
