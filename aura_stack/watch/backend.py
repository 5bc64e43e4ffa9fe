"""What all ways of seeing saves have in common: where they look, and what they tell to whom."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from .listing import Status
from .settle import Seen

if TYPE_CHECKING:
    import asyncio


class Area(Protocol):
    """Where to look."""

    @property
    def bases(self) -> tuple[str, ...]:
        """Absolute paths of files and folders; what is not there yet is waited for."""

    def enters(self, folder: str) -> bool:
        """Whether to look into a folder that was met at or below a base."""


class Witness(Protocol):
    """Who is told of files. Paths are absolute; those of files that nobody asked for may be among them."""

    def met(self, path: str, status: Status) -> None:
        """The file was there at the beginning."""

    def saw(self, path: str, seen: Seen) -> None:
        """Something happened to it; a folder that is gone stands for the files that were in it, not deeper."""


class Host(Protocol):
    """Who is told how the seeing goes."""

    def complete(self) -> None:
        """All that was there at the beginning has been met; called once."""

    def lost(self) -> None:
        """Something may have happened anywhere; whoever tells so is of no use any more."""

    def exhausted(self, error: OSError) -> None:
        """The system gives no more of what seeing takes; whoever tells so is of no use any more."""


class Backend(Protocol):
    """One way of seeing saves; all calls are made in the loop."""

    @property
    def means(self) -> str:
        """How it sees them, in a few words."""

    def begin(self, loop: "asyncio.AbstractEventLoop") -> None:
        """Look at what is there, and see what happens from now on.

        Raises:
            OSError: the system does not let us.
        """

    def drain(self) -> None:
        """Tell all that has happened until now, as far as it can be known at once."""

    def look(self, done: Callable[[], None]) -> None:
        """Tell all that has happened until now, and call back then: also where that takes a look at every file."""

    def close(self) -> None:
        """See nothing any more."""
