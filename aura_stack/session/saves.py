"""From a save to a restart: whose files they are, what has to be prepared again, and who is left alone."""

import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from aura_stack.messages import events
from aura_stack.stack.model import Service
from aura_stack.supervision.lifecycle import Status, Wanted
from aura_stack.watch.interest import Interest

from .methods import Order
from .orders import Orders

_INPUTS = " inputs"  # what follows the name of a service in the key of its steps' inputs: no name has a blank


class Saves:
    """Restarts services on a save.

    Args:
        orders: restarts them.
        statuses: those of all services.
        publish: the direct path of facts to the record.
        perform: carries an order out beside us, and tells what is refused.
    """

    def __init__(
        self,
        orders: Orders,
        statuses: Mapping[str, Status],
        publish: Callable[[events.Event], None],
        perform: Callable[[Callable[[], Order]], object],
    ) -> None:
        self._orders = orders
        self._statuses = statuses
        self._publish = publish
        self._perform = perform

    def saved(self, changes: Mapping[str, tuple[str, ...]]) -> None:
        """Files have other content now: by interest, their paths."""
        now = time.monotonic()
        by_service: dict[str, set[str]] = {}
        for key, files in changes.items():
            by_service.setdefault(key.removesuffix(_INPUTS), set()).update(files)
        for service, found in by_service.items():
            matters = [
                name
                for name in self._orders.family(service)
                if self._matters(name, watched=service in changes)
            ]
            if matters:
                self._publish(events.Saved(service, tuple(sorted(found))))
                # a save during the steps or the stop is in the run that follows them: no second one
                self._perform(partial(self._orders.restart, tuple(matters), now))

    def _matters(self, service: str, *, watched: bool) -> bool:
        """Not for one that is wanted down, nor for inputs that are again what the step last saw."""
        coming = service in self._orders.coming
        if not coming and (service in self._orders.held or self._statuses[service].wanted is Wanted.DOWN):
            return False
        return watched or bool(self._orders.due(service))


def interests(services: Iterable[Service]) -> list[Interest]:
    """What is watched: the files of services that say so, and the inputs of prepare steps.

    What steps make counts for nothing: they were run for a restart, and would be the reason of the next.
    """
    found = []
    for service in services:
        if service.replica > 1:  # the files of the first are everybody's
            continue
        if service.watch:
            made = tuple(f"/{output}" for step in service.prepare for output in step.outputs)
            found.append(
                Interest(service.name, service.cwd, service.watch.paths, (*service.watch.ignore, *made))
            )
        for step in service.prepare:
            made = tuple(f"/{output}" for output in step.outputs)
            found += [Interest(service.name + _INPUTS, service.cwd, step.inputs, made)] if step.inputs else []
    return found
