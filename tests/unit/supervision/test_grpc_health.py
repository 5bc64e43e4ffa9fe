"""What a real server answered (grpcio 1.7x with its health service), byte for byte, and what no server should."""

import pytest

from aura_stack.supervision.grpchealth import Reply, question

GREETING = bytes.fromhex(
    "000018040000000000000400400000000500400000000600004000fe0300000001000004080000000000003f0001"
)
ACK = bytes.fromhex("000000040100000000")
UPDATE = bytes.fromhex("00000408000000000000000005")
PING = bytes.fromhex("000008060000000000e1f25540745b7377")
HEAD = bytes.fromhex(
    "00004e01040000000188400c636f6e74656e742d74797065106170706c69636174696f6e2f677270634014677270632d"
    "6163636570742d656e636f64696e67176964656e746974792c206465666c6174652c20677a6970"
)
SERVING = bytes.fromhex("00000700000000000100000000020801")
NOT_SERVING = SERVING[:-1] + b"\2"
TRAILERS = bytes.fromhex("00001e010500000001400b677270632d7374617475730130000c677270632d6d65737361676500")
UNIMPLEMENTED = bytes.fromhex(
    "00005001050000000188400c636f6e74656e742d74797065106170706c69636174696f6e2f67727063400b677270632d"
    "737461747573023132000c677270632d6d657373616765114d6574686f64206e6f7420666f756e6421"
)
BEFORE = GREETING + ACK + UPDATE + PING
NO_HEALTH = "it has no such health to tell (is the health service registered?)"


def frame(kind, flags, stream, payload):
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def data(message, flags=0):
    return frame(0, flags, 1, b"\0" + len(message).to_bytes(4, "big") + message)


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize(
    ("came", "answer"),
    [
        (BEFORE + HEAD + SERVING + TRAILERS, ""),
        (BEFORE + HEAD + NOT_SERVING + TRAILERS, "NOT_SERVING"),
        (BEFORE + UNIMPLEMENTED, NO_HEALTH),
        (GREETING + HEAD + data(b"") + TRAILERS, "UNKNOWN"),
        (GREETING + HEAD + data(b"\x08\x03") + TRAILERS, "SERVICE_UNKNOWN"),
        (GREETING + HEAD + data(b"\x08\x2a") + TRAILERS, "status 42"),
        (GREETING + HEAD + data(b"\x12\x01x") + TRAILERS, "UNKNOWN"),
        (GREETING + HEAD + frame(0, 0, 1, b"\1\0\0\0\2ab"), "its answer is compressed"),
        (GREETING + HEAD + frame(0, 8, 1, b"\2\0\0\0\0\2\x08\1zz"), ""),
        (GREETING + HEAD + frame(0, 0, 1, b"\0\0\0") + frame(0, 1, 1, b"\0\2\x08\1"), ""),
        (GREETING + HEAD + frame(0, 1, 1, b"\0\0\0\0\2\x08"), NO_HEALTH),
        (GREETING + frame(0, 0, 3, b"\0\0\0\0\2\x08\1") + frame(3, 0, 1, b"\0\0\0\7"), "it refused the call"),
        (GREETING + frame(7, 0, 0, b"\0" * 8), "it ended the connection"),
        (frame(1, 4, 1, b""), "no HTTP/2 answer"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "no HTTP/2 answer"),
        (GREETING + b"\xff" * 9, "no HTTP/2 answer"),
        (GREETING, "closed without an answer"),
        (b"", "no HTTP/2 answer"),
    ],
)
def test_what_comes_back_is_understood_however_it_is_cut(came, answer, size):
    reply, said = Reply(), None
    for first in range(0, len(came), size):
        said = reply.feed(came[first : first + size]).answer
        if said is not None:
            break
    assert (reply.feed(b"").answer if said is None else said) == answer


def test_what_has_to_be_acknowledged_is():
    step = Reply().feed(BEFORE)
    assert step.send == ACK + frame(6, 1, 0, PING[9:])
    assert step.answer is None


def test_the_question_names_the_service_it_is_about():
    anybody, somebody = question("", "localhost:1"), question("s" * 200, "localhost:1")
    assert anybody.startswith(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b""))
    assert anybody.endswith(frame(0, 1, 1, b"\0" * 5))
    assert somebody.endswith(frame(0, 1, 1, b"\0" + (203).to_bytes(4, "big") + b"\x0a\xc8\x01" + b"s" * 200))
    assert b"\0\x05:path\x1c/grpc.health.v1.Health/Check" in anybody
