"""Supervisors under torture: how each is given the same services, and one of them while it runs."""

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

from terminal import IN_TERMINAL

from aura_stack.system import processes

PATIENCE = 20.0  # seconds for anything that has to happen
LEFT = 3.0  # seconds that a process may take to go after the tool has ended
MARK = "TORTURE"
PROGRAMS = Path(__file__).parent / "programs"


def program(name, *words):
    """The command of one of the programs, as a shell has it."""
    return shlex.join([sys.executable, "-S", str(PROGRAMS / f"{name}.py"), *map(str, words)])


class Aura:
    """Ours: a stack file; the end of one is the end of all, as with the others."""

    name = "aura-stack"
    restarts = True

    def write(self, folder, services, grace):
        written = {
            name: {"command": command, "restart": "no", "stop": {"grace": grace}}
            for name, command in services.items()
        }
        (folder / "stack.yaml").write_text(json.dumps({"name": "torture", "services": written}))

    def argv(self, *words):
        return [sys.executable, "-m", "aura_stack", *(words or ("up", "--abort-on-exit"))]

    def installed(self):
        return True


class Procfile:
    """Whoever reads a Procfile."""

    restarts = False

    def __init__(self, name, *argv):
        self.name = name
        self._argv = list(argv)

    def write(self, folder, services, grace):  # noqa: ARG002 - a Procfile has no word for it
        lines = [f"{name}: {command}\n" for name, command in services.items()]
        (folder / "Procfile").write_text("".join(lines))

    def argv(self, *words):
        return [*self._argv, *words]

    def installed(self):
        return shutil.which(self._argv[0]) is not None


class Overmind(Procfile):
    """A Procfile, and orders by a socket."""

    restarts = True

    def argv(self, *words):
        return ["overmind", *(words or ("start",))]


class Scripted:
    """Whoever takes its services as words or files of its own: a script in the folder begins it.

    Args:
        name: of the tool, and of its program where that is the same.
        write: writes the files for services and grace seconds; answers the words that begin the tool.
        program: looked for on PATH.
        ends_by: the signal that its manual names for a stop.
    """

    restarts = False

    def __init__(self, name, write, program="", ends_by=signal.SIGTERM):
        self.name = name
        self._write = write
        self._program = program or name
        self.ends_by = ends_by

    def write(self, folder, services, grace):
        words = self._write(folder, services, max(float(grace.removesuffix("s")), 1.0))
        (folder / "begin").write_text(f"exec {shlex.join(words)}\n")

    def argv(self):
        return ["sh", "./begin"]

    def installed(self):
        return shutil.which(self._program) is not None


def foreman(folder, services, grace):
    Procfile("foreman").write(folder, services, grace)
    return ["foreman", "start", "-t", str(int(grace))]


def concurrently(_folder, services, _grace):
    return ["concurrently", "-k", "-n", ",".join(services), *services.values()]


def pm2(folder, services, grace):
    """In the foreground, as containers have it."""
    common = {
        "interpreter": "none",
        "script": "/bin/sh",
        "autorestart": False,
        "kill_timeout": int(grace * 1000),
    }
    apps = [{"name": name, "args": ["-c", f"exec {command}"], **common} for name, command in services.items()]
    (folder / "pm2.json").write_text(json.dumps({"apps": apps}))
    return ["pm2-runtime", "start", "pm2.json"]


def circus(folder, services, grace):
    text = f"[circus]\nendpoint = ipc://{folder}/e\npubsub_endpoint = ipc://{folder}/p\nstatsd = False\n"
    for name, command in services.items():
        text += f"[watcher:{name}]\ncmd = sh -c {shlex.quote(f'exec {command}')}\ncopy_env = True\nrespawn = False\n"
        text += f"stdout_stream.class = StdoutStream\nstderr_stream.class = StdoutStream\ngraceful_timeout = {grace}\n"
    (folder / "circus.ini").write_text(text)
    return ["circusd", "circus.ini"]


def runs(folder, services):
    """A folder with a script for each service: what runit and s6 look at."""
    for name, command in services.items():
        (folder / "sv" / name).mkdir(parents=True)
        script = folder / "sv" / name / "run"
        script.write_text(f"#!/bin/sh\nexec {command}\n")
        script.chmod(0o755)


def runit(folder, services, _grace):
    runs(folder, services)
    return ["runsvdir", "-P", str(folder / "sv")]


def s6(folder, services, _grace):
    runs(folder, services)
    return ["s6-svscan", str(folder / "sv")]


