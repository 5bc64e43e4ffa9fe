import json
import re
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from placed import SIGNALS, valid

from aura_stack.errors import Place
from aura_stack.ports.policy import assign
from aura_stack.reading.load import parse
from aura_stack.stack.dump import dump, duration
from aura_stack.stack.resolve import Surroundings, resolve
from aura_stack.stack.secrets import is_secret, masked, secret_values
from aura_stack.stack.units import DURATION, seconds
from aura_stack.stack.validate import validate

HERE = Surroundings("/proj/stack.yaml", "/proj", lambda _: True, SIGNALS)
EVERYTHING = """\
name: aura
requires: {node: ">=20.19"}
services:
  a:
    command: "echo $HOME $${HOME} $$$$"
    cwd: src
    port: 4010
    ports: {metrics: 4011}
    env: {A: "$${X}", B: null, C: '', D: "${services.b.url}", E: "no"}
    prepare: [{command: [npm, ci], inputs: [package.json], outputs: node_modules}]
    watch: {paths: [src, "$$$${x}.ts"], ignore: "*.test.ts"}
    ready: {http: "http://localhost:4011/health", timeout: 30s}
    health: {http: {path: /h, status: 204}, every: 2s, timeout: 500ms, failures: 2}
    depends_on: {b: {condition: started, restart: true}, db: ready}
    restart: always
    backoff: {first: 250ms, max: 2h}
    give_up: never
    stop: {signal: INT, grace: 1.5s, command: "bye"}
    stdin: null
    handover: {mode: overlap, host: any, by: front, settle: 2s}
  b: {command: [x, "a b"], ports: {web: 4001, admin: 4002}, ready: {log: "up $"}}
  c: {command: x, ready: {exec: [true]}, give_up: 3 in 90s, health: {watchdog: 1.5s}}
  d: {command: x, ready: {file: up}, watch: true, tty: true}
  w:
    command: x
    watch:
      gitignore: false
      build: [npm, run, build]
      dependents: true
      rules:
        - {match: "*.conf", signal: HUP}
        - {match: [a.ts, "b/$$$${x}"], run: "make $X"}
        - {match: "*.md", ignore: true}
        - {match: "*.js", restart: true}
  e: {command: x, port: 4010, replicas: 3, env_file: [e.env, {path: f.env, required: false}], depends_on: [migrate]}
  f: {command: x, port: 4020, ready: {http: {path: /h, status: [204, 300-302], header: {X-A: "$b"}, body: "^up$"}}}
  h: {command: x, port: 4030, ready: {all: [{tcp: 4010}, {notify: true}, {grpc: true}, {log: "$x"}]}}
  i: {command: x, ready: {grpc: {service: "a.$b", port: 4031}}}
  g: {command: x, ready: {any: [{file: up}, {exec: [y, z]}, {http: "http://localhost:4020"}]}}
  db: {external: true, port: 5432, required: false, hint: "docker compose up -d db"}
env_file: .env
tasks:
  migrate: {command: "m $X", service: a, needs: [db], inputs: in, outputs: [out], env: {A: null, M: "1"}}
  seed: {command: [s], needs: [migrate, a]}
profiles: {small: [a, e], other: {env: {A: b}, range: 4100-4199}}
"""


def without_places(value):
    """A stack without the places where its words stood."""
    if isinstance(value, Place):
        return None
    if isinstance(value, tuple):
        return tuple(map(without_places, value))
    if isinstance(value, Mapping):
        return {name: without_places(one) for name, one in value.items()}
    if hasattr(value, "__match_args__") and not isinstance(value, str):
        return {
            name: without_places(getattr(value, name))
            for name in value.__match_args__
            if name != "env_places"
        }
    return value


def stack_of(root):
    found = validate(root, SIGNALS)
    assert found.problems == ()
    stack, problems = resolve(found.root, assign(found.claims, None).ports, HERE)
    assert problems == ()
    return stack


def test_what_is_dumped_defines_the_same_stack():
    first = stack_of(valid(EVERYTHING).root)
    text = json.dumps(dump(first, SIGNALS))
    again = stack_of(parse(text.encode(), "f", as_json=True).root)
    assert without_places(again) == without_places(first)
    assert dump(again, SIGNALS) == dump(first, SIGNALS)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0s"), (0.25, "250ms"), (1.5, "1500ms"), (30, "30s"), (60, "1m"), (90, "90s"), (7200, "2h")],
)
def test_durations_are_written_in_the_largest_unit_that_fits(number, text):
    assert duration(number) == text


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.decimals(0, 10**6, places=3), st.sampled_from(["ms", "s", "m", "h"])), min_size=1)
)
def test_a_duration_means_the_same_when_it_is_read_again(parts):
    text = "".join(f"{number}{unit}" for number, unit in parts)
    assert re.fullmatch(DURATION, duration(seconds(text)))
    assert seconds(duration(seconds(text))) == pytest.approx(seconds(text), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgres://me:hunter2@localhost/db", "postgres://me:***@localhost/db"),
        ("postgres://:hunter2@localhost", "postgres://:***@localhost"),
        ("https://ghp_abc@github.com/x", "https://***@github.com/x"),
        ("ssh://git@github.com/x", "ssh://git@github.com/x"),
        ("http://localhost:4001/a@b", "http://localhost:4001/a@b"),
        ("API_TOKEN=abc node x --password='a b' y", "API_TOKEN=*** node x --password=*** y"),
        ("http://x/?access_token=abc&y=1", "http://x/?access_token=***&y=1"),
        ("use swordfish here", "use *** here"),
        ("nothing", "nothing"),
    ],
)
def test_secrets_in_text_are_masked(text, shown):
    assert masked({"x": [text]}, ["swordfish"]) == {"x": [shown]}


def test_what_has_a_secret_name_is_masked_whole():
    data = {"API_KEY": "a", "db_password": "b", "Token": "", "token": None, "keys": {"a": "b"}, "port": 4010}
    assert masked(data) == data | {"API_KEY": "***", "db_password": "***"}
    assert is_secret("MY_SECRET")
    assert not is_secret("HOME")


def test_values_of_secret_variables_are_masked_where_they_turn_up():
    values = secret_values({"API_TOKEN": "abcd", "LONG_SECRET": "abcdef", "PIN_KEY": "abc", "HOME": "/home"})
    assert values == ("abcdef", "abcd")
    assert masked("--auth abcdef:abcd", values) == "--auth ***:***"
