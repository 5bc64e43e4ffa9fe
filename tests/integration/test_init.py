"""Small projects as people have them: `init` drafts their stack, and `up` runs the draft."""

import re
import urllib.request

import pytest
from stacks import Stack

SERVER = """\
import os
from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ["AURA_SERVICE"].encode())


HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
NODE_SERVER = """\
const http = require('node:http');
const port = process.env.API_PORT || %d;
http.createServer((request, response) => response.end('node')).listen(port, '127.0.0.1');
"""
PAGE_SERVER = "require('node:http').createServer((q, r) => r.end('page')).listen(%d, '127.0.0.1');\n"


@pytest.fixture
def project(tmp_path):
    """Makes a folder with these files and a stack without a file in it; at the end nothing of it may run."""
    made = []

    def make(texts):
        one = Stack(tmp_path, {})
        one.file.unlink()
        for path, text in texts.items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        made.append(one)
        return one

    yield make
    leaked = [pid for one in made for pid in one.close()]
    assert leaked == [], "processes outlived the test"


def init(stack, *words):
    """Draft the stack and take over the name it was given."""
    code, output = stack.run("init", *words)
    assert code == 0, output
    stack.name = re.search(r"^name: (\S+)$", stack.file.read_text(), re.MULTILINE)[1]
    return output


def answer(number):
    with urllib.request.urlopen(f"http://127.0.0.1:{number}/", timeout=60) as response:
        return response.read().decode()


def test_a_procfile_with_three_servers_is_drafted_and_runs(project, port):
    stack = project({
        "Procfile": "web: python3 -m http.server $PORT --bind 127.0.0.1 --directory public\n"
        "api: python3 server.py\n"
        "admin: cd tools && FOO=bar python3 admin.py\n",
        "public/index.html": "page",
        "server.py": SERVER,
        "tools/admin.py": SERVER,
        ".env": f"PORT={port}\n",
    })  # fmt: skip
    output = init(stack)
    assert (
        f"web    Procfile:1: python3 -m http.server $PORT --bind 127.0.0.1 --directory public, port {port} "
        in output
    )
    assert f"api    Procfile:2: python3 server.py, port {port + 100} (server.py:12)\n" in output
    assert (
        f"admin  Procfile:3: cd tools && FOO=bar python3 admin.py, port {port + 200} (tools/admin.py:12)\n"
        in output
    )
    assert output.endswith(
        "wrote config/ports.manifest.json, stack.yaml; aura-stack config check: ok; next: aura-stack up\n"
    )
    up = stack.up()
    assert [answer(port), answer(port + 100), answer(port + 200)] == ["page", "api", "admin"]
    assert stack.run("down")[0] == 0
    up.finish()
    assert stack.wait_until_empty() == []


def test_a_project_of_two_node_programs_is_drafted_and_runs(project, port):
    stack = project({
        "package.json": '{"name": "shop", "workspaces": ["*"], "scripts": {"dev": "concurrently x y"}}',
        "backend/package.json": '{"scripts": {"predev": "false", "start": "npm run serve", "serve": "node server.js"}}',
        "backend/server.js": NODE_SERVER % port,
        "page/package.json": "{}",
        "page/server.js": PAGE_SERVER % (port + 1),
    })  # fmt: skip
    output = init(stack, "--makefile")
    assert (
        f'backend  backend/package.json: "start": npm run serve, port {port} (backend/server.js:2)\n'
        in output
    )
    assert f"page     page/package.json: server.js listens, port {port + 1} (page/server.js:1)\n" in output
    assert "\twrote" not in output
    assert "@aura-stack down" in (stack.folder / "Makefile").read_text()
    up = stack.up()
    assert [answer(port), answer(port + 1)] == ["node", "page"]
    assert stack.run("down")[0] == 0
    up.finish()
    assert stack.wait_until_empty() == []


def test_a_project_whose_programs_are_not_installed_is_drafted_all_the_same(project):
    stack = project({
        "site/manage.py": "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site.settings')\n",
        "site/requirements.txt": "django\n",
        "api/pyproject.toml": '[project]\nname = "api"\nrequires-python = ">=3.11"\n',
        "api/main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/health')\ndef health(): ...\n",
    })  # fmt: skip
    init(stack)
    text = stack.file.read_text()
    assert '    command: [python3, -m, uvicorn, "main:app", --port, "${port}"]\n' in text
    assert '    command: [python3, manage.py, runserver, "${port}"]\n' in text
    assert 'requires: {python3: ">=3.11"}' in text
    code, output = stack.run("config", "check")
    assert (code, output.splitlines()[-1]) == (0, "stack.yaml: ok, 2 services, 2 ports")


def test_the_example_of_an_empty_folder_runs(project):
    stack = project({})
    init(stack)
    up = stack.up()
    up.expect(r"^hello +\| hello from aura-stack$")
    assert stack.run("down")[0] == 0
    up.finish()
    assert stack.wait_until_empty() == []
