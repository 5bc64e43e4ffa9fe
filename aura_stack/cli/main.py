"""The command line: global flags, the table of commands, and the one place where errors are printed."""

import os
from typing import Any

import click

from aura_stack.errors import AuraError, ExitCode

from . import interrupt
from .lazy import Lazy, LazyGroup
from .quick import COMPLETE
from .settings import ENV_FILE, PROFILES, Settings, chosen, resolve_color
from .streams import leave_early, not_writable, prepare

COMMANDS = {
    "up": Lazy("aura_stack.cli.up:up", "Start the stack and follow its logs; Ctrl-C stops it."),
    "down": Lazy("aura_stack.cli.up:down", "Stop the whole stack."),
    "start": Lazy("aura_stack.cli.orders:start", "Start services of the running stack."),
    "stop": Lazy("aura_stack.cli.orders:stop", "Stop services, and leave the rest running."),
    "restart": Lazy("aura_stack.cli.orders:restart", "Restart services, and wait until they are ready."),
    "run": Lazy("aura_stack.cli.run:run", "Run tasks, or a command, with what they need."),
    "exec": Lazy("aura_stack.cli.run:execute", "Run a command with the folder and variables of a service."),
    "scale": Lazy("aura_stack.cli.orders:scale", "Run more or fewer of a service."),
    "status": Lazy("aura_stack.cli.status:status", "Show every service of the running stack."),
    "why": Lazy("aura_stack.cli.why:why", "Say why a service is where it is, and what to do."),
    "logs": Lazy("aura_stack.cli.logs:logs", "Show what the services printed."),
    "attach": Lazy("aura_stack.cli.attach:attach", "Talk to a service in its terminal."),
    "events": Lazy("aura_stack.cli.events:events", "Show what has happened to the services."),
    "watch": Lazy("aura_stack.cli.watch:watch", "Act on saves, leave them alone, or show what is watched."),
    "reload": Lazy("aura_stack.cli.watch:reload", "Take over a definition that has changed."),
    "wait": Lazy("aura_stack.cli.status:wait", "Wait until services are ready, or have ended."),
    "kill": Lazy("aura_stack.cli.orders:kill", "Send a signal to services."),
    "pause": Lazy("aura_stack.cli.pausing:pause", "Leave services alone while you debug them."),
    "resume": Lazy("aura_stack.cli.pausing:resume", "Look after services again."),
    "init": Lazy("aura_stack.cli.init:init", "Write a first stack file for this folder."),
    "list": Lazy("aura_stack.cli.stacks:list_stacks", "List the stacks of yours that run."),
    "clean": Lazy("aura_stack.cli.clean:clean", "Remove logs, fingerprints and leftovers of a stack."),
    "doctor": Lazy("aura_stack.cli.doctor:doctor", "Look for what is wrong, and say what to do."),
    "completion": Lazy("aura_stack.cli.completion:completion", "Print the completion script of a shell."),
    "ports": Lazy("aura_stack.cli.ports:ports", "Look at ports: declared, held, freed, leased."),
    "config": Lazy("aura_stack.cli.config:config", "Check and show the definition."),
}

ELSEWHERE = {
    "ps": "status",
    "ls": "list",
    "top": "status",
    "stats": "status",
    "monitor": "status",
    "inspect": "why",
    "describe": "why",
    "version": "--version",
    "help": "--help",
    "tail": "logs -f",
    "echo": "logs -f",
    "connect": "attach",
    "shell": "exec SERVICE sh",
    "ssh": "exec SERVICE sh",
    "unpause": "resume",
    "quit": "down",
    "shutdown": "down",
    "delete": "down",
    "rm": "clean",
    "prune": "clean",
    "validate": "config check",
    "lint": "config check",
    "port": "ports",
}
"""How docker compose, overmind, pm2, systemctl and the like call what a command does here."""

PROGRAM = "aura-stack"
_HELP = {"help_option_names": ["-h", "--help"]}


class _Root(LazyGroup):
    """Prints errors while the context that knows about colour is still there, and knows words of other tools."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an AuraError is printed and becomes an exit code, Ctrl-C becomes one without a word."""
        try:
            return self._invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(ExitCode.INTERRUPTED)
        finally:
            interrupt.leave()

    def _invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except AuraError as error:
            from . import report  # noqa: PLC0415 - only a mistake needs it
            from .arguments import AS_JSON  # noqa: PLC0415 - likewise

            report.show(error, as_json=ctx.meta.get(AS_JSON, False))
            ctx.exit(error.exit_code)

    def meant(self, name: str, known: list[str]) -> str:
        """Its name here, or the known one that is nearest."""
        here = ELSEWHERE.get(name)
        return f"here that is {PROGRAM} {here}" if here else super().meant(name, known)


def _print_version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib import metadata  # noqa: PLC0415 - 20 ms that only this flag needs

        try:
            number = metadata.version(PROGRAM)
        except metadata.PackageNotFoundError:
            number = "(not installed)"
        click.echo(f"{PROGRAM} {number}")
        ctx.exit()


@click.group(cls=_Root, commands_table=COMMANDS, context_settings=_HELP)
@click.option(
    "-f",
    "--file",
    metavar="FILE",
    type=click.Path(),
    help="The stack file; without it, the nearest one above is taken.",
)
@click.option(
    "-C",
    "--directory",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False),
    help="Go to this folder first.",
)
@click.option(
    "--profile",
    "profiles",
    metavar="NAME",
    multiple=True,
    help="Choose a profile of the stack file; several choose all of them.",
)
@click.option(
    "--env-file",
    "env_files",
    metavar="FILE",
    multiple=True,
    help="Read this file of variables instead of the stack's own.",
)
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="When to colour the output.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print only what was asked for, and what went wrong.")
@click.option("-v", "--verbose", count=True, help="Print more.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version.",
)
@click.pass_context
def cli(
    ctx: click.Context,
    file: str | None,
    directory: str | None,
    profiles: tuple[str, ...],
    env_files: tuple[str, ...],
    color: str,
    quiet: bool,
    verbose: int,
) -> None:
    """Run a development stack natively: checked ports, ordered starts, merged logs, nothing left behind."""
    ctx.color = resolve_color(color, os.environ)
    if directory:
        os.chdir(directory)
    named = chosen(env_files, ENV_FILE, os.environ)
    ctx.obj = Settings(file, quiet, verbose, ctx.color, chosen(profiles, PROFILES, os.environ), named or None)


def _placed(error: click.NoSuchOption) -> click.UsageError:
    """The same, and where the flag stands, if it is one for all commands: other tools have such behind them."""
    flags = {flag for param in cli.params for flag in (*param.opts, *param.secondary_opts)}
    if error.option_name not in flags or error.ctx is None or error.ctx.parent is None:
        return error
    command = error.ctx.command_path.removeprefix(PROGRAM)
    where = f"It stands before the command: {PROGRAM} {error.option_name} …{command}"
    return click.UsageError(f"{error.format_message()} {where}", error.ctx)


def run() -> int:
    """Run what the command line says; the answer is the exit code."""
    prepare()
    try:
        code = cli.main(prog_name=PROGRAM, standalone_mode=False, complete_var=COMPLETE)
    except click.ClickException as error:
        (_placed(error) if isinstance(error, click.NoSuchOption) else error).show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        return leave_early()
    except OSError as error:
        return not_writable(error)
    return code if isinstance(code, int) else ExitCode.OK
