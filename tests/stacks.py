"""A stack under test: written into a folder, brought up by the real command, checked for leaks when it is over."""

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

from aura_stack.system import places as where
from aura_stack.system import processes

PATIENCE = 60.0  # seconds for anything that has to happen; nothing here waits that long unless it is broken
CHILDREN = Path(__file__).parent / "children"


def child(name, *words):
    """The command of a child from tests/children."""
    return [sys.executable, str(CHILDREN / f"{name}.py"), *words]


def wait_for(true, patience=PATIENCE):
    """Ask until it is true: for what no event tells."""
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


class Running:
    """A command of ours that runs: what it printed so far, and what it is waited for to print."""

    def __init__(self, argv, cwd, env, **options):
        self.process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **options,
        )
        self.output = ""

    @property
    def pid(self):
        return self.process.pid

    def expect(self, pattern, patience=PATIENCE):
        """Read until the pattern has been printed, and answer its match."""
        deadline = time.monotonic() + patience
        while not (found := re.search(pattern, self.output, re.MULTILINE)):
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self.process.stdout], [], [], max(left, 0))
            data = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            assert data, f"{pattern!r} did not come; printed was:\n{self.output}"
            self.output += data.decode(errors="replace")
        return found

    def signal(self, signum):
        self.process.send_signal(signum)

    def finish(self, patience=PATIENCE):
        """Read to the end and answer the exit code."""
        rest, _ = self.process.communicate(timeout=patience)
        self.output += rest.decode(errors="replace")
        return self.process.returncode


class Stack:
    """A stack file in a folder of its own, and commands on it."""

    def __init__(self, folder, services, **top):
        self.folder = Path(folder)
        self.name = f"t{os.getpid()}-{time.monotonic_ns()}"
        self.file = self.folder / "stack.yaml"
        self.env = {**os.environ, "XDG_STATE_HOME": str(self.folder / "state"), "HOME": str(self.folder)}
        self.env.pop("XDG_RUNTIME_DIR", None)
        self.env.pop("FORCE_COLOR", None)
        self.running = []
        self.write(services, **top)

    def write(self, services, **top):
        self.file.write_text(json.dumps({"name": self.name, **top, "services": services}))

    @property
    def places(self):
        return where.places(str(self.file), self.env)

    def start(self, *words, **options):
        """Run a command and go on beside it."""
        argv = [sys.executable, "-m", "aura_stack", *words]
        command = Running(argv, options.pop("cwd", self.folder), self.env, **options)
        self.running.append(command)
        return command

    def run(self, *words):
        """Run a command to its end: exit code and output."""
        command = self.start(*words)
        code = command.finish()
        return code, command.output

    def up(self, *words):
        """Bring it up and wait until all is ready."""
        up = self.start("up", *words, start_new_session=True)
        up.expect(r"all ready")
        return up

    def engine(self):
        return json.loads(Path(self.places.run).read_text())["engine"]["pid"]

    def guardian(self):
        return json.loads(Path(self.places.run).read_text())["guardian"]["pid"]

    def members(self):
        """The processes that the services have become, wherever they went: found by their environment."""
        return [pid for pid in processes.pids() if self._is_member(pid)]

    def _is_member(self, pid):
        environment = processes.environment(pid) or {}
        return environment.get("AURA_PROJECT") == self.name and not processes.is_zombie(pid)

    def wait_until_empty(self, patience=PATIENCE):
        """Wait for the end of every member; what is left then is the answer."""
        deadline = time.monotonic() + patience
        poll = select.poll()
        while members := self.members():
            if time.monotonic() > deadline:
                return members
            descriptors = []
            for pid in members:
                try:
                    descriptors.append(os.pidfd_open(pid))
                except ProcessLookupError:
                    continue
            for descriptor in descriptors:
                poll.register(descriptor, select.POLLIN)
            if descriptors:
                poll.poll(100)
            for descriptor in descriptors:
                poll.unregister(descriptor)
                os.close(descriptor)
        return []

    def close(self):
        """End whatever a failed test left; the answer is what a test should not have left."""
        for command in self.running:
            if command.process.poll() is None:
                command.signal(signal.SIGKILL)
            command.process.stdout.close()
            command.process.wait()
        leaked = self.wait_until_empty(5)
        for pid in leaked:
            if identity := processes.identify(pid):
                processes.signal(identity, signal.SIGKILL)
        where.clear(self.places)  # a test that killed the engine has left its socket
        return leaked
