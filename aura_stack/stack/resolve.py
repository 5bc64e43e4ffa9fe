"""Makes the resolved Stack out of a checked stack file: references and defaults filled in, paths absolute."""

import posixpath
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from aura_stack.errors import Place, Problem
from aura_stack.frozen import Frozen, NamedTuple
from aura_stack.reading.tree import Scalar, Table
from aura_stack.reading.words import quoted

from .addresses import Addresses
from .filled import Filled
from .graph import closure
from .health import health
from .model import (
    MAIN_PORT,
    By,
    Condition,
    Deed,
    EnvFile,
    Handover,
    Host,
    Mode,
    Port,
    Prepare,
    Requirement,
    Restart,
    RestartPolicy,
    Service,
    Stack,
    Stop,
    Watch,
    WatchRule,
)
from .outline import dependencies_of, env_files_of, is_external, profiles, services, tasks
from .readiness import readiness
from .selection import Chosen
from .units import rate, seconds, signal_number
from .variant import replica


class Surroundings(Frozen):
    """What the definition cannot say itself: where it stands, and what this system is like."""

    file: str  # absolute
    directory: str  # of the file; paths in it are relative to this one
    is_directory: Callable[[str], bool]
    signals: Mapping[str, int]


class Resolved(NamedTuple):
    """The stack, which is complete when there are no problems."""

    stack: Stack
    problems: tuple[Problem, ...]


class Meant(Frozen):
    """What the variant makes of the definition: chosen profiles, and how many of each service there are."""

    chosen: Chosen
    counts: Mapping[str, int]

    def names(self, service: str) -> tuple[str, ...]:
        """The names of all replicas of a service."""
        return tuple(replica(service, number) for number in range(1, self.counts.get(service, 1) + 1))


_RESTART, _HANDOVER, _STOP = Restart(), Handover(), Stop()  # as they are where nothing is said

PLAIN = Meant(Chosen((), None, ""), MappingProxyType({}))
"""The definition as it stands."""


def resolve(
    root: Table, ports: Mapping[str, tuple[Port, ...]], around: Surroundings, meant: Meant = PLAIN
) -> Resolved:
    """Resolve a stack.

    Args:
        root: what validate left of the file.
        ports: the ports of each service, and each replica, that has any.
        around: where the file stands.
        meant: which variant of it.
    """
    problems: list[Problem] = []
    families = {name: key.text for key, _ in services(root) for name in meant.names(key.text)}
    addresses = Addresses(root.table("services"), ports, families)
    once = frozenset(key.text for key, _ in tasks(root))

    def needs(table: Table) -> dict[str, Condition]:
        return dict(_needs(table, once, meant))

    def filled(name: str) -> Filled:
        return Filled(name, addresses, problems)

    found = {}
    for key, table in services(root):
        for number, name in enumerate(meant.names(key.text), start=1):
            words = filled(name)
            service = _own(key, table, ports.get(name, ()), around, words, meant.chosen)
            if _may_be_fronted(service):
                behind = _own(key, table, service.ports, around, words.marking(), meant.chosen)
                service = service.but(behind=behind)
            found[name] = service.but(
                name=name,
                base="" if number == 1 else key.text,
                replica=number,
                depends_on=needs(table),
                follows=_follows(table, meant),
            )
    works = {key.text: _task(key, table, found, around, filled, meant.chosen) for key, table in tasks(root)}
    works = {key.text: works[key.text].but(depends_on=needs(table)) for key, table in tasks(root)}
    called = root.scalar("name")
    stack = Stack(
        name=called.text if called else posixpath.basename(around.directory) or "stack",
        file=around.file,
        directory=around.directory,
        services=(*found.values(), *_needed(found, works)),
        requires=tuple(_requirements(root)),
        env_files=env_files_of(root, around.directory),
        tasks=tuple(works.values()),
        profiles=_profiles(root, meant),
    )
    return Resolved(stack, tuple(problems))


def _needs(table: Table, once: frozenset[str], meant: Meant) -> Iterator[tuple[str, Condition]]:
    """What is depended on, every replica of it; a task has to be completed."""
    for one in dependencies_of(table):
        if one.name.text in once:
            yield one.name.text, Condition.COMPLETED
        else:
            for name in meant.names(one.name.text):
                yield name, one.condition


def _follows(table: Table, meant: Meant) -> tuple[str, ...]:
    """Whose new runs are followed by new ones, every replica of it."""
    return tuple(name for one in dependencies_of(table) if one.restart for name in meant.names(one.name.text))


