"""Runs programs for what they say of themselves: all at once, for a few seconds and a few kilobytes."""

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from aura_stack.frozen import Frozen

if TYPE_CHECKING:
    import subprocess

SECONDS = 5.0
"""How long all of them together may take."""

_LIMIT = 64 * 1024  # bytes; whoever says more than that does not tell a version


class Reply(Frozen):
    """What a program printed on stdout and stderr; `fault` says why it is no answer (`cannot be run: …`)."""

    printed: str
    fault: str = ""


def ask(
    commands: Mapping[str, Sequence[str]],
    environ: Mapping[str, str],
    directory: str,
    seconds: float = SECONDS,
) -> dict[str, Reply]:
    """Run every command, and take what it prints.

    Args:
        commands: program and arguments, under a name of the caller's choice.
        environ: the environment they are run with.
        directory: where they are run; "" for the current one.
        seconds: when those that have not ended are killed, with all of their process group.

    Returns:
        A reply for each name.
    """
    deadline = time.monotonic() + seconds
    started = {name: _start(command, environ, directory) for name, command in commands.items()}
    return {
        name: child if isinstance(child, Reply) else _reply(child, deadline, seconds)
        for name, child in started.items()
    }


def _start(
    command: Sequence[str], environ: Mapping[str, str], directory: str
) -> "subprocess.Popen[bytes] | Reply":
    import subprocess  # noqa: PLC0415 - 8 ms that are lost only when somebody is asked

    try:
        return subprocess.Popen(
            list(command),
            env=dict(environ),
            cwd=directory or None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        return Reply("", f"cannot be run: {error.strerror}")


def _reply(child: "subprocess.Popen[bytes]", deadline: float, seconds: float) -> Reply:
    """Read to the end and wait for it, or end it."""
    import subprocess  # noqa: PLC0415 - see above

    assert child.stdout is not None
    with child.stdout as pipe:
        content, fault = _read(pipe.fileno(), deadline, seconds)
        printed = content.decode(errors="replace")
        if fault:
            _kill(child)
            return Reply(printed, fault)
    try:
        code = child.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        _kill(child)
        return Reply(printed, _late(seconds))
    if code:
        ended = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        return Reply(printed, f"{ended}{_saying(printed)}")
    return Reply(printed)


def _saying(printed: str) -> str:
    lines = printed.strip().splitlines()
    return f" and printed {lines[0][:80]!r}" if lines else ""


def _read(descriptor: int, deadline: float, seconds: float) -> tuple[bytes, str]:
    """What comes until the end; or until the deadline or the limit, with a word of blame."""
    import select  # noqa: PLC0415 - subprocess has brought it

    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    printed = b""
    while len(printed) < _LIMIT:
        left = deadline - time.monotonic()
        if left <= 0:
            return printed, _late(seconds)
        if poll.poll(left * 1000):
            part = os.read(descriptor, _LIMIT)
            if not part:
                return printed, ""
            printed += part
    return printed, "printed without end"


def _late(seconds: float) -> str:
    return f"gave no answer in {seconds:g} s"


def _kill(child: "subprocess.Popen[bytes]") -> None:
    # Its group too: what it started would go on, and it has a session of its own.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, 9)
    child.kill()
    child.wait()
