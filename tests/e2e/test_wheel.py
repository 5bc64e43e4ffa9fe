"""The built wheel alone, in a clean environment: installed by pipx and by uv, it runs a stack with no Node present."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT, copy_checkout, path_without_node
from terminal import Terminal

pytestmark = [pytest.mark.long, pytest.mark.timeout(240)]

INSTALL = 180  # seconds for an installer to fetch what it needs
PATIENCE = 30
PORTS = {"store": 22461, "api": 22462, "page": 22463}

SERVER = """\
import http.server, os, signal, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path in ("/", "/health") else 404)
        self.end_headers()
        self.wfile.write(os.environ["AURA_SERVICE"].encode())
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
print("listening on", os.environ["PORT"], flush=True)
server.serve_forever()
"""
STACK = """\
name: shop
services:
  store: {command: [python3, server.py], port: 22461, ready: {http: /health}}
  api: {command: [python3, server.py], port: 22462, ready: {http: /health}, depends_on: [store]}
  page: {command: [python3, server.py], port: 22463, ready: {http: /}, depends_on: [api]}
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built as for a release, from what git knows of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    copy_checkout(folder / "source")
    run([sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(folder / "source")], folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installers(tmp_path_factory):
    """pipx and uv, in an environment of their own."""
    folder = tmp_path_factory.mktemp("installers")
    run([sys.executable, "-m", "venv", str(folder)], folder)
    run([str(folder / "bin/python"), "-m", "pip", "install", "-q", "pipx", "uv"], folder)
    return folder / "bin"


@pytest.fixture
def user(tmp_path):
    """An empty home, and a PATH on which there is no Node."""
    home = tmp_path / "home"
    home.mkdir()
    keep = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("XDG_", "VIRTUAL_ENV", "PYTHON"))
    }
    path = f"{home}/.local/bin:{path_without_node(tmp_path / 'bin')}"
    return {**keep, "HOME": str(home), "PATH": path, "TERM": "xterm", "NO_COLOR": "1"}


def run(argv, cwd, env=None):
    done = subprocess.run(
        argv, cwd=cwd, env=env, capture_output=True, text=True, timeout=INSTALL, check=False
    )
    assert done.returncode == 0, f"{argv}:\n{done.stdout}{done.stderr}"
    return done.stdout


def test_the_wheel_holds_the_package_its_licence_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {
        "aura_stack",
        wheel.name.split("-py3")[0] + ".dist-info",
    }
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    packaged = {name for name in names if name.startswith("aura_stack/")}
    written = {str(path.relative_to(ROOT)) for path in (ROOT / "aura_stack").rglob("*.py")}
    assert packaged == written | {"aura_stack/py.typed", "aura_stack/supervision/preload.cjs"}


@pytest.mark.parametrize(
    "install",
    [["pipx", "install"], ["uv", "tool", "install", "--python", sys.executable]],
    ids=["pipx", "uv"],
)
def test_an_installed_wheel_runs_a_stack_of_three_services(wheel, installers, user, tmp_path, install):
    assert shutil.which("node", path=user["PATH"]) is None
    run([str(installers / install[0]), *install[1:], str(wheel)], tmp_path, user)
    aura = f"{user['HOME']}/.local/bin/aura-stack"
    assert run([aura, "--version"], tmp_path, user).startswith("aura-stack 0.")
    project = tmp_path / "project"
    project.mkdir()
    (project / "server.py").write_text(SERVER)
    (project / "stack.yaml").write_text(STACK)
    assert run([aura, "config", "check"], project, user) == "stack.yaml: ok, 3 services, 3 ports\n"

    face = Terminal([aura, "up"], project, user)
    try:
        face.expect("all ready; Ctrl-C stops, d leaves it running", PATIENCE)
        face.type(b"d")
        assert face.finish(PATIENCE) == 0
    finally:
        face.close()
    table = run([aura, "status"], project, user)
    assert [line.split()[:2] for line in table.splitlines()[1:]] == [[name, "ready"] for name in PORTS]
    assert run([aura, "restart", "api"], project, user).startswith("api restarted, ready in ")
    assert "page  | listening on 22463" in run([aura, "logs"], project, user)
    assert run([aura, "list"], project, user).count("shop") == 1
    run([aura, "doctor"], project, user)
    assert run([aura, "down"], project, user) == "all stopped\n"
    assert not left_behind(project)


def test_it_drafts_a_stack_that_it_then_runs(wheel, installers, user, tmp_path):
    run([str(installers / "uv"), "tool", "install", "--python", sys.executable, str(wheel)], tmp_path, user)
    aura = f"{user['HOME']}/.local/bin/aura-stack"
    project = tmp_path / "project"
    project.mkdir()
    (project / "server.py").write_text(SERVER)
    (project / "Procfile").write_text("web: PORT=22464 python3 server.py\nclock: sleep 1000\n")
    run([aura, "init"], project, user)
    run([aura, "up", "-d", "--wait", "--wait-timeout", "20s"], project, user)
    assert run([aura, "down"], project, user) == "all stopped\n"
    assert not left_behind(project)


def left_behind(project):
    """Processes that work in the project's folder."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/cwd").startswith(str(project)):
                found.append(Path(f"/proc/{pid}/cmdline").read_bytes())
        except OSError:
            continue
    return found
