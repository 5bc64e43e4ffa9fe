"""A Procfile as a definition: each line a service, PORT offered as honcho, foreman and overmind number it.

What those tools are told by variables counts here as well: PORT, and overmind's OVERMIND_FORMATION,
OVERMIND_CAN_DIE and so on, from the shell or from the files that they read.
"""

import re
from collections.abc import Iterable, Mapping

from aura_stack.errors import AuraError, ExitCode, Place
from aura_stack.frozen import Frozen
from aura_stack.reading.from_procfile import Process
from aura_stack.reading.suggest import did_you_mean
from aura_stack.reading.tree import Entry, Form, Scalar, Table
from aura_stack.reading.words import quoted

from .model import EnvFile, RestartPolicy, Service, Stack
from .template import ESCAPED
from .units import signal_number
from .variant import replica

BASE = 5000  # PORT of the first process; the second gets 5100
_HIGHEST = 65535
_PREFIX = "OVERMIND_"
_HEEDED = {
    "OVERMIND_ANY_CAN_DIE",
    "OVERMIND_AUTO_RESTART",
    "OVERMIND_CAN_DIE",
    "OVERMIND_ENV",
    "OVERMIND_FORMATION",
    "OVERMIND_IGNORED_PROCESSES",
    "OVERMIND_NO_PORT",
    "OVERMIND_PORT",
    "OVERMIND_PROCESSES",
    "OVERMIND_SKIP_ENV",
    "OVERMIND_STOP_SIGNALS",
    "OVERMIND_TIMEOUT",
}


class Formation(Frozen):
    """How the processes of a Procfile run.

    `names` are those of all lines. `base` is the first PORT, 0 for none; `counts` are processes by name; the end of
    one that `can_die` ends no other; `restarted` are started again; `meant` are those that run; `signals` stop
    them, KILL comes after `grace` seconds.
    """

    names: tuple[str, ...]
    base: int
    counts: Mapping[str, int]
    can_die: frozenset[str]
    restarted: frozenset[str]
    meant: tuple[str, ...]
    signals: Mapping[str, int]
    grace: float | None


def tree(processes: Iterable[Process], place: Place) -> Table:
    """The stack file that would say the same, as far as a stack file can."""
    services = {}
    for name, command in processes:
        text = Scalar(command.place, command.text.replace("$", ESCAPED), Form.QUOTED)
        entries = {"command": text, "restart": Scalar(command.place, str(RestartPolicy.NO))}
        services[name.text] = Entry(
            name, Table(name.place, {key: _entry(word) for key, word in entries.items()})
        )
    whole = Table(place, services)
    return Table(place, {"services": Entry(Scalar(place, "services"), whole)})


def formation(names: tuple[str, ...], variables: Mapping[str, str], signals: Mapping[str, int]) -> Formation:
    """What the variables say.

    Args:
        names: of all processes.
        variables: of the shell, and of the files beside the Procfile.
        signals: the signals of this system, numbers by names without SIG.

    Raises:
        AuraError: one of them makes no sense (exit code 5).
    """
    lists = ("CAN_DIE", "AUTO_RESTART", "PROCESSES", "IGNORED_PROCESSES")
    listed = {key: _names(variables, _PREFIX + key, names) for key in lists}
    restarted = listed["AUTO_RESTART"]
    any_can_die = _is_set(variables, "OVERMIND_ANY_CAN_DIE")
    wanted = listed["PROCESSES"] or frozenset(names)
    base = variables.get("OVERMIND_PORT") or variables.get("PORT") or str(BASE)
    return Formation(
        names=names,
        base=0 if _is_set(variables, "OVERMIND_NO_PORT") else _whole("PORT", base, _HIGHEST),
        counts=_counts(variables, names),
        can_die=frozenset(names) if any_can_die else listed["CAN_DIE"] | restarted,
        restarted=restarted,
        meant=tuple(name for name in names if name in wanted - listed["IGNORED_PROCESSES"]),
        signals=_signals(variables, names, signals),
        grace=float(_whole("OVERMIND_TIMEOUT", text, 86400))
        if (text := variables.get("OVERMIND_TIMEOUT"))
        else None,
    )


