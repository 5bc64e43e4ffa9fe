"""What stands under `ready:` beyond one plain condition, and what is wrong with it."""

import pytest
from placed import SIGNALS, valid

from aura_stack.ports.policy import assign
from aura_stack.stack.model import Answer, ProbeKind, Ready
from aura_stack.stack.resolve import Surroundings, resolve

HERE = Surroundings("/proj/stack.yaml", "/proj", lambda _: True, SIGNALS)


def read(ready, service="command: x, port: 4010"):
    """The readiness, and the problems that were found."""
    found = valid(f"services:\n  a: {{{service}, ready: {ready}}}\n")
    stack, problems = resolve(found.root, assign(found.claims, None).ports, HERE)
    return stack.service("a").ready, [problem.message for problem in (*found.problems, *problems)]


def test_several_conditions_keep_their_order_and_have_one_limit():
    ready, problems = read("{all: [{log: up}, {tcp: 4011}, {file: f}], timeout: 5s}")
    assert problems == []
    assert (ready.kind, ready.timeout) == (ProbeKind.ALL, 5.0)
    assert ready.conditions == (
        Ready(ProbeKind.LOG, "up"),
        Ready(ProbeKind.TCP, "4011", 4011),
        Ready(ProbeKind.FILE, "/proj/f"),
    )
    assert read("{any: [{notify: true}]}")[0].conditions == (Ready(ProbeKind.NOTIFY),)


def test_a_single_condition_is_its_own_only_part():
    ready, _ = read("{log: up}")
    assert ready.conditions == (ready,)


@pytest.mark.parametrize(
    ("http", "answer"),
    [
        ("{path: /h}", Answer()),
        ("{path: /h, status: 204}", Answer(((204, 204),))),
        ("{path: /h, status: '204'}", Answer(((204, 204),))),
        ("{path: /h, status: 0xC8}", Answer(((200, 200),))),
        ("{path: /h, status: 200-299}", Answer(((200, 299),))),
        ("{path: /h, status: [204, 300-302]}", Answer(((204, 204), (300, 302)))),
        (
            "{path: /h, header: {X-Ready: 'yes', X-Port: '${port}'}}",
            Answer(headers=(("X-Ready", "yes"), ("X-Port", "4010"))),
        ),
        ("{path: /h, body: '^up on ${port}'}", Answer(body="^up on 4010")),
    ],
)
def test_what_an_answer_has_to_be(http, answer):
    assert read(f"{{http: {http}}}") == (Ready(ProbeKind.HTTP, "/h", 4010, answer=answer), [])


@pytest.mark.parametrize(
    ("ready", "message"),
    [
        ("{all: [{}]}", "this item names no condition"),
        ("{any: [{tcp: 1}, null]}", "this item names no condition"),
        ("{all: [{notify: false}]}", "this item names no condition"),
        ("{all: [{log: '['}]}", '"[" is no regular expression: unterminated character set at position 0'),
        (
            "{http: {path: /h, body: '('}}",
            '"(" is no regular expression: missing ), unterminated subpattern at position 0',
        ),
        ("{http: {path: /h, status: 299-200}}", '"299-200" begins behind its end'),
        ("{http: {path: h}}", '"http" should be a path such as /health or an address on localhost, not "h"'),
        ("{all: [{tcp: web}]}", '"tcp" asks a port called "web", and service "a" has none'),
        (
            "{all: [{tcp: [1]}]}",
            '"tcp" should be a number from 1 to 65535 or the name of a port of this service, not a list',
        ),
    ],
)
def test_what_is_wrong_is_told_once(ready, message):
    assert read(ready)[1] == [message]


@pytest.mark.parametrize(
    "ready", ["{log: a}", "{notify: true}", "{all: [{tcp: 1}, {log: a}]}", "{any: [{notify: true}]}"]
)
def test_an_external_service_says_nothing(ready):
    (message,) = read(ready, "external: true")[1]
    assert message.startswith("an external service ")
