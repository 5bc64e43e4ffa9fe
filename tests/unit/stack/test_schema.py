"""The schema that editors use accepts what the check of the shape accepts, and nothing else."""

# ruff: noqa: E501 - a row of a table is one line

import jsonschema
import pytest
from placed import tree

from aura_stack.reading.tree import plain
from aura_stack.stack.check import check
from aura_stack.stack.kinds import Either, ListOf, MapOf, Record
from aura_stack.stack.rules import broken
from aura_stack.stack.schema import DIALECT, document
from aura_stack.stack.shape import STACK

VALIDATOR = jsonschema.Draft202012Validator(document())

GOOD_SERVICES = [
    "{command: x}",
    "{command: [x, 1, 1.5, true, '']}",
    "{command: x, cwd: src, port: web}",
    "{command: x, port: 4010, ports: {http: 1, m: web}}",
    "{command: x, ports: null, env: null, depends_on: null, prepare: null, ready: null, stop: null, backoff: null}",
    "{command: x, env: {A: 1, B: 1.5, C: true, D: null, E: '', F: text}}",
    "{command: x, env_file: .env}",
    "{command: x, env_file: [.env, b]}",
    "{command: x, prepare: [{command: y}, {command: [y], inputs: a, outputs: [b, c]}]}",
    "{command: x, ready: {http: /health, timeout: 30s}}",
    "{command: x, ready: {tcp: 4010}}",
    "{command: x, ready: {tcp: web}}",
    "{command: x, ready: {timeout: 1m30s}}",
    "{command: x, ready: {grpc: true}}",
    "{command: x, ready: {exec: [y]}}",
    "{command: x, ready: {notify: true}}",
    "{command: x, ready: {http: {path: /h, status: 204, header: {X-Ready: yes}, body: ok}}}",
    "{command: x, ready: {http: {path: /h, status: [204, 200-299]}}}",
    "{command: x, ready: {all: [{tcp: 4010}, {log: up}], timeout: 5s}}",
    "{command: x, ready: {any: [{http: {path: /}}, {notify: true}]}}",
    "{command: x, depends_on: [a, b]}",
    "{command: x, depends_on: {a: started, b: ready, c: completed}}",
    "{command: x, watch: {paths: [.], ignore: '*.pyc'}}",
    "{command: x, watch: true}",
    "{command: x, watch: false}",
    "{command: x, watch: null}",
    "{command: x, watch: {}}",
    "{command: x, handover: overlap, restart: no, give_up: never}",
    "{command: x, backoff: {first: 0s, max: 30s}, give_up: 10 in 5m}",
    "{command: x, stop: {signal: TERM, grace: 10s}}",
    "{command: x, stop: {signal: sigusr1}}",
    "{command: x, health: {http: /, every: 5s, timeout: 1s, failures: 3}}",
    "{command: x, stdin: null}",
    "{command: x, stdin: pipe}",
    "{command: x, external: false}",
    "{external: true, port: 5432, required: false, hint: x}",
    "{external: true, ready: {exec: y}}",
    "{command: x, x-mine: [1, {a: b}]}",
]
BAD_SERVICES = [
    "null", "x", "[]", "{}", "{command: 5}", "{command: ''}", "{command: ' '}", "{command: []}", "{command: null}",
    "{command: {}}", "{command: [x, null]}", "{command: [x, [y]]}", "{cmd: x}", "{command: x, cwd: 5}",
    "{command: x, ready: {all: []}}", "{command: x, ready: {all: null}}", "{command: x, ready: {all: [tcp]}}",
    "{command: x, ready: {all: [{tcp: 1}], tcp: 1}}", "{command: x, ready: {all: [{tcp: 1, log: a}]}}",
    "{command: x, ready: {any: [{all: [{tcp: 1}]}]}}", "{command: x, ready: {any: [{grpc: 5}]}}",
    "{command: x, ready: {http: {status: 204}}}", "{command: x, ready: {http: {path: /, status: 600}}}",
    "{command: x, ready: {http: {path: /, status: 20x}}}", "{command: x, ready: {http: {path: /, header: {'a b': c}}}}",
    "{command: x, port: 0}", "{command: x, port: 65536}", "{command: x, port: 1.5}", "{command: x, port: true}",
    "{command: x, port: [1]}", "{command: x, port: null}", "{command: x, ports: {'a b': 1}}", "{command: x, ports: [1]}",
    "{command: x, env: [A=1]}", "{command: x, env: {A: [1]}}", "{command: x, env: {'A B': 1}}",
    "{command: x, prepare: y}", "{command: x, prepare: [y]}", "{command: x, prepare: [{inputs: a}]}",
    "{command: x, prepare: [null]}", "{command: x, ready: /health}", "{command: x, ready: {http: 5}}",
    "{command: x, ready: {http: /, tcp: 1}}", "{command: x, ready: {timeout: 30}}", "{command: x, ready: {timeout: 0s}}",
    "{command: x, ready: {timeout: 5 s}}", "{command: x, ready: {tcp: 0}}", "{command: x, ready: {port: 5}}",
    "{command: x, depends_on: a}", "{command: x, depends_on: {a: up}}", "{command: x, depends_on: [null]}",
    "{command: x, depends_on: ['a b']}", "{command: x, restart: never}", "{command: x, restart: false}",
    "{command: x, watch: yes}", "{command: x, watch: src}", "{command: x, watch: [src]}", "{command: x, watch: {path: src}}",
    "{command: x, handover: later}", "{command: x, give_up: 10}", "{command: x, give_up: 0 in 5m}",
    "{command: x, give_up: 10 in 0s}", "{command: x, backoff: 5s}", "{command: x, stop: TERM}",
    "{command: x, stop: {signal: 9}}", "{command: x, stop: {grace: soon}}", "{command: x, stdin: closed}",
    "{command: x, stdin: true}", "{command: x, health: {failures: 0}}", "{command: x, health: {http: /, exec: y}}",
    "{command: x, external: yes}", "{command: x, external: true, port: 1}", "{external: true}",
    "{external: true, port: 1, cwd: a}", "{command: x, hint: y}", "{command: x, required: true}",
    "{command: x, X-mine: 1}",
]  # fmt: skip
SERVICE = "services: {{a: {}, b: {{command: x}}, c: {{command: x}}}}"
GOOD = [
    "services: {a: {command: x}}",
    "{name: aura-2.x, ports: p.json, env_file: .env, requires: null, services: {a: {command: x}}, tasks: null}",
    "{requires: {node: '>=20', npm: 10, x: '*'}, services: {a: {command: x}}}",
    "{services: {a: {command: x}}, tasks: {db:migrate: {command: x, service: a, needs: [a]}}, profiles: {p: [a], q: null}}",
    "{x-a: 1, services: {A-1: {command: x}, 2: {command: x}}}",
]
BAD = [
    "[]", "x", "5", "{}", "name: x", "services: null", "services: {}", "services: []", "services: {'a b': {command: x}}",
    "services: {-a: {command: x}}", "{name: 5, services: {a: {command: x}}}", "{name: a b, services: {a: {command: x}}}",
    "{ports: [1], services: {a: {command: x}}}", "{ports: null, services: {a: {command: x}}}",
    "{requires: [node], services: {a: {command: x}}}", "{requires: {node: null}, services: {a: {command: x}}}",
    "{services: {a: {command: x}}, tasks: {t: null}}", "{services: {a: {command: x}}, tasks: {t: {needs: [a]}}}",
    "{services: {a: {command: x}}, profiles: {p: a}}", "{service: {a: {command: x}}}",
]  # fmt: skip


