"""What is said of a service that did not come up: a sentence, and what it printed before it ended."""

from collections.abc import Collection, Mapping
from typing import Any

from aura_stack.logs.render import Style
from aura_stack.logs.tail import last_lines
from aura_stack.logs.telling import telling_line

LINES = 10


def sentence(outcome: Mapping[str, Any]) -> str:
    """That an order failed, and why: one that was up before may be so still, since what it was to begin did not."""
    stays = outcome["state"] == "ready" and not outcome["words"].startswith(
        "stopped"
    )  # that is only about to be
    how = "goes on as it was" if stays else "is not up"
    return f"{outcome['service']} {how}: {outcome['words']}"


def last_words(logs: str, outcome: Mapping[str, Any], style: Style, begin: int) -> bytes:
    """The last lines that a run printed, or the steps before it that failed, with its prefix.

    Args:
        logs: the folder of the record.
        outcome: `service`, `run`, None for whatever came last, and `state`, where it is known.
        style: the prefixes.
        begin: where in the index of the record this engine began.
    """
    name = outcome["service"]
    built = _lines(logs, name, LINES, None, begin, ("prepare",)) if outcome.get("state") == "ready" else []
    lines = built or _lines(logs, name, LINES, outcome["run"], begin)
    return b"".join(style.line(name, line) for line in lines)


def reason(logs: str, view: Mapping[str, Any], begin: int, *, built: bool = False) -> str:
    """The line that most likely says why a service failed, "" if it printed nothing.

    Args:
        logs: the folder of the record.
        view: `service`, `run`, and `stale_run`.
        begin: where in the index of the record this engine began.
        built: ask for what the new version printed that failed, its steps and builds or its run, and not what runs.
    """
    if built and view["stale_run"]:
        return telling_line(_lines(logs, view["service"], 40, view["stale_run"], begin))
    if built:
        return telling_line(_lines(logs, view["service"], 40, None, begin, ("prepare",)))
    return telling_line(_lines(logs, view["service"], 40, view["run"], begin))


def has_printed(logs: str, view: Mapping[str, Any], begin: int) -> bool:
    """Whether a run has printed anything; `view` and `begin` as above."""
    return bool(_lines(logs, view["service"], 1, view["run"], begin))


def _lines(
    logs: str,
    name: str,
    count: int,
    run: int | None,
    begin: int,
    streams: Collection[str] = ("out", "err", "prepare"),
) -> list[bytes]:
    def of_it(service: str, stream: str) -> bool:
        return service == name and stream in streams

    try:
        return last_lines(logs, count, of_it, run, begin)
    except FileNotFoundError:  # somebody has deleted the record
        return []
