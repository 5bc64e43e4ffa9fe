"""From one process to three: the face forks the guardian, the guardian forks the engine.

The fork comes before the heavy imports, so the three share what was loaded until then and load the rest apart.
The face stays what the shell waits for; the others leave its session, its terminal and its descriptors. A fourth
reads the definition meanwhile, and ends (see `readahead`).
"""

import _socket  # as in control/door
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from aura_stack.errors import AuraError
from aura_stack.frozen import Frozen
from aura_stack.supervision.guardian import HELD, guard
from aura_stack.system import lean
from aura_stack.system.places import Places

from .lock import open_lock
from .options import Options

if TYPE_CHECKING:
    import socket


class Launched(Frozen):
    """What the face holds: its end of the link, and its children: the guardian, and whoever reads ahead, if any."""

    link: _socket.socket
    guardian: int
    reader: int | None

    def bury_reader(self) -> None:
        """Wait for whoever reads ahead: it has ended by now, or does when it finds that the engine has."""
        if self.reader is not None:
            os.waitpid(self.reader, 0)


def launch(file: str, places: Places, options: Options, environ: Mapping[str, str]) -> Launched:
    """Fork guardian and engine; they report over the link (see control/protocol).

    Args:
        file: the stack file, found.
        places: where the stack keeps its things; they exist.
        options: what the order says.
        environ: the shell's variables, for the services.

    Raises:
        AuraError: there may be no more processes.
    """
    lock_file = open_lock(places.lock)
    ours, theirs = _socket.socketpair()
    reading, writing = os.pipe()
    # until each process is ready for them, signals wait: a Ctrl-C must not run on in a copy of the face
    signal.pthread_sigmask(signal.SIG_BLOCK, HELD)
    lean.share()
    try:
        guardian = os.fork()
    except OSError as error:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)
        words = f"no process can be started: {(error.strerror or str(error)).lower()}"
        raise AuraError(words, "ulimit -u says how many there may be") from error
    if guardian == 0:
        ours.close()
        _let_go_of_what_we_inherited({lock_file, theirs.fileno(), reading})
        _leave_terminal()

        def run_engine(lifeline: int) -> int:
            lean.load_json()
            from .engine import Engine  # noqa: PLC0415 - loaded by the engine alone, beside the face

            return Engine(file, places, lock_file, options, environ, theirs, reading).run(lifeline)

        try:
            guard(run_engine, lambda: _let_go(theirs, reading))
        finally:
            os._exit(1)  # it could not even fork the engine, and must not run on as a copy of the face
    reader = _reader(writing, file, environ, options)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)
    theirs.close()
    for inherited in (lock_file, reading, writing):
        os.close(inherited)
    return Launched(ours, guardian, reader)


def launch_apart(file: str, places: Places, options: Options, environ: Mapping[str, str]) -> "socket.socket":
    """The same where the guardian is to be nobody's child here; the answer is our end of the link.

    Whoever runs a command in front of the user ends all its own children behind it.
    """
    import socket  # noqa: PLC0415 - to hand a descriptor on

    here, there = socket.socketpair()
    middle = os.fork()
    if middle == 0:
        status = 1
        try:
            here.close()
            launched = launch(file, places, options, environ)
            socket.send_fds(there, [b"."], [launched.link.fileno()])
            launched.bury_reader()
            status = 0
        finally:
            os._exit(status)
    there.close()
    _, descriptors, _, _ = socket.recv_fds(here, 1, 1)
    here.close()
    os.waitpid(middle, 0)
    if not descriptors:
        raise AuraError(f"the lock {places.lock} cannot be opened")
    os.set_inheritable(descriptors[0], False)
    return socket.socket(fileno=descriptors[0])


def _reader(writing: int, file: str, environ: Mapping[str, str], options: Options) -> int | None:
    """Fork the one that reads the definition; a fault of it is the engine's to find, and to tell."""
    try:
        reader = os.fork()
    except OSError:  # there may be no more processes, and this one can be done without
        return None
    # Ctrl-Z stops the face, and must not stop whom the engine waits for: on both sides, as either may be first
    if reader:
        with suppress(ProcessLookupError):
            os.setpgid(reader, reader)
        return reader
    try:
        os.setpgid(0, 0)
        _let_go_of_what_we_inherited({writing})
        from .readahead import read_ahead  # noqa: PLC0415 - loaded by this process alone, beside the engine

        read_ahead(writing, file, environ, options.variant)
    finally:
        os._exit(0)


def _let_go_of_what_we_inherited(ours: set[int]) -> None:
    """Close whatever the shell left open besides 0, 1 and 2: its pipes would seem in use as long as we live."""
    low = 3
    for kept in sorted(ours):
        os.closerange(low, kept)
        low = kept + 1
    os.closerange(low, os.sysconf("SC_OPEN_MAX"))


def _leave_terminal() -> None:
    """Standard input and output become nothing; a fault before the engine has its log still reaches stderr."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)


def _let_go(link: _socket.socket, reading: int) -> None:
    """What the guardian must not hold: what is the engine's, and the last of the face's descriptors."""
    link.close()
    os.close(reading)
    os.dup2(1, 2)
