"""What `why` says of a service, in words, and what it tells the user to do about it."""

from collections.abc import Iterator, Mapping
from typing import Any

from .running import UP
from .tables import duration

Account = Mapping[str, Any]
"""The keys of `aura-stack why --json`."""


def state(account: Account) -> str:
    """Where it is, since when, and where it is wanted."""
    if not account["running"]:
        return "not running: its stack is down"
    since = duration(account["state_seconds"])
    wanted = "" if _is_as_wanted(account) else f", wanted {account['wanted']}"
    pid = f" (pid {account['pid']}, run {account['run']})" if account["pid"] else ""
    ended = f": {account['ended']}" if account["ended"] and not account["pid"] else ""
    return f"{account['state']} for {since}{wanted}{pid}{ended}"


def _is_as_wanted(account: Account) -> bool:
    return account["state"] in (UP if account["wanted"] == "up" else ("stopped", "completed", "failed"))


def need(needed: Mapping[str, Any]) -> str:
    """A dependency, and how far it is."""
    state = needed["state"] + (f" ({needed['ended']})" if needed["ended"] and not needed["met"] else "")
    return f"{needed['service']}, {state}" + ("" if needed["met"] else f": has to be {needed['condition']}")


def port(one: Mapping[str, Any]) -> str:
    """A port, and who has it where the service has not."""
    named = f"{one['port']}" + (f" ({one['name']})" if one["name"] else "")
    if one.get("behind"):
        return f"{named}, where the front accepts and hands on to its own {one['behind']}"
    return f"{named}, held by {one['held_by']}" if one["held_by"] else named


def what_to_do(account: Account) -> list[str]:
    """What helps, the most urgent first; nothing where all is well."""
    return list(_steps(account))


def _steps(account: Account) -> Iterator[str]:
    name = account["service"]
    if not account["running"]:
        yield "aura-stack up"
        return
    for one in account["ports"]:
        if one["held_by"]:
            yield f"free port {one['port']}: end {one['held_by']}"
    lost = [one["service"] for one in account["needs"] if not one["met"]]
    if account["stale"]:
        yield "mend it and save: that tries it again" if account["watched"] else f"aura-stack restart {name}"
    if account.get("held_back"):
        yield account["held_back"]
    yield from _for_state(account, lost)


def _for_state(account: Account, lost: list[str]) -> Iterator[str]:
    name = account["service"]
    match account["state"]:
        case "failed":
            yield from (f"aura-stack why {other}" for other in lost)
            if account["watched"]:
                yield "mend it and save: that starts it again"
            yield f"aura-stack start {name}"
            yield f"aura-stack logs {name}"
        case "backoff":
            yield f"aura-stack restart {name} does not wait for the next try"
            yield f"aura-stack logs {name}"
        case "stopped":
            yield f"aura-stack start {name}"
        case "waiting":
            yield from (f"aura-stack why {other}" for other in lost)
        case "starting":
            yield f"aura-stack logs -f {name}"
