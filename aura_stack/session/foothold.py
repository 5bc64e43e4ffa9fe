"""By what a running stack is found (lock, socket, note), put back where somebody has deleted it.

The last logout of a user deletes his runtime folder (XDG_RUNTIME_DIR in pam_systemd(8)), and what is old in /tmp is
cleared away (tmpfiles.d(5)). A stack that was left running would be found by nobody then, and another could be
started beside it. No event tells of that, so we look now and then. The same goes for the lock of the record, which
`git clean -fdx` deletes.
"""

import _socket
import fcntl
import os
from collections.abc import Callable
from contextlib import suppress

from aura_stack.control.door import open_door
from aura_stack.errors import AuraError
from aura_stack.system.places import Places, create_runtime

from .lock import acquire_record, leave_pid, open_lock

PERIOD = 10.0  # seconds between two looks


class Foothold:
    """What one engine has in its runtime folder.

    Args:
        places: where.
        lock: the descriptor of the lock that it holds.
        record: likewise of the record; None where the file system has no locks.
        note: writes the note anew.
    """

    def __init__(self, places: Places, lock: int, record: int | None, note: Callable[[], None]) -> None:
        self._places = places
        self._lock = lock
        self._record = record
        self._note = note

    @property
    def is_lost(self) -> bool:
        """Whether nobody finds us any more."""
        return not (_is_at(self._lock, self._places.lock) and os.path.lexists(self._places.socket))

    def keep_record(self) -> None:
        """Lock the record again, where it was deleted and begun anew; one that is not there yet can wait."""
        if self._record is None or _is_at(self._record, self._places.writer):
            return
        with suppress(AuraError):  # another engine has it, and keeps it
            found = acquire_record(self._places, self._places.data, patience=0)
            if found is not None:
                os.close(self._record)
                self._record = found

    def regain(self) -> _socket.socket | None:
        """Put it back; the answer is a socket that listens, None as long as that cannot be done.

        It cannot be where the folder cannot be made, and where another engine has taken the place meanwhile.
        """
        try:
            create_runtime(self._places)
            if not _is_at(self._lock, self._places.lock) and not self._take_lock():
                return None
            door = open_door(self._places.socket)
        except (AuraError, OSError):
            return None
        self._note()
        return door

    def _take_lock(self) -> bool:
        """The lock that is there now, beside the one that has lost its name and that the guardian has as well."""
        descriptor = open_lock(self._places.lock)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        leave_pid(descriptor)
        self._lock = descriptor
        return True


def _is_at(descriptor: int, path: str) -> bool:
    """Whether a path still leads to the file that we have open."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except OSError:
        return False
