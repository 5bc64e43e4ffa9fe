"""What compose files say of programs that are built here: commands, variables, order, and what is left out."""

import os

import pytest
from imagined_folders import draft, make, package, services, written

from aura_stack.drafting.detect import Source
from aura_stack.drafting.drafts import draft as draft_of_folder
from aura_stack.session import definition

LISTENS = "require('http').createServer().listen(process.env.PORT || 3000)"
COMPOSE = """\
services:
  db: {image: postgres, ports: ["5433:5432"]}
  api:
    build: ./server
    command: npm run dev
    ports: ["4000:3000"]
    env_file: api.env
    environment:
      DATABASE_URL: postgres://app:${DB_PASSWORD:-secret}@db:5432/app
      DB_HOST: db
      PORT: 3000
    depends_on: {db: {condition: service_healthy}, migrate: {condition: service_completed_successfully}}
  migrate: {build: server, command: node migrate.js}
  worker:
    build: {context: server}
    command: [node, worker.js]
    environment: [API=http://api:3000/jobs, LOG_LEVEL, QUIET=]
    deploy: {replicas: 2}
    depends_on: [api, db]
  page:
    build: page
    command: npm run dev -- --host 0.0.0.0
    ports: ["127.0.0.1:5173:5173"]
    environment: {VITE_API: "http://localhost:4000/v1", CACHE: /srv/api, PKG: "@api/core"}
"""
TEXTS = {
    "compose.yaml": COMPOSE,
    ".env": "DB_PASSWORD=s\n",
    "api.env": "A=b\n",
    "server/package.json": package(scripts={"dev": "node server.js"}, dependencies={"x": "1"}),
    "server/package-lock.json": "{}",
    "server/server.js": LISTENS,
    "server/migrate.js": "1",
    "server/worker.js": "2",
    "page/package.json": package(scripts={"dev": "vite"}),
}


@pytest.fixture
def found():
    return services(TEXTS)


def test_every_service_that_is_built_here_is_one(found):
    assert {name: (one.found.command, one.found.folder, one.number) for name, one in found.items()} == {
        "api": (("node", "server.js"), "server", 4000),
        "migrate": (("node", "migrate.js"), "server", 0),
        "worker": (("node", "worker.js"), "server", 0),
        "page": (("npm", "run", "dev", "--", "--port", "${port}", "--strictPort"), "page", 5173),
    }


def test_variables_name_services_by_where_they_are_here(found):
    assert found["api"].found.env == {
        "DATABASE_URL": "postgres://app:${DB_PASSWORD:-secret}@localhost:${services.db.port}/app",
        "DB_HOST": "localhost",
    }
    assert found["worker"].found.env == {"API": "http://localhost:${services.api.port}/jobs", "QUIET": ""}
    assert found["page"].found.env == {
        "VITE_API": "http://localhost:${services.api.port}/v1",
        "CACHE": "/srv/api",
        "PKG": "@api/core",
    }
    assert found["api"].found.env_files == ("api.env",)
    assert draft(TEXTS).env_files == (".env",)


def test_order_and_number_are_those_of_the_file(found):
    assert {name: dict(one.after) for name, one in found.items() if one.after} == {
        "api": {"migrate": "completed"},
        "worker": {"api": "ready"},
    }
    assert [name for name, one in found.items() if one.found.once] == ["migrate"]
    assert found["worker"].found.replicas == 2


def test_one_of_several_in_a_folder_installs(found):
    installing = [name for name, one in found.items() if one.found.prepare]
    assert [name for name in installing if found[name].found.folder == "server"] == ["api"]


