"""One call of gRPC's health protocol as bytes, and what its answer says (grpc/health/v1/health.proto).

It is as much of HTTP/2 (RFC 9113) as one short call needs. The headers are written as literals (RFC 7541, 6.2.2), so
no table is kept; those that come back are not read, since the answer stands in the message: who sends none does not
have what was asked for.
"""

from collections.abc import Iterator

from aura_stack.frozen import NamedTuple

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PING, _GOAWAY = 0, 1, 3, 4, 6, 7
_END_STREAM, _ACK, _END_HEADERS, _PADDED = 0x1, 0x1, 0x4, 0x8
_HEAD = 9  # bytes before the payload of a frame
_LARGEST = 1 << 14  # bytes of a payload, as long as nobody has agreed on more
_STREAM = 1  # the first that a client may open
_MESSAGE_HEAD = 5  # a byte for compression, four for the length
_STATUSES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}
_SERVING = 1
_NO_HTTP2 = "no HTTP/2 answer"


def question(service: str, authority: str) -> bytes:
    """All that a client has to send at first.

    Args:
        service: whose health is asked for, "" for the server's.
        authority: host and port, as in an address.
    """
    fields = (
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/grpc.health.v1.Health/Check"),
        (":authority", authority),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
    )
    headers = b"".join(b"\0" + _text(name) + _text(value) for name, value in fields)
    name = service.encode()
    message = b"\x0a" + _varint(len(name)) + name if name else b""  # field 1, of the kind that has a length
    body = b"\0" + len(message).to_bytes(4, "big") + message
    return b"".join(
        (
            _PREFACE,
            _frame(_SETTINGS, 0, 0, b""),
            _frame(_HEADERS, _END_HEADERS, _STREAM, headers),
            _frame(_DATA, _END_STREAM, _STREAM, body),
        )
    )


class Step(NamedTuple):
    """What is to be sent now, and the answer: None while more has to come, "" for SERVING, else in words."""

    send: bytes
    answer: str | None


class Reply:
    """What comes back, piece by piece."""

    def __init__(self) -> None:
        self._bytes = b""
        self._message = b""
        self._begun = False

    def feed(self, data: bytes) -> Step:
        """Take what has come; b"" is the end of the connection."""
        if not data:
            return Step(b"", "closed without an answer" if self._begun else _NO_HTTP2)
        self._bytes += data
        send = b""
        for kind, flags, stream, payload in self._frames():
            if not self._begun and kind != _SETTINGS:
                return Step(send, _NO_HTTP2)
            self._begun = True
            if kind in (_SETTINGS, _PING) and not flags & _ACK:
                send += _frame(kind, _ACK, 0, payload if kind == _PING else b"")
            elif (answer := self._heed(kind, flags, stream, payload)) is not None:
                return Step(send, answer)
        return Step(send, None)

    def _frames(self) -> Iterator[tuple[int, int, int, bytes]]:
        while len(self._bytes) >= _HEAD:
            length = int.from_bytes(self._bytes[:3], "big")
            kind, flags = self._bytes[3], self._bytes[4]
            if length > _LARGEST:
                yield -1, 0, 0, b""
                return
            if len(self._bytes) < _HEAD + length:
                return
            stream = int.from_bytes(self._bytes[5:9], "big") & 0x7FFFFFFF
            payload, self._bytes = self._bytes[_HEAD : _HEAD + length], self._bytes[_HEAD + length :]
            yield kind, flags, stream, payload

    def _heed(self, kind: int, flags: int, stream: int, payload: bytes) -> str | None:
        """The answer, as soon as this frame settles it."""
        if kind in (-1, _GOAWAY):
            return "it ended the connection" if kind == _GOAWAY else _NO_HTTP2
        if stream != _STREAM:
            return None
        if kind == _RST_STREAM:
            return "it refused the call"
        if kind == _DATA:
            self._message += (
                payload[1 : len(payload) - payload[0]] if flags & _PADDED and payload else payload
            )
            if (answer := _said(self._message)) is not None:
                return answer
        ended = flags & _END_STREAM and kind in (_DATA, _HEADERS)
        return "it has no such health to tell (is the health service registered?)" if ended else None


def _said(message: bytes) -> str | None:
    """What a HealthCheckResponse says; None while it is not whole."""
    size = int.from_bytes(message[1:_MESSAGE_HEAD], "big")
    if len(message) < _MESSAGE_HEAD or len(message) < _MESSAGE_HEAD + size:
        return None
    if message[0]:
        return "its answer is compressed"
    status = _status(message[_MESSAGE_HEAD : _MESSAGE_HEAD + size])
    return "" if status == _SERVING else _STATUSES.get(status, f"status {status}")


def _status(message: bytes) -> int:
    """Field 1, a number; what is not said is 0, and a newer field behind it is nobody's concern."""
    return message[1] if message[:1] == b"\x08" and len(message) > 1 else 0


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def _text(text: str) -> bytes:
    """A string of a header (RFC 7541, 5.2), shorter than 127 bytes, as it stands."""
    return bytes((len(text),)) + text.encode("ascii")


def _varint(number: int) -> bytes:
    """A number as protocol buffers write it: seven bits a byte, the lowest first."""
    low, rest = number & 0x7F, number >> 7
    return bytes((low | 0x80,)) + _varint(rest) if rest else bytes((low,))
