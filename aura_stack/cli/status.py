"""`status` and `wait`: where the services of a running stack are."""

from typing import Any

import click

from aura_stack.errors import AuraError

from . import running, tables, target
from .arguments import json_option, profile_option, seconds_option, services_argument


@click.command
@services_argument
@profile_option
@json_option
@click.pass_context
def status(context: click.Context, services: tuple[str, ...], as_json: bool) -> None:
    r"""Show every service of the running stack, or the named SERVICES; 1 if one has failed.

    HEALTH is what it answered last, asked whether it is ready or well. CPU is of one core, on the average since the
    last look, or since the start if there was none. MEMORY is resident, of all its processes.

    \b
    Examples:
      aura-stack status
      aura-stack status --json backend

    \b
    Keys of --json, one object for each service:
      service, state (a task at work is running), wanted (up, down),
      health (ok, waiting, unwell, paused, traced by a debugger, leaving, null),
      unwell (the last bad answer in words), paused, waits_for,
      run (its number), pid, uptime_seconds, restarts, replica (1 for the first),
      ports, written_ports (the numbers in the file: a worktree has others),
      behind_front (where its run listens, by port, if a front accepts for it),
      address, cpu_percent, cpu_seconds, memory_bytes, processes,
      stop_command (what is run to end it, null for a signal),
      ended (how the last run ended), exit_code,
      held_back_for (who reads the logs too slowly, so that services wait; or null),
      logs_lost (why what they print is not stored, or null),
      stale (what failed, where what runs is not what was saved last),
      stale_run (the number of the new run that failed while the old one goes on),
      last_error (of one that failed, or waits to be tried again, or of what failed instead)
    """
    context.exit(running.status(context.obj, services, as_json=as_json))


@click.command
@services_argument
@profile_option
@click.option(
    "--for",
    "what",
    type=click.Choice(["ready", "healthy", "exit", "reloaded"]),
    default="ready",
    show_default=True,
    help="What for.",
)
@seconds_option("--timeout", help="Give up after so long, with 124.")
@click.option("--exit-code", is_flag=True, help="With --for exit and one service: end with its exit code.")
@json_option
@click.pass_context
def wait(
    context: click.Context,
    services: tuple[str, ...],
    what: str,
    timeout: float | None,
    exit_code: bool,
    as_json: bool,
) -> None:
    r"""Wait until SERVICES are ready, or until they have ended for good; no name means all that are up.

    One that fails ends the wait with 1. `--for healthy` also waits for one that is ready and answers badly, until it is
    well again or its restart has come up. `--for reloaded` is for scripts and agents that have just saved a file: it
    waits until that has been seen and acted on, and what came of it serves, or has failed; then it says why.

    \b
    Examples:
      aura-stack wait backend --timeout 30s
      aura-stack wait --for reloaded
      aura-stack wait migrate --for exit --exit-code

    \b
    Keys of --json, one object for each service:
      service, ok, words, state, run, pid, ready_seconds, address, exit_code (null while it runs)
    """
    if exit_code and (what != "exit" or len(services) != 1):
        raise click.UsageError("--exit-code goes with --for exit and one service", context)
    engine = target.engine(context.obj)
    done = running.AT_REST if what == "exit" else running.UP
    with running.patience(context.obj, services, timeout, done=done):
        outcomes = engine.call("wait", patience=timeout, services=list(services), **{"for": what})
    if as_json:
        tables.print_json(outcomes)
    elif not context.obj.quiet:
        for one in outcomes:
            click.echo(f"{one['service']}: {_outcome(one)}")
    if exit_code:
        context.exit(outcomes[0]["exit_code"])
    failed = [one for one in outcomes if not one["ok"]]
    if failed:
        lines = "\n".join(f"{one['service']}: {one['words']}" for one in failed)
        raise AuraError(lines, "aura-stack logs shows what they printed")


def _outcome(one: dict[str, Any]) -> str:
    if one["ready_seconds"] is not None:
        return f"ready in {tables.duration(one['ready_seconds'])}"
    return one["words"] if one["words"] == one["state"] else f"{one['state']}, {one['words']}"
