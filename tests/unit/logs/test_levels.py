import pytest

from aura_stack.logs.levels import CANDIDATES, LEVELS, goes_on, level_of, readable

ROWS = [
    (b'{"level":30,"time":1700000000000,"pid":1,"hostname":"h","msg":"up"}', "info"),  # pino
    (
        b'{"name":"x","hostname":"h","pid":1,"level":60,"msg":"gone","time":"2026-11-28","v":0}',
        "fatal",
    ),  # bunyan
    (b'{"event": "slow", "level": "warning", "timestamp": "2026-11-28T12:00:00Z"}', "warn"),  # structlog
    (b'{"severity":"ERROR","message":"no"}', "error"),  # Google
    (b'{"log":{"level":"debug"},"message":"x"}', "debug"),  # ECS
    (b'level=error msg="no"', "error"),  # logfmt
    (b"2026-11-28 12:00:00,123 - app - CRITICAL - no", "fatal"),
    (b"[Nest] 4711  - 11/28/2026, 2:03:07 PM     LOG [NestFactory] Starting", "info"),
    (b"WARN  [web] slow", "warn"),
    (b"INFO:     Uvicorn running", "info"),
    (b"error: no such file", "error"),
    (b"TypeError: x is not a function", "error"),
    (b"Traceback (most recent call last):", "error"),
    (b"npm ERR! code ELIFECYCLE", "error"),
    (b"[error] no", "error"),
    (b"12:03:04 [warning] slow", "warn"),
    (b"GET /errors 200", None),
    (b"no errors, no warnings", None),
    (b"{not json", None),
    (b'["error"]', None),
    (b'{"level":true}', None),
    (b"\xff\xfe", None),
]


@pytest.mark.parametrize(("line", "level"), ROWS)
def test_the_level_of_a_line(line, level):
    found = level_of(line)
    assert (found if found is None else LEVELS[found]) == level


@pytest.mark.parametrize(("line", "level"), [(line, level) for line, level in ROWS if level])
def test_whatever_is_grave_is_looked_at(line, level):
    for least in range(LEVELS.index(level) + 1):
        assert CANDIDATES[least].search(line)


def test_a_line_of_a_logger_becomes_what_it_says():
    assert (
        readable(
            b'{"level":30,"time":1700000000000,"pid":1,"hostname":"h","msg":"listening","port":4010,"a":"b c"}'
        )
        == b'INFO  listening port=4010 a="b c"'
    )
    assert (
        readable(b'{"event":"done","level":"info","took":{"ms":3},"timestamp":"x"}')
        == b'INFO  done took={"ms":3}'
    )


def test_a_stack_trace_stands_below():
    line = b'{"level":50,"msg":"no","err":{"type":"Error","stack":"Error: no\\n    at f (a.js:1:2)"}}'
    assert readable(line) == b"ERROR no\nError: no\n    at f (a.js:1:2)"


@pytest.mark.parametrize(
    "line",
    [
        b"plain",
        b'{"a":1}',
        b'{"msg":"only"}',
        b"{",
        b'{"msg":1,"level":30}',
        b"[1]",
        b'{"level":30}',
        b"{" * 100_000,
    ],
)
def test_what_is_no_line_of_a_logger_stands_as_it_is(line):
    assert readable(line) is None


def test_lines_that_go_on():
    assert all(map(goes_on, [b"    at f (a.js:1)", b"\tat x", b"Caused by: y", b"", b"}", b"... 3 more"]))
    assert not any(map(goes_on, [b"x", b"at the end", b"{"]))
