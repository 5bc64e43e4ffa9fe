"""The other end: a blocking client for commands and for the face, small enough to start quickly."""

import contextlib
import itertools
import os
import select
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

from aura_stack.errors import AuraError, ExitCode

from . import protocol
from .protocol import Answer, Request

PATIENCE = 10.0
"""Seconds for a connection and its hello: an engine that is just starting checks its stack before it says anything."""

_DESCRIPTORS = 4  # that may come with what one read brings; the engine sends one with a message


class Client:
    """One connection to an engine.

    Args:
        link: a connected stream socket.
    """

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._rest = b""
        self.kept: list[Request | Answer] = []
        """What came while the answer to a call was waited for; whoever receives looks here first."""
        self.descriptors: list[int] = []
        """Descriptors that came with messages, in the order of these; whoever takes one out closes it."""
        self._numbers = itertools.count(1)

    def fileno(self) -> int:
        """The descriptor, for poll."""
        return self._link.fileno()

    def send(self, method: str, **params: Any) -> int:
        """Call without waiting; the number returns in the answer.

        A signal handler may call while a call is being made: no two get the same number.
        """
        number = next(self._numbers)
        # an engine that has gone may have said goodbye: who reads on hears that, or the end of the connection
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._link.sendall(protocol.encode(Request(method, params, number)))
        return number

    def receive(self) -> Iterator[Request | Answer]:
        """The messages that one read brings, at least one; ConnectionError at the end of the connection."""
        while b"\n" not in self._rest:
            data, descriptors, _, _ = socket.recv_fds(self._link, 65536, _DESCRIPTORS)
            for descriptor in descriptors:
                os.set_inheritable(descriptor, False)
            self.descriptors += descriptors
            if not data:
                raise ConnectionResetError("the engine has closed the connection")
            self._rest += data
        *lines, self._rest = self._rest.split(b"\n")
        return map(protocol.decode, lines)

    def ahead(self) -> list[Request | Answer]:
        """The messages that have come and were not received yet, which they still will be."""
        try:
            data = self._link.recv(65536, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except OSError:  # there are none
            return []
        return [protocol.decode(line) for line in (self._rest + data).split(b"\n")[:-1]]

    def call(self, method: str, *, patience: float | None = None, **params: Any) -> Any:
        """Call and wait for the result.

        Args:
            method: its name.
            patience: seconds, None for as long as it takes.
            params: its parameters, by name.

        Raises:
            AuraError: the engine refuses, or ends before it has answered, or (exit code 124) time is up.
        """
        deadline = None if patience is None else time.monotonic() + patience
        try:
            return self._answer(method, params, deadline, lambda: True)
        except TimeoutError as error:
            raise AuraError(f"no answer within {patience:g} s", "", ExitCode.TIMED_OUT) from error

    def call_while_read(self, output: int, method: str, **params: Any) -> Any:
        """The same, as long as somebody reads an output of ours: None where he goes before the answer has come."""
        poll = select.poll()
        poll.register(self._link, select.POLLIN)
        poll.register(output, 0)  # asks for nothing but its end: POLLERR, POLLHUP (poll(2))
        return self._answer(method, params, None, lambda: self._link.fileno() in dict(poll.poll()))

    def _answer(
        self, method: str, params: dict[str, Any], deadline: float | None, comes: Callable[[], bool]
    ) -> Any:
        """What is answered to a call; None as soon as nothing comes of it any more."""
        try:
            number = self.send(method, **params)
            while comes():
                self._link.settimeout(deadline and max(deadline - time.monotonic(), 0.001))
                messages = list(self.receive())
                answers = [one for one in messages if isinstance(one, Answer) and one.id == number]
                self.kept += [one for one in messages if one not in answers]
                if answers:
                    return result(answers[0])
        except ConnectionError as error:
            words = "the stack came to its end before this was answered"
            raise AuraError(words, exit_code=ExitCode.NOT_RUNNING) from error
        finally:
            self._link.settimeout(None)
        return None

    def close(self) -> None:
        """End the connection, and close what nobody has taken."""
        self._link.close()
        while self.descriptors:
            os.close(self.descriptors.pop())


def connect(path: str, stack_file: str, patience: float | None = None) -> Client:
    """A connection to the engine whose socket is at `path`.

    Args:
        path: of the socket.
        stack_file: what the stack file is called in messages.
        patience: seconds for the connection and the engine's first words; PATIENCE, if not given.

    Raises:
        AuraError: nobody listens there (exit code 3), or an engine of another version does.
    """
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    link.settimeout(PATIENCE if patience is None else patience)
    try:
        link.connect(path)
    except (FileNotFoundError, ConnectionRefusedError) as error:
        link.close()
        raise _not_running(stack_file) from error
    except (TimeoutError, BlockingIOError) as error:  # so many wait already that the kernel takes no more
        link.close()
        raise AuraError(f"the engine of {stack_file} does not answer") from error
    client = Client(link)
    try:
        _greet(client, stack_file)
    except AuraError:
        client.close()
        raise
    link.settimeout(None)
    return client


def _greet(client: Client, stack_file: str) -> None:
    """Hear who answers, and whether both mean the same by what they say."""
    try:
        hello = next(client.receive())
    except TimeoutError as error:
        raise AuraError(
            f"the engine of {stack_file} does not answer: it has been stopped, or the machine is very busy",
            "aura-stack doctor shows which process it is",
        ) from error
    except ConnectionError as error:  # it was refused what it needs, or is just ending
        raise _not_running(stack_file) from error
    except protocol.Malformed as error:
        raise AuraError(f"what listens for {stack_file} is no engine of aura-stack") from error
    params = hello.params if isinstance(hello, Request) else {}
    if isinstance(hello, Request) and hello.method == "refused":
        raise AuraError(str(params.get("message")), str(params.get("hint", "")))
    version = params.get("version")
    if version != protocol.VERSION:
        raise AuraError(
            f"the running engine speaks version {version} of the control protocol, this command {protocol.VERSION}",
            "stop the stack with the aura-stack that started it, or with Ctrl-C where it runs",
        )


def _not_running(stack_file: str) -> AuraError:
    return AuraError(
        f"the stack of {stack_file} is not running", "aura-stack up starts it", ExitCode.NOT_RUNNING
    )


def result(answer: Answer) -> Any:
    """What was answered.

    Raises:
        AuraError: it is a refusal.
    """
    if answer.error is None:
        return answer.result
    data = answer.error.get("data") or {}
    raise AuraError(
        str(answer.error.get("message")), data.get("hint", ""), data.get("exit_code", ExitCode.FAILED)
    )
