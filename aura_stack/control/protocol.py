"""The words of the control channel: JSON-RPC 2.0 (jsonrpc.org/specification), one message a line, in UTF-8.

The server speaks first: a notification `hello` whose parameters carry `version`. A client of another version
stops there. Batches are not used. Log bytes never travel here: `follow` answers that the record has grown,
and whoever follows reads the record itself. Events do, to whoever calls `subscribe`: as notifications `event`.
docs/control.md describes every message but one: on the link to the face that launched it, the engine says `begun` once
the first services are under way.

Version history:
    1: hello, refused, bye; start, stop, restart, status, follow.
    2: attach, detach, subscribe, wait, signal; orders answer how the run came up. Since added: pause, resume.
"""

import json
from typing import Any

from aura_stack.errors import AuraError, InvalidDefinition
from aura_stack.frozen import Frozen

VERSION = 2
LINE_LIMIT = 1 << 16
"""Bytes a client's message may have, its end of line included: 300 names of the longest kind fit."""

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
INTERNAL_ERROR = -32603
FAILED = -32000
"""An order that cannot be given; `data` carries `hint` and `exit_code`."""


class Malformed(Exception):  # noqa: N818 - it says what the message is
    """A line that is no message; `code` is JSON-RPC's."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code


class Request(Frozen):
    """A call; without an id it is a notification and gets no answer."""

    method: str
    params: dict[str, Any]
    id: int | str | None = None


class Answer(Frozen):
    """The result of a call, or its error."""

    id: int | str | None
    result: Any = None
    error: dict[str, Any] | None = None


def refusal(error: AuraError) -> dict[str, Any]:
    """Why something was refused, with the places of all mistakes, as parameters."""
    problems = error.problems if isinstance(error, InvalidDefinition) else ()
    return {
        "message": error.message,
        "hint": error.hint,
        "exit_code": error.exit_code,
        "problems": [
            [one.place.file, one.place.line, one.place.column, one.message, one.hint] for one in problems
        ],
    }


def encode(message: Request | Answer) -> bytes:
    """One line."""
    record: dict[str, Any] = {"jsonrpc": "2.0"}
    if isinstance(message, Request):
        record |= {"method": message.method, "params": message.params}
        if message.id is not None:
            record["id"] = message.id
    elif message.error is not None:
        record |= {"error": message.error, "id": message.id}
    else:
        record |= {"result": message.result, "id": message.id}
    return (
        json.dumps(record, separators=(",", ":")).encode() + b"\n"
    )  # ASCII, so that half a surrogate can be said


def decode(line: bytes) -> Request | Answer:
    """The message of a line.

    Raises:
        Malformed: it is not JSON, or not a message.
    """
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Malformed(PARSE_ERROR, "not JSON") from error
    if not isinstance(record, dict) or record.get("jsonrpc") != "2.0":
        raise Malformed(INVALID_REQUEST, "not a JSON-RPC 2.0 object")
    number = record.get("id")
    if isinstance(number, bool) or not isinstance(number, int | str | None):
        raise Malformed(INVALID_REQUEST, "the id is neither a number nor a text")
    if "method" not in record:
        return Answer(number, record.get("result"), _error(record.get("error")))
    method, params = record["method"], record.get("params", {})
    if not isinstance(method, str):
        raise Malformed(INVALID_REQUEST, "the method is not a text")
    if not isinstance(params, dict):
        raise Malformed(INVALID_PARAMS, "the parameters are not an object")
    return Request(method, params, number)


def _error(value: object) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise Malformed(INVALID_REQUEST, "the error is not an object")
    return value
