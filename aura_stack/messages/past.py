"""What has happened to one service, read off the events: how its runs ended, and why new ones began."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from aura_stack.frozen import Frozen

Facts = Mapping[str, Any]
"""An event as it stands in the record: time, kind and what it says."""

_REPLICA = re.compile(r"-[0-9]+")


class Past(Frozen):
    """What came of a service, the latest last.

    `ends` are runs that ended, or that never began: time, run, words, exit_code. `restarts` are further runs: time,
    run, why. `known` says whether it is spoken of at all.
    """

    known: bool
    ends: tuple[Facts, ...]
    restarts: tuple[Facts, ...]
    last: Facts | None


def past(record: Iterable[Facts], service: str) -> Past:
    """Read it.

    Args:
        record: events in the order in which they came, of any number of engines.
        service: its name.
    """
    ends: list[Facts] = []
    restarts: list[Facts] = []
    last: Facts | None = None
    saved, exited = "", 0
    for facts in record:
        if not _is_about(facts.get("service"), service, facts["kind"]):
            continue
        last = facts
        match facts["kind"]:
            case "saved":
                saved = f"{', '.join(facts['files'])} saved"
            case "started":
                if facts["run"] > 1:
                    restarts.append(_of(facts, why=facts.get("why") or saved or "ordered"))
                saved, exited = "", 0
            case "exited":
                ends.append(_ended(facts))
                exited = facts["run"]
            case "failed" if not exited or exited != facts["run"]:
                ends.append(_ended(facts))
    return Past(last is not None, tuple(ends), tuple(restarts), last)


def _is_about(named: object, service: str, kind: str) -> bool:
    """A save is told of the service, and is one of all its replicas."""
    if named == service or not isinstance(named, str):
        return named == service
    return kind == "saved" and _REPLICA.fullmatch(service.removeprefix(named)) is not None


def _ended(facts: Facts) -> Facts:
    return _of(facts, words=facts["words"], exit_code=facts["code"])


def _of(facts: Facts, **more: object) -> Facts:
    return {"time": facts["time"], "run": facts["run"], **more}
