"""`up` and `down`: the whole stack."""

import os
from typing import TYPE_CHECKING

import click

from aura_stack.errors import AuraError, ExitCode
from aura_stack.session.lock import wait_until_free
from aura_stack.session.options import Aborts, Options
from aura_stack.system.places import Places

from . import bringup, target
from .arguments import (
    complete_service,
    json_option,
    profile_option,
    scale_option,
    seconds_option,
    services_argument,
    tty_option,
)

if TYPE_CHECKING:
    from aura_stack.control.client import Client
    from aura_stack.control.protocol import Answer, Request
    from aura_stack.logs.render import Style


@click.command
@services_argument
@click.option("-d", "--detach", is_flag=True, help="Leave it running in the background.")
@click.option("--wait", is_flag=True, help="With -d, which it implies: wait until all is ready; 1 if not.")
@seconds_option("--wait-timeout", help="With --wait: give up waiting after so long, with 124.")
@click.option("--no-deps", is_flag=True, help="Only the named SERVICES, not what they depend on.")
@click.option("--no-watch", is_flag=True, help="Leave saves alone, as with AURA_NO_WATCH=1.")
@scale_option
@click.option(
    "--except",
    "excepted",
    metavar="SVC",
    multiple=True,
    shell_complete=complete_service,
    help="Leave this service out, unless another one depends on it.",
)
@click.option(
    "--abort-on-exit/--no-abort-on-exit",
    "on_exit",
    default=None,
    help="Whether the end of one service is the end of all, with its exit code; a Procfile's default is that it is.",
)
@click.option(
    "--abort-on-failure",
    "on_failure",
    is_flag=True,
    help="When one fails for good, stop all, with its exit code.",
)
@click.option(
    "--exit-code-from",
    "code_from",
    metavar="SVC",
    default="",
    shell_complete=complete_service,
    help="End with this service, and with its exit code.",
)
@tty_option
@click.option(
    "--port-shift",
    is_flag=True,
    help="Exchange ports that are taken for the next free numbers of their ranges.",
)
@click.option("-t", "--timestamps", "stamps", is_flag=True, help="Begin each line with its time.")
@click.option("--no-prefix", is_flag=True, help="Begin no line with the name of its service.")
@click.option(
    "--only-errors", is_flag=True, help="Show only standard error, and lines that speak of an error."
)
@click.option(
    "--attach",
    metavar="SVC",
    multiple=True,
    shell_complete=complete_service,
    help="Show only the logs of this service; several show all of them.",
)
@click.option(
    "--no-attach",
    metavar="SVC",
    multiple=True,
    shell_complete=complete_service,
    help="Do not show the logs of this service.",
)
@click.option("--no-keys", is_flag=True, help="Leave the keyboard alone.")
@click.option("--force-ports", is_flag=True, help="End what holds a port that is needed, after asking.")
@click.option("-y", "--yes", is_flag=True, help="With --force-ports: do not ask.")
@json_option
@profile_option
@click.pass_context
def up(
    context: click.Context,
    services: tuple[str, ...],
    detach: bool,
    wait: bool,
    wait_timeout: float | None,
    no_deps: bool,
    no_watch: bool,
    scale: dict[str, int],
    excepted: tuple[str, ...],
    on_exit: bool | None,
    on_failure: bool,
    code_from: str,
    tty: str | None,
    port_shift: bool,
    stamps: bool,
    no_prefix: bool,
    only_errors: bool,
    attach: tuple[str, ...],
    no_attach: tuple[str, ...],
    no_keys: bool,
    force_ports: bool,
    yes: bool,
    as_json: bool,
) -> None:
    r"""Start the stack, or the named SERVICES with what they depend on, and follow its logs.

    The definition and every port are checked first; nothing starts unless all can. Ctrl-C stops the services
    in reverse order, a second Ctrl-C kills them; d leaves them running, ? shows all keys.

    A linked worktree of git has ports of its own, the same at every start, so that it runs beside the main one.

    Where the stack runs already, what is missing is started, and its logs are followed again. Where there is no
    stack file, the nearest Procfile takes its place.

    \b
    Examples:
      aura-stack up
      aura-stack up backend
      aura-stack up --profile test
      aura-stack -f Procfile.dev up --scale web=2 --except css
      aura-stack up -d --wait --wait-timeout 60s
      aura-stack up -d --wait --json
      aura-stack up --port-shift
      aura-stack up --force-ports

    \b
    Keys of --json, which goes with -d or --wait: those of status, once it comes back, also where
    not all is up; [] of a stack that has ended. What people read goes to standard error.
    """
    if wait_timeout is not None and not wait:
        raise click.UsageError("--wait-timeout goes with --wait", context)
    if as_json and not (detach or wait):
        raise click.UsageError("--json goes with -d or --wait; events -f --json follows a stack", context)
    size = _size_of_terminal(context, detach=detach or wait) if tty else None

    def free(file: str, places: Places, options: Options) -> None:
        from .ports_change import free_for  # noqa: PLC0415 - mostly nobody has them

        free_for(context, file, places, options, yes=yes)

    code = bringup.up(
        context.obj,
        services,
        detach=detach,
        wait=wait,
        wait_timeout=wait_timeout,
        no_deps=no_deps,
        no_watch=no_watch,
        stamps=stamps,
        no_prefix=no_prefix,
        only_errors=only_errors,
        no_keys=no_keys,
        scale=scale,
        as_json=as_json,
        free=free if force_ports else None,
        excepted=excepted,
        aborts=_aborts(on_exit, on_failure=on_failure),
        code_from=code_from,
        tty=(tty,) if tty else (),
        size=size,
        port_shift=port_shift,
        attach=attach,
        no_attach=no_attach,
    )
    context.exit(code)


