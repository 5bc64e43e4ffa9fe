"""Whose a number is, whether it is the right one, and what manifest, files and listeners come to together."""

import json
import sys

import pytest

from aura_stack.errors import AuraError
from aura_stack.inventory import syntax
from aura_stack.inventory.filekinds import aside, language_of
from aura_stack.inventory.ground import ground
from aura_stack.inventory.judging import Verdict, judge
from aura_stack.inventory.reading import in_source
from aura_stack.inventory.source import Source
from aura_stack.inventory.survey import survey
from aura_stack.inventory.verdicts import Holder, rows
from aura_stack.session import definition

STACK = """\
name: shop
ports: ports.json
services:
  backend: {command: [node, server.js], cwd: backend, port: backend-mvp}
  frontend: {command: [node, vite.js], cwd: frontend, port: web-react}
  metrics: {command: [node, m.js], cwd: metrics, ports: {http: metrics-http, admin: metrics-admin}}
  postgres: {external: true, port: postgresql}
"""
MANIFEST = {
    "ports": {
        "backend-mvp": {"port": 4010},
        "web-react": {"port": 54112},
        "artifacts-service": {"port": 4011},
        "metrics-http": {"port": 4020},
        "metrics-admin": {"port": 4021},
    },
    "external": {"postgresql": {"port": 5432}},
}


@pytest.fixture
def project(tmp_path):
    for name in ("backend", "frontend", "metrics", "docs"):
        (tmp_path / name).mkdir()
    (tmp_path / "stack.yaml").write_text(STACK)
    (tmp_path / "ports.json").write_text(json.dumps(MANIFEST))
    return tmp_path


def read(project):
    return definition.read(str(project / "stack.yaml"), {}, str(project))


def judged(project, path, text):
    """Verdict, entry and expected number of everything in a file."""
    found = read(project)
    findings = in_source(Source(path, text.encode(), language_of(path), aside(path)))
    ours = judge(findings, ground(found.stack, found.manifest))
    return [(str(one.verdict), one.entry, one.expected) for one in ours]


ROWS = {
    "the right number": ("backend/server.js", "app.listen(4010)", [("ok", "backend-mvp", 4010)]),
    "another number": ("backend/server.js", "app.listen(3000)", [("drift", "backend-mvp", 4010)]),
    "that of another service": ("backend/server.js", "app.listen(54112)", [("drift", "backend-mvp", 4010)]),
    "a fall-back": (
        "backend/server.js",
        "app.listen(process.env.PORT || 3000)",
        [("drift", "backend-mvp", 4010)],
    ),
    "one of several ports": ("metrics/m.js", "app.listen(4021)", [("ok", "metrics-admin", 4021)]),
    "the variable of one of several": (
        "metrics/m.js",
        "app.listen(process.env.PORT_ADMIN ?? 9999)",
        [("drift", "metrics-admin", 4021)],
    ),
    "none of several": ("metrics/m.js", "app.listen(9999)", [("undeclared", "", 9999)]),
    "a client": (
        "frontend/vite.config.js",
        "const a = 'http://localhost:4010'",
        [("ok", "backend-mvp", 4010)],
    ),
    "a client that is called so": (
        "frontend/a.js",
        "const BACKEND_URL = 'http://localhost:4012'",
        [("drift", "backend-mvp", 4010)],
    ),
    "a client of nobody": ("frontend/a.js", "fetch('http://localhost:9999')", [("undeclared", "", 9999)]),
    "a longer name that contains one": (
        "frontend/.env",
        "FRONTEND_API_URL=http://localhost:9999\n",
        [("undeclared", "", 9999)],
    ),
    "a name against a number": ("scripts/a.sh", "BACKEND_PORT=4011\n", [("drift", "backend-mvp", 4010)]),
    "variables of a service": ("backend/.env", "PORT=3000\n", [("drift", "backend-mvp", 4010)]),
    "what a container publishes": (
        "compose.yaml",
        "services: {postgres: {ports: ['5433:5432']}}",
        [("drift", "postgresql", 5432), ("ok", "postgresql", 5432)],
    ),
    "the scheme of an address": (
        ".env",
        "DATABASE_URL=postgres://a:b@localhost:5433/x\n",
        [("drift", "postgresql", 5432)],
    ),
    "an upstream": (
        "nginx.conf",
        "upstream backend { server 127.0.0.1:4012; }",
        [("drift", "backend-mvp", 4010)],
    ),
    "a document": (
        "docs/a.md",
        "│ Frontend (54111)\n│ MVP Backend (4010)\nArtifacts Service (4012)\n",
        [("drift", "web-react", 54112), ("ok", "backend-mvp", 4010), ("drift", "artifacts-service", 4011)],
    ),
    "a document of something else": (
        "docs/a.md",
        "The crowd (54111) and port 9090.\n",
        [("undeclared", "", 9090)],
    ),
    "what was once": ("CHANGELOG.md", "frontend moved from port 54111\n", [("ok", "", 54111)]),
    "a name that is said long before": (
        "docs/a.md",
        "The backend, as was said, needs a thing. See http://localhost:9200 for it\n",
        [("undeclared", "", 9200)],
    ),
    "a name that asks another": (
        "docs/a.md",
        "the backend connects to port 9200\n",
        [("undeclared", "", 9200)],
    ),
    "what speaks of another number on purpose": ("docs/a.md", "next free backend: 4012\n", []),
    "a test": ("backend/a.test.js", "app.listen(3999)", [("ok", "", 3999)]),
    "the inside of a container": ("backend/Dockerfile", "EXPOSE 3000\n", [("ok", "", 3000)]),
}


