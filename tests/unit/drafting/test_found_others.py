"""Python programs, Procfiles and compose files: what each comes to."""

import pytest
from imagined_folders import draft, package, services

from aura_stack.drafting.numbers import Entry

SERVER = "from http.server import *\nHTTPServer(('', {}), BaseHTTPRequestHandler).serve_forever()\n"


@pytest.mark.parametrize(
    ("texts", "command", "number"),
    [
        ({"manage.py": "import django"}, ("python3", "manage.py", "runserver", "${port}"), 8000),
        (
            {"main.py": "from fastapi import FastAPI\napp = FastAPI()"},
            ("python3", "-m", "uvicorn", "main:app", "--port", "${port}"),
            8000,
        ),
        (
            {"pyproject.toml": "", "src/shop/api.py": "service = fastapi.FastAPI(title='x')"},
            ("python3", "-m", "uvicorn", "--app-dir", "src", "shop.api:service", "--port", "${port}"),
            8000,
        ),
        (
            {"app.py": "app = Flask(__name__)"},
            ("python3", "-m", "flask", "--app", "app", "run", "--port", "${port}"),
            5000,
        ),
        (
            {"requirements.txt": "flask", "shop/__init__.py": "def create_app():\n    app = Flask('x')"},
            ("python3", "-m", "flask", "--app", "shop", "run", "--port", "${port}"),
            5000,
        ),
        ({"main.py": "app = FastAPI()\nuvicorn.run(app, port=8123)"}, ("python3", "main.py"), 8123),
        ({"tool.py": SERVER.format(8123)}, ("python3", "tool.py"), 8123),
    ],
)
def test_a_python_program_becomes_a_command_and_a_number(texts, command, number):
    (one,) = services(texts).values()
    assert (one.found.command, one.number) == (command, number)


def test_the_environment_of_the_folder_is_used_if_it_is_there():
    (one,) = services({"a.py": SERVER.format(8123)}, present=[".venv/bin/python"]).values()
    assert one.found.command == (".venv/bin/python", "a.py")


def test_every_script_at_the_top_that_listens_is_a_service_and_no_module_of_another():
    texts = {
        "a.py": SERVER.format(8001),
        "b.py": SERVER.format(8002),
        "lib.py": "X = 1",
        "sub/c.py": SERVER.format(8003),
        "sub/deep/d.py": SERVER.format(8004),
    }
    found = services(texts)
    assert {name: (one.found.folder, one.number) for name, one in found.items()} == {
        "a": ("", 8001),
        "b": ("", 8002),
        "sub": ("sub", 8003),
    }
    assert found["a"].found.watch == ("a.py", "lib.py")


def test_a_program_that_reloads_itself_is_not_watched():
    (one,) = services({"a.py": "app = Flask('x')\napp.run(debug=True)"}).values()
    assert one.found.watch == ()


@pytest.mark.parametrize(
    ("text", "asked"), [('requires-python = ">=3.11,<4"', ">=3.11"), ("", "*"), ("[[", "*")]
)
def test_the_python_that_a_project_asks_for_is_required(text, asked):
    texts = {"pyproject.toml": f"[project]\n{text}\n", "a.py": SERVER.format(8001)}
    assert draft(texts).requires == {"python3": asked}


@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("uv.lock", "uv sync --frozen"),
        ("requirements.txt", "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt"),
    ],
)
def test_what_would_install_it_is_only_suggested(file, command):
    (one,) = services({"a.py": SERVER.format(8001), "pyproject.toml": ""}, present=[file]).values()
    assert [(step.command, step.sure) for step in one.found.prepare] == [(command, False)]


# --- Procfiles ---


def test_every_line_of_a_procfile_is_a_service_with_the_number_that_foreman_gives():
    text = """\
# comment
web: python3 -m http.server $PORT --bind 127.0.0.1
api: FOO=bar python3 api.py
worker: while true; do sleep 3; done

puma: puma -p ${PORT:-9292}
shell: echo ${PORT} | cat
fixed: python3 fixed.py
release: python3 manage.py migrate
"""
    texts = {
        "Procfile": text,
        "api.py": "HTTPServer(('', int(os.environ['PORT'])), X)",
        "fixed.py": SERVER.format(8123),
    }
    found = services(texts)
    assert {name: (one.found.command, one.number) for name, one in found.items()} == {
        "web": (("python3", "-m", "http.server", "${port}", "--bind", "127.0.0.1"), 5000),
        "api": (("python3", "api.py"), 5100),
        "worker": ("while true; do sleep 3; done", 0),
        "puma": (("puma", "-p", "${port}"), 9292),
        "shell": ("echo $${PORT} | cat", 5400),
        "fixed": (("python3", "fixed.py"), 8123),
        "release": (("python3", "manage.py", "migrate"), 0),
    }
    assert found["api"].found.env == {"FOO": "bar"}
    assert [one.name for one in found.values() if one.found.once] == ["release"]
    assert found["api"].found.watch == ("api.py",)


