"""A service behind the front: as it is defined, with other numbers for its own ports.

Where its own words ask for a port of its own (`${port}` in a command, a variable, a condition), a mark stands in the
definition that is kept for this, and what is told of it takes the number that this run got. Its address
(`${services.NAME.url}`) stays what others see.
"""

import re
from collections.abc import Mapping
from typing import Any

from aura_stack.errors import Place
from aura_stack.frozen import Frozen

from .model import ProbeKind, Ready, Service

_BY_WORDS = (ProbeKind.LOG, ProbeKind.FILE, ProbeKind.EXEC)
_MARK = "\0([^\0]*)\0"  # a key: no word of a definition can have a NUL (execve(2))


def mark(key: str) -> str:
    """What stands for the number of the port of that key until a run has one."""
    return f"\0{key}\0"


def moved(service: Service, numbers: Mapping[str, int]) -> Service:
    """The service as one of its runs is that listens elsewhere.

    Args:
        service: one that can be behind the front.
        numbers: those that the run gets, by the keys of its ports.
    """
    assert service.behind is not None
    private = {port.number: numbers[port.key] for port in service.ports}
    own = {port.variable: (str(port.number), str(numbers[port.key])) for port in service.ports}
    filled = _filled(service.behind, numbers)
    health = service.health and service.health.but(ask=_asked(service.health.ask, filled.health.ask, private))
    return service.but(
        command=filled.command,
        env=_with(filled.env, own),
        profile_env=_with(filled.profile_env, own),
        ready=_asked(service.ready, filled.ready, private),
        health=health,
        stop=filled.stop,
        ports=tuple(port.but(number=numbers[port.key]) for port in service.ports),
        moved=numbers,
    )


def _with(env: Mapping[str, str | None], own: Mapping[str, tuple[str, str]]) -> dict[str, str | None]:
    """Variables of which one may say the number of a port in plain digits, under the name that it reaches it by."""
    return {name: own[name][1] if own.get(name, ("",))[0] == value else value for name, value in env.items()}


def _asked(ready: Ready, filled: Ready, private: Mapping[int, int]) -> Ready:
    """A condition that asks the run itself: at its own ports, which is known of numbers alone, or by its words."""
    if ready.kind in _BY_WORDS:
        return filled
    parts = tuple(_asked(*both, private) for both in zip(ready.parts, filled.parts, strict=True))
    return ready.but(port=private.get(ready.port, ready.port), answer=filled.answer, parts=parts)


def _filled(value: Any, numbers: Mapping[str, int]) -> Any:
    """The same value with numbers in the place of marks, wherever in it they stand."""
    if isinstance(value, str):
        return re.sub(_MARK, lambda found: str(numbers[found[1]]), value) if "\0" in value else value
    if isinstance(value, Frozen) and not isinstance(value, Place):
        return value.but(**{name: _filled(getattr(value, name), numbers) for name in value.__match_args__})
    if type(value) is tuple:
        return tuple(_filled(one, numbers) for one in value)
    if isinstance(value, Mapping):
        return {key: _filled(one, numbers) for key, one in value.items()}
    return value
