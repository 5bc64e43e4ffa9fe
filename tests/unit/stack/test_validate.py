# ruff: noqa: E501 - a row of a table is one line, as is a message

import pytest
from placed import mistakes, tree, valid

from aura_stack.reading.tree import Form, Void
from aura_stack.stack.check import check
from aura_stack.stack.expand import expand
from aura_stack.stack.kinds import Flag, Key, Record


def service(inner, more=""):
    """A stack file whose fourth line is inside of the service `a`."""
    return f"services:\n  b: {{command: x}}\n  a:\n    {inner}\n    command: x\n{more}"


@pytest.mark.parametrize(
    ("inner", "mistake"),
    [
        ("port: true", '4:11: "port" should be the name of a port entry or a number from 1 to 65535, not true'),
        ("port: 0", '4:11: "port" should be the name of a port entry or a number from 1 to 65535, not 0'),
        ("port:", '4:10: "port" has no value, it should be the name of a port entry or a number from 1 to 65535'),
        ("ports: {a b: 1}", '4:13: "a b" should be a name of letters, digits, - and _ (at most 63)'),
        ("ports: {a-b: 1, a_b: 2, x: 3}", None),
        ("ports: {x: 1, a-b: 2, a_b: 3}", '4:27: "a-b" and "a_b" would both be PORT_A_B'),
        ("env: [A=1]", '4:10: "env" should be a mapping, not a list'),
        ("env: {A: [1]}", '4:14: "A" should be text or null, not a list'),
        ("env: {A=B: 1}", '4:11: "A=B" should be the name of a variable'),
        ("env: {A: 1, B: 1.10, C: yes, D: true, E: null, F: ''}", None),
        ("env:", None),
        ("depends_on:", None),
        ("depends_on: b", '4:17: "depends_on" should be a list or a mapping, not "b"'),
        ("depends_on: {b: redy}", '4:21: "b" should be started, ready or completed or a mapping, not "redy" (did you mean "ready"?)'),
        ("depends_on: {c: ready}", '4:18: no service is called "c"'),
        ("watch: true", None),
        ("watch: false", None),
        ("watch:", None),
        ("watch: {}", None),
        ("watch: {paths: [., ../shared, 'src/**/*.[jt]s', '[id].ts', '{id}.ts'], ignore: /tmp}", None),
        ("watch: src", '4:12: "watch" should be true or false or a mapping, not "src"'),
        ("watch: {path: src}", '4:13: unknown key "path" in watch (did you mean "paths"?)'),
        ("watch: {paths: []}", "4:13: nothing would be watched (watch: false turns it off)"),
        ("watch: {paths: [src, '']}", '4:26: an item of "paths" should be a path, not ""'),
        ("watch: {paths: ~/src}", '4:20: "~/src" would be the name of a file (write ${HOME} for ~)'),
        ("watch: {paths: [src, /]}", "4:26: / is the whole machine (name a folder)"),
        ("watch: {ignore: ['*.log', '!keep.log']}", '4:31: "!keep.log" would be the name of a file (a pattern has no exceptions)'),
        ("watch: {ignore: '*.{js,ts}'}", '4:21: "*.{js,ts}" would be the name of a file (write several patterns for { , })'),
        ("restart: sometimes", '4:14: "restart" should be no, on-failure or always, not "sometimes"'),
        ("restart: no", None),
        ("restart: onfailure", '4:14: "restart" should be no, on-failure or always, not "onfailure" (did you mean "on-failure"?)'),
        ("give_up: 10", '4:14: "give_up" should be never or a rate such as 10 in 5m, not 10'),
        ("give_up: 0 in 5m", '4:14: "give_up" should be never or a rate such as 10 in 5m, not "0 in 5m"'),
        ("give_up: never", None),
        ("give_up: 3 in 1m30s", None),
        ("backoff: {first: 1m, max: 30s}", "4:22: the first delay, 1m, is longer than the longest, 30s"),
        ("backoff: {first: 1s, max: 1000ms}", None),
        ("stop: {signal: sigint}", None),
        ("stop: {signal: 15}", '4:20: "signal" should be the name of a signal, not 15'),
        ("stop: {grace: -1s}", '4:19: "grace" should be a duration such as 250ms, 30s, 5m or 2h, not "-1s"'),
        ("ready: {timeout: 0s}", '4:22: "timeout" should be a duration above zero such as 30s, not "0s"'),
        ("ready: {http: /a, tcp: 80}", '4:23: "tcp" stands beside "http" (ready takes one of http, tcp, log, exec, file, notify, grpc, all or any)'),
        ("ready: /health", '4:12: "ready" should be a mapping, not "/health"'),
        ("prepare: npm ci", '4:14: "prepare" should be a list, not "npm ci"'),
        ("prepare: [{inputs: [a]}]", '4:15: a prepare step lacks the key "command"'),
        ("prepare: [{command: y, run: x}]", '4:28: unknown key "run" in a prepare step (did you mean "command"?)'),
        ("stdin: null", None),
        ("stdin: closed", '4:12: "stdin" should be pipe or null, not "closed"'),
        ("tty: always", '4:10: "tty" should be true or false, not "always"'),
        ("handover: later", '4:15: "handover" should be stop-first, hold or overlap or a mapping, not "later"'),
        ("handover: stop-first", None),
        ("handover: hold", "4:15: hold holds the sockets of a service, and this one has no port"),
        ("handover: {host: any}", '4:15: handover lacks the key "mode"'),
        ("handover: {mode: stop-first, by: proxy}", '4:38: "by" should be socket or front, not "proxy"'),
        ("handover: {mode: stop-first, host: here}", '4:40: "host" should be loopback or any, not "here"'),
        ("hint: x", '4:5: "hint" means nothing for a service that is not external'),
        ("external: maybe", '4:15: "external" should be true or false, not "maybe"'),
        ("external: false", None),
        ("cwd: ${port}", None),
        ("port: ${port}", '4:11: ${port} cannot stand in "port"'),
        ("x-anything: {goes: [here]}", None),
    ],
)  # fmt: skip
def test_a_service_is_checked_in_shape_and_sense(inner, mistake):
    found = mistakes(service(inner))
    assert found[:1] == ([mistake] if mistake else [])


