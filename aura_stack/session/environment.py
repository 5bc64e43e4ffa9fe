"""The variables of a service, made anew for each of its runs: files that changed since count as they are now."""

from collections.abc import Mapping

from aura_stack.stack.environment import Origin, Sources, child_environment, explained, port_variables
from aura_stack.stack.model import Service

from .defined import Definition, Source

_FOR_US = frozenset({"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"})
"""Variables by which whoever runs us speaks to us alone (sd_notify(3)): a service would speak in our place."""


class Environment:
    """Makes the variables of services.

    Args:
        source: of the definition.
        definition: as it was read.
        shell: the variables of the shell that gave the order.
        coloured: whether our own output is coloured.
    """

    def __init__(
        self, source: Source, definition: Definition, shell: Mapping[str, str], *, coloured: bool
    ) -> None:
        self._source = source
        self.shell = {name: value for name, value in shell.items() if name not in _FOR_US}
        self._coloured = coloured
        self.given: dict[str, dict[str, str]] = {}
        """What the last run of a service was given, by its name."""
        self.lacking: set[str] = set()
        """Services that could not begin a run when they were to, because their variables could not be made."""
        self.redefine(definition)

    def redefine(self, definition: Definition) -> None:
        """From now on another variant of the definition counts."""
        self._definition = definition
        stack, read = definition.stack, self._source.env_files.read
        self._sources = Sources(stack, port_variables(stack), self.shell, read, self._coloured)

    def __call__(self, service: Service) -> dict[str, str]:
        """All variables of a service, as they are now.

        Raises:
            InvalidDefinition: a file of variables has mistakes or is missing, or what it says makes no sense.
        """
        service = self._renewed(service)
        return child_environment(self._sources, service)

    def require(self, service: Service) -> dict[str, str]:
        """The same for one that is to begin a run; that it cannot is remembered. Raises as above."""
        self.lacking.add(service.name)
        found = self(service)
        self.lacking.discard(service.name)
        return found

    def give(self, service: Service) -> dict[str, str]:
        """The same for a run, which is remembered, with the numbers that others see; raises as above."""
        found = self.require(service)
        self.given[service.name] = self(self._defined(service)) if service.moved else found
        return found

    def like(self, source: Source, definition: Definition) -> "Environment":
        """One that makes the variables of another definition, for the same shell."""
        return Environment(source, definition, self.shell, coloured=self._coloured)

    def take_over(self, source: Source, definition: Definition) -> None:
        """From now on another definition counts."""
        self._source = source
        self.redefine(definition)

    def explain(self, service: Service) -> dict[str, Origin]:
        """The same, with the origin of each; raises as above."""
        service = self._renewed(service)
        return explained(self._sources, service)

    def _renewed(self, service: Service) -> Service:
        """The service with its own variables as they would be read now: their `${NAME}` may have changed."""
        before = self._definition.expanded
        if not before:
            return service
        variant = self._definition.variant
        if self._source.variables(variant) != before:
            self.redefine(self._source.definition(variant))
        stack = self._definition.stack
        named = {one.name: one for one in (*stack.tasks, *stack.services)}
        now = named.get(service.name, service)
        if service.moved and now.behind:
            from aura_stack.stack.behind import moved  # noqa: PLC0415 - for those behind the front

            now = moved(now, service.moved)
        return service.but(env=now.env, profile_env=now.profile_env)

    def _defined(self, service: Service) -> Service:
        """One that was moved, as it stands in the definition."""
        stack = self._definition.stack
        return next((one for one in stack.services if one.name == service.name), service)