class Mprocs:
    """Whoever wants a terminal, in which it shows one service at a time: what they print is read from its log.

    Ctrl-C is for the service that it shows; what ends all are keys of its own.
    """

    name = "mprocs"
    restarts = True
    keys = (b"q", b"Q")
    log = "log"
    _door = "127.0.0.1:21988"

    def write(self, folder, services, grace):  # noqa: ARG002 - it has no word for it
        procs = {name: {"shell": command} for name, command in services.items()}
        (folder / "mprocs.json").write_text(json.dumps({"procs": procs, "server": self._door}))

    def argv(self, *words):
        if words:
            return [self._program(), "--server", self._door, "--ctl", json.dumps({"c": f"{words[0]}-proc"})]
        ended = json.dumps({"c": "quit"})
        return [self._program(), "--config", "mprocs.json", "--on-all-finished", ended]

    def logging(self):
        """The words that have it write all that its services print into a file."""
        return ["--log-file", self.log]

    def installed(self):
        return shutil.which("mprocs") is not None

    def _program(self):
        """Itself: what npm installs is a script that would get the signals in its place."""
        found = Path(shutil.which("mprocs") or "mprocs")
        return str(next(found.resolve().parent.glob("mprocs-*-linux-x86_64*/mprocs"), found))


class Supervisord:
    """supervisord: a file of its own, with the graces and the groups that it can be asked for."""

    name = "supervisord"
    restarts = True

    def write(self, folder, services, grace):
        seconds = max(int(float(grace.removesuffix("s"))), 1)
        text = "[supervisord]\nnodaemon=true\n[unix_http_server]\nfile=supervisor.sock\n"
        text += "[supervisorctl]\nserverurl=unix://supervisor.sock\n[rpcinterface:supervisor]\n"
        text += "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n"
        for name, command in services.items():
            text += f"[program:{name}]\ncommand=sh -c {shlex.quote(command.replace('%', '%%'))}\n"
            text += "stdout_logfile=/dev/stdout\nstdout_logfile_maxbytes=0\nredirect_stderr=true\n"
            text += f"autorestart=false\nstopasgroup=true\nkillasgroup=true\nstopwaitsecs={seconds}\n"
        (folder / "supervisord.conf").write_text(text)

    def argv(self, *words):
        command = "supervisorctl" if words else "supervisord"
        return [command, "-c", "supervisord.conf", *words]

    def installed(self):
        return shutil.which("supervisord") is not None


TOOLS = {
    tool.name: tool
    for tool in (
        Aura(),
        Procfile("honcho", sys.executable, "-m", "honcho", "start"),
        Procfile("hivemind", "hivemind"),
        Scripted("foreman", foreman),
        Procfile("goreman", "goreman", "start"),
        Overmind("overmind"),
        Supervisord(),
        Scripted("circus", circus, "circusd"),
        Scripted("pm2", pm2, "pm2-runtime"),
        Scripted("concurrently", concurrently),
        Mprocs(),
        Scripted("runit", runit, "runsvdir", ends_by=signal.SIGHUP),
        Scripted("s6", s6, "s6-svscan"),
    )
}


