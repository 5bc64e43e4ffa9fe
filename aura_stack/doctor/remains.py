"""The processes that a crashed run has left: recognised by what its engine noted, and ended.

Rules:

1. Nobody is taken for a leftover by its name. It carries the mark of the dead engine in its environment; or it is a
   main process that the engine noted, by number and start time, and leads its session still; or it descends from
   one of those.
2. A note of another boot, and one whose engine lives, says nothing about any process.
3. Who asks is no leftover, and nor is any process that it descends from.
"""

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from typing import Any

from aura_stack.frozen import Frozen
from aura_stack.supervision.guardian import GRACE
from aura_stack.supervision.tree import MARK
from aura_stack.system import processes
from aura_stack.system.processes import Identity

_NOTE_LIMIT = 1 << 20  # bytes of a run.json that are read
_PATIENCE = 2.0  # seconds for the end of what was killed
_MARK = re.compile(r"[^:]*:(.+):\d+(?::[\w-]+)?")  # engine, service, run, and what is run for it


class Run(Frozen):
    """A run that the engine noted: its service and its main process."""

    service: str
    leader: Identity


class Note(Frozen):
    """What an engine left of itself in run.json; each is empty where the file does not say it."""

    stack: str = ""
    file: str = ""
    boot: str = ""
    began: float = 0.0  # seconds since 1970
    mark: str = ""  # begins the marks of all that the engine ran
    engine: Identity | None = None
    runs: tuple[Run, ...] = ()


class Left(Frozen):
    """A process that lives on, and the service of which it was."""

    service: str
    identity: Identity


def read_note(path: str) -> Note:
    """What run.json says; whatever is missing or of another form is left empty."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            content = json.loads(file.read(_NOTE_LIMIT))
    except (OSError, ValueError, RecursionError):
        return Note()
    if not isinstance(content, dict):
        return Note()
    began = content.get("began")
    return Note(
        stack=_text(content.get("stack")),
        file=_text(content.get("file")),
        boot=_text(content.get("boot")),
        began=float(began) if isinstance(began, int | float) else 0.0,
        mark=_text(content.get("mark")),
        engine=_identity(content.get("engine")),
        runs=tuple(_runs(content.get("runs"))),
    )


def living(note: Note) -> Identity | None:
    """The engine that left the note, if it runs."""
    ours = note.engine is not None and note.boot == processes.boot() and processes.is_alive(note.engine)
    return note.engine if ours else None


def left_by(note: Note) -> tuple[int, ...]:
    """The pids of what a dead stack has left."""
    return tuple(one.identity.pid for one in remains(note))


def remains(note: Note) -> tuple[Left, ...]:
    """What a dead stack has left."""
    if note.engine is None or note.boot != processes.boot() or processes.is_alive(note.engine):
        return ()
    spared = _own()
    known = {
        one.identity.pid: one for one in (*_marked(note), *_noted(note)) if one.identity.pid not in spared
    }
    for root in tuple(known.values()):
        for pid in processes.descendants(root.identity.pid):
            identity = processes.identify(pid)
            if pid not in known and pid not in spared and identity and processes.is_alive(identity):
                known[pid] = Left(root.service, identity)
    return tuple(known.values())


def end(note: Note, grace: float = GRACE) -> tuple[tuple[Left, ...], tuple[Left, ...]]:
    """TERM to what a dead stack has left, KILL after `grace` seconds; who has ended, and who would not."""
    deadline = time.monotonic() + grace
    met: dict[Identity, Left] = {}
    while left := remains(note):
        now = time.monotonic()
        late = now >= deadline
        if now >= deadline + _PATIENCE:
            break
        whom = [one.identity for one in left if late or one.identity not in met]
        reached = [_signal(identity, late=late) for identity in whom]
        met |= {one.identity: one for one in left}
        if late and not any(reached):
            break  # another user's: no signal of ours will end them
        until = deadline + _PATIENCE if late else deadline
        processes.await_ends([one.identity for one in left], until - now)
    still = {one.identity for one in left}
    return tuple(one for one in met.values() if one.identity not in still), left


def told(left: tuple[Left, ...]) -> str:
    """Leftovers in words: `backend (pid 812), worker (pid 813)`."""
    return ", ".join(f"{one.service} (pid {one.identity.pid})" for one in left)


def _signal(identity: Identity, *, late: bool) -> bool:
    """Whether it was sent; a stopped process wakes up to it."""
    sent = processes.signal(identity, signal.SIGKILL if late else signal.SIGTERM)
    return processes.signal(identity, signal.SIGCONT) or sent


def _own() -> set[int]:
    """Our process and those it descends from: a command may be typed in what a service had opened."""
    pid: int | None = os.getpid()
    found: set[int] = set()
    while pid and pid not in found:
        found.add(pid)
        pid = processes.parent(pid)
    return found


def _marked(note: Note) -> Iterator[Left]:
    assert note.engine is not None
    began, next_began = note.engine.start, processes.start_time(note.engine.pid)
    if next_began == began:
        next_began = None  # it has ended, and nobody has asked for its status yet
    for pid in processes.pids():
        service = _service(pid, note)
        if service is None:
            continue
        identity = processes.identify(pid)
        if identity is None or identity.start < began or processes.is_zombie(pid):
            continue
        if next_began is None or identity.start < next_began:  # else of one that has the engine's number now
            yield Left(service, identity)


def _noted(note: Note) -> Iterator[Left]:
    """Main processes that have emptied their environment."""
    for run in note.runs:
        if processes.is_alive(run.leader) and processes.session(run.leader.pid) == run.leader.pid:
            yield Left(run.service, run.leader)


def _service(pid: int, note: Note) -> str | None:
    """Whose process it is by its mark (see `supervision/runner`); None for one that is not of the stack."""
    assert note.engine is not None
    variables = processes.environment(pid) or {}
    mark = variables.get(MARK, "")
    if note.mark:
        ours = mark.startswith(f"{note.mark}:")
    else:
        ours = variables.get("AURA_PROJECT") == note.stack and mark.startswith(f"{note.engine.pid}-")
    if not ours:
        return None
    named = _MARK.fullmatch(mark)
    return named[1] if named else "a service"


def _runs(value: object) -> Iterator[Run]:
    for one in value if isinstance(value, list) else []:
        leader = _identity(one)
        if leader and isinstance(service := one.get("service"), str):
            yield Run(service, leader)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _identity(value: Any) -> Identity | None:
    match value:
        case {"pid": int(pid), "start": int(start)} if pid > 1:
            return Identity(pid, start)
        case _:
            return None
