"""The files as they are written, names and numbers, words of YAML."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from imagined_folders import draft, package, written

from aura_stack.drafting import account, portsfile
from aura_stack.drafting.findings import Findings, Found, Hold, Listening, escaped
from aura_stack.drafting.naming import Names, cleaned, stack_name
from aura_stack.drafting.numbers import Entry, assign
from aura_stack.reading.load import parse
from aura_stack.reading.tree import plain
from aura_stack.reading.yamltext import comment, line, pairs, row, word
from aura_stack.stack.template import fill_references, fill_variables

SHOP = {
    "backend/package.json": package(
        scripts={"start": "node server.js"}, dependencies={"express": "5"}, engines={"node": ">=20"}
    ),
    "backend/package-lock.json": "{}",
    "backend/server.js": "const port = process.env.API_PORT || 4010;\napp.get('/health', ok).listen(port);\n",
    "web/package.json": package(scripts={"dev": "vite"}, devDependencies={"vite": "8"}),
    "web/vite.config.js": "proxy: { '/api': process.env.BACKEND_URL }\n",
    "jobs/Makefile": "",
    "compose.yaml": "services:\n  postgres:\n    image: postgres:16\n    ports: ['5432:5432']\n",
    "tool.py": "HTTPServer(('', 50000), X)",
}


def test_a_stack_file_says_where_every_line_comes_from():
    assert (
        written(SHOP)
        == """\
# What `aura-stack up` runs here. Drafted by `aura-stack init` from the files of this folder, and yours to change:
# `aura-stack config check` tells mistakes, `aura-stack config show` prints all of it with every default filled in.
name: shop
ports: config/ports.manifest.json # where port numbers stand; services name entries of it
requires: {node: ">=20", npm: "*", python3: "*"} # looked for on PATH before anything starts

services:
  backend: # backend/package.json: "start": node server.js
    command: [node, server.js]
    cwd: backend
    port: backend # 4010, from backend/server.js:1
    prepare: # runs before the start if an input changed or an output is missing
      - {command: npm ci, inputs: [package.json, package-lock.json], outputs: [node_modules]}
    env: {API_PORT: "${port}"}
    watch: {paths: [server.js]} # restarted when one of these is saved
    handover: overlap # a new version is ready before the old one is stopped
    # ready: {http: /health} # backend/server.js:2 has this path; without it, ready is when the port accepts

  web: # web/package.json: "dev": vite
    # npm stays in between; once vite is installed, init --force goes without
    command: [npm, run, dev, "--", --port, "${port}", --strictPort]
    cwd: web
    port: web # 5173, vite's default
    # prepare: [{command: npm install, inputs: [package.json], outputs: [node_modules]}] # without a lock file, versions are another every time
    # env: {BACKEND_URL: "${services.backend.url}"}
    # depends_on: [backend] # web/vite.config.js:1 names BACKEND_URL

  tool: # tool.py listens
    command: [python3, tool.py]
    # 50000, from tool.py:1; the kernel takes 32768-60999 for outgoing connections, so it may be busy at times
    port: tool
    watch: {paths: [tool.py]} # restarted when one of these is saved

  # Not ours: looked for at the start, never started or stopped. required: true makes `up` refuse without.
  # 5432, from compose.yaml:2: image postgres:16
  postgres: {external: true, port: postgres, required: false, hint: docker compose up -d postgres}
