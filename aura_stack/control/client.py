"""The other end: a blocking client for commands and for the face, small enough to start quickly."""

import socket
from collections.abc import Iterator
from typing import Any

from aura_stack.errors import AuraError, ExitCode

from . import protocol
from .protocol import Answer, Request

PATIENCE = 5.0
"""Seconds for a connection and its hello."""


class Client:
    """One connection to an engine.

    Args:
        link: a connected stream socket.
    """

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._rest = b""
        self._number = 0

    def fileno(self) -> int:
        """The descriptor, for poll."""
        return self._link.fileno()

    def send(self, method: str, **params: Any) -> int:
        """Call without waiting; the number returns in the answer."""
        self._number += 1
        self._link.sendall(protocol.encode(Request(method, params, self._number)))
        return self._number

    def receive(self) -> Iterator[Request | Answer]:
        """The messages that one read brings, at least one; ConnectionError at the end of the connection."""
        while b"\n" not in self._rest:
            data = self._link.recv(65536)
            if not data:
                raise ConnectionResetError("the engine has closed the connection")
            self._rest += data
        *lines, self._rest = self._rest.split(b"\n")
        return map(protocol.decode, lines)

    def call(self, method: str, **params: Any) -> Any:
        """Call and wait for the result.

        Raises:
            AuraError: the engine refuses, or ends before it has answered.
        """
        number = self.send(method, **params)
        while True:
            try:
                messages = list(self.receive())
            except ConnectionError as error:
                raise AuraError("the engine ended before it answered") from error
            for message in messages:
                if isinstance(message, Answer) and message.id == number:
                    return _result(message)

    def close(self) -> None:
        """End the connection."""
        self._link.close()


def connect(path: str, stack_file: str) -> Client:
    """A connection to the engine whose socket is at `path`.

    Raises:
        AuraError: nobody listens there (exit code 3), or an engine of another version does.
    """
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    link.settimeout(PATIENCE)
    try:
        link.connect(path)
    except (FileNotFoundError, ConnectionRefusedError) as error:
        link.close()
        raise AuraError(
            f"the stack of {stack_file} is not running", "aura-stack up starts it", ExitCode.NOT_RUNNING
        ) from error
    client = Client(link)
    hello = next(client.receive())
    version = hello.params.get("version") if isinstance(hello, Request) else None
    if version != protocol.VERSION:
        client.close()
        raise AuraError(
            f"the running engine speaks version {version} of the control protocol, this command {protocol.VERSION}",
            "stop the stack with the aura-stack that started it",
        )
    link.settimeout(None)
    return client


def _result(answer: Answer) -> Any:
    if answer.error is None:
        return answer.result
    data = answer.error.get("data") or {}
    raise AuraError(
        str(answer.error.get("message")), data.get("hint", ""), data.get("exit_code", ExitCode.FAILED)
    )
