"""Has runs served by held sockets, and closes those when nobody is left to accept: the rim around `sockets`."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from aura_stack.messages import events
from aura_stack.stack.model import Mode, Service
from aura_stack.system.places import RUN_SOCKET

from .verdict import NotExecutable, Verdict

if TYPE_CHECKING:
    import asyncio

    from .delivery import Delivery
    from .fronting import Front
    from .sockets import Sockets, Way

_RANDOM = 4  # bytes of a name
_PRELOAD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "preload.cjs")
_STEP = 0.001  # seconds between two looks whether a run has accepted all who were handed on to it
_PATIENCE = 0.3  # seconds that this is waited for
_UNKNOWN = 0.05  # or these where nobody can tell


class Gift:
    """What one run got.

    Args:
        way: how it is served.
        ports: the numbers that are held.
        private: behind a front, the numbers that the run has, by those that are held.
        lost: the file in which it tells that it did not get its sockets; "" where it was not to get any.
    """

    def __init__(
        self, way: "Way", ports: frozenset[int], private: Mapping[int, int] | None = None, lost: str = ""
    ) -> None:
        self.way = way
        self.ports = ports
        self.private = private or {}
        self.lost = lost

    @property
    def is_lost(self) -> bool:
        """Whether a process of the run has told that it did not get its sockets."""
        return bool(self.lost) and os.path.exists(self.lost)

    def forget(self) -> None:
        """The run has gone."""
        if self.is_lost:
            os.unlink(self.lost)


class Holding:
    """The held sockets of all services.

    Args:
        folder: closed to others, for files in which runs tell that they lost theirs.
        publish: the direct path of facts to the record.
        now: monotonic seconds.
        front: makes the front of this stack, for services that take no socket.
        spare: so many numbers that nobody else has, for their runs.
    """

    def __init__(
        self,
        folder: str,
        publish: Callable[[events.Event], None],
        now: Callable[[], float],
        front: "Callable[[], Front]",
        spare: Callable[[int], Sequence[int]],
    ) -> None:
        self._folder = folder
        self._publish = publish
        self._now = now
        self._make_front = front
        self._spare = spare
        self._front: Front | None = None
        self._served: dict[str, int] = {}  # which run of a service the front hands on to
        self._sockets: dict[str, Sockets] = {}
        self._gifts: dict[tuple[str, int], Gift] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def attach(self, loop: "asyncio.AbstractEventLoop") -> None:
        """There is an event loop now: clients wait no longer than they should."""
        self._loop = loop
        if self._front:
            self._front.attach(loop)
        for name in self._sockets:
            self._consider(name)

    def close(self) -> None:
        """Nothing is served any more."""
        if self._front:
            self._front.end()

    @property
    def ports(self) -> frozenset[int]:
        """All numbers that are held: nobody else can have bound them."""
        return frozenset(port for sockets in self._sockets.values() for port in sockets.ports)

    @property
    def front_pid(self) -> int:
        """Of the front, 0 for none."""
        return self._front.pid if self._front else 0

    def gift(self, service: str, run: int) -> Gift | None:
        """What a run got, None for one that got nothing."""
        return self._gifts.get((service, run))

    def may_stand_beside(self, service: Service) -> bool:
        """Whether a new run would be served by the sockets of the current one, in the same way."""
        sockets = self._sockets.get(service.name)
        return service.handover.mode is Mode.OVERLAP and sockets is not None and sockets.are_shared(service)

    # --- a run that begins ---

    def prepare(self, service: Service, run: int) -> Service:
        """Open what serves a new run; the answer is the service as the run is: behind a front its ports are others.

        Raises:
            NotExecutable: a port cannot be held, or there is no other one.
        """
        sockets = self._of(service)
        if sockets is None:
            return service
        from .sockets import Way  # noqa: PLC0415 - for those who hold something

        way = sockets.give()
        if way is Way.NONE:
            return service
        if way is Way.SOCKET:
            lost = os.path.join(self._folder, f"{RUN_SOCKET}lost-{os.urandom(_RANDOM).hex()}")
            self._gifts[service.name, run] = Gift(way, sockets.ports, lost=lost)
        else:
            service = self._moved(service, run, sockets)
        self._consider(service.name)
        return service

    def _moved(self, service: Service, run: int, sockets: "Sockets") -> Service:
        """Behind the front."""
        from aura_stack.stack.behind import moved  # noqa: PLC0415 - for those who are

        from .sockets import Way  # noqa: PLC0415 - for those who hold something

        spare = self._spare(len(service.ports))
        if len(spare) < len(service.ports):
            words = "there is no free port for it behind the front"
            raise NotExecutable(Verdict(ok=False, words=words, code=126))
        numbers = {port.key: number for port, number in zip(service.ports, spare, strict=True)}
        front = self._existing_front()
        for one in sockets.held:
            front.listen(one.port, one.descriptors[0])
        private = {port.number: numbers[port.key] for port in service.ports}
        self._gifts[service.name, run] = Gift(Way.FRONT, sockets.ports, private)
        return moved(service, numbers)

    def _existing_front(self) -> "Front":
        if self._front is None:
            self._front = self._make_front()
            if self._loop:
                self._front.attach(self._loop)
        return self._front

    def deliver(
        self, service: str, run: int, argv: Sequence[str], variables: Mapping[str, str]
    ) -> "Delivery | None":
        """How its sockets reach a run; None for one that gets none."""
        gift = self.gift(service, run)
        if gift is None or gift.private:
            return None
        from . import delivery  # noqa: PLC0415 - for those who hold something

        held = self._sockets[service].held
        return delivery.deliver(argv, held, variables.get("NODE_OPTIONS", ""), _PRELOAD, gift.lost)

    def _of(self, service: Service) -> "Sockets | None":
        if service.name in self._sockets:
            self._sockets[service.name].redefine(service)
        elif service.handover.mode is not Mode.STOP_FIRST:
            from .sockets import Sockets  # noqa: PLC0415 - for those who hold something

            self._sockets[service.name] = Sockets(service, self._now, self._closed)
        return self._sockets.get(service.name)

    def _closed(self, port: int) -> None:
        if self._front:
            self._front.close(port)

    # --- what becomes of runs ---

    def ready(self, service: str, run: int) -> None:
        """A run is ready."""
        sockets, gift = self._sockets.get(service), self.gift(service, run)
        if sockets is None:
            return
        from .sockets import Way  # noqa: PLC0415 - for those who hold something

        if gift and gift.private:
            self._served[service] = run
            self._direct(gift, gift.private)
        if sockets.got_ready(run, gift.way if gift else Way.NONE):
            self._tell_way(service, gift)

    def _direct(self, gift: Gift, private: Mapping[int, int]) -> None:
        """Have the front hand on to these numbers; none means to nobody."""
        assert self._front is not None
        for port in gift.private:
            self._front.direct(port, private.get(port, 0))

    def _is_served_no_more(self, service: str, run: int, gift: Gift) -> None:
        if self._served.get(service) == run:
            del self._served[service]
            self._direct(gift, {})

    def withdraw(self, service: str, run: int, then: Callable[[], None]) -> None:
        """Send no more clients to a run, and call `then` once it has accepted those that were sent before."""
        gift = self.gift(service, run)
        if gift is None or not gift.private or self._front is None:
            then()
            return
        self._is_served_no_more(service, run, gift)
        until = self._now() + _PATIENCE
        self._front.when_done(lambda: self._drain(gift, until, then))

    def _drain(self, gift: Gift, until: float, then: Callable[[], None]) -> None:
        """Who is in the queue of a run when it closes its socket is cut off; nobody tells when that is empty."""
        from aura_stack.system.sockets import queued  # noqa: PLC0415 - for those who have been behind a front

        found = [queued(port) for port in gift.private.values()]
        until = min(until, self._now() + _UNKNOWN) if None in found else until
        if self._loop is None or not any(one is None or one for one in found) or self._now() >= until:
            then()
        else:
            self._loop.call_later(_STEP, self._drain, gift, until, then)

    def ended(self, service: str, run: int) -> bool:
        """The main process of a run has ended; the answer is whether that is because it did not get its sockets."""
        sockets, gift = self._sockets.get(service), self.gift(service, run)
        if sockets is None:
            return False
        if gift:
            self._is_served_no_more(service, run, gift)
        was_ready = sockets.ended(run)
        self._consider(service)
        return gift is not None and gift.is_lost and not was_ready

    def lost(self, service: str) -> None:
        """A run has shown that it is not served in this way."""
        self._sockets[service].lost()

    def gone(self, service: str, run: int) -> None:
        """Nothing of a run is left, or it never began."""
        gift = self._gifts.pop((service, run), None)
        if gift:
            self._is_served_no_more(service, run, gift)
            gift.forget()
        self._consider(service)

    def may_be_lost(self, service: str) -> bool:
        """Whether a run that is not ready may be so because of how it is served."""
        sockets = self._sockets.get(service)
        return sockets is not None and sockets.may_try_next

    def ignores_port(self, service: str, run: int) -> bool:
        """Whether a run may have failed because it does not listen where it is to behind the front."""
        sockets, gift = self._sockets.get(service), self.gift(service, run)
        return sockets is not None and gift is not None and bool(gift.private) and sockets.way is None

    def again(self, service: str) -> None:
        """Policy starts a new run for one that failed."""
        sockets = self._sockets.get(service)
        if sockets and sockets.way is None:
            sockets.try_next()

    def release(self, service: str) -> None:
        """Nobody is to serve any more: clients are refused."""
        if service in self._sockets:
            self._sockets[service].close()

    def _tell_way(self, service: str, gift: Gift | None) -> None:
        if gift:
            ports = ", ".join(map(str, sorted(gift.ports)))
            text = (
                f"{service} does not take the socket that is held for it, so from now on a front listens at {ports} "
                "and hands on to a port that each run finds in PORT (handover: by: front saves the attempts)"
            )
        else:
            text = (
                f"{service} neither takes the socket that is held for it nor listens where PORT says, so from now on "
                "it is stopped before it starts anew (see handover in the docs)"
            )
        self._publish(events.Notice(text, alarm=gift is None))

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
