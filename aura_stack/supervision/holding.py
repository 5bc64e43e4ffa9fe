"""Hands held sockets to runs, and closes them when nobody is there to accept: the rim of `sockets` and `delivery`."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from aura_stack.messages import events
from aura_stack.stack.model import Mode, Service
from aura_stack.system.places import RUN_SOCKET

if TYPE_CHECKING:
    import asyncio

    from .delivery import Delivery
    from .sockets import Sockets

_RANDOM = 4  # bytes of a name
_PRELOAD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "preload.cjs")


class Gift:
    """The sockets that one run got."""

    def __init__(self, ports: frozenset[int], lost: str) -> None:
        self.ports = ports
        self._lost = lost

    @property
    def is_lost(self) -> bool:
        """Whether a process of the run has told that it did not get them."""
        return os.path.exists(self._lost)

    def forget(self) -> None:
        """The run has gone."""
        if self.is_lost:
            os.unlink(self._lost)


class Holding:
    """The held sockets of all services.

    Args:
        folder: closed to others, for files in which runs tell that they lost theirs.
        publish: the direct path of facts to the record.
        now: monotonic seconds.
    """

    def __init__(
        self, folder: str, publish: Callable[[events.Event], None], now: Callable[[], float]
    ) -> None:
        self._folder = folder
        self._publish = publish
        self._now = now
        self._sockets: dict[str, Sockets] = {}
        self._gifts: dict[tuple[str, int], Gift] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def attach(self, loop: "asyncio.AbstractEventLoop") -> None:
        """There is an event loop now: clients wait no longer than they should."""
        self._loop = loop
        for name in self._sockets:
            self._consider(name)

    @property
    def ports(self) -> frozenset[int]:
        """All numbers that are held: nobody else can have bound them."""
        return frozenset(port for sockets in self._sockets.values() for port in sockets.ports)

    def gift(self, service: str, run: int) -> Gift | None:
        """What a run got, None for one that got nothing."""
        return self._gifts.get((service, run))

    def may_stand_beside(self, service: Service) -> bool:
        """Whether a new run would get the sockets of the current one, and take them."""
        sockets = self._sockets.get(service.name)
        return service.handover.mode is Mode.OVERLAP and sockets is not None and sockets.are_shared(service)

    def equip(
        self, service: Service, run: int, argv: Sequence[str], variables: Mapping[str, str]
    ) -> "Delivery | None":
        """What a new run gets, None for one that gets nothing.

        Raises:
            NotExecutable: a port cannot be held.
        """
        sockets = self._of(service)
        held = sockets.give() if sockets else ()
        if not held:
            return None
        from . import delivery  # noqa: PLC0415 - for those who hold something

        lost = os.path.join(self._folder, f"{RUN_SOCKET}lost-{os.urandom(_RANDOM).hex()}")
        self._gifts[service.name, run] = Gift(frozenset(one.port for one in held), lost)
        self._consider(service.name)
        return delivery.deliver(argv, held, variables.get("NODE_OPTIONS", ""), _PRELOAD, lost)

    def _of(self, service: Service) -> "Sockets | None":
        if service.name in self._sockets:
            self._sockets[service.name].redefine(service)
        elif service.handover.mode is not Mode.STOP_FIRST:
            from .sockets import Sockets  # noqa: PLC0415 - for those who hold something

            self._sockets[service.name] = Sockets(service, self._now)
        return self._sockets.get(service.name)

    # --- what becomes of runs ---

    def ready(self, service: str, run: int) -> None:
        """A run is ready."""
        sockets = self._sockets.get(service)
        if sockets and sockets.got_ready(run, with_sockets=(service, run) in self._gifts):
            self._tell_unfit(service)

    def ended(self, service: str, run: int) -> bool:
        """The main process of a run has ended; the answer is whether that is because it did not get its sockets."""
        sockets, gift = self._sockets.get(service), self.gift(service, run)
        if sockets is None:
            return False
        was_ready = sockets.ended(run)
        self._consider(service)
        return gift is not None and gift.is_lost and not was_ready

    def lost(self, service: str) -> None:
        """A run has shown that it did not get its sockets."""
        if self._sockets[service].lost():
            self._tell_unfit(service)

    def gone(self, service: str, run: int) -> None:
        """Nothing of a run is left, or it never began."""
        gift = self._gifts.pop((service, run), None)
        if gift:
            gift.forget()
        self._consider(service)

    def may_be_lost(self, service: str) -> bool:
        """Whether a run that is not ready may be so because of its sockets."""
        sockets = self._sockets.get(service)
        return sockets is not None and sockets.may_try_without

    def again(self, service: str) -> None:
        """Policy starts a new run for one that failed."""
        if self.may_be_lost(service):
            self._sockets[service].trial = True

    def release(self, service: str) -> None:
        """Nobody is to serve any more: clients are refused."""
        if service in self._sockets:
            self._sockets[service].close()

    def _tell_unfit(self, service: str) -> None:
        text = (
            f"{service} does not take the socket that is held for it, so from now on it is stopped before it starts "
            "anew: a wrapper may have lost it (npm run does), or the server cannot (see handover in the docs)"
        )
        self._publish(events.Notice(text, alarm=True))

    def _consider(self, service: str) -> None:
        """Close what has been without a ready run for too long, or look again when it will have been."""
        if timer := self._timers.pop(service, None):
            timer.cancel()
        sockets = self._sockets.get(service)
        if sockets is None or self._loop is None:
            return
        left = sockets.seconds_left(alive=any(name == service for name, _ in self._gifts))
        if left is not None and left <= 0:
            sockets.close()
        elif left is not None:
            self._timers[service] = self._loop.call_later(left, self._consider, service)
