"""What is loaded when the first service is executed: a guard of how soon that is, whatever the machine."""

import os
import subprocess
import sys

import pytest

HEAVY = {
    "asyncio",
    "click",
    "ctypes",
    "dataclasses",
    "dotenv",
    "fnmatch",
    "honcho",
    "inspect",
    "locale",
    "logging",
    "pathlib",
    "pathspec",
    "psutil",
    "random",
    "selectors",
    "socket",
    "ssl",
    "subprocess",
    "tempfile",
    "uuid",
    "yaml",  # the process that reads ahead needs it, and whoever reads a definition again
}
LATER = {
    "aura_stack.cli.face",
    "aura_stack.cli.main",
    "aura_stack.logs.follow",
    "aura_stack.ports.entries",
    "aura_stack.ports.manifest",
    "aura_stack.ports.moving",
    "aura_stack.ports.policy",
    "aura_stack.reading.from_dotenv",
    "aura_stack.reading.from_procfile",
    "aura_stack.reading.load",
    "aura_stack.reading.suggest",
    "aura_stack.reading.tree",
    "aura_stack.reading.wording",
    "aura_stack.session.externals",
    "aura_stack.session.prepare",
    "aura_stack.session.requires",
    "aura_stack.session.serve",
    "aura_stack.session.stackfile",
    "aura_stack.stack.behind",
    "aura_stack.stack.outline",
    "aura_stack.stack.resolve",
    "aura_stack.stack.selection",
    "aura_stack.supervision.asking",
    "aura_stack.supervision.output",
    "aura_stack.supervision.probes",
    "aura_stack.supervision.termination",
    "aura_stack.supervision.works",
    "aura_stack.system.fingerprint",
}
ROOMS_OF_OTHER_COMMANDS = ("doctor", "drafting", "inventory", "mending", "watch")

SCRIPT = """
import os, sys
def report(*_, **__):
    with open("loaded", "w") as file:
        print(*sys.modules, file=file)
    os._exit(9)
os.posix_spawn = report
from aura_stack.cli.quick import run
run(["up"])
"""


YAML = "services: {web: {command: [sleep, '9']}, db: {command: sleep 9}}"
JSON = '{"services": {"web": {"command": ["sleep", "9"]}}}'


@pytest.mark.parametrize("text", [YAML, JSON])
def test_nothing_that_the_first_services_could_do_without_is_loaded_before_them(tmp_path, text):
    (tmp_path / "stack.yaml").write_text(text)
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "HOME": str(tmp_path)}
    environ.pop("XDG_RUNTIME_DIR", None)
    up = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    loaded = (tmp_path / "loaded").read_text().split()
    assert "aura_stack.supervision.runner" in loaded, up.stderr
    assert (HEAVY | LATER) & set(loaded) == set()
    rooms = {name.split(".")[1] for name in loaded if name.startswith("aura_stack.")}
    assert rooms.isdisjoint(ROOMS_OF_OTHER_COMMANDS)
    assert "engine died" in up.stdout + up.stderr
