"""What several commands take: names of services, and durations."""

import re
from collections.abc import Callable
from typing import Any

import click

from aura_stack.stack import units

from .settings import Settings, chosen

MOST_REPLICAS = 100
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


def complete_service(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    """The names of services that begin so."""
    return _complete(context, parameter, incomplete)


services_argument = click.argument("services", nargs=-1, shell_complete=_complete)
"""Names of services, or patterns such as `work*`; they complete."""

required_services = click.argument("services", nargs=-1, required=True, shell_complete=_complete)
"""The same, and one at least."""


tty_option = click.option(
    "--tty",
    metavar="SERVICE",
    shell_complete=_complete,
    help="Give this terminal to SERVICE, which gets one of its own; Ctrl-P Ctrl-Q takes it back.",
)


class Replicas(click.ParamType):  # type: ignore[type-arg]  # see above
    """A service and how many of it: `worker=3`."""

    name = "SVC=N"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """The name and the number."""
        if isinstance(value, tuple):
            return value
        name, equals, number = value.partition("=")
        if not (name and equals and re.fullmatch("[0-9]{1,3}", number) and int(number) <= MOST_REPLICAS):
            self.fail(f"{value!r} should be of the form SVC=N, N up to {MOST_REPLICAS}", param, ctx)
        return name, int(number)


def _as_mapping(_: click.Context, __: click.Parameter, pairs: tuple[tuple[str, int], ...]) -> dict[str, int]:
    return dict(pairs)


scale_option = click.option(
    "--scale",
    type=Replicas(),
    metavar="SVC=N",
    multiple=True,
    callback=_as_mapping,
    help="Run so many of this service.",
)
"""How many of services are meant; the command gets a mapping."""

scale_argument = click.argument(
    "scale", type=Replicas(), metavar="SVC=N...", nargs=-1, required=True, callback=_as_mapping
)
"""The same, and one at least."""


def _choose(context: click.Context, _: click.Parameter, names: tuple[str, ...]) -> None:
    if names:
        settings = context.obj or Settings()
        context.obj = settings.but(profiles=chosen(names, "", {}))


profile_option = click.option(
    "--profile",
    metavar="NAME",
    multiple=True,
    expose_value=False,
    callback=_choose,
    help="The same as before the command.",
)
"""`up --profile test` is what fingers type."""


AS_JSON = "aura-stack.json"
"""In the meta data of a context: whether programs read what is printed, errors too."""


def remember_json(context: click.Context, _: click.Parameter, wanted: bool) -> bool:
    """Let errors be JSON as well; a callback of options that ask for it."""
    if wanted:
        context.meta[AS_JSON] = True
    return wanted


def json_option(command: Any) -> Any:
    """Output for programs."""
    return click.option(
        "--json", "as_json", is_flag=True, callback=remember_json, help="Print JSON, for programs."
    )(command)
