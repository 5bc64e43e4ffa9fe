"""`aura-stack up`: bring the stack up and stay with it."""

import os

import click

from aura_stack.session.join import Options
from aura_stack.session.launch import launch
from aura_stack.stack import find
from aura_stack.system import places as where

from .face import Face, standard_screen


@click.command(short_help="Start the stack and follow its logs; Ctrl-C stops it.")
@click.argument("services", nargs=-1)
@click.pass_context
def up(context: click.Context, services: tuple[str, ...]) -> None:
    r"""Start the stack, or the named SERVICES with what they depend on, and follow its logs.

    Checks the definition and every port first; nothing starts unless all can. Ctrl-C stops the services in
    reverse order; a second Ctrl-C kills them.

    \b
    Example:
      aura-stack up
      aura-stack up backend
    """
    coloured = bool(context.color) if context.color is not None else os.isatty(1)
    file = find.stack_file(context.obj.file, os.getcwd(), os.environ)
    places = where.places(file, os.environ)
    where.create(places)
    launched = launch(file, places, Options(services, coloured), os.environ)
    context.exit(Face(launched, standard_screen(), coloured=coloured).run())
