"""`logs`: what the services printed, from the record; the stack need not run."""

import re
import time
from datetime import datetime
from typing import Any

import click

from aura_stack.logs.levels import LEVELS
from aura_stack.logs.moments import moment
from aura_stack.logs.sieve import pattern
from aura_stack.stack import units

from .arguments import json_option, profile_option, services_argument
from .looking import ALL, DEFAULT_TAIL, LAST_RESTART, Options, look


class _Tail(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on only
    """A number of lines, or `all`."""

    name = "lines"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """The number, or the word."""
        if value == ALL:
            return ALL
        if isinstance(value, int):
            return value
        if not value.isdecimal() or len(value) > 9:  # noqa: PLR2004 - more lines than any record has
            self.fail(f"{value!r} is neither a number of lines nor all", param, ctx)
        return int(value)


class _Moment(click.ParamType):  # type: ignore[type-arg]  # as above
    """A moment, a duration before now, or `last-restart`."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """In ns since 1970, or the word."""
        if isinstance(value, int):
            return value
        value = str(value)
        if value == LAST_RESTART:
            return LAST_RESTART
        if re.fullmatch(units.DURATION, value):
            return time.time_ns() - round(units.seconds(value) * 1e9)
        found = moment(value, datetime.now().astimezone())
        if found is None:
            self.fail(
                f"{value!r} is no time such as 5m, 14:03, 2026-11-28T14:03:07 or {LAST_RESTART}", param, ctx
            )
        return found


class _Pattern(click.ParamType):  # type: ignore[type-arg]  # as above
    """A regular expression."""

    name = "pattern"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> re.Pattern[bytes]:
        """Compiled, for bytes."""
        if isinstance(value, re.Pattern):
            return value
        try:
            return pattern(value)
        except re.error as error:
            self.fail(f"{value!r} is no regular expression: {error}", param, ctx)


@click.command
@services_argument
@profile_option
@click.option(
    "-f",
    "--follow",
    is_flag=True,
    help="Go on with what comes, also after the stack was stopped and started.",
)
@click.option(
    "-n",
    "--tail",
    type=_Tail(),
    metavar="LINES",
    help=f"Lines to begin with, or all.  [default: {DEFAULT_TAIL}; all with what limits them otherwise]",
)
@click.option(
    "--since",
    type=_Moment(),
    metavar="WHEN",
    help="From then on: 5m, 14:03, 2026-11-28T14:03 or last-restart.",
)
@click.option("--until", type=_Moment(), metavar="WHEN", help="Up to then.")
@click.option(
    "-g", "--grep", type=_Pattern(), multiple=True, metavar="RE", help="Lines that hold one of these."
)
@click.option("--exclude", type=_Pattern(), multiple=True, metavar="RE", help="And none of these.")
@click.option(
    "--context",
    "around",
    type=click.IntRange(0, 1000),
    default=0,
    metavar="LINES",
    help="And lines around each.",
)
@click.option("--level", type=click.Choice(LEVELS), help="Lines that are as grave as that, or graver.")
@click.option("--stdout", "only", flag_value="out", help="Only what was printed there.")
@click.option("--stderr", "only", flag_value="err", help="Only what was printed there.")
@click.option(
    "--previous",
    is_flag=True,
    help="Of each service the last run that is over, such as the one that crashed.",
)
@click.option("-t", "--timestamps", is_flag=True, help="Begin each line with its time.")
@click.option("--no-prefix", is_flag=True, help="Do not begin each line with its service.")
@click.option("--no-marks", is_flag=True, help="Do not say between lines what happened to services.")
@click.option(
    "--raw", is_flag=True, help="Lines of JSON as they were printed, as they are into a pipe or a file."
)
@click.option("--save", type=click.Path(dir_okay=False), metavar="FILE", help="Write into a file.")
@click.option("--clear", is_flag=True, help="Remove what is stored of these services instead.")
@json_option
@click.pass_context
def logs(context: click.Context, /, services: tuple[str, ...], *, as_json: bool, **flags: Any) -> None:
    r"""Print what all services, or the named SERVICES, have printed, merged in the order of arrival.

    Where a service was restarted, a line between theirs says why; not with --json, --no-prefix, or what picks lines.

    Patterns are regular expressions of Python. They are looked for in the text without its colours.
    What services printed is kept in .aura/logs as it was, in up to eight files of 16 MB for each.

    \b
    Examples:
      aura-stack logs -n 50 backend
      aura-stack logs -f
      aura-stack logs -g 'timeout|refused' --context 3
      aura-stack logs --level error --since 10m
      aura-stack logs backend --previous
      aura-stack logs -n all --json

    \b
    Keys of --json, one object a line:
      time (seconds since 1970), service, stream (out, err, prepare, stop), run, line
    """
    options = Options(**flags)
    if options.clash:
        raise click.UsageError(options.clash, context)
    look(context.obj, services, options, as_json=as_json)
