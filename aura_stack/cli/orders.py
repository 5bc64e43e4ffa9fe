"""`start`, `stop`, `restart` and `kill`: orders for services of a running stack."""

import os
import sys
import time
from typing import Any

import click

from aura_stack.errors import AuraError, ExitCode

from . import tables, target
from .arguments import json_option, seconds_option, services_argument

_wait = click.option(
    "--wait/--no-wait", default=True, help="Wait until it is done, or come back at once.", show_default=True
)
_timeout = seconds_option("--wait-timeout", help="Give up waiting after so long, with 124; the order stands.")


@click.command
@services_argument
@_wait
@_timeout
@click.option("--no-deps", is_flag=True, help="Only the named SERVICES, not what they depend on.")
@json_option
@click.pass_context
def start(
    context: click.Context,
    services: tuple[str, ...],
    wait: bool,
    wait_timeout: float | None,
    no_deps: bool,
    as_json: bool,
) -> None:
    r"""Start SERVICES of a running stack with what they depend on; no name means all.

    \b
    Examples:
      aura-stack start frontend
      aura-stack start --no-wait 'work*'
    """
    order = _Order(context, "start", services, wait=wait, timeout=wait_timeout, as_json=as_json)
    order.give(dependencies=not no_deps)


@click.command
@services_argument
@_wait
@_timeout
@click.option("--with-dependents", is_flag=True, help="Also what depends on them.")
@seconds_option("--stop-timeout", help="Seconds before KILL, instead of each service's own.")
@json_option
@click.pass_context
def stop(
    context: click.Context,
    services: tuple[str, ...],
    wait: bool,
    wait_timeout: float | None,
    with_dependents: bool,
    stop_timeout: float | None,
    as_json: bool,
) -> None:
    r"""Stop SERVICES and leave the rest of the stack running; no name means all.

    They stay down until `start`, `restart` or `up` names them; `down` ends the stack.

    \b
    Examples:
      aura-stack stop frontend
      aura-stack stop --with-dependents gateway
    """
    grace = {} if stop_timeout is None else {"grace": stop_timeout}
    order = _Order(context, "stop", services, wait=wait, timeout=wait_timeout, as_json=as_json)
    order.give(dependents=with_dependents, **grace)


@click.command
@services_argument
@_wait
@_timeout
@click.option("--with-dependents", is_flag=True, help="Also what depends on them.")
@json_option
@click.pass_context
def restart(
    context: click.Context,
    services: tuple[str, ...],
    wait: bool,
    wait_timeout: float | None,
    with_dependents: bool,
    as_json: bool,
) -> None:
    r"""End the SERVICES' runs, start new ones, and wait until they are ready; no name means all that are up.

    Steps that prepare them run first if their inputs changed. What depends on them is left alone. Of several
    orders at once one restart comes, and all of them are answered.

    \b
    Examples:
      aura-stack restart backend
      aura-stack restart --no-wait
    """
    order = _Order(context, "restart", services, wait=wait, timeout=wait_timeout, as_json=as_json)
    # a run that began after this order was typed has seen all that was saved before it
    order.give(dependents=with_dependents, since=_typed())


@click.command
@click.argument("services", nargs=-1, required=True)
@click.option("-s", "--signal", "name", default="TERM", show_default=True, help="Its name or number.")
@click.option("--main-only", is_flag=True, help="Only the main process, not what it has started.")
@json_option
@click.pass_context
def kill(
    context: click.Context, services: tuple[str, ...], name: str, main_only: bool, as_json: bool
) -> None:
    r"""Send a signal to all processes of SERVICES; what ends by it is restarted as its policy says.

    \b
    Examples:
      aura-stack kill -s HUP backend
      aura-stack kill -s KILL --main-only backend
    """
    engine = target.engine(context)
    found = engine.call("signal", services=list(services), signal=name, main_only=main_only)
    if as_json:
        tables.print_json(found)
    else:
        for one in found:
            pids = ", ".join(str(pid) for pid in one["pids"])
            click.echo(f"{one['service']}: {pids or 'not running'}")
    if not any(one["pids"] for one in found):
        context.exit(ExitCode.NOT_RUNNING)


class _Order:
    """One order, given and waited for.

    Args:
        context: of the command.
        verb: the method.
        services: names and patterns.
        wait: until it has been carried out.
        timeout: seconds for that, None for as long as it takes.
        as_json: whether programs read the answer.
    """

    def __init__(
        self,
        context: click.Context,
        verb: str,
        services: tuple[str, ...],
        *,
        wait: bool,
        timeout: float | None,
        as_json: bool,
    ) -> None:
        self._context = context
        self._verb = verb
        self._services = list(services)
        self._wait = wait
        self._timeout = timeout
        self._as_json = as_json

    def give(self, **params: Any) -> None:
        """Give it, and print what came of it.

        Raises:
            AuraError: it could not be given, or not carried out in time; the shell is told.
        """
        engine = target.engine(self._context)
        began = time.monotonic()
        outcomes = engine.call(
            self._verb, patience=self._timeout, services=self._services, wait=self._wait, **params
        )
        took = time.monotonic() - began
        if self._as_json:
            tables.print_json(outcomes)
        else:
            for one in outcomes:
                if one["ok"] and (said := _said(self._verb, one, took, self._services)):
                    click.echo(said)
        failed = [one for one in outcomes if not one["ok"]]
        if failed:
            self._fail(failed)

    def _fail(self, failed: list[dict[str, Any]]) -> None:
        """Say why not, with the last lines of each."""
        from aura_stack.logs.render import Style  # noqa: PLC0415 - only a failure needs them

        from .failed import last_words  # noqa: PLC0415 - likewise

        _, places = target.found(self._context)
        colour = os.isatty(2) if self._context.color is None else self._context.color
        style = Style([one["service"] for one in failed], colour=colour)
        for one in failed:
            click.echo(last_words(places.logs, one, style), err=True, nl=False)
        lines = [f"{one['service']} is not up: {one['words']}" for one in failed]
        raise AuraError("\n".join(lines), "aura-stack logs shows all that was printed")


def _typed() -> float:
    """When this command was typed, in monotonic seconds: Python takes its time until it comes here."""
    from aura_stack.system import processes  # noqa: PLC0415 - only a restart asks

    now = time.monotonic()
    return now - (processes.age(os.getpid()) or 0.0) if sys.platform == "linux" else now


LONG = 1.0  # seconds of stopping that are worth a word


_UP = ("ready", "completed")
_AT_REST = ("stopped", "completed", "failed")


def _said(verb: str, outcome: dict[str, Any], took: float, named: list[str]) -> str:
    """A line for what was done, none for a dependency to which nothing was."""
    name, ready, before = outcome["service"], outcome["ready_seconds"], outcome["before"]
    if verb == "stop":
        return f"{name} stopped" if before not in _AT_REST else f"{name} was not running"
    if verb == "start" and before in _UP and outcome["state"] == before:
        return f"{name} is up already" if name in named or not named else ""
    if ready is None:
        return f"{name} {verb}ed, {outcome['state']}"
    all_in_all = (
        f" ({tables.duration(took)} with its stop)" if took - ready > LONG and verb == "restart" else ""
    )
    return f"{name} {verb}ed, ready in {tables.duration(ready)}{all_in_all}"
