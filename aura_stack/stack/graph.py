"""What depends on what: cycles, the order of starting in waves, what a few names pull in.

A graph is a mapping from each name to the names it needs; names that are no key of it are ignored. Nothing
here recurses, so a chain of ten thousand services is no danger. Of names that could stand in any order, the
one that stands first in the mapping comes first.
"""

from collections.abc import Collection, Iterable, Mapping

Needs = Mapping[str, Collection[str]]


def cycles(needs: Needs) -> list[tuple[str, ...]]:
    """Rings of names that need each other, each closed: `("a", "b", "a")`.

    Where rings share names, some are left out; breaking the listed ones and asking again finds the next.
    """
    found: list[tuple[str, ...]] = []
    listed: set[str] = set()
    done: set[str] = set()
    for root in needs:
        path: dict[str, None] = {}  # the names being followed, in order
        branches = [iter((root,))]
        while branches:
            name = next(branches[-1], None)
            if name is None:
                branches.pop()
                if path:
                    done.add(path.popitem()[0])
            elif name in path:
                names = tuple(path)
                ring = names[names.index(name) :]
                if listed.isdisjoint((ring[0], ring[-1])):
                    found.append((*ring, name))
                    listed.update(ring)
            elif name in needs and name not in done:
                path[name] = None
                branches.append(iter(needs[name]))
    return found


def waves(needs: Needs) -> tuple[tuple[str, ...], ...]:
    """The names in the order of starting: each wave needs only what stands in the waves before it.

    Names on a cycle, and what needs them, are in no wave.
    """
    waiting = {name: {need for need in wanted if need in needs} for name, wanted in needs.items()}
    ordered: list[tuple[str, ...]] = []
    wave = tuple(name for name, wanted in waiting.items() if not wanted)
    dependents = reverse(needs)
    position = {name: number for number, name in enumerate(needs)}
    while wave:
        ordered.append(wave)
        coming: dict[str, None] = {}
        for name in wave:
            for dependent in dependents[name]:
                waiting[dependent].discard(name)
                if not waiting[dependent]:
                    coming[dependent] = None
        wave = tuple(sorted(coming, key=position.__getitem__))
    return tuple(ordered)


def reverse(needs: Needs) -> dict[str, tuple[str, ...]]:
    """For each name the names that need it."""
    dependents: dict[str, list[str]] = {name: [] for name in needs}
    for name, wanted in needs.items():
        for need in wanted:
            if need in dependents:
                dependents[need].append(name)
    return {name: tuple(names) for name, names in dependents.items()}


def closure(names: Iterable[str], needs: Needs) -> tuple[str, ...]:
    """The names and all they need, directly or not, in the order of starting."""
    reached: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in needs and name not in reached:
            reached.add(name)
            waiting += needs[name]
    return tuple(name for wave in waves(needs) for name in wave if name in reached)
