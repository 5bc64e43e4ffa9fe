"""What makes sense in a stack file beyond its shape: each rule looks at all of it and yields what breaks it."""

import posixpath
from collections.abc import Iterator, Mapping

from aura_stack.errors import InvalidDefinition, Place, Problem
from aura_stack.reading.suggest import did_you_mean
from aura_stack.reading.tree import Entry, Items, Scalar, Table
from aura_stack.reading.words import listed, quoted

from .graph import cycles
from .model import Condition
from .outline import as_variable, dependencies_of, is_external, ports_of, profiles, services, tasks
from .shape import DEEDS, SERVICE
from .units import seconds, signal_name, signal_number
from .versions import parse_constraint

_DATABASES = frozenset(
    {
        "postgres",
        "mysqld",
        "mariadbd",
        "mongod",
        "redis-server",
        "valkey-server",
        "memcached",
        "etcd",
        "clickhouse-server",
        "rabbitmq-server",
        "nats-server",
        "cockroach",
        "influxd",
    }
)
"""Programs of databases and the like."""

_OURS_ALONE = {"log": "prints nothing that could be read", "notify": "gets no socket on which to say so"}


def broken(root: Table, signals: Mapping[str, int]) -> Iterator[Problem]:
    """Everything in a checked stack file that breaks a rule.

    Args:
        root: what the check of its shape left.
        signals: the signals of this system, numbers by names without SIG.
    """
    for rule in (
        _names_apart,
        _sides,
        _something_to_check,
        _dependencies,
        _cycles,
        _delays,
        _handed_over,
        _watched,
        _requires,
        _mentions,
    ):
        yield from rule(root)
    yield from _variables_apart(root)
    yield from _signals(root, signals)


def _names_apart(root: Table) -> Iterator[Problem]:
    """Files and variables are named after services, so names may not differ by case, - and _ alone."""
    taken: dict[str, str] = {}
    for key, _ in services(root):
        other = taken.setdefault(as_variable(key.text), key.text)
        if other != key.text:
            message = f"the names {quoted(other)} and {quoted(key.text)} are too much alike"
            yield Problem(key.place, message, f"both would be AURA_PORT_{as_variable(other)}")


def _variables_apart(root: Table) -> Iterator[Problem]:
    """No two ports of a service come in one variable."""
    for _, service in services(root):
        taken: dict[str, str] = {}
        for port in ports_of(service):
            other = taken.setdefault(port.variable, port.key)
            if other != port.key:
                message = f"{quoted(other)} and {quoted(port.key)} would both be {port.variable}"
                yield Problem(port.entry.key.place, message)


def _sides(root: Table) -> Iterator[Problem]:
    """A service is ours and has a command, or it is external and has no key that is about running it."""
    for key, service in services(root):
        if service.is_void("external"):
            continue  # what was meant is anybody's guess
        external = is_external(service)
        for name, entry in service.entries.items():
            yield from _on_its_side(name, entry, external=external)
        if not external and "command" not in service.entries:
            hint = "or external: true, if it runs without us"
            yield Problem(key.place, f'service {quoted(key.text)} lacks the key "command"', hint)


def _on_its_side(name: str, entry: Entry, *, external: bool) -> Iterator[Problem]:
    only = SERVICE.keys[name].only
    if only and (only == "external") != external:
        kind = "an external service" if external else "a service that is not external"
        yield Problem(entry.key.place, f"{quoted(name)} means nothing for {kind}")


def _something_to_check(root: Table) -> Iterator[Problem]:
    """All we do with an external service is look whether it is there."""
    for key, service in services(root):
        if not is_external(service):
            continue
        if service.entries.keys().isdisjoint(("port", "ports", "ready")):
            message = (
                f"external service {quoted(key.text)} has neither port nor ready: nothing can be checked"
            )
            yield Problem(key.place, message)
        yield from _answerable(service.table("ready"))


