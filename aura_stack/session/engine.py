"""The process that runs the services: checks, spawns the first of them, and only then loads what else it needs."""

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aura_stack.control import protocol
from aura_stack.control.door import open_door
from aura_stack.control.protocol import Request
from aura_stack.errors import AuraError, ExitCode
from aura_stack.messages import events
from aura_stack.system import lean, limits, processes
from aura_stack.system.places import Places, clear, clear_socket, create_runtime
from aura_stack.system.subreaper import subreaper

from . import lock, preflight, readahead
from .join import Parts, assemble
from .options import Options
from .runnote import RunNote

if TYPE_CHECKING:
    import _socket


class Engine:
    """One stack's engine, in its own process.

    Args:
        file: the stack file.
        places: where the stack keeps its things; they exist.
        lock_file: the open lock file, which the guardian shares.
        options: what the order said besides the file.
        environ: the shell's variables.
        link: to the face that launched it, or None.
        ahead: the end of a pipe out of which the definition comes (see `readahead`).
    """

    def __init__(
        self,
        file: str,
        places: Places,
        lock_file: int,
        options: Options,
        environ: Mapping[str, str],
        link: "_socket.socket | None",
        ahead: int,
    ) -> None:
        self._file = file
        self._places = places
        self._lock_file = lock_file
        self._options = options
        self._environ = environ
        self._link = link
        self._ahead = ahead
        self._record: int | None = None  # the lock of the record, once it is ours

    def run(self, lifeline: int) -> int:
        """Run the stack to its end; the answer is the exit code.

        Args:
            lifeline: readable once the guardian is dead.
        """
        inherits = subreaper()
        try:
            door = self._open_door()
        except AuraError as error:
            return self._refuse(error)
        try:
            files = readahead.taken(self._ahead, self._file, self._environ)
            ground = preflight.check(files, self._options, self._environ, self._places)
            parts = self._assemble(ground, inherits_orphans=inherits)
        except AuraError as error:
            door.close()
            clear_socket(self._places)  # and not run.json: of a crash it may say whose the leftovers are
            return self._refuse(error)
        return self._serve(parts, lifeline, door)

    def _open_door(self) -> "_socket.socket":
        """Take the lock, and listen: who comes from now on waits for us, and starts no second engine."""
        try:
            lock.acquire(self._lock_file, self._file, self._places.socket)
            self._record = lock.acquire_record(self._places, self._file)
            create_runtime(self._places)  # whoever had the lock may have cleared up since the face made it
            return open_door(self._places.socket)
        except OSError as error:
            raise self._not_writable(error) from error

    def _assemble(self, ground: preflight.Ground, *, inherits_orphans: bool) -> Parts:
        try:
            parts = assemble(
                ground, self._places, self._options, self._environ, inherits_orphans=inherits_orphans
            )
            try:
                self._note(parts).write()
            except OSError as error:
                parts.store.close()
                raise self._not_writable(error) from error
        except AuraError:
            ground.claim.let_go()
            raise
        return parts

    def _not_writable(self, error: OSError) -> AuraError:
        words = f"{self._places.runtime} cannot be written: {(error.strerror or str(error)).lower()}"
        return AuraError(
            words, "lock, socket and notes of a running stack stand there; XDG_RUNTIME_DIR moves it"
        )

    def _refuse(self, error: AuraError) -> int:
        self._tell("refused", protocol.refusal(error))
        return error.exit_code

    def _serve(self, parts: Parts, lifeline: int, door: "_socket.socket") -> int:
        os.chdir("/")  # from here on spawning changes the folder, and nothing relies on it
        if not self._greet(parts):
            parts.ground.claim.let_go()
            clear(self._places)  # the face was killed meanwhile: nobody waits for services, so none starts
            return ExitCode.FAILED
        _faults_to(os.path.join(self._places.runtime, "engine.log"))
        limits.raise_open_files()
        processes.keep_one_back()
        note = self._note(parts)
        if parts.store.broken_off is not None:
            parts.record.publish(events.Notice(_broken_off(parts.store.broken_off), alarm=True))
        for notice in parts.ground.notices:
            parts.record.publish(events.Notice(notice))
        # the first services run while what follows is still being loaded
        started = None if parts.ground.due else parts.bring_up()
        self._tell("begun", {})  # should nobody hear it, the session will notice
        readahead.complete(parts.ground.source)
        note.renew()
        parts.runner.changed = note.renew
        lean.load_asyncio()
        import asyncio  # noqa: PLC0415 - 40 ms that the first services need not wait for

        from .foothold import Foothold  # noqa: PLC0415 - likewise
        from .serve import Session  # noqa: PLC0415 - likewise

        foothold = Foothold(self._places, self._lock_file, self._record, note.renew)
        lean.settle()
        code = asyncio.run(Session(parts, lifeline, started, foothold).run(door, self._link))
        parts.store.close()
        parts.ground.claim.let_go()
        clear(self._places)
        return code

    def _greet(self, parts: Parts) -> bool:
        """Tell the face where to read; False when it has gone."""
        return self._tell(
            "hello",
            {
                "version": protocol.VERSION,
                **parts.where,
                "position": parts.store.position,
                "record": parts.store.number,
                "owner": True,
                "asked": list(parts.first.services),
                "notices": list(parts.ground.notices),
                "unseen": list(parts.ground.unseen),
            },
        )

    def _tell(self, method: str, params: dict[str, Any]) -> bool:
        """Say something to the face; False when it has gone. Without one there is nobody to miss."""
        if self._link is None:
            return True
        try:
            self._link.sendall(protocol.encode(Request(method, params)))
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def _note(self, parts: Parts) -> RunNote:
        stack = "@".join(filter(None, (parts.ground.stack.name, parts.ground.definition.instance)))
        return RunNote(self._places.run, stack, self._file, parts.mark, parts.runner.leaders)


def _broken_off(moment: int) -> str:
    """What the record lacks of the engine before this one."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment / 1e9))
    return f"the engine before this one was killed: what services printed after {when} is not in the record"


def _faults_to(path: str) -> None:
    """A fault in the engine leaves its traceback in a file: the terminal belongs to the face."""
    try:
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    except OSError:  # a full disk is no reason not to run
        log = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    os.dup2(log, 2)
    os.close(log)