def walker_accepts(text):
    """Whether shape and the rule of sides, which the schema knows too, have nothing against it."""
    checked = check(tree(text), STACK, "the stack file")
    if checked.problems:
        return False
    about_sides = ("means nothing for", 'lacks the key "command"', "nothing can be checked")
    told = [problem.message for problem in broken(checked.root, {"TERM": 15, "USR1": 10})]
    return not any(words in message for message in told for words in about_sides)


@pytest.mark.parametrize("text", GOOD + [SERVICE.format(each) for each in GOOD_SERVICES])
def test_both_accept_what_is_good(text):
    VALIDATOR.validate(plain(tree(text)))
    assert walker_accepts(text)


@pytest.mark.parametrize("text", BAD + [SERVICE.format(each) for each in BAD_SERVICES])
def test_both_refuse_what_is_bad(text):
    assert not VALIDATOR.is_valid(plain(tree(text)))
    assert not walker_accepts(text)


def test_the_schema_is_one_of_its_dialect():
    assert document()["$schema"] == DIALECT == jsonschema.Draft202012Validator.META_SCHEMA["$id"]
    jsonschema.Draft202012Validator.check_schema(document())


def test_defaults_are_told_where_there_are_some():
    service = document()["properties"]["services"]["additionalProperties"]["properties"]
    assert service["restart"]["default"] == "on-failure"
    assert service["required"]["default"] is True
    assert "default" not in service["command"]


def test_values_from_variables_are_taken_for_granted():
    text = "services: {a: {command: x, port: '${P}', restart: '${R}', ready: {timeout: '${T}'}, external: '${E}'}}"
    VALIDATOR.validate(plain(tree(text)))


def records(kind):
    """All records within a kind."""
    if isinstance(kind, Record):
        yield kind
        for key in kind.keys.values():
            yield from records(key.kind)
    elif isinstance(kind, Either):
        for each in kind.kinds:
            yield from records(each)
    elif isinstance(kind, (ListOf, MapOf)):
        yield from records(kind.item)


def test_every_key_says_what_it_is_for_in_a_sentence():
    for record in records(STACK):
        for name, key in record.keys.items():
            assert key.doc.endswith("."), (record.name, name)
            assert key.doc[0].isupper(), (record.name, name)
