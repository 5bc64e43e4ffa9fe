"""Which stack a command is about, and the way to its engine."""

import os
from typing import TYPE_CHECKING

from aura_stack.errors import AuraError, ExitCode
from aura_stack.stack import find
from aura_stack.system import places as where
from aura_stack.system.places import Places

from .settings import Settings

if TYPE_CHECKING:
    from aura_stack.control.client import Client


def found(settings: Settings) -> tuple[str, Places]:
    """The stack file, found as `-f`, AURA_FILE or the current directory says, and the stack's places.

    A stack that runs is also found when its file has been deleted (`git clean -fdx`): it has to be stopped somehow.

    Raises:
        AuraError: there is none.
    """
    try:
        file = find.stack_file(settings.file, os.getcwd(), os.environ)
    except AuraError:
        for file in find.candidates(settings.file, os.getcwd(), os.environ):
            places = where.elsewhere(where.places(file, os.environ, "+".join(sorted(settings.profiles))))
            if os.path.exists(places.socket):
                return file, places
        raise
    return file, where.elsewhere(where.places(file, os.environ, _instance(file, settings)))


def _instance(file: str, settings: Settings) -> str:
    """Which of several stacks of that file is meant: only profiles make several, and only the file knows which do."""
    if not settings.profiles:
        return ""
    from aura_stack.session.definition import source  # noqa: PLC0415 - mostly nobody chooses a profile

    return source(file, os.environ).instance(settings.profiles)


def engine(settings: Settings) -> "Client":
    """A connection to the running engine.

    Raises:
        AuraError: the stack is not running (exit code 3), or does not answer.
    """
    from aura_stack.control.client import connect  # noqa: PLC0415 - `up` forks before it needs one

    file, places = found(settings)
    return connect(places.socket, os.path.relpath(file))


def running(file: str, places: Places) -> "Client | None":
    """A connection to the engine of that stack, None if it is not running.

    Raises:
        AuraError: it runs and does not answer.
    """
    if not os.path.lexists(places.socket):
        return None
    from aura_stack.control.client import connect  # noqa: PLC0415 - as above

    try:
        return connect(places.socket, os.path.relpath(file))
    except AuraError as error:
        if error.exit_code == ExitCode.NOT_RUNNING:
            return None
        raise


def coloured(settings: Settings, descriptor: int = 1) -> bool:
    """Whether an output shows colours: as asked for, else where it is a terminal."""
    return os.isatty(descriptor) if settings.color is None else settings.color
