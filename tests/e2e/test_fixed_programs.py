"""Thirteen servers run for real: before the fix they listen where their code says, after it where PORT says."""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import CI

from aura_stack.session import definition
from aura_stack.system.files import replace

PROGRAMS = Path(__file__).parents[1] / "corpus/programs"
COMMAND = [str(Path(sys.executable).with_name("aura-stack"))]
PATIENCE = 60  # seconds until all of them listen, on a machine that does much else
pytestmark = [pytest.mark.long, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def installed():
    """What the servers need, installed once for a lock file, outside of the tree."""
    assert shutil.which("npm") or not CI, "npm is missing"
    if not shutil.which("npm"):
        pytest.skip("no npm on this machine")
    needed = [PROGRAMS / name for name in ("package.json", "package-lock.json", ".npmrc", "requirements.txt")]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in needed)).hexdigest()[:16]
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = Path(home) / "aura-stack-tests" / f"{digest}-{sys.version_info[1]}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for path in needed:
            shutil.copy2(path, folder)
        npm = subprocess.Popen(["npm", "ci", "--ignore-scripts", "--prefer-offline", "--silent"], cwd=folder)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--target", folder / "python", "-r", folder / "requirements.txt"], check=True)
        assert npm.wait() == 0
        replace(str(folder / "complete"), b"")
    return folder


@pytest.fixture(scope="module")
def project(installed, tmp_path_factory):
    """A copy of the programs, with what was installed beside them."""
    folder = tmp_path_factory.mktemp("programs") / "programs"
    shutil.copytree(PROGRAMS, folder)
    (folder / "node_modules").symlink_to(installed / "node_modules")
    return folder


@pytest.fixture(scope="module")
def environment(installed, tmp_path_factory):
    bin_folder = Path(sys.executable).parent
    return {
        **os.environ,
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
        "PYTHONPATH": str(installed / "python"),
        "XDG_RUNTIME_DIR": str(tmp_path_factory.mktemp("runtime")),
    }


def numbers(project):
    """Where each server is to listen, by name."""
    manifest = json.loads((project / "ports.json").read_text(encoding="utf-8"))
    return {name: entry["port"] for name, entry in manifest["ports"].items()}


def accepts(number):
    try:
        socket.create_connection(("127.0.0.1", number), timeout=1).close()
    except OSError:
        return False
    return True


def inventory(project, environment):
    done = subprocess.run(
        [*COMMAND, "ports", "inventory", "--json"],
        cwd=project,
        env=environment,
        capture_output=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def run(project, environment, *words):
    done = subprocess.run(
        [*COMMAND, *words], cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def commands(project):
    """The command line and folder of each server, as the stack has them."""
    stack = definition.read(str(project / "stack.yaml"), {}, str(project)).stack
    return {service.name: (service.command.argv, service.cwd) for service in stack.services}


def test_the_servers_obey_port_after_the_fix_and_not_before(project, environment):
    wanted = numbers(project)
    hard = {name: number - 100 for name, number in wanted.items()}
    started = [
        subprocess.Popen(
            argv, cwd=cwd, env={**environment, "PORT": str(wanted[name])}, stdout=subprocess.DEVNULL
        )
        for name, (argv, cwd) in commands(project).items()
    ]
    try:
        deadline = time.monotonic() + PATIENCE
        while silent := [name for name, number in hard.items() if not accepts(number)]:
            assert time.monotonic() < deadline, f"do not listen where their code says: {silent}"
            time.sleep(0.05)  # nobody says when a server listens
        assert [name for name, number in wanted.items() if accepts(number)] == []
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait()

    code, before = inventory(project, environment)
    assert code == 1
    assert {one["entry"]: one["verdict"] for one in before["ports"]} == dict.fromkeys(wanted, "drift")

    assert run(project, environment, "ports", "fix")[0] == 1
    code, told = run(project, environment, "ports", "fix", "--apply", "--force")
    assert (code, "left" in told) == (0, False), told
    assert run(project, environment, "ports", "fix") == (0, "nothing to change\n")

    try:
        code, told = run(project, environment, "up", "-d", "--wait")
        assert code == 0, told
        assert [name for name, number in hard.items() if accepts(number)] == []
        assert [name for name, number in wanted.items() if not accepts(number)] == []
        code, after = inventory(project, environment)
        assert {one["entry"]: one["verdict"] for one in after["ports"]} == dict.fromkeys(wanted, "ok")
        listening = {one["entry"]: {each["service"] for each in one["listening"]} for one in after["ports"]}
        assert listening == {name: {name} for name in wanted}
        assert code == 0
    finally:
        run(project, environment, "down")


def test_the_programs_of_node_read_still(project):
    """Behind the test above: what it has written."""
    for path in sorted(project.glob("*/*.*js")):
        checked = subprocess.run(["node", "--check", path], capture_output=True, check=False)
        assert checked.returncode == 0, checked.stderr
