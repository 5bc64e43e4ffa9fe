"""What supervision needs to know of tasks, and does not know itself: whether there is anything to do."""

from typing import Protocol

from aura_stack.stack.model import Service

from .verdict import Verdict


class Works(Protocol):
    """Remembers what tasks were run on."""

    def up_to_date(self, service: Service) -> bool:
        """Whether all that the task would make is there, and made of what is there."""

    def began(self, service: Service) -> None:
        """The task was just executed."""

    def succeeded(self, service: Service, verdict: Verdict) -> Verdict:
        """The task ended so; the answer says if it did not make what it should."""
