"""What several commands take: names of services, and durations."""

import re
from collections.abc import Callable
from typing import Any

import click

from aura_stack.stack import units

_BARE = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?")


class Seconds(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on only
    """A duration as in the stack file (`60s`, `1m30s`), or a bare number of seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds."""
        if isinstance(value, float):
            return value
        if _BARE.fullmatch(value):
            return float(value)
        if not re.fullmatch(units.DURATION, value):
            self.fail(f"{value!r} is no duration such as 30s, 500ms or 1m30s", param, ctx)
        return units.seconds(value)


def seconds_option(flag: str, help: str) -> Callable[[Any], Any]:  # noqa: A002 - click's own word
    """An option that takes a duration."""
    return click.option(flag, type=Seconds(), metavar="DURATION", help=help)


def _complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    from .names import complete  # noqa: PLC0415 - only the completion of a line needs it

    return list(complete(context, parameter, incomplete))


services_argument = click.argument("services", nargs=-1, shell_complete=_complete)
"""Names of services, or patterns such as `work*`; they complete."""

required_services = click.argument("services", nargs=-1, required=True, shell_complete=_complete)
"""The same, and one at least."""


def json_option(command: Any) -> Any:
    """Output for programs."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(command)
