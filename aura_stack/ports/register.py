"""The register of leases: one small file for each stack of this user, alive as long as the stack's lock is held.

Nothing here has to be cleared up after a crash: a lease whose lock nobody holds is nobody's. Who changes the register
holds its own lock meanwhile, for milliseconds, so of many at once each sees what those before it were given.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from aura_stack.system import files, network
from aura_stack.system.locks import is_held

from .leases import Lease, as_json, from_json

_LARGEST = 1 << 20  # bytes of a lease that are read
_ENDING = ".json"


class Register:
    """The leases of one user.

    Args:
        directory: where they are kept; it need not exist.
    """

    def __init__(self, directory: str) -> None:
        self.directory = directory

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep everybody else from changing anything.

        Raises:
            OSError: the directory cannot be made, or is not writable.
        """
        os.makedirs(self.directory, 0o700, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(os.path.join(self.directory, "lock"), flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def leases(self) -> list[Lease]:
        """Every lease there is, alive or not; what cannot be read is passed over."""
        try:
            names = sorted(name for name in os.listdir(self.directory) if name.endswith(_ENDING))
        except OSError:
            return []
        found = (self._read(name) for name in names if not name.startswith("."))
        return [lease for lease in found if lease is not None]

    def living(self) -> list[Lease]:
        """Those of stacks that run in the network of this process."""
        return [lease for lease in self.leases() if is_near(lease) and is_living(lease)]

    def write(self, lease: Lease) -> None:
        """Keep a lease in the place of the one that this stack had.

        Raises:
            OSError: the directory is not writable, or the disk is full.
        """
        files.replace(self._path(lease.id), json.dumps(as_json(lease)).encode() + b"\n", mode=0o600)

    def remove(self, name: str) -> None:
        """Forget what the stack of that id had."""
        with suppress(OSError):
            os.unlink(self._path(name))

    def forget_the_gone(self) -> None:
        """Remove leases of stacks that do not run and whose files are gone: nobody will ask for these numbers again."""
        for lease in self.leases():
            if not os.path.exists(lease.file) and not is_living(lease):
                self.remove(lease.id)

    def _path(self, name: str) -> str:
        return os.path.join(self.directory, name + _ENDING)

    def _read(self, name: str) -> Lease | None:
        try:
            with open(os.path.join(self.directory, name), "rb") as file:
                found = json.loads(file.read(_LARGEST))
        except (OSError, ValueError, RecursionError):
            return None
        lease = from_json(found)
        return lease if lease is not None and lease.id + _ENDING == name else None


def is_living(lease: Lease) -> bool:
    """Whether the stack runs that has it."""
    return is_held(lease.lock)


def is_near(lease: Lease) -> bool:
    """Whether its numbers are those of this network; where that is not known, they are taken for that."""
    return not lease.network or lease.network == network.here()
