"""Waking whoever looks: the hub says "there is more to read" and carries nothing itself.

A looker is called once and then forgotten, so one that is slow or gone costs nothing: it reads what has come,
and looks again. What must happen never rides on the hub; it has a direct path.
"""

from collections.abc import Callable


class Hub:
    """Lookers waiting for news."""

    def __init__(self) -> None:
        self._lookers: list[Callable[[], None]] = []

    def look(self, looker: Callable[[], None]) -> Callable[[], None]:
        """Call `looker` at the next news; the answer withdraws it."""
        self._lookers.append(looker)

        def withdraw() -> None:
            if looker in self._lookers:
                self._lookers.remove(looker)

        return withdraw

    def wake(self) -> None:
        """There is news."""
        if self._lookers:
            lookers, self._lookers = self._lookers, []
            for looker in lookers:
                looker()
