"""Asking a run whether it is ready, until it is or its time is up.

The first question comes at once. The pauses grow with the time that has passed: from 5 to 25 ms they are as long as
that itself, later a tenth of it, up to 1 s. So a server that listens after 3 ms is seen after 5, one that needs 400 ms
at most 40 ms late, and one that needs a minute is not pestered. All addresses of `localhost` are asked, since servers
differ in the family they choose.
"""

import asyncio
import contextlib
import os
import re
from collections.abc import Awaitable, Callable, Sequence

from aura_stack.frozen import NamedTuple
from aura_stack.stack.model import Answer, ProbeKind, Ready
from aura_stack.stack.secrets import masked

from . import webanswer

FIRST_PAUSE, EARLY_PAUSE, LAST_PAUSE, SHARE = 0.005, 0.025, 1.0, 0.1
PATIENCE = 5.0  # seconds for one answer
_STEP = 0.1  # seconds between two looks whether anybody else serves
_HOSTS = ("127.0.0.1", "::1")
_LINE_LIMIT = 64 * 1024  # bytes of an unfinished line that a log probe looks at
_BODY_LIMIT = 64 * 1024  # bytes of an answer's body that are read
_HEADERS_LIMIT = 200
_LINE_END = re.compile(rb"\r\n|[\r\n]")  # a progress line goes back to its beginning with a bare CR
_COLOUR = re.compile(rb"\x1b\[[0-9;:]*m")

Ask = Callable[[], Awaitable[str]]
"""One question: "" when ready, else the answer in a few words."""


class NotReady(Exception):  # noqa: N818 - it says what the service is
    """The time is up; the text says what was asked and what the last answer was."""


class Sentence(str):
    """An answer that says itself what was asked."""

    __slots__ = ()


class Question(NamedTuple):
    """What is asked of a run, in words; how; and what cuts a pause between two times short."""

    what: str
    ask: Ask
    news: asyncio.Event | None = None


class _Asked:
    """What several questions were answered so far."""

    def __init__(self, ready: Ready, questions: Sequence[Question], waits: Callable[[str], None]) -> None:
        self.questions = questions
        self.enough = 1 if ready.kind is ProbeKind.ANY else len(questions)
        self._waits = waits
        self._answers: dict[int, str] = dict.fromkeys(range(len(questions)), "no answer yet")

    def answered(self, number: int, answer: str) -> None:
        """Note it, and tell what is missing now; "" is what was hoped for."""
        self._answers[number] = answer
        if missing := self.missing():
            self._waits(missing)

    def missing(self, between: str = ": ") -> str:
        """The questions that are not answered, with the last answers; "" when enough are."""
        missing = [number for number, answer in self._answers.items() if answer]
        if len(self.questions) - len(missing) >= self.enough:
            return ""
        if len(self.questions) == 1:
            return _told(self.questions[0], self._answers[0], between)
        each = ", and ".join(_told(self.questions[number], self._answers[number]) for number in missing)
        count = len(self.questions)
        return (
            f"none of {count} yet: {each}"
            if self.enough < count
            else f"missing {len(missing)} of {count}: {each}"
        )


def _told(question: Question, answer: str, between: str = ": ") -> str:
    return answer if isinstance(answer, Sentence) else f"{question.what}{between}{answer}"


async def until_ready(ready: Ready, questions: Sequence[Question], waits: Callable[[str], None]) -> None:
    """Ask until the answer is "ready": of several questions, until each has been answered so once, or any.

    Args:
        ready: its timeout, in seconds, and whether any will do.
        questions: one for each of its conditions.
        waits: told what is missing and what the last answer was, whenever there is one.

    Raises:
        NotReady: at the timeout.
        NotExecutable: a question is a command that cannot be executed.
    """
    asked = _Asked(ready, questions, waits)
    try:
        async with asyncio.timeout(ready.timeout):
            await _ask_all(asked)
    except TimeoutError:
        missing = asked.missing(", last answer: ")
        raise NotReady(f"not ready after {ready.timeout:g} s: {missing}") from None


