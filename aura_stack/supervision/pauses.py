"""Which services are left alone for a while, because somebody looks into them with a debugger."""

from collections.abc import Callable, Collection

from aura_stack.messages import events


class Pauses:
    """The services that are paused, by their names: what restarts one does not end its pause.

    Args:
        publish: the direct path of facts to the record.
    """

    def __init__(self, publish: Callable[[events.Event], None]) -> None:
        self._publish = publish
        self._paused: set[str] = set()

    def __contains__(self, service: object) -> bool:
        return service in self._paused

    def pause(self, service: str) -> bool:
        """Leave it alone from now on; False if that is so already."""
        if service in self._paused:
            return False
        self._paused.add(service)
        self._publish(events.Paused(service))
        return True

    def keep(self, services: Collection[str]) -> None:
        """Forget those of services that are no more: one that comes later under such a name is another one."""
        self._paused.intersection_update(services)

    def resume(self, service: str) -> bool:
        """Look after it again; False if that is so already."""
        if service not in self._paused:
            return False
        self._paused.discard(service)
        self._publish(events.Resumed(service))
        return True
