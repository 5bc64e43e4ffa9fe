"""The command lines that hands type a hundred times a day, understood without the parser of command lines.

Loading click takes three times as long as Python itself (see docs/decisions/0007). So `status`, `start`, `stop` and
`restart` with names of services and the flags below, and perhaps `-f FILE` before them, are read here; any other
line, also one with a mistake, is left to click, which means the same by them: a test compares both on generated
lines.
"""

import os
import sys
from collections.abc import Callable, Sequence

from aura_stack.errors import AuraError, ExitCode

from . import running
from .settings import PROFILES, Settings, resolve_color
from .streams import leave_early, not_writable, prepare

COMPLETE = "_AURA_STACK_COMPLETE"
"""The variable by which a shell asks for completions; then every line is for click."""

_FILE = ("-f", "--file")
_BARE = {"--json": ("as_json", True)}
_ORDER = {**_BARE, "--wait": ("wait", True), "--no-wait": ("wait", False)}
_EXTENDED = {**_ORDER, "--with-dependents": ("dependents", True)}
FLAGS = {"status": _BARE, "start": _ORDER, "stop": _EXTENDED, "restart": _EXTENDED}
"""By command: flag → parameter and its value."""


def understood(words: Sequence[str]) -> tuple[str | None, str, list[str], dict[str, bool]] | None:
    """Stack file, command, services and parameters of a line; None for one that is not among the quick ones."""
    file = None
    if len(words) > 1 and words[0] in _FILE and words[1]:
        file, words = words[1], words[2:]
    if not words or words[0] not in FLAGS:
        return None
    verb, names, params = words[0], [], {}
    for word in words[1:]:
        if word in FLAGS[verb]:
            name, value = FLAGS[verb][word]
            params[name] = value
        elif not word or word.startswith("-"):
            return None
        else:
            names.append(word)
    return file, verb, names, params


def run(words: Sequence[str]) -> int | None:
    """Run a quick command line; the answer is its exit code, None if it is not one."""
    # what a profile makes of a stack stands in its file, which is not read here
    line = None if {COMPLETE, PROFILES} & os.environ.keys() else understood(words)
    if line is None:
        return None
    prepare()
    file, verb, names, params = line
    settings = Settings(file, color=resolve_color("auto", os.environ))
    if verb == "status":
        as_json = params.get("as_json", False)
        return _guarded(lambda: running.status(settings, names, as_json=as_json), settings)
    return _guarded(lambda: running.order(settings, verb, names, **params), settings)


def _show(error: AuraError, settings: Settings) -> None:
    """As any other command would; only a mistake has to wait for click."""
    import click  # noqa: PLC0415 - see above

    from .report import show  # noqa: PLC0415 - likewise

    with click.Context(click.Command("aura-stack"), color=settings.color):
        show(error)


def _guarded(command: Callable[[], int], settings: Settings) -> int:
    try:
        code = command()
        sys.stdout.flush()
    except AuraError as error:
        _show(error, settings)
        return error.exit_code
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        return leave_early()
    except OSError as error:
        return not_writable(error)
    return code
