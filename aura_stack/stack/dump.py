"""Writes a resolved stack as the stack file that would define it: defaults, numbers and addresses filled in.

What comes out is plain data in the shape of shape.STACK. Read again, it gives the same stack.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .filled import SHELL
from .model import (
    Answer,
    By,
    Command,
    Deed,
    EnvFile,
    Handover,
    Health,
    Host,
    Prepare,
    ProbeKind,
    Ready,
    Restart,
    Service,
    Stack,
    Watch,
    WatchRule,
    address,
)

Data = dict[str, Any]

_UNITS = ((3600, "h"), (60, "m"), (1, "s"))
_SPECIAL_DOLLAR = re.compile(r"\$(?=[${])")


def dump(stack: Stack, signals: Mapping[str, int]) -> Data:
    """The whole stack.

    Args:
        stack: resolved.
        signals: the signals of this system, numbers by names without SIG.
    """
    return _without_empty(
        {
            "name": stack.name,
            "env_file": _env_files(stack.env_files),
            "requires": {each.program: each.versions for each in stack.requires},
            "services": {
                service.name: _service(service, signals) | _replicas(service, stack)
                for service in stack.services
                if not service.task and service.replica == 1
            },
            "tasks": {task.name: _task(task) for task in stack.tasks},
            "profiles": {
                name: list(dict.fromkeys(stack.service(one).family for one in names))
                for name, names in stack.profiles.items()
            },
        }
    )


def _replicas(service: Service, stack: Stack) -> Data:
    count = sum(one.family == service.name for one in stack.services)
    return {"replicas": count} if count > 1 else {}


def _task(task: Service) -> Data:
    return _without_empty(
        {
            "command": _command(task.command),
            **_surroundings(task),
            "needs": list(task.depends_on),
            "inputs": list(map(_text, task.inputs)),
            "outputs": list(map(_text, task.outputs)),
        }
    )


def _surroundings(service: Service) -> Data:
    """Its folder and variables, those of profiles among them."""
    offered = {"PORT": str(service.offered)} if service.offered else {}
    env = {**offered, **service.env, **service.profile_env}
    return {
        "cwd": _text(service.cwd),
        "env": {name: None if value is None else _text(value) for name, value in env.items()},
        "env_file": _env_files((*service.env_files, *service.profile_files)),
    }


def _env_files(files: Iterable[EnvFile]) -> list[str | Data]:
    return [
        _text(file.path) if file.required else {"path": _text(file.path), "required": False} for file in files
    ]


def duration(seconds: float) -> str:
    """Seconds in the largest unit that needs no fraction: `5m`, `90s`, `250ms`."""
    for size, unit in _UNITS:
        if seconds and seconds % size == 0:
            return f"{seconds // size:.0f}{unit}"
    milliseconds = f"{seconds * 1000:.6f}".rstrip("0").rstrip(".")
    return f"{milliseconds}ms" if seconds else "0s"


def _service(service: Service, signals: Mapping[str, int]) -> Data:
    common = {
        "port": next((port.number for port in service.ports if not port.key), None),
        "ports": {port.key: port.number for port in service.ports if port.key},
        "ready": _ready(service.ready, service.port),
    }
    if service.external:
        return _without_empty(
            {"external": True, **common, "required": service.required, "hint": _text(service.hint)}
        )
    return (
        _without_empty(
            {
                "command": _command(service.command),
                **_surroundings(service),
                **common,
                "prepare": [_prepare(step) for step in service.prepare],
                "watch": _watch(service.watch, signals) if service.watch else None,
                "health": _health(service.health, service.port) if service.health else None,
                "depends_on": {name: _dependency(service, name) for name in service.depends_on},
                **_restart(service.restart),
                "stop": _without_empty(
                    {
                        "signal": next(
                            name for name, number in signals.items() if number == service.stop.signal
                        ),
                        "grace": duration(service.stop.grace),
                        "command": _command(service.stop.command),
                    }
                ),
            }
        )
        | ({"stdin": None} if service.stdin_null else {})
        | ({"success_codes": list(service.success_codes)} if service.success_codes else {})
        | ({"tty": True} if service.tty else {})
        | _handover(service.handover)
    )


def _handover(handover: Handover) -> Data:
    if handover == Handover():
        return {}
    more = {} if handover.host is Host.LOOPBACK else {"host": str(handover.host)}
    more |= {} if handover.by is By.TRIED else {"by": str(handover.by)}
    more |= {"settle": duration(handover.settle)} if handover.settle else {}
    word = str(handover.mode)
    return {"handover": {"mode": word, **more} if more else word}


def _ready(ready: Ready, main_port: int | None) -> Data:
    return {**_condition(ready, main_port), "timeout": duration(ready.timeout)}


def _health(health: Health, main_port: int | None) -> Data:
    if health.ask.kind is ProbeKind.NOTIFY:
        return {"watchdog": duration(health.every)}
    times = {"every": duration(health.every), "timeout": duration(health.timeout)}
    return {**_condition(health.ask, main_port), **times, "failures": health.failures}


def _dependency(service: Service, name: str) -> str | Data:
    condition = str(service.depends_on[name])
    return {"condition": condition, "restart": True} if name in service.follows else condition


def _condition(ready: Ready, main_port: int | None) -> Data:
    parts = [_condition(part, main_port) for part in ready.parts]
    values: dict[ProbeKind, Any] = {
        ProbeKind.HTTP: _http(ready, main_port),
        ProbeKind.TCP: ready.port,
        ProbeKind.LOG: _text(ready.target),
        ProbeKind.EXEC: _command(ready.command),
        ProbeKind.FILE: _text(ready.target),
        ProbeKind.NOTIFY: True,
        ProbeKind.GRPC: _without_empty({"service": _text(ready.target), "port": ready.port}),
        ProbeKind.ALL: parts,
        ProbeKind.ANY: parts,
    }
    return {str(ready.kind): values[ready.kind]} if ready.kind in values else {}


def _http(ready: Ready, main_port: int | None) -> str | Data:
    """A path or an address by itself, unless more was said of the answer."""
    path = _text(ready.target if ready.port == main_port else address(ready.port) + ready.target)
    if ready.answer == Answer():
        return path
    return _without_empty(
        {
            "path": path,
            "status": [low if low == high else f"{low}-{high}" for low, high in ready.answer.statuses],
            "header": {name: _text(value) for name, value in ready.answer.headers},
            "body": _text(ready.answer.body),
        }
    )


def _restart(restart: Restart) -> Data:
    rate = f"{restart.tries} in {duration(restart.window)}"
    return {
        "restart": str(restart.policy),
        "backoff": {"first": duration(restart.first), "max": duration(restart.maximum)},
        "give_up": "never" if restart.tries is None else rate,
    }


def _prepare(step: Prepare) -> Data:
    inputs, outputs = [list(map(_text, paths)) for paths in (step.inputs, step.outputs)]
    return _without_empty({"command": _command(step.command), "inputs": inputs, "outputs": outputs})


def _watch(watch: Watch, signals: Mapping[str, int]) -> Data:
    paths, ignore = [list(map(_text, patterns)) for patterns in (watch.paths, watch.ignore)]
    rules = [_watch_rule(rule, signals) for rule in watch.rules]
    data = {"paths": paths, "ignore": ignore, "build": _command(watch.build), "rules": rules}
    flags = ({} if watch.gitignore else {"gitignore": False}) | (
        {"dependents": True} if watch.dependents else {}
    )
    return _without_empty(data) | flags


def _watch_rule(rule: WatchRule, signals: Mapping[str, int]) -> Data:
    values: dict[Deed, Any] = {
        Deed.SIGNAL: next((name for name, number in signals.items() if number == rule.signal), ""),
        Deed.RUN: _command(rule.command),
    }
    return {"match": list(map(_text, rule.match)), str(rule.deed): values.get(rule.deed, True)}


def _command(command: Command | None) -> str | list[str] | None:
    """Text if /bin/sh runs it, which is how text is read, else a list."""
    if command is None:
        return None
    if command.argv == (*SHELL, command.text):
        return _text(command.text)
    return [_text(word) for word in command.argv]


def _text(text: str) -> str:
    """The text as it has to be written so that it means itself."""
    return _SPECIAL_DOLLAR.sub("$$", text)


def _without_empty(data: Data) -> Data:
    return {key: value for key, value in data.items() if value not in (None, "", [], {})}
