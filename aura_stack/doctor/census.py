"""Which stacks of this user run, wherever they were started, and which died without clearing up."""

import os
import select
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from aura_stack.control import protocol
from aura_stack.control.client import Client, result
from aura_stack.control.protocol import Answer, Request
from aura_stack.errors import AuraError
from aura_stack.frozen import Frozen
from aura_stack.system import places, processes
from aura_stack.system.locks import is_held
from aura_stack.system.places import Runtime

from .remains import Note, left_by, living, read_note

if sys.platform == "linux":
    from aura_stack.system import procfs

STOPPED = "a signal has stopped it"
"""The remark on an engine that SIGCONT wakes."""

PATIENCE = 1.0
"""Seconds that all engines together have for an answer."""

_UP = {"ready", "completed"}


class State(StrEnum):
    """What a stack is doing."""

    STARTING = "starting"  # it is being checked; nothing runs yet
    PREPARING = "preparing"  # a prepare step runs
    RUNNING = "running"
    STOPPING = "stopping"  # nobody answers any more, and something of it is still being ended
    SILENT = "not answering"
    DEAD = "dead"  # nobody holds its lock, and it has not cleared up


_MAY_ANSWER = {State.STARTING, State.RUNNING}


class Counts(Frozen):
    """Services, by what became of them; one that completed counts as ready."""

    ready: int
    total: int
    failed: int


class Known(Frozen):
    """One stack.

    Attributes:
        pid: of the engine, 0 where it is not known.
        seconds: since the engine began; None if it is not known or not running.
        counts: None where the engine did not tell.
        remark: why it did not.
        left: processes that are still there of a stack that is dead.
    """

    runtime: Runtime
    state: State
    note: Note
    pid: int = 0
    seconds: float | None = None
    counts: Counts | None = None
    remark: str = ""
    left: tuple[int, ...] = ()


def take(environ: Mapping[str, str], patience: float = PATIENCE) -> list[Known]:
    """All stacks of this user that run or are dead; those that were stopped in order are not among them.

    Args:
        environ: names the folders where they may be (see `system.places.every`).
        patience: seconds that all engines together have for an answer.
    """
    found = [known for runtime in places.every(environ) if (known := _seen(runtime))]
    asked = _ask([known for known in found if known.state in _MAY_ANSWER], patience)
    return [asked.get(known.runtime.directory, known) for known in found]


def dead(environ: Mapping[str, str]) -> list[Known]:
    """The stacks of this user that died without clearing up; none is asked anything."""
    found = [known for runtime in places.every(environ) if (known := _seen(runtime))]
    return [known for known in found if known.state is State.DEAD]


def running_in(folder: str, environ: Mapping[str, str]) -> list[Known]:
    """Stacks whose files are in that folder and whose locks are held, without asking any of them."""
    real = os.path.realpath(folder)
    found = [known for runtime in places.every(environ) if (known := _seen(runtime))]
    return [one for one in found if one.state is not State.DEAD and _folder(one.note) == real]


def _seen(runtime: Runtime) -> Known | None:
    """What can be told without asking; None for a stack that was stopped in order."""
    note, held = read_note(runtime.run), is_held(runtime.lock)
    if engine := living(note):  # also of a stack whose lock somebody has deleted
        state = State.RUNNING if runtime.sockets else State.STOPPING
        return Known(runtime, state, note, engine.pid, processes.age(engine.pid))  # clocks are set, ages grow
    if held:
        # the next engine has not noted itself yet, or the guardian of the last one is ending what that left
        state = State.STARTING if runtime.sockets else State.STOPPING
        return Known(runtime, state, note, _holder(runtime.lock))
    if not (runtime.sockets or os.path.lexists(runtime.run)):
        return None
    return Known(runtime, State.DEAD, note, left=left_by(note))


def _holder(lock: str) -> int:
    """The pid that whoever holds the lock has left in it; 0 if there is none."""
    try:
        with open(lock, "rb") as file:
            content = file.read(32).strip()
    except OSError:
        return 0
    return int(content) if content.isdigit() else 0


def _folder(note: Note) -> str:
    return os.path.dirname(os.path.realpath(note.file)) if note.file else ""


# --- asking ---


