"""The command lines that hands type a hundred times a day, understood without the parser of command lines.

Loading click takes three times as long as Python itself (see docs/decisions/0007). So `up`, `status`, `start`, `stop`,
`restart` and `logs` with names of services, `ports`, `ports ls`, `check`, `next` and `who` with numbers, all with
the flags below and perhaps `-f FILE` before them, are read here; any other line, also one with a mistake, is left to
click, which means the same by them: a test compares both on generated lines.
"""

import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

from aura_stack.errors import AuraError, ExitCode

from . import interrupt
from .settings import ENV_FILE, PROFILES, Settings, resolve_color
from .streams import leave_early, not_writable, prepare

COMPLETE = "_AURA_STACK_COMPLETE"
"""The variable by which a shell asks for completions; then every line is for click."""

_FILE = ("-f", "--file")
_BARE = {"--json": ("as_json", True)}
_ORDER = {**_BARE, "--wait": ("wait", True), "--no-wait": ("wait", False)}
_EXTENDED = {**_ORDER, "--with-dependents": ("dependents", True)}
_LISTED = {**_BARE, "--all": ("undeclared", True)}
_CHECKED = {**_BARE, "-q": ("quiet", True), "--quiet": ("quiet", True)}
_UP = {
    "-d": ("detach", True),
    "--detach": ("detach", True),
    "--wait": ("wait", True),
    "--no-deps": ("no_deps", True),
    "--no-watch": ("no_watch", True),
    "--port-shift": ("port_shift", True),
    "-t": ("stamps", True),
    "--timestamps": ("stamps", True),
    "--no-prefix": ("no_prefix", True),
    "--only-errors": ("only_errors", True),
    "--no-keys": ("no_keys", True),
}
_LOOK = {
    **_BARE,
    "-f": ("follow", True),
    "--follow": ("follow", True),
    "-t": ("timestamps", True),
    "--timestamps": ("timestamps", True),
    "--no-prefix": ("no_prefix", True),
    "--no-marks": ("no_marks", True),
    "--raw": ("raw", True),
    "--previous": ("previous", True),
}
FLAGS: dict[str, dict[str, tuple[str, Any]]] = {
    "status": _BARE,
    "start": _ORDER,
    "stop": _EXTENDED,
    "restart": _EXTENDED,
    "up": _UP,
    "ports": _LISTED,
    "ports ls": _LISTED,
    "ports check": _CHECKED,
    "ports who": _BARE,
    "ports next": _BARE,
    "logs": _LOOK,
}
"""By command: flag → parameter and its value."""
_LOOKS = ("ports", "ports ls", "ports check", "ports who", "ports next")
_NAMELESS = ("ports", "ports ls", "ports check", "ports next")
_PORT = "[1-9][0-9]{0,4}"
_HIGHEST, _MOST = 65535, 1000  # of ports, and of those that are asked for


def _lines(value: str) -> int | str | None:
    if value.isdecimal() and len(value) < 10:  # noqa: PLR2004 - more lines than any record has
        return int(value)
    return value if value == "all" else None


def _pattern(value: str) -> Any:
    from aura_stack.logs.sieve import pattern  # noqa: PLC0415 - a status needs none

    try:
        return pattern(value)
    except re.error:
        return None


def _port(value: str) -> int | None:
    return int(value) if re.fullmatch(_PORT, value) and int(value) <= _HIGHEST else None


def _count(value: str) -> int | None:
    number = _port(value)
    return number if number is not None and number <= _MOST else None


def _name(value: str) -> str | None:
    return value if value and not value.startswith("-") else None


_COUNT = ("tail", _lines, False)
_GREP, _EXCLUDE = ("grep", _pattern, True), ("exclude", _pattern, True)
VALUED: dict[str, dict[str, tuple[str, Callable[[str], Any], bool]]] = {
    "ports next": {
        "--from": ("first", _port, False),
        "--count": ("count", _count, False),
        "--range": ("name", _name, False),
    },
    "logs": {"-n": _COUNT, "--tail": _COUNT, "-g": _GREP, "--grep": _GREP, "--exclude": _EXCLUDE},
}
"""By command: flag → parameter, what reads the word behind it (None for a mistake), and whether several are meant."""


