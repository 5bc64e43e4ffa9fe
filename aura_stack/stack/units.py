"""Durations, rates and signals as a person writes them: `250ms`, `1m30s`, `10 in 5m`, `TERM`."""

import re
from collections.abc import Mapping

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_NUMBER = r"[0-9]{1,15}(?:\.[0-9]{1,9})?"
_PART = f"({_NUMBER})(ms|s|m|h)"

DURATION = f"(?:{_NUMBER}(?:ms|s|m|h))+"
RATE = rf"[1-9][0-9]{{0,8}} +in +(?=.*[1-9]){DURATION}"
SIGNAL = r"(?:[sS][iI][gG])?[a-zA-Z][a-zA-Z0-9+-]*"


def seconds(text: str) -> float:
    """How many seconds a text of the form DURATION says."""
    return sum(float(number) * _SECONDS[unit] for number, unit in re.findall(_PART, text))


def rate(text: str) -> tuple[int, float]:
    """How often in how many seconds, from a text of the form RATE."""
    count, _, duration = text.split()
    return int(count), seconds(duration)


def signal_name(text: str) -> str:
    """`TERM` for `TERM`, `term` and `SIGTERM`."""
    return text.upper().removeprefix("SIG")


def signal_number(text: str, signals: Mapping[str, int]) -> int | None:
    """The kernel's number, which is not the same everywhere; None if there is no such signal here.

    Args:
        text: a name, with or without SIG, in either case.
        signals: the numbers of this system by their names without SIG.
    """
    return signals.get(signal_name(text))
