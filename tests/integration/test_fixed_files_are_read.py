"""What the fix writes into the corpus, read by the programs that will read it: node, Python, nginx."""

import os
import re
import shutil
import socket
import subprocess

import pytest
from corpus import corpus

from aura_stack.mending.planning import plan
from aura_stack.mending.writing import put

pytestmark = pytest.mark.long

ESM = re.compile(r"^(?:import|export)\b", re.MULTILINE)


@pytest.fixture(params=corpus.PROJECTS)
def fixed(request, tmp_path):
    """A project after the fix, and the files that were written in it."""
    project = corpus.copy(request.param, tmp_path / request.param)
    changes = plan(corpus.look(project)).changes
    put(str(project), changes)
    return project, [project / change.path for change in changes]


def read_by(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    return done.returncode, done.stderr


@pytest.mark.skipif(shutil.which("node") is None, reason="no node on this machine")
def test_node_reads_every_program_for_it(fixed, tmp_path):
    for path in fixed[1]:
        if path.suffix in {".js", ".mjs", ".cjs"}:
            text = path.read_text(encoding="utf-8")
            # whether it is a module is said by a package.json, which not every one of them has
            copy = tmp_path / f"checked{'.mjs' if ESM.search(text) else '.cjs'}"
            copy.write_text(text, encoding="utf-8")
            code, told = read_by("node", "--check", copy)
            assert code == 0, f"{path}: {told}"


def test_python_compiles_every_program_for_it(fixed):
    for path in fixed[1]:
        if path.suffix == ".py":
            compile(path.read_bytes(), str(path), "exec")


@pytest.mark.skipif(shutil.which("nginx") is None, reason="no nginx on this machine")
def test_nginx_reads_what_is_for_it(fixed, tmp_path):
    for path in fixed[1]:
        if path.name != "nginx.conf":
            continue
        text = path.read_text(encoding="utf-8")
        for number in set(re.findall(r"listen (?:\[::\]:)?(\d+)", text)):
            with socket.socket() as probe:  # nginx binds what it tests
                probe.bind(("", 0))
                text = re.sub(rf"(listen (?:\[::\]:)?){number}\b", rf"\g<1>{probe.getsockname()[1]}", text)
        # where Debian has these, an ordinary user may not write
        temporary = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        elsewhere = " ".join(f"{name}_temp_path {tmp_path}/{name};" for name in temporary)
        text = re.sub(r"\bhttp *{", rf"http {{ access_log off; {elsewhere}", text)
        conf = tmp_path / "nginx.conf"
        conf.write_text(f"pid {tmp_path}/pid;\nerror_log stderr;\n{text}")
        (tmp_path / "logs").mkdir()
        code, told = read_by("nginx", "-t", "-c", conf, "-p", tmp_path, env={**os.environ, "LC_ALL": "C"})
        assert code == 0, told


def test_a_shell_puts_the_variable_into_a_script_of_a_package(tmp_path):
    project = corpus.copy("cloud", tmp_path / "cloud")
    put(str(project), plan(corpus.look(project)).changes)
    text = (project / "apps/web/package.json").read_text(encoding="utf-8")
    script = re.search(r'"dev": "(.*)"', text)[1]
    for environment, expected in (({}, "3100"), ({"PORT": "9"}, "9")):
        said = subprocess.run(
            ["/bin/sh", "-c", f"echo {script}"], env=environment, capture_output=True, check=True
        )
        assert said.stdout.decode().split() == ["next", "dev", "-p", expected]
