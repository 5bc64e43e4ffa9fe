"""What `${port}` and `${services.NAME...}` stand for, once every service has its numbers."""

from collections.abc import Mapping

from aura_stack.reading.suggest import did_you_mean
from aura_stack.reading.tree import Table
from aura_stack.reading.words import quoted

from .model import MAIN_PORT, Port, address
from .template import BadTemplate, Reference

_STAND_IN = 1  # for a port whose mistake has been reported: the text it goes into is read on


class Addresses:
    """The ports of all services, to be asked by the references in one of them.

    Args:
        services: as they stand in the file.
        ports: those of each, and of each replica.
        families: the service that a replica is one of.
    """

    def __init__(
        self, services: Table, ports: Mapping[str, tuple[Port, ...]], families: Mapping[str, str]
    ) -> None:
        self._services = services
        self._ports = ports
        self._families = families

    def value(self, reference: Reference, own: str) -> str:
        """What a reference in the definition of the service `own` stands for.

        Raises:
            BadTemplate: there is no such service, or it has no such port.
        """
        name = reference.service or own
        if self._families.get(name, name) not in self._services.entries:
            hint = did_you_mean(name, self._services.entries)
            raise BadTemplate(f"{reference}: no service is called {quoted(name)}", hint)
        number = self._number(reference, name)
        return address(number) if reference.what == "url" else str(number)

    def key(self, reference: Reference, own: str) -> str:
        """Under which key the port stands that a reference to one of the service `own` means.

        Raises:
            BadTemplate: as `value`.
        """
        port = self._port(reference, own)
        return port.key if port else ""

    def _number(self, reference: Reference, name: str) -> int:
        port = self._port(reference, name)
        return port.number if port else _STAND_IN

    def _port(self, reference: Reference, name: str) -> Port | None:
        """None for one whose mistake has been reported."""
        for port in self._ports.get(name, ()):
            if port.key == reference.key if reference.key else port.variable == MAIN_PORT:
                return port
        if self._reported(reference, name):
            return None
        if not reference.key:
            raise BadTemplate(f"{reference}: service {quoted(name)} has no port")
        hint = did_you_mean(reference.key, self._services.table(name).table("ports").entries)
        raise BadTemplate(
            f"{reference}: service {quoted(name)} has no port called {quoted(reference.key)}", hint
        )

    def _reported(self, reference: Reference, name: str) -> bool:
        """Whether there would be such a port, but for another mistake."""
        name = self._families.get(name, name)
        service = self._services.table(name)
        named = service.table("ports").entries
        if self._services.is_void(name) or service.is_void("ports"):
            return True
        return reference.key in named if reference.key else bool(named) or "port" in service.entries
