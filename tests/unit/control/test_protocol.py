import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_stack.control import protocol
from aura_stack.control.protocol import Answer, Malformed, Request, decode, encode


@pytest.mark.parametrize(
    "message",
    [
        Request("restart", {"services": ["backend"]}, 1),
        Request("hello", {"version": 1}),
        Answer(1, [{"ok": True}]),
        Answer(1, None),
        Answer("a", error={"code": -1, "message": "no"}),
    ],
)
def test_a_message_comes_back_as_it_was(message):
    line = encode(message)
    assert line.count(b"\n") == 1
    assert decode(line) == message


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"", protocol.PARSE_ERROR),
        (b"{", protocol.PARSE_ERROR),
        (b"\xff\xfe", protocol.PARSE_ERROR),
        (b"[" * 100_000, protocol.PARSE_ERROR),
        (b"[]", protocol.INVALID_REQUEST),
        (b"{}", protocol.INVALID_REQUEST),
        (b'{"jsonrpc":"1.0","method":"x"}', protocol.INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","method":7}', protocol.INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","method":"x","id":true}', protocol.INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","method":"x","id":[1]}', protocol.INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","method":"x","params":[1]}', protocol.INVALID_PARAMS),
        (b'{"jsonrpc":"2.0","id":1,"error":"no"}', protocol.INVALID_REQUEST),
    ],
)
def test_a_line_that_is_no_message_is_refused_with_the_code_of_the_specification(line, code):
    with pytest.raises(Malformed) as refused:
        decode(line)
    assert refused.value.code == code


@given(st.one_of(st.binary(), st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists)))
def test_no_line_raises_anything_else(value):
    line = value if isinstance(value, bytes) else json.dumps(value).encode()
    with contextlib.suppress(Malformed):
        decode(line)
