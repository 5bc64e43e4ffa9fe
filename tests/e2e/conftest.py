import os
import shutil
import socket
import subprocess
from pathlib import Path

import page
import pytest
from terminal import Terminal

ROOT = Path(__file__).parents[2]
PORTS = (4001, 4010, 54112)
CI = os.environ.get("CI", "") not in {"", "false"}


def binds(port):
    """Whether a server could take the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Clone:
    """The project as a newcomer gets it, and a home with nothing in it."""

    def __init__(self, folder, path):
        self.folder = folder / "aura-stack"
        self.terminals = []
        home = folder / "home"
        home.mkdir(parents=True)
        copy_checkout(self.folder)
        keep = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MAKE", "XDG_", "VIRTUAL_ENV"))
        }
        self.env = {**keep, "HOME": str(home), "PATH": path, "TERM": "xterm-256color"}
        self.env.pop("MFLAGS", None)

    def terminal(self, *argv):
        self.terminals.append(Terminal(argv, self.folder, self.env))
        return self.terminals[-1]

    def aura_stack(self, *words):
        return str(self.folder / ".venv/bin/aura-stack"), *words

    def run(self, *words):
        """A command to its end: exit code and output."""
        argv = self.aura_stack(*words)
        path = f"{self.folder / '.venv/bin'}:{self.env['PATH']}"
        done = subprocess.run(
            argv,
            cwd=self.folder,
            env={**self.env, "PATH": path},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def close(self):
        for terminal in self.terminals:
            terminal.close()


def copy_checkout(folder):
    """What git knows of this checkout, uncommitted changes included: a clone of what the tests stand beside."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0")[:-1]:
        source, target = ROOT / name, folder / name
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)


def plain_path():
    """PATH without any virtual environment's folder."""
    parts = os.environ["PATH"].split(":")
    return ":".join(part for part in parts if not part.rstrip("/").endswith(".venv/bin"))


def path_without_node(folder):
    """PATH as one folder of links to everything but Node and its package managers."""
    folder.mkdir()
    for part in plain_path().split(":"):
        for program in Path(part).iterdir() if Path(part).is_dir() else ():
            link = folder / program.name
            if (
                program.name not in {"node", "nodejs", "npm", "npx", "corepack", "pnpm", "yarn"}
                and not link.is_symlink()
            ):
                link.symlink_to(program)
    return str(folder)


@pytest.fixture(scope="session")
def chromium():
    """A browser; a machine without one skips, but not where it could have been installed: in CI."""
    found = page.browser()
    if found is None:
        assert not CI, "Chromium is missing: continuous integration installs it"
        pytest.skip("no Chromium on this machine (Debian, Ubuntu: apt install chromium)")
    return found


@pytest.fixture(scope="module", autouse=True)
def free_ports():
    """The example's own ports must be free: somebody who runs it here is told instead of disturbed."""
    taken = [port for port in PORTS if not binds(port)]
    assert taken == [], f"ports {taken} are in use: stop what runs there (make down?) and test again"