class _Asked:
    """One engine that was asked for its services, and has not answered yet."""

    def __init__(self, known: Known, link: socket.socket) -> None:
        self.known = known
        self._client = Client(link)
        self._greeted = False
        self._number = 0

    def fileno(self) -> int:
        """For poll."""
        return self._client.fileno()

    def ask(self) -> None:
        """Call before the greeting has come: one way through the socket less."""
        self._number = self._client.send("status")

    def hear(self) -> Known | None:
        """What the messages say that have come; None as long as the answer is not among them."""
        for message in self._client.receive():
            if isinstance(message, Request) and not self._greeted:
                refusal = _refusal(message)
                if refusal:
                    return self.known.but(remark=refusal)
                self._greeted = True
            elif isinstance(message, Answer) and message.id == self._number:
                return _counted(self.known, message)
        return None

    def close(self) -> None:
        """End the connection."""
        self._client.close()


def _ask(stacks: Sequence[Known], patience: float) -> dict[str, Known]:
    """What each says of itself, by its folder; all are asked at once, so one that hangs delays no other."""
    deadline = time.monotonic() + patience
    answers: dict[str, Known] = {}
    waiting: dict[int, _Asked] = {}
    poll = select.poll()
    for known in stacks:
        asked = _connect(known, answers)
        if asked:
            waiting[asked.fileno()] = asked
            poll.register(asked.fileno(), select.POLLIN)
    while waiting:
        ready = poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
        for descriptor, _ in ready:
            if answer := _heard(waiting[descriptor]):
                answers[answer.runtime.directory] = answer
                poll.unregister(descriptor)
                waiting.pop(descriptor).close()
        if not ready or time.monotonic() > deadline:
            break
    for asked in waiting.values():
        answers[asked.known.runtime.directory] = _silent(asked.known, patience)
        asked.close()
    return answers


def _silent(known: Known, patience: float) -> Known:
    """One that is starting has its checks to make before it answers anybody."""
    if known.state is State.STARTING:
        return known
    remark = STOPPED if _is_stopped(known.pid) else f"no answer in {patience:g} s"
    return known.but(state=State.SILENT, remark=remark)


def _is_stopped(pid: int) -> bool:
    """Whether it is held by a signal such as SIGSTOP; where the system does not tell, False."""
    if sys.platform == "linux":
        found = procfs.stat(pid)
        return found is not None and found.state in {"T", "t"}
    return False


def _connect(known: Known, answers: dict[str, Known]) -> _Asked | None:
    """Ask; None where that cannot be, with the reason in `answers`."""
    for path in known.runtime.sockets:
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        link.setblocking(False)  # poll tells when there is something to read
        try:
            link.connect(path)
            asked = _Asked(known, link)
            asked.ask()
        except (FileNotFoundError, ConnectionError):  # nobody listens any more
            answers[known.runtime.directory] = known.but(state=State.STOPPING)
        except OSError as error:  # EAGAIN: so many wait already that the kernel takes no more (unix(7))
            answers[known.runtime.directory] = known.but(state=State.SILENT, remark=error.strerror or "")
        else:
            return asked
        link.close()
    return None


def _heard(asked: _Asked) -> Known | None:
    """What an engine said; None if that is not all yet."""
    try:
        return asked.hear()
    except BlockingIOError:
        return None  # half a line: the rest is kept by the client, and poll tells of what follows
    except ConnectionError:
        return asked.known.but(state=State.STOPPING)
    except protocol.Malformed:
        return asked.known.but(state=State.SILENT, remark="what listens there is no engine of aura-stack")


def _refusal(hello: Request) -> str:
    """Why it says no more; "" if it does."""
    if hello.method != "hello":
        return str(hello.params.get("message", "it refuses"))
    version = hello.params.get("version")
    if version == protocol.VERSION:
        return ""
    return f"it speaks version {version} of the control protocol, this command {protocol.VERSION}"


def _counted(known: Known, answer: Answer) -> Known:
    try:
        states = [str(view["state"]) for view in _views(answer)]
    except AuraError as error:
        return known.but(remark=error.message)
    counts = Counts(
        ready=sum(state in _UP for state in states), total=len(states), failed=states.count("failed")
    )
    state = State.PREPARING if "preparing" in states else State.RUNNING
    return known.but(state=state, counts=counts)


def _views(answer: Answer) -> list[Mapping[str, Any]]:
    views = result(answer)
    if not isinstance(views, list) or not all(isinstance(view, dict) and "state" in view for view in views):
        raise AuraError("its answer is of another form")
    return views
