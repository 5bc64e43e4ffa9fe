"""`ports ls`, `ports check`, `ports who`: their command lines."""

import click

from . import ports_told
from .arguments import json_option, profile_option
from .settings import Settings

NUMBER = click.IntRange(1, 65535)


@click.command
@click.option("--all", "undeclared", is_flag=True, help="Also who listens on ports that nobody declared.")
@json_option
@profile_option
@click.pass_context
def ls(context: click.Context, undeclared: bool, as_json: bool) -> None:
    r"""List the ports of the manifest and the stack file, and who holds them.

    A port is up (its service listens), free, taken (somebody else has it), and one of an external system is
    answering or not there.

    \b
    Examples:
      aura-stack ports
      aura-stack ports ls --all
      aura-stack ports ls --json

    \b
    Keys of --json, one object for each port:
      port, written (the number in the file), name, service, external,
      state (up, free, taken, answering, absent, undeclared), range, purpose,
      owner, description, note, entry_state (active, reserved, retired),
      held_by (as in ports who)
    """
    context.exit(ports_told.ls(_settings(context), undeclared=undeclared, as_json=as_json))


@click.command
@click.option("-q", "--quiet", is_flag=True, help="Print trouble only.")
@json_option
@profile_option
@click.pass_context
def check(context: click.Context, quiet: bool, as_json: bool) -> None:
    r"""Look for trouble with ports: rules that the manifest breaks, and numbers that somebody else has.

    5 if a rule is broken and not waived, 6 if a port is taken. A warning is no failure.

    \b
    Examples:
      aura-stack ports check
      aura-stack ports check --json

    \b
    Keys of --json, one object for each finding:
      rule (duplicate, out-of-range, reserved, privileged, blocked-by-browsers,
      ephemeral, taken, double, split), level (error, warning, waived), port, name,
      reason, cure, waived (why it does not count), place (file:line:column; null
      for what the machine says), held_by (as in ports who)
    """
    context.exit(ports_told.check(_settings(context), quiet=quiet, as_json=as_json))


@click.command
@click.argument("numbers", metavar="PORT...", nargs=-1, required=True, type=NUMBER)
@json_option
@click.pass_context
def who(context: click.Context, numbers: tuple[int, ...], as_json: bool) -> None:
    r"""Say who holds each PORT, and of which stack and checkout; 1 if one of them is free.

    What belongs to another user is shown as far as the system tells of it without root, and what cannot be seen
    is said.

    \b
    Examples:
      aura-stack ports who 4010
      aura-stack ports who 4001 4010 54112 --json

    \b
    Keys of --json, one object for each port:
      port, free, shared (double: several servers on one address; split: others on
      IPv4 than on IPv6), notes (what else is to be known), held_by (objects: kind
      (listener, connection, bound, lease, unknown), pid, command, user, cwd, age_seconds,
      hosts, remote and state of a connection, seconds_left of what is left of one,
      stack, service and file of one of our stacks; null where it is not known)
    """
    context.exit(ports_told.who(numbers, as_json=as_json))


def _settings(context: click.Context) -> Settings:
    found = context.obj
    assert isinstance(found, Settings)
    return found