@pytest.mark.parametrize("name", ROWS)
def test_whose_a_number_is(name, project):
    path, text, expected = ROWS[name]
    assert judged(project, path, text) == expected


def verdicts(project, *holders, **files):
    """The verdict of every entry that is not a ghost, and of every number without a name."""
    for path, text in files.items():
        (project / path.replace("__", "/").replace("_dot_", ".")).write_text(text)
    found = read(project)
    taken = survey(found.stack, found.manifest, str(project / "ports.json"), live=False)
    table = rows(taken.ground, taken.judged, holders)
    return {row.entry or row.number: str(row.verdict) for row in table if row.verdict is not Verdict.OK}


def test_a_project_in_which_all_agrees(project):
    assert verdicts(project, backend__server_dot_js="app.listen(4010)") == {"artifacts-service": "ghost"}


def test_drift_and_undeclared(project):
    found = verdicts(
        project,
        backend__server_dot_js="app.listen(4012)",
        frontend__a_dot_js="fetch('http://localhost:9999')",
        docs__a_dot_md="see port 8888",
    )
    assert found == {"backend-mvp": "drift", 9999: "undeclared", "artifacts-service": "ghost"}


def test_split_two_services_that_listen_on_one_number(project):
    stack = (project / "stack.yaml").read_text().replace("cwd: frontend, port: web-react", "cwd: frontend")
    (project / "stack.yaml").write_text(stack)
    found = verdicts(
        project, backend__server_dot_js="app.listen(4010)", frontend__s_dot_js="app.listen(4010)"
    )
    assert found["backend-mvp"] == "split"


def test_split_two_servers_on_two_addresses_of_one_number(project):
    here = Holder(4010, 11, inside=True, addresses=("127.0.0.1",))
    there = Holder(4010, 12, inside=True, addresses=("::1",))
    assert verdicts(project, here, there)["backend-mvp"] == "split"
    workers = (
        Holder(4010, 11, inside=True, addresses=("::",)),
        Holder(4010, 12, inside=True, addresses=("::",)),
    )
    assert "backend-mvp" not in verdicts(project, *workers)


def test_squatted_by_a_stranger_and_by_another_service_but_not_by_a_start_by_hand(project):
    assert verdicts(project, Holder(4010, 11))["backend-mvp"] == "squatted"
    assert verdicts(project, Holder(4010, 11, service="frontend", inside=True))["backend-mvp"] == "squatted"
    assert "backend-mvp" not in verdicts(project, Holder(4010, 11, service="backend", inside=True))
    assert "backend-mvp" not in verdicts(project, Holder(4010, 11, inside=True))
    assert "postgresql" not in verdicts(project, Holder(5432, None))


def test_a_service_that_listens_where_nothing_is_declared(project):
    assert verdicts(project, Holder(9229, 11, service="backend", inside=True))[9229] == "undeclared"


def test_an_entry_that_somebody_listens_on_is_no_ghost(project):
    assert "artifacts-service" not in verdicts(project, Holder(4011, 11, inside=True))


def test_a_stack_without_a_manifest_declares_its_own_numbers(project):
    (project / "stack.yaml").write_text(
        "services: {backend: {command: [node, s.js], cwd: backend, port: 4010}}"
    )
    assert judged(project, "backend/s.js", "app.listen(3000)") == [("drift", "backend", 4010)]


def test_a_number_that_stands_in_another_file(project):
    (project / "backend/config.js").write_text("export const PORT = 3000;")
    assert verdicts(
        project, backend__server_dot_js="import { PORT } from './config.js';\napp.listen(PORT)"
    ) == {
        "backend-mvp": "drift",
        "artifacts-service": "ghost",
    }


def test_without_the_extra_a_word_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "tree_sitter", None)
    with pytest.raises(AuraError) as raised:
        syntax.require()
    assert raised.value.hint == "pip install 'aura-stack[scan]'"
