"""What supervision needs of the room of logs, which it does not import: where the bytes of runs go."""

from collections.abc import Callable
from typing import Protocol


class Output(Protocol):
    """Where the bytes of runs go."""

    def open(self, service: str, run: int) -> tuple[int, int]:
        """The writing ends of two new pipes, for stdout and stderr; the caller closes them."""

    def open_one(self, service: str, run: int, name: str) -> int:
        """The writing end of a new pipe for a stream of that name; the caller closes it."""

    def open_terminal(self, service: str, run: int) -> int:
        """The end of a new pseudo-terminal that the run gets in the place of pipes; the caller closes it."""

    def tap(self, service: str, run: int, listener: Callable[[str, bytes], None]) -> None:
        """Hand every chunk of a run's streams to the listener as well, and to no earlier one."""

    def untap(self, service: str, run: int, listener: Callable[[str, bytes], None]) -> None:
        """End that, unless somebody else listens by now."""

    def drain(self, service: str) -> None:
        """Read what the pipes of a service hold now."""
