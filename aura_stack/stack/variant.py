"""Which variant of a definition is meant: under which profiles, how many of each service, with which variables."""

from collections.abc import Mapping
from types import MappingProxyType

from aura_stack.frozen import Frozen

_AS_WRITTEN: Mapping[str, int] = MappingProxyType({})


class Variant(Frozen):
    """What an order says about the definition besides its file.

    `scale` holds replicas by service, which count instead of those in the file; `env_files` stand in the place of
    the stack's own, None for those. `numbers` are those that ports have in the place of the written ones, by
    `service` or `service/key`; no replica gets one that is `spared`.
    """

    profiles: tuple[str, ...] = ()
    scale: Mapping[str, int] = _AS_WRITTEN
    env_files: tuple[str, ...] | None = None
    numbers: Mapping[str, int] = _AS_WRITTEN
    spared: frozenset[int] = frozenset()


def still_scaled(
    scale: Mapping[str, int], before: Mapping[str, int], now: Mapping[str, int]
) -> dict[str, int]:
    """Of what was scaled by hand that of which another definition says what the one before said.

    Args:
        scale: replicas by service, as somebody ordered.
        before: those that were written, of every service of ours, also where that is none.
        now: those that are written.
    """
    return {name: count for name, count in scale.items() if name in now and now[name] == before.get(name)}


def replica(name: str, number: int) -> str:
    """What a replica is called: the first as its service, the second `worker-2`."""
    return name if number == 1 else f"{name}-{number}"
