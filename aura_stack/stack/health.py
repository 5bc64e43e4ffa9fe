"""How a service is asked whether it is well, from the `health:` of its definition."""

from aura_stack.reading.tree import Node, Table

from .filled import Filled
from .model import Health, ProbeKind, Ready
from .readiness import accepting, condition
from .units import seconds

_ASKING = ("every", "timeout", "failures")  # keys that mean nothing where nobody asks


def health(node: Node | None, filled: Filled, main_port: int | None, cwd: str) -> Health | None:
    """Read what stands under `health:`; None where nothing does.

    Args:
        node: that.
        filled: the words of the service.
        main_port: its number, if it has one.
        cwd: the folder of the service.
    """
    if not isinstance(node, Table):
        return None
    if watchdog := node.scalar("watchdog"):
        _asks_nothing(node, filled)
        return Health(Ready(ProbeKind.NOTIFY), every=seconds(watchdog.text), failures=1)
    ask = condition(node, filled, cwd)
    if ask is None and main_port is None and not any(map(node.is_void, node.entries)):
        hint = "write http, tcp, exec, grpc or watchdog"
        filled.report(node.place, f'"health" asks nothing, and service "{filled.service}" has no port', hint)
    return _timed(Health(ask or accepting(main_port or 0)), node)


def _timed(found: Health, table: Table) -> Health:
    every, timeout, failures = (table.scalar(key) for key in _ASKING)
    return found.but(
        every=seconds(every.text) if every else found.every,
        timeout=seconds(timeout.text) if timeout else found.timeout,
        failures=failures.value if failures else found.failures,
    )


def _asks_nothing(table: Table, filled: Filled) -> None:
    for key in _ASKING:
        if key in table.entries:
            place = table.entries[key].key.place
            filled.report(place, f'"{key}" means nothing beside "watchdog"', "the service speaks by itself")