class Seat:
    """A terminal of its own for a tool that wants one.

    Attributes:
        output: where what its services print is read: in its log, or where it is not `logged`, on the terminal.
    """

    def __init__(self, tool, folder, env, *, logged):
        self._keys = iter(tool.keys)
        self._master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (40, 100))
        self._held = None  # the log open for writing, so that its end is not read before it begins
        argv = [sys.executable, "-c", IN_TERMINAL, *tool.argv()]
        if logged:
            log = folder / tool.log
            os.mkfifo(log)
            reading, self._held = os.open(log, os.O_RDONLY | os.O_NONBLOCK), os.open(log, os.O_WRONLY)
            os.set_blocking(reading, True)
            argv += tool.logging()
        else:
            reading = os.dup(self._master)
        self.output = open(reading, "rb", buffering=0)  # noqa: SIM115 - the trial closes it
        self._looker = threading.Thread(target=self._look, daemon=True)
        env = {**env, "TERM": "xterm-256color"}
        self.process = subprocess.Popen(argv, cwd=folder, env=env, stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        if logged:
            self._looker.start()

    def press(self):
        """The next of the keys that end it."""
        os.write(self._master, next(self._keys))

    def leave(self):
        """It has ended: so does what it printed."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def close(self):
        """Nobody has it any more."""
        if self._looker.is_alive():
            self._looker.join(LEFT)
        os.close(self._master)

    def _look(self):
        with contextlib.suppress(OSError):  # EIO: the last one has closed it
            while os.read(self._master, 1 << 16):
                pass


class Trial:
    """One tool with some services in a folder; all that comes of it carries a mark in its environment.

    Args:
        tool: which.
        folder: an empty one.
        services: name → command.
        grace: between the stop signal and KILL, for a tool that can be told.
        reads: whether anybody reads what it prints.
    """

    def __init__(self, tool, folder, services, *, grace="1s", reads=True):
        self.tool = tool
        self.folder = folder
        self.mark = f"{os.getpid()}-{time.monotonic_ns()}"
        self.env = {**os.environ, MARK: self.mark, "HOME": str(folder), "PYTHONUNBUFFERED": "1"}
        self.env["XDG_STATE_HOME"] = str(folder / "state")
        self.env.pop("XDG_RUNTIME_DIR", None)
        tool.write(folder, services, grace)
        self.printed = b""
        self._news = threading.Condition()
        self._reads = reads
        self._seat = Seat(tool, folder, self.env, logged=reads) if hasattr(tool, "keys") else None
        self.process = self._seat.process if self._seat else self.start()
        self._output = self._seat.output if self._seat else self.process.stdout
        self._reader = threading.Thread(target=self._read, daemon=True)
        if reads:
            self._reader.start()

    def start(self, *words, **options):
        """Run the tool, or with words an order to it, as a job of its own."""
        return subprocess.Popen(
            self.tool.argv(*words),
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **options,
        )

    def order(self, *words):
        """Give the tool an order and wait until it has answered."""
        done = self.start(*words)
        done.communicate(timeout=PATIENCE)
        return done.returncode

    def _read(self):
        while data := os.read(self._output.fileno(), 1 << 16):
            with self._news:
                self.printed += data
                self._news.notify_all()

    def expect(self, pattern, times=1, patience=PATIENCE):
        """Wait until it was printed so often; whether it was."""
        found = re.compile(pattern)
        with self._news:
            return self._news.wait_for(lambda: len(found.findall(self.printed)) >= times, patience)

    def wait_until_full(self):
        """Wait until the pipe that nobody reads takes no more: its writer stands still."""
        deadline = time.monotonic() + PATIENCE
        held = bytes(4)
        while time.monotonic() < deadline:
            before, held = held, fcntl.ioctl(self._output, termios.FIONREAD, bytes(4))
            if any(held) and held == before:
                return
            wait_for_end(self.process.pid, 0.3)

    def signal(self, signum):
        """A signal to the tool alone; in the place of TERM the one that it means by that."""
        ends_by = getattr(self.tool, "ends_by", signum)
        self.process.send_signal(ends_by if signum == signal.SIGTERM else signum)

    def press(self, signum):
        """A signal to the whole job, as from the keyboard; in the place of INT the keys that it has for that."""
        if self._seat and signum == signal.SIGINT:
            self._seat.press()
        else:
            os.killpg(self.process.pid, signum)

    def code(self, patience=PATIENCE):
        """Its exit code by a shell's account, when it has ended and what it printed was read; None: it did not end."""
        try:
            code = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            return None
        if self._seat:
            self._seat.leave()
        if self._reads:
            self._reader.join(LEFT)
        return 128 - code if code < 0 else code

    def marked(self):
        """The processes that came of this, but for the tool's first."""
        return [pid for pid in processes.pids() if pid != self.process.pid and self._is_marked(pid)]

    def _is_marked(self, pid):
        environment = processes.environment(pid) or {}
        return environment.get(MARK) == self.mark and not processes.is_zombie(pid)

    def survivors(self, patience=LEFT):
        """Those that are left when that time has passed, or none as soon as there is none."""
        deadline = time.monotonic() + patience
        while (pids := self.marked()) and time.monotonic() < deadline:
            wait_for_end(pids[0], 0.2)
        return pids

    def close(self):
        """End all that is left, one after the other."""
        for _ in range(100):
            for pid in self.marked() + ([self.process.pid] if self.process.poll() is None else []):
                identity = processes.identify(pid)
                if identity:
                    processes.signal(identity, signal.SIGKILL)
            self.process.wait()
            if not self.marked():
                break
        if self._seat:
            self._seat.leave()
        if self._reads:
            self._reader.join(LEFT)
        self._output.close()
        if self._seat:
            self._seat.close()


def wait_for_end(pid, patience):
    """Wait until a process that need not be our child has ended, or time is up."""
    try:
        held = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    select.select([held], [], [], patience)
    os.close(held)
