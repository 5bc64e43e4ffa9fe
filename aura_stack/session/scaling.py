"""More or fewer replicas of services while the stack runs."""

import asyncio
from collections.abc import Callable, Mapping

from aura_stack.errors import AuraError, ExitCode
from aura_stack.messages import commands
from aura_stack.stack.model import Service
from aura_stack.supervision.supervisor import Supervisor
from aura_stack.supervision.tickets import Outcome

from .defined import Definition, Source
from .environment import Environment
from .orders import Orders, resolved

MOST = 100  # replicas of one service


class Scaling:
    """Makes the running stack another variant of its definition.

    Args:
        source: of the definition.
        definition: that runs.
        orders: starts what comes.
        supervisor: keeps the services.
        environment: makes their variables.
        defined: told of every new variant, before anything of it is started.
        spared: the numbers that other stacks have now.
    """

    def __init__(
        self,
        source: Source,
        definition: Definition,
        orders: Orders,
        supervisor: Supervisor,
        environment: Environment,
        defined: Callable[[Definition], None],
        spared: Callable[[], frozenset[int]],
    ) -> None:
        self.source = source
        self.definition = definition
        self._orders = orders
        self._supervisor = supervisor
        self._environment = environment
        self._defined = defined
        self._spared = spared
        self.turn = asyncio.Lock()
        """Held while the definition is being changed."""

    def take_over(self, source: Source, definition: Definition) -> None:
        """Another definition counts from now on."""
        self.source, self.definition = source, definition

    async def scale(self, counts: Mapping[str, int]) -> list[Outcome]:
        """Bring services to so many replicas; answers when what came is ready and what went is gone.

        Args:
            counts: replicas by service.

        Raises:
            AuraError: there is no such service (exit code 4), no number left for its port (exit code 5), or a
                port is taken (exit code 6); then nothing has changed.
        """
        for name, count in counts.items():
            if not 0 <= count <= MOST:
                raise AuraError(
                    f"{name} can have 0 to {MOST} replicas, not {count}", exit_code=ExitCode.USAGE
                )
        async with self.turn:  # of two at once the second begins where the first has ended
            coming, going, outcomes = await self._change(counts)
        # not within: who never gets ready must not keep another definition waiting
        if coming:
            outcomes += await self._orders.start(coming, dependencies=True, patient=False)
        by_name = {one.service: one for one in outcomes}
        return [by_name[name] for name in (*coming, *going) if name in by_name]

    async def _change(
        self, counts: Mapping[str, int]
    ) -> tuple[tuple[str, ...], tuple[str, ...], list[Outcome]]:
        """Make it the definition, and end what goes; who comes, who goes, and what became of these."""
        variant = self.definition.variant
        # what was spared stays so: a replica that runs keeps its number
        spared = variant.spared | self._spared()
        definition = self.source.definition(variant.but(scale={**variant.scale, **counts}, spared=spared))
        before, after = _own(self.definition), _own(definition)
        coming = tuple(name for name in after if name not in before)
        going = tuple(name for name in before if name not in after)
        self._orders.require_ports(tuple(after[name] for name in coming))
        outcomes: list[Outcome] = []
        if going:
            # from now on nobody depends on them, and nobody can order them
            self._supervisor.redefine((*after.values(), *(before[name] for name in going)))
            self._orders.redefine(definition.stack)
            outcomes += (await resolved(self._supervisor.ask(commands.Stop(going)))).outcomes.values()
        self.definition = definition
        self._supervisor.redefine(definition.stack.own)
        self._orders.redefine(definition.stack)
        self._environment.redefine(definition)
        self._defined(definition)
        return coming, going, outcomes


def _own(definition: Definition) -> dict[str, Service]:
    return {service.name: service for service in definition.stack.own}