def _answerable(ready: Table) -> Iterator[Problem]:
    """Conditions that only a run of ours can meet, those in lists among them."""
    parts = [part for key in ("all", "any") for part in ready.items(key) if isinstance(part, Table)]
    for table in (ready, *parts):
        for name, words in _OURS_ALONE.items():
            if entry := table.entries.get(name):
                message = f"an external service {words}"
                yield Problem(entry.key.place, message, "use a port, http, tcp, exec or file")


def _dependencies(root: Table) -> Iterator[Problem]:
    """Whatever is depended on exists, and can come as far as it must."""
    external = {key.text for key, service in services(root) if is_external(service)}
    once = {key.text for key, _ in tasks(root)}
    for _, service in (*services(root), *tasks(root)):
        explicit = service.table("depends_on").entries
        for one in dependencies_of(service):
            need, condition = one.name, one.condition
            yield from _known(need, root, "services", "tasks")
            if need.text in once and need.text in explicit and condition is not Condition.COMPLETED:
                yield Problem(need.place, f"task {quoted(need.text)} is never {condition}", "use completed")
            if condition is Condition.COMPLETED and need.text in external:
                yield Problem(
                    need.place, f"external service {quoted(need.text)} never completes", "use ready"
                )
            if one.restart and need.text in external | once:
                what = "external service" if need.text in external else "task"
                yield Problem(
                    need.place, f"{what} {quoted(need.text)} is never restarted", "leave restart out"
                )


def _cycles(root: Table) -> Iterator[Problem]:
    """Nothing waits for itself; the last step of the ring is where it is reported."""
    places: dict[str, dict[str, Place]] = {
        key.text: {one.name.text: one.name.place for one in dependencies_of(service)}
        for key, service in (*services(root), *tasks(root))
    }
    for ring in cycles(places):
        yield Problem(places[ring[-2]][ring[-1]], f"a dependency cycle: {' → '.join(ring)}")


def _delays(root: Table) -> Iterator[Problem]:
    """The delays before restarts do not begin above where they end."""
    for _, service in services(root):
        backoff = service.table("backoff")
        first, longest = backoff.scalar("first"), backoff.scalar("max")
        if first and longest and seconds(first.text) > seconds(longest.text):
            message = f"the first delay, {first.text}, is longer than the longest, {longest.text}"
            yield Problem(first.place, message)


def _handed_over(root: Table) -> Iterator[Problem]:
    """What is handed over has a socket that can be, and keeps nothing that two runs at once would destroy."""
    for _, service in services(root):
        node, state = service.get("handover"), service.scalar("stateful")
        mode = node if isinstance(node, Scalar) else service.table("handover").scalar("mode")
        if mode is None or mode.is_nothing or mode.text == "stop-first":
            continue
        if service.entries.keys().isdisjoint(("port", "ports")):
            yield Problem(mode.place, f"{mode.text} holds the sockets of a service, and this one has no port")
        elif state and state.value is True:
            yield Problem(mode.place, f"{mode.text} is not for what is stateful", "use stop-first")
        elif (program := _program(service)) in _DATABASES:
            words = f"{program} keeps what two runs at once would destroy"
            yield Problem(mode.place, words, "use stop-first: clients are refused while it restarts")
        by = service.table("handover").scalar("by")
        settle = service.table("handover").scalar("settle")
        if settle and mode.text != "overlap" and seconds(settle.text):
            words = (
                f"only in an overlap the new run can stay ready beside the old one, and this is {mode.text}"
            )
            yield Problem(settle.place, words)
        if by and by.text == "front" and any("{fd" in word for word in _words(service)):
            hint = "write ${port} in the place of {fd}, or leave the front out"
            yield Problem(by.place, "the front hands on to a port, and the command asks for a socket", hint)


def _words(service: Table) -> Iterator[str]:
    """What a command is made of."""
    command = service.get("command")
    for node in command.nodes if isinstance(command, Items) else (command,):
        if isinstance(node, Scalar):
            yield node.text


def _program(service: Table) -> str:
    """The name of the program that a command begins with."""
    command = service.get("command")
    word = command.nodes[0] if isinstance(command, Items) and command.nodes else command
    text = word.text if isinstance(word, Scalar) else ""
    return posixpath.basename(text.split()[0]) if text.split() else ""


