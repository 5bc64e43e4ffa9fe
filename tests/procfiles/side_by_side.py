"""One project run by honcho or by aura-stack: what its processes printed and were given, and the exit code.

The processes of a project meet: each writes a line into a named pipe when it has printed what it has to say, and
the one that ends first does so when it has read a line of every other. So nothing depends on who is quicker.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from aura_stack.system import processes

HERE = Path(__file__).resolve().parent
PATIENCE = 30.0  # seconds for anything that has to happen
FOLDER = "FOLDER"  # stands where a project printed its own folder
BASE = 5000  # PORT of the first process where nothing says otherwise


class Project(NamedTuple):
    """A folder beside this file.

    `processes` are in the order of its Procfile, which is called `procfile`; one of them ends the project with
    the return code `ended`, below 0 for a signal; `base` is the first PORT.
    """

    name: str
    processes: tuple[str, ...]
    ended: int
    procfile: str = "Procfile"
    base: int = BASE


PROJECTS = (
    Project("rails", ("web", "worker", "css", "js"), 0, "Procfile.dev"),
    Project("django", ("web", "api", "worker", "beat"), 3),
    Project("phoenix", ("web", "assets", "tests"), -signal.SIGKILL),
    Project("node", ("web", "worker", "jobs"), 128 + signal.SIGTERM),
    Project("go", ("web", "api", "worker"), 1),
    Project("release", ("web", "worker", "clock", "release"), 0),
    Project("shell", ("web", "pipe", "quotes", "pid", "fall-back", "TABBED", "no_blank", "last"), 9),
    Project("dotenv", ("web", "worker", "mailer"), -signal.SIGSEGV, base=6100),
)


class Ran(NamedTuple):
    """What a run came to: lines by process, in the names of aura-stack; its exit code; what the tool itself said."""

    lines: dict[str, list[str]]
    code: int
    said: list[str]

    @property
    def ports(self):
        """The PORT that each process printed, of those that print it."""
        found = {
            name: [line.removeprefix("PORT=") for line in lines if line.startswith("PORT=")]
            for name, lines in self.lines.items()
        }
        return {name: int(numbers[0]) for name, numbers in found.items() if numbers}


class Honcho:
    """Honcho: `12:00:00 web.1    | line`."""

    name = "honcho"

    def argv(self, procfile, counts, names):
        scale = ["-c", ",".join(f"{name}={count}" for name, count in counts.items())] if counts else []
        return [sys.executable, "-m", "honcho", "-f", procfile, "start", *scale, *names]

    def split(self, line):
        """Whose line it is and what it says; None for honcho's own."""
        match = re.fullmatch(r"[\d:]{8} ([\w-]+)\.(\d+) +\| (.*)", line)
        if match is None:
            return None
        name, number, text = match.groups()
        return (name if number == "1" else f"{name}-{number}"), text

    def code(self, ended):
        """Its exit code for a process that ended so."""
        return ended % 256


class Aura:
    """Ours: `web    | line`."""

    name = "aura-stack"

    def argv(self, procfile, counts, names):
        file = [] if procfile == "Procfile" else ["-f", procfile]
        scale = [word for name, count in counts.items() for word in ("--scale", f"{name}={count}")]
        return [sys.executable, "-m", "aura_stack", *file, "up", *scale, *names]

    def split(self, line):
        """As for honcho."""
        match = re.fullmatch(r"([\w-]+) +\| (.*)", line)
        return match.groups() if match else None

    def code(self, ended):
        """As for honcho: 128+N for a signal, as a shell has it."""
        return 128 - ended if ended < 0 else ended


TOOLS = (Honcho(), Aura())


class Side:
    """A copy of a project, in a folder of its own, for one of the tools.

    Args:
        tool: that runs it.
        project: which is copied.
        place: the folder for the copy and for what a run keeps beside it.
        audience: how many processes the one that ends waits for; all others, if not given.
        env: variables of the shell.
    """

    def __init__(self, tool, project, place, *, audience=None, env=()):
        self.tool = tool
        self.project = project
        self.folder = Path(place) / tool.name / project.name
        self.meeting = self.folder.parent / "meeting"
        shutil.copytree(HERE / project.name, self.folder)
        os.mkfifo(self.meeting)
        node = shutil.which("node") or ""
        path = [self.folder / "bin", HERE / "bin", Path(sys.executable).parent, Path(node).parent, *_SYSTEM]
        self.env = {
            "PATH": os.pathsep.join(map(str, path)),
            "HOME": str(self.folder.parent),
            "LANG": "C.UTF-8",
            "XDG_STATE_HOME": str(self.folder.parent / "state"),
            "MEETING": str(self.meeting),
            "AUDIENCE": str(len(project.processes) - 1 if audience is None else audience),
            **dict(env),
        }

    def write(self, files):
        """Write files into the copy: texts by path."""
        for path, text in files.items():
            (self.folder / path).write_text(text)

    def argv(self, *names, counts=None):
        """The command that runs it, or the named processes of it."""
        return self.tool.argv(self.project.procfile, counts or {}, names)

    def run(self, *names, counts=None):
        """Run it to its end."""
        command = subprocess.Popen(
            self.argv(*names, counts=counts),
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            output, _ = command.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            command.terminate()
            output, _ = command.communicate(timeout=PATIENCE)
            raise AssertionError(f"{self.tool.name} did not end:\n{output.decode()}") from None
        return self.ran(output.decode(), command.returncode)

    def hear(self, count):
        """Wait until so many are there, in the place of a process that ends then."""
        meeting = os.open(
            self.meeting, os.O_RDWR
        )  # for reading alone, it would be over whenever nobody writes
        try:
            while count > 0:
                count -= os.read(meeting, 1024).count(b"\n")
        finally:
            os.close(meeting)

    def ran(self, output, code):
        """What a whole output says."""
        lines, said = {}, []
        for line in output.replace(str(self.folder.resolve()), FOLDER).splitlines():
            if split := self.tool.split(line):
                lines.setdefault(split[0], []).append(split[1])
            else:
                said.append(line)
        return Ran(lines, code, said)

    def close(self):
        """End what a run has left; the answer is the number of processes that it should not have left."""
        left = [identity for pid in processes.pids() if (identity := self._member(pid))]
        for identity in left:
            processes.signal(identity, signal.SIGKILL)
        return len(left)

    def _member(self, pid):
        environment = processes.environment(pid) or {}
        if environment.get("MEETING") != str(self.meeting) or processes.is_zombie(pid):
            return None
        return processes.identify(pid)


_SYSTEM = ("/usr/local/bin", "/usr/bin", "/bin")
