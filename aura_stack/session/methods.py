"""What a client may call: orders, the state, and being told that the record has grown."""

import asyncio
from collections.abc import Callable
from typing import Any

from aura_stack.control.server import Method, names
from aura_stack.errors import AuraError, ExitCode
from aura_stack.logs.store import Store
from aura_stack.messages import commands
from aura_stack.messages.hub import Hub
from aura_stack.supervision.supervisor import Supervisor, Ticket, View

from .preflight import unknown_service

Shutdown = Callable[[str, float | None], None]
"""Stops the whole stack: the reason, and seconds of grace (None for each service's own)."""


class Methods:
    """The methods of one engine.

    Args:
        supervisor: takes the orders.
        store: the record, for its position.
        hub: wakes when it has grown.
        shutdown: stops the whole stack.
        occupied: what the stack does that no order may cross, in words; "" when it takes orders.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        store: Store,
        hub: Hub,
        shutdown: Shutdown,
        occupied: Callable[[], str],
    ) -> None:
        self._supervisor = supervisor
        self._store = store
        self._hub = hub
        self._shutdown = shutdown
        self._occupied = occupied

    def table(self) -> dict[str, Method]:
        """Name → method, as the server wants them."""
        return {
            "start": self.start,
            "stop": self.stop,
            "restart": self.restart,
            "status": self.status,
            "follow": self.follow,
            "shutdown": self.shutdown,
        }

    async def start(self, params: dict[str, Any]) -> list[dict[str, Any]]:
        """Bring services up; answers when each is ready, completed or failed."""
        return await self._ask(commands.Start(names(params)))

    async def restart(self, params: dict[str, Any]) -> list[dict[str, Any]]:
        """Begin a new run of services; answers when each is ready, completed or failed."""
        return await self._ask(commands.Restart(names(params)))

    async def stop(self, params: dict[str, Any]) -> list[dict[str, Any]]:
        """Take services down; answers when nothing of them is left."""
        return await self._ask(commands.Stop(names(params)))

    async def status(self, _: dict[str, Any]) -> list[dict[str, Any]]:
        """All services, in the order of the definition."""
        return [_told(view) for view in self._supervisor.views()]

    async def follow(self, params: dict[str, Any]) -> dict[str, int]:
        """Answers as soon as the record is longer than `position` (bytes of the index)."""
        position = params.get("position", 0)
        if not isinstance(position, int):
            raise AuraError("position must be a number", exit_code=ExitCode.USAGE)
        while self._store.position <= position:
            news: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            withdraw = self._hub.look(lambda news=news: news.done() or news.set_result(None))  # type: ignore[misc]
            try:
                await news
            finally:
                withdraw()
        return {"position": self._store.position}

    async def shutdown(self, params: dict[str, Any]) -> None:
        """Stop the whole stack; `grace` (seconds) shortens every service's own."""
        grace = params.get("grace")
        if grace is not None and not isinstance(grace, int | float):
            raise AuraError("grace must be a number of seconds", exit_code=ExitCode.USAGE)
        self._shutdown(str(params.get("reason", "asked to")), grace)

    async def _ask(self, command: commands.Command) -> list[dict[str, Any]]:
        if doing := self._occupied():
            raise AuraError(f"the stack is {doing}", "try again when it is done")
        try:
            ticket = self._supervisor.ask(command)
        except KeyError as error:
            raise unknown_service(error.args[0], self._supervisor.statuses) from error
        outcomes = (await resolved(ticket)).outcomes.values()
        return [{"service": one.service, "ok": one.ok, "words": one.words} for one in outcomes]


async def resolved(ticket: Ticket) -> Ticket:
    """Wait until an order has been carried out or has failed; giving up waiting does not take the order back."""
    done: asyncio.Future[Ticket] = asyncio.get_running_loop().create_future()
    ticket.then(lambda ticket: None if done.done() else done.set_result(ticket))
    return await done


def _told(view: View) -> dict[str, Any]:
    return {
        "service": view.service,
        "state": str(view.status.state),
        "wanted": str(view.status.wanted),
        "run": view.status.run,
        "pid": view.pid,
        "seconds": round(view.seconds, 3),
        "restarts": view.restarts,
        "address": view.address,
        "words": view.status.verdict.words if view.status.verdict else "",
    }
