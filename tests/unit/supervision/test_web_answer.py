import pytest

from aura_stack.stack.model import Answer
from aura_stack.supervision import webanswer


@pytest.mark.parametrize(
    ("line", "number"),
    [(b"HTTP/1.1 204 No Content\r\n", 204), (b"HTTP/2 200\r\n", 200), (b"ICY 200 OK\r\n", None), (b"", None)],
)
def test_the_status_stands_in_the_first_line(line, number):
    assert webanswer.status(line) == number


@pytest.mark.parametrize(
    ("number", "statuses", "lacks"),
    [
        (200, ((200, 399),), ""),
        (400, ((200, 399),), "HTTP 400"),
        (204, ((204, 204), (300, 302)), ""),
        (302, ((204, 204), (300, 302)), ""),
        (200, ((204, 204), (300, 302)), "HTTP 200"),
    ],
)
def test_the_status_lies_in_one_of_the_ranges(number, statuses, lacks):
    assert webanswer.head_lacks(number, {}, Answer(statuses)) == lacks


@pytest.mark.parametrize(
    ("lines", "lacks"),
    [
        ([b"x-ready:  yes "], ""),
        ([b"X-Ready: no", b"X-READY: yes"], ""),
        ([b"X-Ready: yes, but"], "HTTP 200 without the header X-Ready: yes"),
        ([b"no header at all"], "HTTP 200 without the header X-Ready: yes"),
    ],
)
def test_a_header_has_exactly_that_value(lines, lacks):
    got = webanswer.headers(lines)
    assert webanswer.head_lacks(200, got, Answer(headers=(("X-Ready", "yes"),))) == lacks


CHUNKED = {"transfer-encoding": ["chunked"]}


@pytest.mark.parametrize(
    ("raw", "got", "body"),
    [
        (b"up and well", {}, b"up and well"),
        (b"3\r\nup \r\n8;x=y\r\nand well\r\n0\r\n\r\n", CHUNKED, b"up and well"),
        (b"3\r\nup \r\n8\r\nand", CHUNKED, b"up and"),
        (b"no length\r\nup", CHUNKED, b""),
        (b"-5\r\nup", CHUNKED, b""),
    ],
)
def test_a_body_is_put_together_from_its_chunks(raw, got, body):
    assert webanswer.body(raw, got) == body


def test_a_body_is_searched_across_its_chunks():
    answer = Answer(body="up and")
    assert webanswer.body_lacks(200, b"3\r\nup \r\n3\r\nand\r\n", CHUNKED, answer) == ""
    words = "HTTP 200 with a body in which nothing matches up and"
    assert webanswer.body_lacks(200, b"3\r\nup \r\n3\r\n", CHUNKED, answer) == words


@pytest.mark.parametrize(
    ("raw", "got", "whole"),
    [
        (b"ab", {"content-length": ["2"]}, True),
        (b"a", {"content-length": ["2"]}, False),
        (b"ab", {"content-length": ["two"]}, False),
        (b"ab", {}, False),
        (b"1\r\na\r\n0\r\n\r\n", CHUNKED, True),
        (b"1\r\na\r\n", CHUNKED, False),
    ],
)
def test_the_end_of_a_body_is_known_where_the_answer_tells_it(raw, got, whole):
    assert webanswer.is_whole(raw, got) is whole
