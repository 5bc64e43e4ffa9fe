"""Services that are ready for long and have printed nothing: perhaps what they print is held back."""

from aura_stack.messages import events

LONG = 20.0  # seconds


class Silence:
    """Who has been silent since when."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def see(self, event: events.Event, now: float) -> None:
        """Take an event into account, `now` in monotonic seconds; a run counts from when it is ready."""
        match event:
            case events.Ready(service):
                self._since.setdefault(service, now)
            case (
                events.Exited(service)
                | events.Stopping(service)
                | events.Stopped(service)
                | events.Failed(service)
                | events.Completed(service)
            ):
                self._since.pop(service, None)

    def hear(self, service: str) -> None:
        """It has printed something."""
        self._since.pop(service, None)

    def moment(self) -> float | None:
        """When somebody will have been silent for long."""
        return min(self._since.values()) + LONG if self._since else None

    def due(self, now: float) -> list[str]:
        """Those who have been silent for long; each is named once."""
        found = [service for service, since in self._since.items() if now - since >= LONG]
        for service in found:
            del self._since[service]
        return found
