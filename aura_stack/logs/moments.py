"""When: moments as a person writes them, and runs of services as the events of a record tell of them."""

import re
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from aura_stack.frozen import NamedTuple
from aura_stack.messages import events

from . import index
from .follow import Follower
from .framing import ENTRY, EVENTS, Kind

_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?")


class Run(NamedTuple):
    """A run of a service, in the life of the engine that ran it; `position` in the index is where it began."""

    life: int
    number: int
    position: int


def moment(text: str, now: datetime) -> int | None:
    """A moment in ns since 1970, None if the text is none.

    Args:
        text: `2026-11-28T14:03`, `2026-11-28 14:03:07.5`, with or without an offset from UTC; `14:03` is the last
            time it was that late; a day is its beginning; bare numbers are seconds since 1970.
        now: with the time zone that is meant where none is written.
    """
    if seconds := re.fullmatch(r"(\d{9,11})(?:\.(\d{1,9}))?", text):
        return int(seconds[1] + (seconds[2] or "").ljust(9, "0"))
    if clock := _CLOCK.fullmatch(text):
        hour, minute, second = (int(part or 0) for part in clock.groups()[:3])
        if hour > 23 or minute > 59 or second > 59:  # noqa: PLR2004 - of a day
            return None
        found = now.replace(
            hour=hour, minute=minute, second=second, microsecond=int((clock[4] or "0").ljust(6, "0"))
        )
        return _ns(found if found <= now else found - timedelta(days=1))
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return _ns(found if found.tzinfo else found.replace(tzinfo=now.tzinfo))


def _ns(found: datetime) -> int:
    return round(found.timestamp() * 1_000_000) * 1000


def last_start(directory: str, wanted: Callable[[str], bool]) -> Run | None:
    """The latest start of a run of a service that is wanted."""
    for facts, life, position in _backwards(directory):
        if facts.get("kind") == "started" and wanted(facts["service"]):
            return Run(life, facts["run"], position)
    return None


def previous_runs(directory: str, services: Collection[str], *, running: bool) -> dict[str, Run]:
    """By service, the latest run that is over: of one that runs, the run before; of one that is down, its last.

    Args:
        directory: of the record.
        services: which; one that has no such run is left out.
        running: whether the stack runs.
    """
    found: dict[str, Run] = {}
    over: set[tuple[str, int, int]] = set()
    newest: set[str] = set()
    now: int | None = None if running else 0
    for facts, life, position in _backwards(directory):
        now = life if now is None else now
        service, kind = str(facts.get("service")), facts.get("kind")
        if service not in services or service in found:
            continue
        if kind in _ENDS:
            over.add((service, life, facts.get("run", 0)))
        elif kind == "started":
            if service in newest or life != now or (service, life, facts["run"]) in over:
                found[service] = Run(life, facts["run"], position)
                if len(found) == len(services):
                    break
            newest.add(service)
    return found


_ENDS = ("exited", "stopped", "failed", "completed")


def _backwards(directory: str) -> Iterator[tuple[dict[str, Any], int, int]]:
    """The events of a record, the latest first, each with its life and its position."""
    follower = Follower(directory)
    place = index.end(directory)
    try:
        for number, entry in enumerate(index.backwards(directory, 0, place), start=1):
            if entry.stream != EVENTS or entry.kind is not Kind.BYTES:
                continue
            for line in reversed(follower.piece(entry).data.splitlines()):
                try:
                    facts = events.facts(line)
                except ValueError:  # cut short by a crash
                    continue
                yield facts, entry.life, place - number * ENTRY.size
    finally:
        follower.close()
