"""Says what was found: a line for each service, or the same as data."""

from typing import Any

from .findings import Hold
from .numbers import Draft, Named

_LONGEST_WHY = 160


def lines(draft: Draft) -> list[tuple[str, str]]:
    """Name, and what was found where, of every service."""
    ours = [(one.name, f"{shortened(one.found.why)}{_listens(one)}") for one in draft.services]
    return ours + [
        (one.name, f"{one.found.why}, port {one.found.number}, not ours") for one in draft.externals
    ]


def shortened(why: str) -> str:
    """What stands somewhere, cut where it is longer than anybody reads."""
    return why if len(why) <= _LONGEST_WHY else f"{why[: _LONGEST_WHY - 1]}…"


def _listens(one: Named) -> str:
    listening = one.found.listening
    if listening is None:
        return ""
    if not one.number:
        return f", listens on a number that could not be read ({listening.said})"
    if listening.number is None:
        return f", port {one.number}, chosen ({listening.said} has none)"
    if listening.number != one.number:
        return f", port {one.number} instead of {listening.number} ({listening.said})"
    return f", port {one.number} ({listening.said})"


def document(draft: Draft) -> dict[str, Any]:
    """The same for machines; commands and paths as the stack file has them."""
    return {"services": [_service(one) for one in draft.services], "external": _externals(draft)}


def _service(one: Named) -> dict[str, Any]:
    found, listening = one.found, one.found.listening
    return {
        "name": one.name,
        "why": found.why,
        "command": found.command if isinstance(found.command, str) else list(found.command),
        "folder": found.folder or ".",
        "port": one.number or None,
        "entry": one.entry or None,
        "port_from": listening.said if listening else None,
        "port_found": listening.number if listening else None,
        "port_fixed": listening.hold is Hold.FIXED if listening else None,
    }


def _externals(draft: Draft) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "why": one.found.why,
            "port": one.found.number,
            "entry": one.entry,
            "hint": one.found.hint,
        }
        for one in draft.externals
    ]