def formed(stack: Stack, how: Formation, counts: Mapping[str, int], files: tuple[EnvFile, ...]) -> Stack:
    """The services with what a stack file has no words for: a PORT that is only offered, a common end."""
    numbers = _numbers(how.names, how.base, counts)
    return stack.but(
        services=tuple(
            _formed(service, how, numbers.get(service.name, 0), files) for service in stack.services
        )
    )


def unheeded(variables: Iterable[str]) -> list[str]:
    """Those of overmind's variables that nothing here follows."""
    return sorted(name for name in variables if name.startswith(_PREFIX) and name not in _HEEDED)


def _formed(service: Service, how: Formation, number: int, files: tuple[EnvFile, ...]) -> Service:
    name, stop = service.family, service.stop
    restarted = name in how.restarted
    return service.but(
        offered=number if 0 < number <= _HIGHEST else 0,
        vital=name not in how.can_die,
        env_files=files,
        restart=service.restart.but(policy=RestartPolicy.ALWAYS if restarted else RestartPolicy.NO),
        stop=stop.but(
            signal=how.signals.get(name, stop.signal), grace=stop.grace if how.grace is None else how.grace
        ),
    )


def _numbers(names: tuple[str, ...], base: int, counts: Mapping[str, int]) -> dict[str, int]:
    """PORT by replica, as honcho hands it out: 100 further for each line, 1 further for each process of a line.

    Lines of which none runs count, too.
    """
    if not base:
        return {}
    from honcho.environ import expand_processes  # noqa: PLC0415 - 9 ms, for those who have a Procfile

    found = {}
    for params in expand_processes(dict.fromkeys(names, ""), concurrency=dict(counts), port=base):
        name, _, number = params.name.rpartition(".")
        found[replica(name, int(number))] = int(params.env["PORT"])
    return found


def _entry(word: Scalar) -> Entry:
    return Entry(word, word)


def _is_set(variables: Mapping[str, str], name: str) -> bool:
    return variables.get(name, "").casefold() not in {"", "0", "false", "f"}


def _names(variables: Mapping[str, str], key: str, names: tuple[str, ...]) -> frozenset[str]:
    found = {word.strip() for word in variables.get(key, "").split(",")} - {""}
    if found == {"all"}:
        return frozenset(names)
    for name in found:
        _known(key, name, names)
    return frozenset(found)


def _counts(variables: Mapping[str, str], names: tuple[str, ...]) -> dict[str, int]:
    key = "OVERMIND_FORMATION"
    pairs = _pairs(variables, key)
    found = dict.fromkeys(names, _whole(key, pairs.pop("all"), 100)) if "all" in pairs else {}
    for name, number in pairs.items():
        _known(key, name, names)
        found[name] = _whole(key, number, 100)
    return found


def _signals(
    variables: Mapping[str, str], names: tuple[str, ...], signals: Mapping[str, int]
) -> dict[str, int]:
    key = "OVERMIND_STOP_SIGNALS"
    found = {}
    for name, word in _pairs(variables, key).items():
        _known(key, name, names)
        number = signal_number(word, signals)
        if number is None:
            raise _nonsense(
                f"{key}: there is no signal called {quoted(word)} here", did_you_mean(word, signals)
            )
        found[name] = number
    return found


def _pairs(variables: Mapping[str, str], key: str) -> dict[str, str]:
    found = {}
    for pair in filter(None, (each.strip() for each in variables.get(key, "").split(","))):
        name, equals, value = pair.partition("=")
        if not equals:
            raise _nonsense(
                f"{key} should be of the form NAME=VALUE,NAME=VALUE, not {quoted(variables[key])}"
            )
        found[name.strip()] = value.strip()
    return found


def _known(key: str, name: str, names: tuple[str, ...]) -> None:
    if name not in names:
        raise _nonsense(f"{key}: the Procfile has no process {quoted(name)}", did_you_mean(name, names))


def _whole(key: str, text: str, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text.strip()) or int(text) > most:
        raise _nonsense(f"{key} should be a number up to {most}, not {quoted(text)}")
    return int(text)


def _nonsense(message: str, hint: str = "") -> AuraError:
    return AuraError(message, hint, ExitCode.INVALID)