@pytest.mark.parametrize(
    ("inner", "mistake"),
    [
        ("command: x, port: 1, handover: overlap", None),
        ("command: x, ports: {web: 1}, handover: {mode: hold, host: any}, stateful: false", None),
        ("command: x, port: 1, stateful: true", None),
        ("command: x, port: 1, handover: stop-first, stateful: true", None),
        ("command: 'x ${port}', port: 1, handover: {mode: hold, by: front}", None),
        ("command: x, port: 1, handover: {mode: overlap, settle: 1s}", None),
        ("command: x, port: 1, handover: {mode: hold, settle: 1s}", "1:68: only in an overlap the new run can stay ready beside the old one, and this is hold"),
        ("command: [x, '{fd}'], port: 1, handover: {mode: hold, by: front}", "1:74: the front hands on to a port, and the command asks for a socket (write ${port} in the place of {fd}, or leave the front out)"),
        ("command: x, port: 1, handover: hold, stateful: true", "1:47: hold is not for what is stateful (use stop-first)"),
        ("command: [/usr/bin/postgres, -D, x], port: 1, handover: {mode: overlap}", "1:79: postgres keeps what two runs at once would destroy (use stop-first: clients are refused while it restarts)"),
        ("command: redis-server --port 1, port: 1, handover: hold", "1:67: redis-server keeps what two runs at once would destroy (use stop-first: clients are refused while it restarts)"),
    ],
)  # fmt: skip
def test_what_two_runs_would_destroy_is_not_handed_over(inner, mistake):
    assert mistakes(f"services: {{a: {{{inner}}}}}\n") == ([mistake] if mistake else [])


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("name: a b\n", '1:7: "name" should be a name of letters, digits, -, _ and ., not "a b"'),
        ("name: 5\n", '1:7: "name" should be a name of letters, digits, -, _ and ., not 5 (put it in quotes to make it text)'),
        ("requires: {node: '>=x'}\n", "1:18: '>=x' is no version constraint (write one such as >=20.19, ^20, 20.x, >=3.11,<3.14 or *)"),
        ("requires: {node: 20}\n", None),
        ("tasks: {t: {command: x, needs: [c]}}\n", '1:33: no service and no task is called "c"'),
        ("tasks: {t: {command: x, service: c}}\n", '1:34: no service is called "c"'),
        ("tasks: {db:migrate: {}}\n", '1:21: a task lacks the key "command"'),
        ("profiles: {p: [c]}\n", '1:16: no service is called "c"'),
        ("x-web: &web {anything: 1}\n", None),
    ],
)  # fmt: skip
def test_the_top_of_the_file_is_checked_too(text, mistake):
    assert mistakes(text + "services: {a: {command: x}}\n") == ([mistake] if mistake else [])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("name: x\n", ['1:1: the stack file lacks the key "services"']),
        ("services: {}\n", ['1:11: "services" is empty']),
        ("services:\n", ['1:10: "services" has no value, it should be a mapping']),
        ("services: {a: }\n", ['1:15: "a" has no value, it should be a mapping']),
        ("services: {a: {external: true}}\n", ['1:12: external service "a" has neither port nor ready: nothing can be checked']),
        ("services: {a: {external: true, ready: {log: x}}}\n", ["1:40: an external service prints nothing that could be read (use a port, http, tcp, exec or file)"]),
        ("services: {a: {external: true, port: 1, required: false, hint: x}}\n", []),
        ("services: {a: {external: true, port: 1}, b: {command: x, depends_on: {a: completed}}}\n", ['1:71: external service "a" never completes (use ready)']),
        ("services: {a: {external: true, port: 1}, b: {command: x, depends_on: {a: {restart: true}}}}\n", ['1:71: external service "a" is never restarted (leave restart out)']),
        ("services: {a-b: {command: x}, A_B: {command: x}}\n", ['1:31: the names "a-b" and "A_B" are too much alike (both would be AURA_PORT_A_B)']),
        ("services: {'a b': {command: x}}\n", ['1:12: "a b" should be a name of letters, digits, - and _ (at most 63)']),
        ("services: {a: {command: ''}}\n", ['1:25: "command" should be text or a list, not ""']),
        ("services: {a: {command: []}}\n", ['1:25: "command" is empty']),
        ("services: {a: {command: [x, [y]]}}\n", ['1:29: an item of "command" should be text, not a list']),
        ("services: {a: {command: [sleep, 5, true]}}\n", []),
        ("service: {}\n", ['1:1: the stack file lacks the key "services"', '1:1: unknown key "service" in the stack file (did you mean "services"?)']),
    ],
)  # fmt: skip
def test_a_stack_without_a_sensible_service_is_told(text, found):
    assert mistakes(text) == found