def _needed(found: Mapping[str, Service], works: Mapping[str, Service]) -> tuple[Service, ...]:
    """The tasks on which services depend, by way of other tasks as well."""
    needs = {name: tuple(one.depends_on) for name, one in {**works, **found}.items()}
    return tuple(works[name] for name in closure(found, needs) if name in works)


def _profiles(root: Table, meant: Meant) -> dict[str, tuple[str, ...]]:
    """The services that go by the name of a profile, all replicas of them."""
    every = tuple(key.text for key, _ in services(root))
    return {
        name.text: tuple(
            one
            for word in (every if words is None else (each.text for each in words))
            for one in meant.names(word)
        )
        for name, _, words in profiles(root)
    }


def _own(
    key: Scalar, table: Table, ports: tuple[Port, ...], around: Surroundings, filled: Filled, chosen: Chosen
) -> Service:
    """What a service is by its own words, and by those of the chosen profiles."""
    return _varied(_service(key, table, ports, around, filled), chosen, filled, around)


def _may_be_fronted(service: Service) -> bool:
    handover = service.handover
    return bool(service.ports) and handover.mode is not Mode.STOP_FIRST and handover.by is not By.SOCKET


def _varied(service: Service, chosen: Chosen, filled: Filled, around: Surroundings) -> Service:
    """The service as the chosen profiles have it run."""
    if service.external:
        return service
    env: dict[str, str | None] = {}
    files: list[EnvFile] = []
    for table in chosen.tables:
        env |= dict(_env(table, filled))
        files += env_files_of(table, around.directory)
    return service.but(profile_env=env, profile_files=tuple(files)) if env or files else service


def _task(
    key: Scalar,
    table: Table,
    found: Mapping[str, Service],
    around: Surroundings,
    filled: Callable[[str], Filled],
    chosen: Chosen,
) -> Service:
    """A task: a service with an end, in the folder and with the variables of the service it belongs to."""
    word = table.scalar("service")
    owner = found.get(word.text) if word else None
    words = filled(owner.name if owner else key.text)
    own = dict(_env(table, words))
    numbers = {port.variable: str(port.number) for port in owner.ports} if owner else {}
    task = Service(
        name=key.text,
        place=key.place,
        command=words.command(table.get("command")),
        cwd=_cwd(table, around, words) if table.scalar("cwd") or not owner else owner.cwd,
        env={**numbers, **(owner.env if owner else {}), **own},
        env_places={**(owner.env_places if owner else {}), **_env_places(table)},
        env_files=(*(owner.env_files if owner else ()), *env_files_of(table, around.directory)),
        restart=Restart(RestartPolicy.NO),
        stdin_null=True,
        task=True,
        inputs=_paths(table, "inputs"),
        outputs=_paths(table, "outputs"),
    )
    return _varied(task, chosen, words, around)


def _requirements(root: Table) -> Iterator[Requirement]:
    for key, node in root.table("requires").entries.values():
        if isinstance(node, Scalar):
            yield Requirement(key.text, node.text, node.place)


def _service(
    name: Scalar, table: Table, ports: tuple[Port, ...], around: Surroundings, filled: Filled
) -> Service:
    main = next((port.number for port in ports if port.variable == MAIN_PORT), None)
    cwd = _cwd(table, around, filled)
    required, stdin, hint = table.scalar("required"), table.get("stdin"), table.scalar("hint")
    tty = table.get("tty")
    return Service(
        name=name.text,
        place=name.place,
        command=filled.command(table.get("command")),
        cwd=cwd,
        env=dict(_env(table, filled)),
        env_places=_env_places(table),
        env_files=env_files_of(table, around.directory),
        ports=ports,
        prepare=tuple(_prepare(table, filled)),
        watch=_watch(table, filled, around),
        ready=readiness(table.table("ready"), filled, main, cwd),
        health=health(table.get("health"), filled, main, cwd),
        restart=_restart(table),
        handover=_handover(table),
        stop=_stop(table.table("stop"), filled, around),
        success_codes=tuple(_success_codes(table, around)),
        stdin_null=isinstance(stdin, Scalar) and stdin.is_nothing,
        tty=isinstance(tty, Scalar) and tty.value is True,
        external=is_external(table),
        required=required is None or required.value is True,
        hint=filled.text(hint) if hint else "",
    )


