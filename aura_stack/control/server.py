"""Answers clients: over the socket in the stack's runtime directory, and over the link of an attached face.

One client can hurt nobody: a line has a limit, so has the number of calls that wait for an answer and the number
of clients, and who does not read its answers is not read either. A client that goes takes the calls with it that
it waited for, not the orders it gave.
"""

import _socket
import asyncio
import socket
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aura_stack.errors import AuraError
from aura_stack.system import limits

from . import protocol
from .door import BACKLOG
from .protocol import Answer, Malformed, Request

OPEN_CALLS = 32
"""Calls of one client that may wait for their answers at the same time."""

PATIENCE = 1.0
"""Seconds that one call more than those waits for one of them to be answered, before it is refused."""

CLIENTS = 256
"""Clients at the same time, and never as many as a quarter of the descriptors: they are for services first."""


FAULT = "the engine has a fault; see its engine.log"
"""What is said of one call where something went wrong that nobody foresaw."""


def most_clients(descriptors: int | None) -> int:
    """How many clients there may be where a process may have so many descriptors; None for no limit."""
    return CLIENTS if descriptors is None else max(1, min(CLIENTS, descriptors // 4 - 1))


class Connection:
    """One client.

    Attributes:
        ended: called when the client has gone.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.ended: list[Callable[[], None]] = []
        self._writer = writer
        writer.transport.set_write_buffer_limits(high=0)  # so that to drain it is to empty it

    async def say(self, message: Request | Answer, descriptor: int | None = None) -> None:
        """Send, with a descriptor of ours if one is given; waits while the client does not read.

        Raises:
            ConnectionError: the client has gone.
        """
        if self._writer.is_closing():
            raise ConnectionResetError
        line = protocol.encode(message)
        if descriptor is not None:
            line = line[await self._hand_over(line, descriptor) :]
        self._writer.write(line)
        await self._writer.drain()

    async def _hand_over(self, line: bytes, descriptor: int) -> int:
        """Send the beginning of a line, and the descriptor with it (unix(7), SCM_RIGHTS); how many bytes went.

        The writer cannot do that, so it is done beside it, once it has nothing left that would have to come first.
        Between that look, the sending and what the writer gets next nobody else has a turn.
        """
        with self._writer.get_extra_info("socket").dup() as link:
            while True:
                while self._writer.transport.get_write_buffer_size():
                    await self._writer.drain()
                try:
                    return socket.send_fds(link, [line], [descriptor])
                except BlockingIOError:
                    await _writable(link)

    def close(self) -> None:
        """End the connection; what was written is still sent."""
        self._writer.close()


Method = Callable[[dict[str, Any], Connection], Awaitable[Any]]
"""Gets the parameters and who calls; answers something that JSON can say, or raises `AuraError`."""


class Server:
    """Serves the methods to whoever connects.

    Args:
        methods: by name.
        hello: what the server says first, besides the version.
        tasks: every connection is a task of this group.
    """

    def __init__(
        self, methods: Mapping[str, Method], hello: Mapping[str, Any], tasks: asyncio.TaskGroup
    ) -> None:
        self._methods = methods
        self._hello = Request("hello", {"version": protocol.VERSION, **hello})
        self._tasks = tasks
        self._connections: set[Connection] = set()
        self._most = most_clients(limits.open_files().soft)
        self._calls: set[asyncio.Task[None]] = set()

    async def listen(self, door: _socket.socket) -> None:
        """Accept connections on a socket that listens."""
        await asyncio.start_unix_server(
            self._accept, sock=_whole(door), limit=protocol.LINE_LIMIT, backlog=BACKLOG
        )

    async def attach(self, link: _socket.socket) -> Connection:
        """Serve a connection that is there already; it was greeted elsewhere."""
        reader, writer = await asyncio.open_connection(sock=_whole(link), limit=protocol.LINE_LIMIT)
        connection = Connection(reader, writer)
        self._tasks.create_task(self._serve(connection), name="the face's link")
        return connection

    async def answered(self, patience: float) -> None:
        """Wait until every call that can be answered has been, at most so many seconds."""
        if self._calls:
            await asyncio.wait(self._calls, timeout=patience)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= self._most:
            words = {"message": f"{self._most} clients are connected already", "hint": "", "exit_code": 1}
            writer.write(protocol.encode(Request("refused", words)))
            writer.close()
            return
        writer.write(protocol.encode(self._hello))
        self._tasks.create_task(self._serve(Connection(reader, writer)), name="a client")

    async def _serve(self, connection: Connection) -> None:
        calls: set[asyncio.Task[None]] = set()
        self._connections.add(connection)
        try:
            while line := await _line(connection.reader):
                if len(calls) >= OPEN_CALLS:
                    await asyncio.wait(calls, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
                if len(calls) >= OPEN_CALLS:  # who waits for so many would not be seen to go
                    await _try_to_say(connection, _busy(line))
                    continue
                call = self._tasks.create_task(self._call(line, connection))
                for where in (calls, self._calls):
                    where.add(call)
                    call.add_done_callback(where.discard)
        except Malformed as error:
            await _try_to_say(connection, _refusal(None, error.code, str(error)))
        except ConnectionError:
            pass  # it has gone
        finally:
            for call in calls:
                call.cancel()
            connection.close()
            self._connections.discard(connection)
            for tell in connection.ended:
                tell()

    async def _call(self, line: bytes, connection: Connection) -> None:
        answer = await self._answer(line, connection)
        if answer is not None:
            await _try_to_say(connection, answer)

    async def _answer(self, line: bytes, connection: Connection) -> Answer | None:
        try:
            message = protocol.decode(line)
        except Malformed as error:
            return _refusal(None, error.code, str(error))
        return None if isinstance(message, Answer) else await self._carry_out(message, connection)

    async def _carry_out(self, message: Request, connection: Connection) -> Answer | None:
        method = self._methods.get(message.method)
        if method is None:
            return _refusal(message.id, protocol.METHOD_NOT_FOUND, f"no method {message.method!r}")
        try:
            result = await method(message.params, connection)
        except AuraError as error:
            data = {"hint": error.hint, "exit_code": error.exit_code}
            return _refusal(message.id, protocol.FAILED, error.message, data)
        except ConnectionError:
            return None  # the client went while it was being told something
        except Exception:  # noqa: BLE001 - a fault of ours in one call must not end the stack: it is told and logged
            traceback.print_exc(file=sys.stderr)
            return _refusal(message.id, protocol.INTERNAL_ERROR, FAULT)
        return None if message.id is None else Answer(message.id, result)


def _whole(bare: _socket.socket) -> socket.socket:
    """What event loops take, of what was made before there was one."""
    return socket.socket(fileno=bare.detach())


async def _writable(link: socket.socket) -> None:
    """Wait until a socket takes bytes again, or has lost its other end."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_writer(link, lambda: None if ready.done() else ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_writer(link)


async def _line(reader: asyncio.StreamReader) -> bytes:
    """The next line; empty at the end. A line beyond the limit ends the connection."""
    try:
        return await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError:
        return b""
    except asyncio.LimitOverrunError as error:
        words = f"a message has at most {protocol.LINE_LIMIT} bytes"
        raise Malformed(protocol.INVALID_REQUEST, words) from error


async def _try_to_say(connection: Connection, message: Request | Answer) -> None:
    try:
        await connection.say(message)
    except ConnectionError:
        connection.close()


def _busy(line: bytes) -> Answer:
    try:
        message = protocol.decode(line)
    except Malformed as error:
        return _refusal(None, error.code, str(error))
    return _refusal(message.id, protocol.FAILED, f"{OPEN_CALLS} calls of this client are waiting for answers")


def _refusal(number: int | str | None, code: int, words: str, data: object = None) -> Answer:
    error: dict[str, Any] = {"code": code, "message": words}
    return Answer(number, error=error if data is None else {**error, "data": data})