def test_a_mistake_hides_no_other_and_begets_none():
    text = "services:\n  a: {command: 5, port: [1], depends_on: [b, c], restrat: 1}\n  b: 7\n"
    assert mistakes(text) == [
        '2:16: "command" should be text or a list, not 5 (put it in quotes to make it text)',
        '2:25: "port" should be the name of a port entry or a number from 1 to 65535, not a list',
        '2:46: no service is called "c"',
        '2:50: unknown key "restrat" in a service (did you mean "restart"?)',
        '3:6: "b" should be a mapping, not 7',
    ]


def test_a_mistake_behind_an_anchor_is_told_once():
    text = "x-a: &a {restart: never}\nservices:\n  a: {<<: *a, command: x}\n  b: {<<: *a, command: x}\n"
    assert len(set(mistakes(text))) == 1
    assert mistakes(text)[0].startswith('1:19: "restart" should be')


def test_what_is_accepted_and_not_acted_on_is_noted():
    kind = Record("x", {"a": Key(Flag(), "", later="a", now="false"), "b": Key(Flag(), "")})
    texts = ("a: true\nb: true\n", "a: false\n", "b: true\n")
    found = [check(tree(text), kind, "x").notices for text in texts]
    assert [list(map(str, notices)) for notices in found] == [
        ["f:1:1: a is not acted on by this version"],
        [],
        [],
    ]


def test_a_variable_may_stand_for_any_value_but_a_key():
    text = """\
services:
  a:
    command: x
    port: ${PORT:-4010}
    restart: "${RESTART}"
    ready: {timeout: "${LIMIT}"}
    env: {YEAR: "${YEAR}", "${YEAR}": 1}
  b: {external: "${YES}", port: 1}
"""
    found = valid(text, RESTART="always", LIMIT="5s", YEAR="2026", YES="true")
    assert found.problems == ()
    assert [claim.word for claim in found.claims] == [4010, 1]
    assert mistakes(text, RESTART="x", LIMIT="5", YEAR="", YES="7") == [
        '5:14: "restart" should be no, on-failure or always, not "x"',
        '6:22: "timeout" should be a duration above zero such as 30s, not 5 (did you mean "5s"?)',
        '8:17: "external" should be true or false, not 7',
    ]


def test_text_from_a_variable_is_text_whatever_it_looks_like():
    root = expand(tree("a: ${A}\nb: x${A}\nc: $$\n"), {"A": "5"}).root
    assert [root.scalar(key).form for key in "abc"] == [Form.EXPANDED, Form.EXPANDED, Form.PLAIN]
    assert valid("services: {a: {command: x, cwd: '${A}'}}\n", A="5").problems == ()


def test_what_stands_under_a_key_of_the_users_own_is_not_filled_in():
    found = expand(tree("x-a: ${NONE}\nb: ${NONE}\nc: ['${A}', '${A}']\n"), {"A": "1", "B": "2"})
    assert [str(problem.place) for problem in found.problems] == ["f:2:4"]
    assert isinstance(found.root.entries["b"].node, Void)
    assert found.variables == {"A": "1"}


def test_claims_name_the_main_port_first_and_the_variables_after_the_keys():
    text = """\
services:
  a: {command: x, ports: {http: web, metrics-2: 4011}}
  b: {command: x, ports: {http: 4012}, port: 4013}
  c: {external: true, port: 5432}
"""
    assert [(c.service, c.external, c.key, c.variable, c.word) for c in valid(text).claims] == [
        ("a", False, "http", "PORT", "web"),
        ("a", False, "metrics-2", "PORT_METRICS_2", 4011),
        ("b", False, "", "PORT", 4013),
        ("b", False, "http", "PORT_HTTP", 4012),
        ("c", True, "", "PORT", 5432),
    ]
