"""How loud a line is, and what a line of JSON says: pino, bunyan, winston, structlog, zap, and plain words."""

import json
import re
from collections.abc import Mapping
from typing import Any

LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")

_NAMES = {
    **{name: number for number, name in enumerate(LEVELS)},
    "silly": 0,
    "verbose": 1,
    "notice": 2,
    "log": 2,
    "information": 2,
    "http": 2,
    "warning": 3,
    "err": 4,
    "severe": 4,
    "exception": 4,
    "critical": 5,
    "crit": 5,
    "alert": 5,
    "emerg": 5,
    "emergency": 5,
    "panic": 5,
}
_KEYS = ("level", "severity", "lvl", "levelname", "log.level", "loglevel", "@l")
_MESSAGES = ("msg", "message", "event", "@m", "@mt", "short_message")
_TIMES = ("time", "timestamp", "ts", "@timestamp", "@t", "date", "asctime")
_LEFT_OUT = {*_KEYS, *_MESSAGES, *_TIMES, "pid", "hostname", "v", "logger_name", "@version"}
_STACKS = ("stack", "exception", "exc_info", "stack_trace", "stacktrace", "traceback", "@x")

_HEAD = 200  # bytes at the beginning of a line in which its level stands
_LOUD = re.compile(  # a level as loggers write it: in capitals, in brackets, before a colon, or as level=
    rb"\b(?:level|lvl|severity)=\"?([A-Za-z]+)"
    rb"|\b(TRACE|DEBUG|VERBOSE|INFO|NOTICE|LOG|WARN(?:ING)?|ERR(?:OR)?|SEVERE|FATAL|CRIT(?:ICAL)?|PANIC|EMERG|ALERT)\b"
    rb"|[\[(<](trace|debug|verbose|info|notice|warn(?:ing)?|err(?:or)?|fatal|crit(?:ical)?|panic)[\])>]"
    rb"|^\W*(trace|debug|info|warn(?:ing)?|err(?:or)?|fatal|panic)(?:\[[^\]]*\])?\s*[:!-]"
)
_FAILS = re.compile(
    rb"^(?:[\w.]*(?:Error|Exception)\b|Traceback \(|Uncaught |Unhandled|npm ERR!|thread '.*' panicked)"
)
_GOES_ON = re.compile(rb"^(?:\s+\S|Caused by|\.\.\. \d+ more|[}\])]+[,;]?$|$)")

CANDIDATES = (
    re.compile(rb""),
    re.compile(rb""),
    re.compile(rb""),
    re.compile(
        rb"[wW]arn|WARN|[eE]rr|ERR|[eE]xcep|EXCEP|[fF]atal|FATAL|[pP]anic|PANIC|[sS]evere|SEVERE|[cC]rit|CRIT"
        rb"|[eE]merg|EMERG|[aA]lert|ALERT|Traceback|Unc|Unh|\"(?:level|severity|lvl)\": ?[3-9]\d"
    ),
    re.compile(
        rb"[eE]rr|ERR|[eE]xcep|EXCEP|[fF]atal|FATAL|[pP]anic|PANIC|[sS]evere|SEVERE|[cC]rit|CRIT|[eE]merg|EMERG"
        rb"|[aA]lert|ALERT|Traceback|Unc|Unh|\"(?:level|severity|lvl)\": ?[4-9]\d"
    ),
    re.compile(
        rb"[fF]atal|FATAL|[pP]anic|PANIC|[cC]rit|CRIT|[eE]merg|EMERG|[aA]lert|ALERT"
        rb"|\"(?:level|severity|lvl)\": ?[5-9]\d"
    ),
)
"""By level: what stands somewhere in every text that has a line as loud as that."""


def level_of(line: bytes) -> int | None:
    """The place of a plain line's level in `LEVELS`; None when it says none."""
    if line.startswith(b"{") and (found := parsed(line)) is not None:
        return _level_in(found)
    if match := _LOUD.search(line, 0, _HEAD):
        name = match[match.lastindex or 0].decode("ascii").lower()
        if name in _NAMES:
            return _NAMES[name]
    return LEVELS.index("error") if _FAILS.match(line) else None


def goes_on(line: bytes) -> bool:
    """Whether a line belongs to the one before it, as those of a stack trace do."""
    return _GOES_ON.match(line) is not None


def parsed(line: bytes) -> dict[str, Any] | None:
    """The object that a line holds, None if it is none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def readable(line: bytes) -> bytes | None:
    """What a logger's line of JSON says, for a person; None where it is no such line, and stands as it is.

    The level, the message, then what else there is as key=value; a stack trace follows on lines of its own.
    """
    if not line.startswith(b"{"):
        return None
    found = parsed(line)
    if found is None:
        return None
    message = next((found[key] for key in _MESSAGES if isinstance(found.get(key), str)), None)
    level = _level_in(found)
    if message is None or (level is None and not any(key in found for key in _TIMES)):
        return None
    error = found.get("err")
    error = error if isinstance(error, dict) else {}
    stacks = [found.get(key) for key in _STACKS] + [error.get("stack")]
    used = next((key for key in _MESSAGES if isinstance(found.get(key), str)), "")
    rest = [
        f"{key}={_value(value)}"
        for key, value in found.items()
        if (key not in _LEFT_OUT or (key in _MESSAGES and key != used))
        and key not in _STACKS
        and not (key == "err" and error.get("stack"))
    ]
    head = [LEVELS[level].upper().ljust(5)] if level is not None else []
    text = " ".join((*head, message, *rest))
    below = [stack for stack in stacks if isinstance(stack, str) and stack]
    return "\n".join((text, *below)).encode("utf-8", "replace")


def _level_in(found: Mapping[str, Any]) -> int | None:
    nested = found.get("log")
    values = [found.get(key) for key in _KEYS]
    if isinstance(nested, dict):
        values.append(nested.get("level"))
    for value in values:
        if isinstance(value, str) and value.lower() in _NAMES:
            return _NAMES[value.lower()]
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            return max(0, min(int(value) // 10 - 1, len(LEVELS) - 1))  # 10, 20 ... as pino and bunyan count
    return None


def _value(value: object) -> str:
    if isinstance(value, str):
        return value if value and not re.search(r'[\s="]', value) else json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