def understood(words: Sequence[str]) -> tuple[str | None, str, list[str], dict[str, Any]] | None:
    """Stack file, command, services and parameters of a line; None for one that is not among the quick ones."""
    file = None
    if len(words) > 1 and words[0] in _FILE and words[1]:
        file, words = words[1], words[2:]
    size = 2 if " ".join(words[:2]) in FLAGS else 1
    verb, names = " ".join(words[:size]), []
    if verb not in FLAGS:
        return None
    params: dict[str, Any] = {}
    valued = VALUED.get(verb, {})
    rest = iter(words[size:])
    for word in rest:
        if word in valued:
            name, read, several = valued[word]
            behind = next(rest, None)
            value = None if behind is None else read(behind)
            if value is None:
                return None
            params[name] = (*params.get(name, ()), value) if several else value
        elif word in FLAGS[verb]:
            name, value = FLAGS[verb][word]
            params[name] = value
        elif not word or word.startswith("-"):
            return None
        else:
            names.append(word)
    return (file, verb, names, params) if _may_have(verb, names) else None


def _may_have(verb: str, names: Sequence[str]) -> bool:
    """Whether these words may stand behind the command; why they may not, click says."""
    if verb == "ports who":
        return bool(names) and all(_port(name) for name in names)
    return not (names and verb in _NAMELESS)


def run(words: Sequence[str]) -> int | None:
    """Run a quick command line; the answer is its exit code, None if it is not one."""
    # what a profile makes of a stack stands in its file, and other files of variables are a flag's matter
    line = None if {COMPLETE, PROFILES, ENV_FILE} & os.environ.keys() else understood(words)
    if line is None:
        return None
    prepare()
    file, verb, names, params = line
    settings = Settings(file, color=resolve_color("auto", os.environ))
    as_json = params.get("as_json", False)
    return _guarded(lambda: _loaded(settings, verb, names, params), settings, as_json=as_json)


def _loaded(
    settings: Settings, verb: str, names: list[str], params: dict[str, Any]
) -> Callable[[], int | None]:
    """What carries the command out, ready to be called."""
    if verb in ("up", "logs") or verb in _LOOKS:
        from aura_stack.system import lean  # noqa: PLC0415 - each loads what it is made of

        lean.hurry()  # a look at ports has ended before there is anything to collect
    if verb == "up":
        from . import bringup  # noqa: PLC0415 - likewise

        return lambda: bringup.up(settings, names, **params)
    if verb == "logs":
        return _log_look(settings, names, params)
    if verb in _LOOKS:
        return _port_look(settings, verb, names, params)
    from . import running  # noqa: PLC0415 - likewise

    if verb == "status":
        return lambda: running.status(settings, names, as_json=params.get("as_json", False))
    return lambda: running.order(settings, verb, names, **params)


def _port_look(settings: Settings, verb: str, names: list[str], params: dict[str, Any]) -> Callable[[], int]:
    if verb == "ports next":
        from .ports_offered import offered  # noqa: PLC0415 - as above

        return lambda: offered(settings, **params)
    from . import ports_told  # noqa: PLC0415 - as above

    if verb == "ports who":
        return lambda: ports_told.who(list(map(int, names)), **params)
    return lambda: (ports_told.check if verb == "ports check" else ports_told.ls)(settings, **params)


def _log_look(settings: Settings, names: list[str], params: dict[str, Any]) -> Callable[[], int | None]:
    from aura_stack.system import lean  # noqa: PLC0415 - others need none of it

    from .looking import Options, look  # noqa: PLC0415 - likewise

    as_json = params.pop("as_json", False)
    options = Options(**params)

    def carry_out() -> int | None:
        if options.clash:
            return None
        lean.share()
        lean.settle()  # who follows stays all day
        look(settings, tuple(names), options, as_json=as_json)
        return ExitCode.OK

    return carry_out


def _show(error: AuraError, settings: Settings, *, as_json: bool) -> None:
    """As any other command would; only a mistake has to wait for click."""
    import click  # noqa: PLC0415 - see above

    from .report import show  # noqa: PLC0415 - likewise

    with click.Context(click.Command("aura-stack"), color=settings.color):
        show(error, as_json=as_json)


def _guarded(
    load: Callable[[], Callable[[], int | None]], settings: Settings, *, as_json: bool
) -> int | None:
    try:
        return _carried_out(load)
    except AuraError as error:
        _show(error, settings, as_json=as_json)
        return error.exit_code
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        return leave_early()
    except OSError as error:
        return not_writable(error)


def _carried_out(load: Callable[[], Callable[[], int | None]]) -> int | None:
    try:
        command = load()
        interrupt.heed()
        code = command()
        sys.stdout.flush()
    finally:
        interrupt.leave()
    return code