@pytest.mark.parametrize(
    ("service", "words"),
    [
        ("{image: mail}", "image mail publishes no port, so no program of this machine reaches it"),
        ("{}", "it has neither image nor build"),
        ("{build: ../elsewhere, command: x}", "it is built in a folder that is not here"),
        ("{build: page2}", "it is built in a folder that is not here"),
        ("{build: .}", "other is built in ., and what it runs is not known"),
    ],
)
def test_what_is_left_out_is_told_with_its_place(service, words):
    text = f"services:\n  api: {{build: api, command: node a.js}}\n  other: {service}\n"
    (note,) = draft({"compose.yaml": text, "api/a.js": "1"}).notes
    assert note.startswith("compose.yaml:3: other is ")
    assert words in note


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            "python manage.py runserver 0.0.0.0:8000",
            ("python", "manage.py", "runserver", "127.0.0.1:${port}"),
        ),
        ("gunicorn app:app --bind=0.0.0.0:8000", ("gunicorn", "app:app", "--bind=127.0.0.1:${port}")),
        ("uvicorn app:app --host 0.0.0.0 --port 8000", ("uvicorn", "app:app", "--port", "${port}")),
        ("mine --host=0.0.0.0 --hosts 0.0.0.0", ("mine", "--hosts", "0.0.0.0")),
    ],
)
def test_what_was_open_to_everybody_in_a_container_is_for_this_machine_alone(said, words):
    text = f"services: {{a: {{build: a, command: {said}, ports: ['8000:8000']}}}}"
    assert services({"compose.yaml": text, "a/x": ""})["a"].found.command == words


def test_a_procfile_says_what_runs_where_there_is_one():
    assert services({"Procfile": "web: node s.js", **TEXTS}).keys() == {"web"}


def test_of_two_files_with_one_name_the_first_counts():
    texts = {
        "compose.yaml": "services: {a: {build: x, command: node one.js}}",
        "x/docker-compose.yml": "services: {a: {build: ., command: node two.js}}",
        "x/one.js": "1",
    }
    assert services(texts)["a"].found.command == ("node", "one.js")


NASTY = """\
services:
  my.api:
    build: {context: app, dockerfile: docker/Dockerfile}
    command: ["./wait-for-it.sh", "db:5432", "--", "node", "server.js"]
    ports: ["8080:80", "9229:9229"]
    environment:
      xpack.security.enabled: "true"
      WEIRD NAME: x
      SPACE: "a b: c # d"
      DOLLAR: "pa$$word ${A?err} ${B:+x} $C ${D-dd} ${E:-a b}"
      MULTI: "line1\\nline2\\n"
      NOTHING:
      SELF: http://my-api:80/x
      LIST: "db:5432,redis:6379"
      KAFKA: kafka:9092
      CONTROL: "\\x01"
    depends_on: {my_api: {condition: service_started}, gone: {condition: other}}
  my_api: {build: ., command: 'while true; do echo "$$HOME ${X}"; sleep 1; done'}
  same: {image: x, ports: ["8080:1"]}
  db: {image: postgres, ports: ["5432:5432"]}
  pg: {image: postgres, ports: ["5432:5432"]}
  odd: {build: 5, command: {a: b}, environment: 7, depends_on: 8, env_file: {x: y}, deploy: 3, ports: {a: b}}
  list: {build: ., command: [], environment: [A, B=c, "=d", {x: y}], scale: 999999}
  text: 5
"""


def test_whatever_stands_there_becomes_a_definition_without_mistakes(tmp_path):
    make(tmp_path, {**TEXTS, "compose.yml": NASTY, "app/server.js": LISTENS, "api.env": "", ".env": ""})
    drafted = draft_of_folder(str(tmp_path), "stack.yaml", Source.DETECT)
    make(tmp_path, drafted.files)
    read = definition.read(str(tmp_path / "stack.yaml"), os.environ)
    assert {"my-api", "api", "worker", "list"} & {one.name for one in read.stack.services} == {
        "my-api",
        "api",
        "worker",
    }


def test_the_file_says_it_in_the_order_of_the_tables():
    text = written(TEXTS)
    assert "env_file: [{path: .env, required: false}] # for ${NAME} in this file" in text
    assert '    env: {DATABASE_URL: "postgres://app:' in text
    assert "    env_file: [{path: api.env, required: false}]\n" in text
    assert "    depends_on: {migrate: completed}\n" in text
    assert "    replicas: 2\n" in text
