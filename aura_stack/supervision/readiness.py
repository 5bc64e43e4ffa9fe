"""Asking a run whether it is ready, until it is or its time is up.

The first question comes at once. The pauses grow with the time that has passed (a tenth of it, 25 ms to 1 s),
so a service that needs 400 ms is seen at most 40 ms late and one that needs a minute is not pestered. All
addresses of `localhost` are asked, since servers differ in the family they choose.
"""

import asyncio
import contextlib
import os
import re
from collections.abc import Awaitable, Callable

from aura_stack.stack.model import ProbeKind, Ready

FIRST_PAUSE, LAST_PAUSE, SHARE = 0.025, 1.0, 0.1
PATIENCE = 5.0  # seconds for one answer
_HOSTS = ("127.0.0.1", "::1")
_READY = range(200, 400)  # what HTTP status means ready
_LINE_LIMIT = 64 * 1024  # bytes of an unfinished line that a log probe looks at

Ask = Callable[[], Awaitable[str]]
"""One question: "" when ready, else the answer in a few words."""


class NotReady(Exception):  # noqa: N818 - it says what the service is
    """The time is up; the text says what was asked and what the last answer was."""


async def until_ready(
    ready: Ready, ask: Ask, waits: Callable[[str], None], news: asyncio.Event | None = None
) -> None:
    """Ask until the answer is "ready".

    Args:
        ready: its timeout, in seconds, and what to call the question.
        ask: one question.
        waits: told what the last answer was, whenever there is one.
        news: cuts a pause short.

    Raises:
        NotReady: at the timeout.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    deadline = began + ready.timeout
    answer = "no answer yet"
    while True:
        try:
            async with asyncio.timeout_at(min(deadline, loop.time() + PATIENCE)):
                answer = await ask()
        except TimeoutError:
            answer = f"no answer within {PATIENCE:g} s" if loop.time() < deadline else answer
        if not answer:
            return
        waits(f"{describe(ready)}: {answer}")
        pause = min(max((loop.time() - began) * SHARE, FIRST_PAUSE), LAST_PAUSE)
        if loop.time() >= deadline:
            break
        await _pause(min(pause, deadline - loop.time()), news)
    raise NotReady(f"not ready after {ready.timeout:g} s: {describe(ready)}, last answer: {answer}")


async def _pause(seconds: float, news: asyncio.Event | None) -> None:
    if news is None:
        await asyncio.sleep(seconds)
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await news.wait()


def describe(ready: Ready) -> str:
    """What is asked, in words."""
    match ready.kind:
        case ProbeKind.HTTP:
            return f"http://localhost:{ready.port}{ready.target}"
        case ProbeKind.TCP:
            return f"port {ready.port}"
        case ProbeKind.LOG:
            return f"a log line like {ready.target}"
        case ProbeKind.EXEC:
            return ready.command.text if ready.command else "a command"
        case ProbeKind.FILE:
            return f"the file {ready.target}"
        case ProbeKind.STARTED:
            return "the start"


async def ask_tcp(port: int) -> str:
    """Whether somebody accepts a connection."""
    answers = []
    for host in _HOSTS:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError as error:
            answers.append(_words(error))
        else:
            writer.close()
            return ""
    return answers[0]


async def ask_http(port: int, path: str) -> str:
    """Whether GET is answered with a status from 200 to 399 (RFC 9110); the body is not read.

    The Host header says localhost, since development servers refuse strangers' names.
    """
    answers = []
    for host in _HOSTS:
        try:
            answers.append(await _get(host, port, path))
        except OSError as error:
            answers.append(_words(error))
        if not answers[-1]:
            return ""
    return next((answer for answer in answers if answer.startswith("HTTP")), answers[0])


async def _get(host: str, port: int, path: str) -> str:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        head = f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
        writer.write(head.encode())
        await writer.drain()
        line = await reader.readline()
    except ValueError:  # a line beyond the reader's limit
        return "no HTTP answer"
    finally:
        writer.close()
    found = re.match(rb"HTTP/\d(?:\.\d)? (\d{3})\b", line)
    if not found:
        return "closed without an answer" if not line else "no HTTP answer"
    return "" if int(found[1]) in _READY else f"HTTP {int(found[1])}"


async def ask_file(path: str) -> str:
    """Whether a file is there."""
    return "" if os.path.exists(path) else "not there"  # noqa: ASYNC240 - one stat(2)


class LogLine:
    """Looks for a line in what a run prints; it is fed every chunk of both its streams.

    A line counts when it matches, also before its end has come: prompts have none.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern.encode())
        self._rest: dict[str, bytes] = {}
        self.news = asyncio.Event()
        self._found = False

    def feed(self, stream: str, data: bytes) -> None:
        """Take a chunk of a stream."""
        if self._found:
            return
        data = self._rest.get(stream, b"") + data
        self._found = any(self._pattern.search(line) for line in data.split(b"\n"))
        if self._found:
            self.news.set()
        self._rest[stream] = data[data.rfind(b"\n") + 1 :][-_LINE_LIMIT:]

    async def ask(self) -> str:
        """Whether the line has come."""
        return "" if self._found else "not printed yet"


def _words(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, ConnectionResetError):
        return "connection reset"
    return (error.strerror or str(error)).lower()
