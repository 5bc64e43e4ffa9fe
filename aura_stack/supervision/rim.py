"""What the supervisor needs of whoever carries out its moves; see `runner`."""

from typing import Protocol

from aura_stack.stack.model import Service


class Rim(Protocol):
    """What carries out moves; tests hand in one that only notes them."""

    def spawn(self, service: Service, run: int) -> int:
        """Execute a run and answer its pid; raises `NotExecutable`."""

    def may_stand_beside(self, service: Service) -> bool:
        """Whether a new run of it can begin beside the current one, because both get the same sockets."""

    def behind(self, service: Service, run: int) -> int:
        """The number at which a run is to listen behind the front, 0 for one that is not there."""

    def release(self, service: Service) -> None:
        """Nobody is to serve any more: what is held for it is let go."""

    def up_to_date(self, service: Service) -> bool:
        """Whether a task has nothing to do."""

    def probe(self, service: Service, run: int) -> None:
        """Begin to ask for readiness; ends by telling Answered or Unanswered."""

    def attend(self, service: Service, run: int) -> None:
        """Begin to ask whether the run, which is ready, is well; tells Unwell when it is not."""

    def end(self, service: Service, run: int, grace: float) -> None:
        """Ask the run to end, KILL after `grace` seconds; ends by telling Exited and Emptied."""

    def sweep(self, service: Service, run: int, grace: float) -> None:
        """End what the main process left behind; ends by telling Emptied."""

    def later(self, service: Service, delay: float, run: int) -> None:
        """Tell Elapsed after `delay` seconds."""

    def now(self) -> float:
        """Monotonic seconds."""

    def chance(self) -> float:
        """A number from 0 to 1."""