def _size_of_terminal(context: click.Context, *, detach: bool) -> tuple[int, int] | None:
    """Rows and columns of the terminal that a service is to have, None where it does not know them."""
    if detach or not (os.isatty(0) and os.isatty(1)):
        why = "does not go with -d" if detach else "needs a terminal as standard input and output"
        raise click.UsageError(f"--tty {why}", context)
    size = os.get_terminal_size(1)
    return (size.lines, size.columns) if size.lines and size.columns else None


def _aborts(on_exit: bool | None, *, on_failure: bool) -> Aborts | None:
    """What the flags say of the end of one service; None where they say nothing."""
    if on_exit:
        return Aborts.EXIT
    if on_failure:
        return Aborts.FAILURE
    return None if on_exit is None else Aborts.NEVER


@click.command
@click.option("--all", "every", is_flag=True, help="Stop all stacks of yours, wherever they were started.")
@profile_option
@seconds_option("--stop-timeout", help="Seconds before KILL, instead of each service's own.")
@json_option
@click.pass_context
def down(context: click.Context, every: bool, stop_timeout: float | None, as_json: bool) -> None:
    r"""Stop the whole stack in reverse order, and wait until nothing of it is left.

    \b
    Examples:
      aura-stack down
      aura-stack down --stop-timeout 2s
      aura-stack down --all

    \b
    Keys of --json, one object for each stack:
      stack, file (null where it is not known), ok, words (why it was not stopped, else null)
    """
    if every:
        from .stacks import stop_all  # noqa: PLC0415 - mostly one stack is meant

        context.exit(stop_all(stop_timeout, as_json=as_json))
    from aura_stack.logs.render import Style  # noqa: PLC0415 - for this command alone

    file, places = target.found(context.obj)
    engine = target.engine(context.obj)
    grace = {} if stop_timeout is None else {"grace": stop_timeout}
    name = ""
    try:
        name = engine.call("attach", own=False)["stack"]
        engine.send("subscribe", kinds=_HINDRANCES)
        engine.call("shutdown", reason="aura-stack down", **grace)
    except AuraError as error:
        if error.exit_code != ExitCode.NOT_RUNNING:  # somebody else's `down` was quicker: all the better
            raise
    _wait_for_the_end(engine, Style(("aura",), colour=target.coloured(context.obj)))
    wait_until_free(places.lock)
    if as_json:
        from . import tables  # noqa: PLC0415 - for programs alone

        tables.print_json([{"stack": name or None, "file": file, "ok": True, "words": None}])
    else:
        click.echo("all stopped")


_HINDRANCES = ["lingering", "stop-failed", "killed", "port-held", "notice"]
"""Kinds of events that say why an end takes long."""


def _wait_for_the_end(engine: "Client", style: "Style") -> None:
    """Say meanwhile what holds the end up."""
    messages = engine.kept
    try:
        while True:
            for message in messages:
                _tell_hindrance(message, style)
            messages = list(engine.receive())
    except ConnectionError:
        return


def _tell_hindrance(message: "Request | Answer", style: "Style") -> None:
    from aura_stack.control.protocol import Request  # noqa: PLC0415 - loaded with the client
    from aura_stack.messages import events  # noqa: PLC0415 - seldom

    from . import words  # noqa: PLC0415 - as above

    event = events.of(message.params) if isinstance(message, Request) and message.method == "event" else None
    if event and (not isinstance(event, events.Notice) or event.alarm):
        click.echo(words.line(event, style), nl=False, err=True)