def _cwd(table: Table, around: Surroundings, filled: Filled) -> str:
    word = table.scalar("cwd")
    if word is None:
        return posixpath.normpath(around.directory)
    text = filled.text(word)
    path = posixpath.normpath(posixpath.join(around.directory, text))
    if text and not around.is_directory(path):
        hint = "write ${HOME} for ~" if text.startswith("~") else ""
        filled.report(word.place, f"there is no folder {quoted(text)}", hint)
    return path


def _env(table: Table, filled: Filled) -> Iterator[tuple[str, str | None]]:
    for key, node in table.table("env").entries.values():
        if isinstance(node, Scalar):
            yield key.text, None if node.is_nothing else filled.text(node)


def _env_places(table: Table) -> dict[str, Place]:
    return {name: entry.key.place for name, entry in table.table("env").entries.items()}


def _prepare(table: Table, filled: Filled) -> Iterator[Prepare]:
    for node in table.items("prepare"):
        command = filled.command(node.get("command")) if isinstance(node, Table) else None
        if isinstance(node, Table) and command:
            yield Prepare(command, _paths(node, "inputs"), _paths(node, "outputs"))


def _watch(table: Table, filled: Filled, around: Surroundings) -> Watch | None:
    """`true` and a mapping turn it on, `false`, nothing and no key leave it off."""
    node = table.get("watch")
    if not isinstance(node, Table):
        return Watch() if isinstance(node, Scalar) and node.value is True else None
    gitignore, dependents = node.scalar("gitignore"), node.scalar("dependents")
    return Watch(
        _paths(node, "paths") or Watch.paths,
        _paths(node, "ignore"),
        gitignore is None or gitignore.value is not False,
        filled.command(node.get("build")),
        dependents is not None and dependents.value is True,
        tuple(_watch_rules(node, filled, around)),
    )


def _watch_rules(watch: Table, filled: Filled, around: Surroundings) -> Iterator[WatchRule]:
    for rule in watch.items("rules"):
        if not isinstance(rule, Table):
            continue
        deed = next((each for each in Deed if str(each) in rule.entries), Deed.RESTART)
        name = rule.scalar("signal")
        number = signal_number(name.text, around.signals) if name else None
        yield WatchRule(_paths(rule, "match"), deed, number or 0, filled.command(rule.get("run")))


def _paths(table: Table, key: str) -> tuple[str, ...]:
    return tuple(item.text for item in table.items(key) if isinstance(item, Scalar))


def _restart(table: Table) -> Restart:
    if table.entries.keys().isdisjoint(("restart", "give_up", "backoff")):
        return _RESTART
    word, give_up, default = table.scalar("restart"), table.scalar("give_up"), _RESTART
    tries, window = default.tries, default.window
    if give_up:
        tries, window = (None, window) if give_up.text == "never" else rate(give_up.text)
    return Restart(
        policy=RestartPolicy(word.text) if word else default.policy,
        first=_seconds(table.table("backoff"), "first", default.first),
        maximum=_seconds(table.table("backoff"), "max", default.maximum),
        tries=tries,
        window=window,
    )


def _handover(table: Table) -> Handover:
    """A word alone is its mode."""
    node = table.get("handover")
    if node is None:
        return _HANDOVER
    if isinstance(node, Scalar) and not node.is_nothing:
        return Handover(Mode(node.text))
    mode, host, by = (table.table("handover").scalar(key) for key in ("mode", "host", "by"))
    return Handover(
        Mode(mode.text) if mode else Mode.STOP_FIRST,
        Host(host.text) if host else Host.LOOPBACK,
        By(by.text) if by else By.TRIED,
        _seconds(table.table("handover"), "settle", Handover.settle),
    )


def _seconds(table: Table, key: str, default: float) -> float:
    word = table.scalar(key)
    return seconds(word.text) if word else default


def _success_codes(table: Table, around: Surroundings) -> Iterator[int]:
    """Signals as the shell counts them: 128 and their number (POSIX sh, 2.8.2)."""
    for word in table.items("success_codes"):
        if isinstance(word, Scalar):
            signal = signal_number(word.text, around.signals)
            if signal is not None:
                yield 128 + signal
            elif isinstance(word.value, int):  # anything else has been reported
                yield word.value


def _stop(table: Table, filled: Filled, around: Surroundings) -> Stop:
    if not table.entries:
        return _STOP
    name = table.scalar("signal")
    number = signal_number(name.text, around.signals) if name else None
    return Stop(
        signal=_STOP.signal if number is None else number,
        grace=_seconds(table, "grace", _STOP.grace),
        command=filled.command(table.get("command")),
    )
