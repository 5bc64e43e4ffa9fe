"""`up` and `down`: the whole stack."""

import os
from typing import TYPE_CHECKING

import click

from aura_stack.session.launch import launch
from aura_stack.session.options import Options
from aura_stack.system import places as where

from . import target

if TYPE_CHECKING:
    from aura_stack.control.client import Client


@click.command
@click.argument("services", nargs=-1)
@click.pass_context
def up(context: click.Context, services: tuple[str, ...]) -> None:
    r"""Start the stack, or the named SERVICES with what they depend on, and follow its logs.

    The definition and every port are checked first; nothing starts unless all can. Ctrl-C stops the services
    in reverse order, a second Ctrl-C kills them.

    \b
    Examples:
      aura-stack up
      aura-stack up backend
    """
    file, places = target.found(context)
    coloured = target.coloured(context)
    where.create(places)
    launched = launch(file, places, Options(services, coloured), os.environ)
    from .face import Face, standard_screen  # noqa: PLC0415 - loaded while the engine is loading

    context.exit(Face(launched, standard_screen(), coloured=coloured).run())


@click.command
@click.pass_context
def down(context: click.Context) -> None:
    r"""Stop the whole stack in reverse order, and wait until nothing of it is left.

    \b
    Example:
      aura-stack down
    """
    engine = target.engine(context)
    engine.call("shutdown", reason="aura-stack down")
    _wait_for_the_end(engine)
    click.echo("all stopped")


def _wait_for_the_end(engine: "Client") -> None:
    try:
        while True:
            list(engine.receive())
    except ConnectionError:
        return