async def settled(
    ready: Ready, questions: Sequence[Question], seconds: float, on: Callable[[], bool]
) -> None:
    """Wait that long, and ask each question once more; who ends meanwhile is not asked any more.

    Args:
        ready: whether any answer will do.
        questions: as for `until_ready`.
        seconds: how long it has to stay ready.
        on: whether anybody serves meanwhile; if not, it is to serve at once.

    Raises:
        NotReady: it is not ready any more.
        NotExecutable: as `until_ready`.
    """
    left = seconds
    while left > 0 and on():
        pause = min(left, _STEP)
        await asyncio.sleep(pause)
        left -= pause
    asked = _Asked(ready, questions, lambda _: None)
    for number, question in enumerate(questions):
        try:
            async with asyncio.timeout(PATIENCE):
                asked.answered(number, await question.ask())
        except TimeoutError:
            asked.answered(number, f"no answer within {PATIENCE:g} s")
    if missing := asked.missing():
        raise NotReady(f"was ready, and {seconds:g} s later it is not: {missing}")


async def _ask_all(asked: _Asked) -> None:
    """Side by side, so that one that hangs delays no other; when enough are answered the rest are given up."""
    tasks: list[asyncio.Task[None]] = []

    def ended(_: asyncio.Task[None]) -> None:
        if not asked.missing():
            for task in tasks:
                task.cancel()

    try:
        async with asyncio.TaskGroup() as group:
            for number, question in enumerate(asked.questions):
                tasks.append(group.create_task(_ask_on(number, question, asked)))
            for task in tasks:
                task.add_done_callback(ended)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def _ask_on(number: int, question: Question, asked: _Asked) -> None:
    """One question until it is answered, however long that takes."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while True:
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await question.ask()
        except TimeoutError:
            answer = f"no answer within {PATIENCE:g} s"
        asked.answered(number, answer)
        if not answer:
            return
        await _pause(pause(loop.time() - began), question.news)


def pause(passed: float) -> float:
    """Seconds until the next question, by those since the first."""
    early = min(max(passed, FIRST_PAUSE), EARLY_PAUSE)
    return min(max(passed * SHARE, early), LAST_PAUSE)


async def _pause(seconds: float, news: asyncio.Event | None) -> None:
    if news is None:
        await asyncio.sleep(seconds)
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await news.wait()


def describe(ready: Ready) -> str:
    """What is asked, in words."""
    words = {
        ProbeKind.HTTP: f"http://localhost:{ready.port}{masked(ready.target)}",
        ProbeKind.TCP: f"port {ready.port}",
        ProbeKind.LOG: f"a log line like {ready.target}",
        ProbeKind.EXEC: ready.command.shown if ready.command else "a command",
        ProbeKind.FILE: f"the file {ready.target}",
        ProbeKind.NOTIFY: "READY=1 by sd_notify",
        ProbeKind.GRPC: f"gRPC health{ready.target and f' of {ready.target}'} on port {ready.port}",
        ProbeKind.ALL: " and ".join(map(describe, ready.parts)),
        ProbeKind.ANY: " or ".join(map(describe, ready.parts)),
        ProbeKind.STARTED: "the start",
    }
    return words[ready.kind]


Connect = Callable[[str, int], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
"""Makes a connection to a host's port; OSError where there is none."""


def network(ready: Ready, connect: Connect = asyncio.open_connection) -> Ask | None:
    """What asks a port, None for a condition that asks none."""
    match ready.kind:
        case ProbeKind.HTTP:
            return lambda: ask_http(ready.port, ready.target, ready.answer, connect)
        case ProbeKind.TCP:
            return lambda: ask_tcp(ready.port, connect)
        case ProbeKind.GRPC:
            return lambda: ask_grpc(ready.port, ready.target, connect)
        case _:
            return None


async def ask_tcp(port: int, connect: Connect = asyncio.open_connection) -> str:
    """Whether somebody accepts a connection."""
    answers = []
    for host in _HOSTS:
        try:
            _, writer = await connect(host, port)
        except OSError as error:
            answers.append(_words(error))
        else:
            writer.close()
            return ""
    return answers[0]


