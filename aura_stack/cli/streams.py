"""Standard input, output and error as a command finds them, closed or in a character set that lacks something."""

import errno
import os
import sys

from aura_stack.errors import ExitCode


def prepare() -> None:
    """Make all three usable."""
    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        # what a terminal's character set lacks is shown as an escape, it is no reason to fail
        if stream.errors == "strict" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def leave_early() -> int:
    """The exit code where the reader of standard output has gone; what is still in the buffer has nowhere to go."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # docs.python.org, library/signal
    return int(ExitCode.FAILED)


def not_writable(error: OSError) -> int:
    """The exit code where standard output takes no more, a full disk for example; anything else is raised again."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EIO) or error.filename is not None:
        raise error
    sys.stderr.write(f"error: standard output cannot be written: {error.strerror}\n")
    return leave_early()


def _open_what_is_closed() -> None:
    """Whoever closed 0, 1 or 2 (`>&-`) would have them given to a socket of ours, and print into that."""
    if None not in (sys.stdin, sys.stdout, sys.stderr):
        return
    while (spare := os.open(os.devnull, os.O_RDWR)) <= 2:  # noqa: PLR2004 - standard error
        continue
    os.close(spare)
    sys.stdin = sys.stdin or open(0, encoding="utf-8")  # noqa: SIM115 - for the life of the process
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8")  # noqa: SIM115 - likewise
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8")  # noqa: SIM115 - likewise
