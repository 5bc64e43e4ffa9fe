"""`ports who`: what this machine says of ports now."""

import os
from typing import TYPE_CHECKING, Any

import click

from aura_stack.errors import ExitCode

from . import tables
from .arguments import json_option

if TYPE_CHECKING:
    from aura_stack.ports.owners import Owner

_NUMBER = click.IntRange(1, 65535)


@click.command
@click.argument("numbers", metavar="PORT...", nargs=-1, required=True, type=_NUMBER)
@json_option
@click.pass_context
def who(context: click.Context, numbers: tuple[int, ...], as_json: bool) -> None:
    r"""Say who holds each PORT; 1 if one of them is free.

    What belongs to another user is shown as far as the system tells of it without root.

    \b
    Examples:
      aura-stack ports who 4010
      aura-stack ports who 4001 4010 54112 --json

    \b
    Keys of --json, one object for each port:
      port, free, held_by (objects: kind (listener, connection, unknown), pid, command,
      user, cwd, age_seconds, remote and state of a connection; null where it is not known)
    """
    from aura_stack.ports.owners import describe, owners  # noqa: PLC0415 - `--help` needs no process table
    from aura_stack.ports.probe import busy  # noqa: PLC0415 - likewise

    taken = busy(numbers)
    held = owners(taken) if taken else {}
    home = os.path.expanduser("~")
    if as_json:
        tables.print_json([_object(number, held.get(number, ())) for number in numbers])
    else:
        lines = (
            f"{number}: {' and '.join(describe(one, home) for one in held[number])}"
            if number in held
            else f"{number}: free"
            for number in numbers
        )
        tables.print_lines(lines)
    context.exit(ExitCode.OK if len(held) == len(set(numbers)) else ExitCode.FAILED)


def _object(number: int, held: "tuple[Owner, ...]") -> dict[str, Any]:
    return {"port": number, "free": not held, "held_by": [_owner(one) for one in held]}


def _owner(owner: "Owner") -> dict[str, Any]:
    return {
        "kind": str(owner.kind),
        "pid": owner.pid,
        "command": owner.command or None,
        "user": owner.user or None,
        "cwd": owner.cwd or None,
        "age_seconds": None if owner.age is None else round(owner.age, 3),
        "remote": owner.remote or None,
        "state": owner.state or None,
    }