async def ask_http(
    port: int,
    path: str,
    wanted: Answer = Answer(),  # noqa: B008 - it never changes
    connect: Connect = asyncio.open_connection,
) -> str:
    """Whether GET is answered as is wanted (RFC 9110); without a word about its body, that is not read.

    The Host header says localhost, since development servers refuse strangers' names.
    """
    answers = []
    for host in _HOSTS:
        try:
            answers.append(await _get(await connect(host, port), port, path, wanted))
        except OSError as error:
            answers.append(_words(error))
        if not answers[-1]:
            return ""
    return next((answer for answer in answers if answer.startswith("HTTP")), answers[0])


async def _get(
    stream: tuple[asyncio.StreamReader, asyncio.StreamWriter], port: int, path: str, wanted: Answer
) -> str:
    reader, writer = stream
    try:
        head = f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
        writer.write(head.encode())
        await writer.drain()
        return await _lacks(reader, wanted)
    except ValueError:  # a line beyond the reader's limit
        return "no HTTP answer"
    finally:
        writer.close()


async def _lacks(reader: asyncio.StreamReader, wanted: Answer) -> str:
    """What the answer lacks; no more of it is read than has to be."""
    line = await reader.readline()
    number = webanswer.status(line)
    if number is None:
        return "closed without an answer" if not line else "no HTTP answer"
    more = bool(wanted.headers or wanted.body)
    got = webanswer.headers(await _header_lines(reader)) if more else {}
    lacks = webanswer.head_lacks(number, got, wanted)
    raw = b""
    while wanted.body and not lacks:
        lacks = webanswer.body_lacks(number, raw, got, wanted)
        if not lacks or webanswer.is_whole(raw, got) or len(raw) >= _BODY_LIMIT:
            break
        if not (data := await reader.read(_BODY_LIMIT)):
            break
        raw, lacks = raw + data, ""
    return lacks


async def _header_lines(reader: asyncio.StreamReader) -> list[bytes]:
    lines: list[bytes] = []
    while len(lines) < _HEADERS_LIMIT and (line := (await reader.readline()).strip()):
        lines.append(line)
    return lines


async def ask_grpc(port: int, service: str = "", connect: Connect = asyncio.open_connection) -> str:
    """Whether the health service of gRPC says SERVING, in the clear (grpc/health/v1/health.proto)."""
    answers = []
    for host in _HOSTS:
        try:
            answers.append(await _check(await connect(host, port), port, service))
        except OSError as error:
            answers.append(_words(error))
        else:
            return answers[-1]
    return answers[0]


async def _check(stream: tuple[asyncio.StreamReader, asyncio.StreamWriter], port: int, service: str) -> str:
    from . import grpchealth  # noqa: PLC0415 - for those who are asked so

    reader, writer = stream
    reply = grpchealth.Reply()
    try:
        writer.write(grpchealth.question(service, f"localhost:{port}"))
        while True:
            step = reply.feed(await reader.read(_BODY_LIMIT))
            if step.answer is not None:
                return step.answer
            writer.write(step.send)
            await writer.drain()
    finally:
        writer.close()


async def ask_file(path: str) -> str:
    """Whether a file is there."""
    return "" if os.path.exists(path) else "not there"  # noqa: ASYNC240 - one stat(2)


class LogLine:
    """Looks for a line in what a run prints; it is fed every chunk of both its streams.

    A line counts when it matches, with its colours or without them, also before its end has come: prompts have
    none. Of a line that does not end the last 64 KiB are looked at.
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
        lines = _LINE_END.split(self._rest.get(stream, b"") + data)
        self._found = any(map(self._matches, lines))
        if self._found:
            self.news.set()
        self._rest[stream] = lines[-1][-_LINE_LIMIT:]

    def _matches(self, line: bytes) -> bool:
        return any(self._pattern.search(one) for one in (line, _COLOUR.sub(b"", line)))

    async def ask(self) -> str:
        """Whether the line has come."""
        return "" if self._found else "not printed yet"


def _words(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, ConnectionResetError):
        return "connection reset"
    return (error.strerror or str(error)).lower()
