"""What services, durations and sizes look like on a screen: columns, and a JSON document for programs."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any


def print_json(data: object) -> None:
    """One document on standard output."""
    import json  # noqa: PLC0415 - only who prints JSON needs it

    text = json.dumps(data, indent=2, ensure_ascii=False)
    # a byte of a name that is no UTF-8 is an escape in JSON as well, whatever this terminal writes it as
    print_lines([text.encode("utf-8", "backslashreplace").decode("utf-8")])


def print_lines(lines: Iterable[str]) -> None:
    """Lines on standard output, as they stand."""
    sys.stdout.writelines(f"{line}\n" for line in lines)


def duration(seconds: float) -> str:
    """Seconds as people say them: `0.21 s`, `12 s`, `3 min 5 s`."""
    if seconds < 10:  # noqa: PLR2004 - below ten, hundredths matter
        return f"{seconds:.2f} s"
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:  # noqa: PLR2004 - an hour
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 24 else f"{hours // 24} d {hours % 24} h"  # noqa: PLR2004 - a day


def size(count: int) -> str:
    """Bytes as people say them: `812 K`, `24.1 M`, `1.5 G`."""
    amount = count / 1024
    for unit in "KMG":
        if amount < 1000 or unit == "G":  # noqa: PLR2004 - three digits
            return f"{amount:.0f} {unit}" if unit == "K" or amount >= 100 else f"{amount:.1f} {unit}"  # noqa: PLR2004 - likewise
        amount /= 1024
    raise AssertionError


def ready_in(outcome: Mapping[str, Any]) -> str:
    """How an order for a service came out, for the table of those that are ready."""
    if outcome["ready_seconds"] is not None:
        return duration(outcome["ready_seconds"])
    return "-" if outcome["ok"] else "failed"


STATUS_HEAD = ("NAME", "STATE", "HEALTH", "PID", "UPTIME", "RESTARTS", "CPU", "MEMORY", "PORTS")


def status_rows(views: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """The table of services, its head first, from what the engine says of them."""
    return [STATUS_HEAD, *(_status_row(view) for view in views)]


def _status_row(view: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        view["service"],
        view["state"],
        view["health"] or "-",
        _or_dash(view["pid"], str),
        _or_dash(view["uptime_seconds"], duration),
        str(view["restarts"]),
        _or_dash(view["cpu_percent"], "{:.1f} %".format),
        _or_dash(view["memory_bytes"], size),
        ", ".join(map(port, view["ports"], view["written_ports"])) or "-",
    )


def port(number: int, written: int) -> str:
    """A number, and the one in the file where that is another: `4012 (for 4010)`."""
    return str(number) if number == written else f"{number} (for {written})"


def _or_dash(value: Any, say: Callable[[Any], str]) -> str:
    return "-" if value is None else say(value)


def table(rows: list[tuple[str, ...]]) -> list[str]:
    """Columns as wide as their widest cell, two blanks apart; numbers are not right-aligned: pids are names."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