def test_numbers_begin_where_dotenv_says():
    assert services({"Procfile": "a: x $PORT\nb: y $PORT\n", ".env": "PORT=3000\n"})["b"].number == 3100


def test_web_listens_even_if_its_line_does_not_say_so():
    assert {name: one.number for name, one in services({"Procfile": "web: x\nother: y\n"}).items()} == {
        "web": 5000,
        "other": 0,
    }


def test_the_procfile_for_development_comes_first():
    assert services({"Procfile": "a: x\n", "Procfile.dev": "b: y\n"}).keys() == {"b"}


def test_a_line_that_runs_a_script_is_that_script():
    texts = {
        "Procfile": "front: cd front && npm run dev\nback: npm start\n",
        "front/package.json": package(scripts={"dev": "node s.js"}),
        "front/s.js": "x.listen(4010)",
        "package.json": package(scripts={"start": "node b.js"}),
    }
    found = services(texts)
    assert (found["front"].found.command, found["front"].found.folder) == (("node", "s.js"), "front")
    assert (found["front"].number, found["back"].found.command) == (4010, ("node", "b.js"))
    assert draft(texts).notes == (
        "only the Procfile counts, not front/package.json, package.json; --from package.json takes those instead",
    )


def test_a_folder_that_is_not_there_is_left_to_the_shell():
    assert services({"Procfile": "a: cd gone && x\n"})["a"].found.command == "cd gone && x"


def test_lines_of_another_form_are_told():
    made = draft({"Procfile": "web: x\nweb.3: y\nnonsense\n: z\n"})
    assert [one.name for one in made.services] == ["web"]
    assert made.notes == (
        'Procfile:2 is no line of the form NAME: COMMAND: "web.3: y"',
        'Procfile:3 is no line of the form NAME: COMMAND: "nonsense"',
        'Procfile:4 is no line of the form NAME: COMMAND: ": z"',
    )


# --- compose files ---

COMPOSE = """\
services:
  db:
    image: postgres:16
    ports: ["5432:5432"]
  cache:
    image: redis
    ports: ["127.0.0.1:${REDIS_PORT:-6380}:6379/tcp"]
  mail:
    image: mailpit
    ports: [{target: 8025, published: "8025"}]
  api:
    build: .
    ports: ["9999:9999"]
  copy:
    image: me/api
    ports: ["4010:80"]
  inner:
    image: x
    ports: ["80"]
  quiet: {image: y}
"""


def test_images_with_a_published_port_are_not_ours_and_looked_for():
    texts = {
        "package.json": package(scripts={"dev": "node s.js"}),
        "s.js": "x.listen(4010); connect('localhost:5432')",
        "deploy/docker-compose.yml": COMPOSE,
    }
    made = draft(texts)
    assert [(one.name, one.found.number, one.found.hint) for one in made.externals] == [
        ("db", 5432, "docker compose -f deploy/docker-compose.yml up -d db"),
        ("cache", 6380, "docker compose -f deploy/docker-compose.yml up -d cache"),
        ("mail", 8025, "docker compose -f deploy/docker-compose.yml up -d mail"),
    ]
    assert made.externals[0].found.why == "deploy/docker-compose.yml:2: image postgres:16"
    assert made.added["db"] == Entry(5432, external=True)
    assert made.services[0].needs == {"db": "s.js:1 asks localhost:5432"}


@pytest.mark.parametrize("text", ["services: 3", "services: {a: {image: x, ports: 3}}", "a: [", "- a"])
def test_a_compose_file_of_another_form_holds_nothing(text):
    assert draft({"a.py": SERVER.format(8001), "compose.yaml": text}).externals == ()