def _watched(root: Table) -> Iterator[Problem]:
    """There is something to watch, and no pattern means less than it seems to."""
    for _, service in services(root):
        watch = service.table("watch")
        if "paths" in watch.entries and not watch.is_void("paths") and not watch.items("paths"):
            yield Problem(
                watch.entries["paths"].key.place, "nothing would be watched", "watch: false turns it off"
            )
        rules = [rule for rule in watch.items("rules") if isinstance(rule, Table)]
        patterns = [*watch.items("paths"), *watch.items("ignore")]
        for word in (*patterns, *(word for rule in rules for word in rule.items("match"))):
            if isinstance(word, Scalar):
                yield from _pattern(word)
        for rule in rules:
            yield from _deed(rule)


def _deed(rule: Table) -> Iterator[Problem]:
    """A rule says what is done."""
    deeds = [name for name in DEEDS if name in rule.entries]
    if not deeds:
        yield Problem(rule.place, "this rule says not what is done", f"it takes one of {listed(DEEDS)}")
    for name in deeds:
        word = rule.scalar(name)
        if word is not None and word.value is False:
            yield Problem(word.place, f"{quoted(name)} can only be true", "leave out the rule")


def _pattern(word: Scalar) -> Iterator[Problem]:
    """What other tools read as more than a name is taken for one here, so it is told instead."""
    text, hint = word.text, ""
    if text.startswith("!"):
        hint = "a pattern has no exceptions"
    elif text == "~" or text.startswith("~/"):
        hint = "write ${HOME} for ~"
    elif "{" in text and "," in text:
        hint = "write several patterns for { , }"
    if hint:
        yield Problem(word.place, f"{quoted(text)} would be the name of a file", hint)
    elif posixpath.normpath(text) in {"/", "//"}:
        yield Problem(word.place, "/ is the whole machine", "name a folder")


def _signals(root: Table, signals: Mapping[str, int]) -> Iterator[Problem]:
    """The signals that are to be sent, and those that are a success, exist here."""
    for _, service in services(root):
        codes = service.items("success_codes")
        named = [word for word in codes if isinstance(word, Scalar) and not word.text.isdecimal()]
        rules = [rule for rule in service.table("watch").items("rules") if isinstance(rule, Table)]
        sent = [service.table("stop").scalar("signal"), *(rule.scalar("signal") for rule in rules)]
        for word in filter(None, (*sent, *named)):
            if signal_number(word.text, signals) is not None:
                continue
            hint = did_you_mean(signal_name(word.text), signals)
            yield Problem(word.place, f"there is no signal called {quoted(word.text)} here", hint)


def _requires(root: Table) -> Iterator[Problem]:
    """Every version that is asked for can be read."""
    for entry in root.table("requires").entries.values():
        if isinstance(entry.node, Scalar):
            try:
                parse_constraint(entry.node.text, entry.node.place)
            except InvalidDefinition as invalid:
                yield from invalid.problems


def _mentions(root: Table) -> Iterator[Problem]:
    """Tasks and profiles name services that exist; a task has a name of its own."""
    own = {key.text: key for key, _ in services(root)}
    for key, task in tasks(root):
        if service := task.scalar("service"):
            yield from _known(service, root, "services")
            if service.text in own and is_external(root.table("services").table(service.text)):
                yield Problem(
                    service.place, f"{quoted(service.text)} is external and has no folder of its own"
                )
        if key.text in own:
            message = f"service {quoted(key.text)} has that name already, on line {own[key.text].place.line}"
            yield Problem(key.place, message)
    for _, _, named in profiles(root):
        for name in named or ():
            yield from _known(name, root, "services")


def _known(name: Scalar, root: Table, *kinds: str) -> Iterator[Problem]:
    known = [one for kind in kinds for one in root.table(kind).entries]
    if name.text not in known:
        once = len(kinds) > 1 and root.table("tasks").entries
        what = "no service and no task is called" if once else "no service is called"
        yield Problem(name.place, f"{what} {quoted(name.text)}", did_you_mean(name.text, known))
