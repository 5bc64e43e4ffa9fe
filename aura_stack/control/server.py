"""Answers clients: over the socket in the stack's runtime directory, and over the link of an attached face.

One client can hurt nobody: a line has a limit, so has the number of calls that wait for an answer, and who does
not read its answers is not read either. A client that goes takes the calls with it that it waited for, not the
orders it gave.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aura_stack.errors import AuraError, ExitCode

from . import protocol
from .protocol import Answer, Malformed, Request

Method = Callable[[dict[str, Any]], Awaitable[Any]]

OPEN_CALLS = 32
"""Calls of one client that may wait for their answers at the same time."""


class Server:
    """Serves the methods to whoever connects.

    Args:
        methods: by name; a method gets the parameters and answers something that JSON can say, or raises
            `AuraError`.
        hello: what the server says first, besides the version.
        tasks: every connection is a task of this group.
    """

    def __init__(
        self, methods: Mapping[str, Method], hello: Mapping[str, Any], tasks: asyncio.TaskGroup
    ) -> None:
        self._methods = methods
        self._hello = Request("hello", {"version": protocol.VERSION, **hello})
        self._tasks = tasks

    async def listen(self, path: str) -> asyncio.Server:
        """Accept connections on a unix socket, mode 0600; an old socket in its place is removed."""
        with_path = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        if os.path.lexists(path):  # noqa: ASYNC240 - one call, and the lock says that nobody else is there
            os.unlink(path)
        umask = os.umask(0o177)
        try:
            with_path.bind(path)
        finally:
            os.umask(umask)
        return await asyncio.start_unix_server(self._accept, sock=with_path, limit=protocol.LINE_LIMIT)

    async def attach(self, link: socket.socket, lost: Callable[[], None]) -> None:
        """Serve a connection that is there already; `lost` is called when its other end is closed."""
        reader, writer = await asyncio.open_connection(sock=link, limit=protocol.LINE_LIMIT)

        async def serve() -> None:
            await self._serve(reader, writer)
            lost()

        self._tasks.create_task(serve(), name="the face's link")

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(protocol.encode(self._hello))
        self._tasks.create_task(self._serve(reader, writer), name="a client")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        free = asyncio.Semaphore(OPEN_CALLS)
        calls: set[asyncio.Task[None]] = set()
        try:
            while line := await _line(reader):
                await free.acquire()
                call = self._tasks.create_task(self._call(line, writer))
                calls.add(call)
                call.add_done_callback(calls.discard)
                call.add_done_callback(lambda _: free.release())
        except (ConnectionError, Malformed):
            pass  # it has gone, or says no sensible thing: either way that is all
        finally:
            for call in calls:
                call.cancel()
            writer.close()

    async def _call(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        answer = await self._answer(line)
        if answer is None or writer.is_closing():
            return
        writer.write(protocol.encode(answer))
        try:
            await writer.drain()
        except ConnectionError:
            writer.close()

    async def _answer(self, line: bytes) -> Answer | None:
        try:
            message = protocol.decode(line)
        except Malformed as error:
            return _refusal(None, error.code, str(error))
        if isinstance(message, Answer):
            return None
        method = self._methods.get(message.method)
        if method is None:
            return _refusal(message.id, protocol.METHOD_NOT_FOUND, f"no method {message.method!r}")
        try:
            result = await method(message.params)
        except AuraError as error:
            data = {"hint": error.hint, "exit_code": error.exit_code}
            return _refusal(message.id, protocol.FAILED, error.message, data)
        return None if message.id is None else Answer(message.id, result)


def names(params: Mapping[str, Any]) -> tuple[str, ...]:
    """The parameter `services`: a list of names, none where it is not given.

    Raises:
        AuraError: it is something else.
    """
    value = params.get("services", [])
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise AuraError("services must be a list of names", exit_code=ExitCode.USAGE)
    return tuple(value)


async def _line(reader: asyncio.StreamReader) -> bytes:
    """The next line; empty at the end. A line beyond the limit ends the connection."""
    try:
        return await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError:
        return b""
    except asyncio.LimitOverrunError as error:
        raise Malformed(protocol.INVALID_REQUEST, "a message beyond the limit") from error


def _refusal(number: int | str | None, code: int, words: str, data: object = None) -> Answer:
    error: dict[str, Any] = {"code": code, "message": words}
    return Answer(number, error=error if data is None else {**error, "data": data})