"""  # noqa: E501 - a suggestion stays on one line
    )


def test_what_was_found_is_told_in_lines_and_as_data():
    made = draft(SHOP)
    assert account.lines(made) == [
        ("backend", 'backend/package.json: "start": node server.js, port 4010 (backend/server.js:1)'),
        ("web", 'web/package.json: "dev": vite, port 5173 (vite\'s default)'),
        ("tool", "tool.py listens, port 50000 (tool.py:1)"),
        ("postgres", "compose.yaml:2: image postgres:16, port 5432, not ours"),
    ]
    data = json.loads(json.dumps(account.document(made)))
    assert data["services"][0] == {
        "name": "backend",
        "why": 'backend/package.json: "start": node server.js',
        "command": ["node", "server.js"],
        "folder": "backend",
        "port": 4010,
        "entry": "backend",
        "port_from": "backend/server.js:1",
        "port_found": 4010,
        "port_fixed": False,
    }
    assert data["external"] == [
        {
            "name": "postgres",
            "why": "compose.yaml:2: image postgres:16",
            "port": 5432,
            "entry": "postgres",
            "hint": "docker compose up -d postgres",
        }
    ]


def test_a_listener_whose_number_cannot_be_read_gets_none():
    texts = {"s.js": "app.listen(config.port)"}
    assert "# it listens (s.js:1) on a number that could not be read: give it a port here" in written(texts)
    assert account.lines(draft(texts)) == [
        ("s", "s.js listens, listens on a number that could not be read (s.js:1)")
    ]
    assert "ports:" not in written(texts)


# --- numbers ---


def found(name, number, hold=Hold.INJECTED):
    return Found(name, f"why {name}", ("x",), listening=Listening(number, f"{name}.js:1", hold))


def numbered(*services, manifest=None):
    made = assign(Findings(services), manifest or {}, range(32768, 61000))
    return {one.name: (one.number, *one.remarks) for one in made.services}


def test_of_two_with_one_number_the_one_that_can_moves():
    assert numbered(found("a", 3000), found("b", 3000, Hold.FIXED), found("c", 3001)) == {
        "a": (3002, "3002, since 3000 (a.js:1) is that of b"),
        "b": (3000, "3000, from b.js:1"),
        "c": (3001, "3001, from c.js:1"),
    }


def test_two_that_cannot_move_are_told_apart_and_what_to_do():
    both = numbered(found("a", 3000, Hold.FIXED), found("b", 3000, Hold.FIXED))
    assert both["b"] == (
        3001,
        "3001, since 3000 is that of a; but 3000 stands in b.js:1: let it read PORT, or it will not be found there",
    )


def test_the_end_of_all_numbers_is_no_end():
    assert numbered(found("a", 65535, Hold.FIXED), found("b", 65535))["b"][0] == 4000


def test_a_number_of_the_manifest_wins_where_the_service_takes_it():
    manifest = {"a": Entry(4020), "b": Entry(4021)}
    assert numbered(found("a", 3000), found("b", 3000, Hold.FIXED), manifest=manifest) == {
        "a": (4020, "4020, from the manifest, where a.js:1 has 3000"),
        "b": (3000, "3000, from b.js:1"),
    }


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("web", "web"), ("@me/shop", "me-shop"), ("_x_", "x"), ("é", "service"), ("", "service"), ("a b.c", "a-b-c"),
        ("x" * 80, "x" * 63), ("-" * 80 + "x", "x"), ("a" * 62 + "-b", "a" * 62),
    ],
)  # fmt: skip
def test_names_are_made_such_that_the_stack_file_takes_them(name, clean):
    assert cleaned(name) == clean


def test_names_of_stacks_may_have_dots():
    assert [stack_name(name) for name in ("shop.io", ".config", "", "my shop")] == [
        "shop.io",
        "config",
        "stack",
        "my-shop",
    ]


def test_no_two_names_are_alike():
    names = Names()
    taken = [
        names.take("a"),
        names.take("A", "web-a"),
        names.take("a"),
        names.take("a-2"),
        names.take("x" * 63),
    ]
    assert [*taken, names.take("x" * 63)] == ["a", "web-a", "a-2", "a-2-2", "x" * 63, "x" * 61 + "-2"]


# --- words ---

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))


@given(st.lists(TEXT, max_size=4), TEXT)
def test_any_words_read_back_as_they_were(words, name):
    text = f"key: {row(words)}\nmap: {pairs({word(name): word(name)})}\n"
    loaded = parse(text.encode(), "f")
    assert loaded.problems == ()
    assert plain(loaded.root) == {"key": words, "map": {name: name}}


@given(TEXT, TEXT)
def test_a_remark_is_never_more_than_a_remark(remark, other):
    text = "\n".join([*line(0, "a: 1", remark), *comment(0, other), "b: 2"])
    assert plain(parse(text.encode(), "f").root) == {"a": 1, "b": 2}


@given(TEXT)
def test_escaped_text_is_no_reference_whatever_stands_behind_it(text):
    def filled(word):
        return fill_references(fill_variables(word, lambda _: None), lambda _: "4010")

    assert filled(escaped(text)) == text
    assert filled(escaped(text) + "${port}") == text + "4010"


@pytest.mark.parametrize(
    "text", ["yes", "null", "0o17", "1e3", "4010", "", "- a", "@x", "a: b", "a #b", "~", "true", "--", "!x"]
)
def test_words_that_could_mean_something_else_are_read_as_text(text):
    assert yaml.safe_load(f"[{word(text)}]") == [text]


def test_a_manifest_has_an_entry_a_line_and_keeps_what_is_there():
    present = {"version": 1, "$schema": "x", "ports": {"é": {"port": 1, "owner": "a"}}, "ranges": {}}
    text = portsfile.text(present, {"b": Entry(4002), "d": Entry(80), "c": Entry(3, external=True)})
    assert (
        text
        == """\
{
  "version": 1,
  "$schema": "x",
  "ports": {
    "é": {"port": 1, "owner": "a"},
    "b": {"port": 4002},
    "d": {"port": 80, "waive": {"privileged": "the project uses this number"}}
  },
  "ranges": {},
  "external": {
    "c": {"port": 3}
  }
}
"""
    )


def test_a_suggestion_stands_where_it_would_take_the_place_of_a_line():
    texts = {
        "api/package.json": package(
            scripts={"start": "A=1 node dist/x.js", "build": "tsc"}, dependencies={"x": "1"}
        ),
        "api/src/x.ts": "const u = process.env.WEB_URL; app.listen(4010)",
        "web/package.json": package(scripts={"dev": "node w.js"}),
        "web/w.js": "x.listen(4011)",
    }
    lines = written(texts).partition("prepare:")[2].partition("\n\n")[0].splitlines()[1:]
    assert [line.partition(" # without")[0] for line in lines] == [
        "      # - {command: npm install, inputs: [package.json], outputs: [node_modules]}",
        "      - {command: npm run build, inputs: [src, package.json], outputs: [dist]}",
        '    env: {A: "1"}',
        '    # env: {A: "1", WEB_URL: "${services.web.url}"} # instead of the line above',
        "    # depends_on: [web] # api/src/x.ts:1 names WEB_URL",
    ]
    assert draft(texts).notes == ("lines to take out of their comments, if they are right: WEB_URL of api",)
