"""What a stack is once it has been read: plain frozen data with every default filled in.

Durations are seconds, signals are the kernel's numbers, paths are absolute. A service that is `external`
is not ours: it has no command, it is checked and never started or stopped.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from aura_stack.errors import Place
from aura_stack.frozen import Frozen, NamedTuple

MAIN_PORT = "PORT"  # the variable by which a service learns the number it is asked to listen on


_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Condition(StrEnum):
    """How far a dependency must have come before its dependent starts."""

    STARTED = "started"
    READY = "ready"
    COMPLETED = "completed"


class RestartPolicy(StrEnum):
    """When a service that ended by itself is started again."""

    NO = "no"
    ON_FAILURE = "on-failure"
    ALWAYS = "always"


class ProbeKind(StrEnum):
    """What makes a service ready."""

    STARTED = "started"  # nothing to ask: it is ready once it runs
    TCP = "tcp"
    HTTP = "http"
    LOG = "log"
    EXEC = "exec"
    FILE = "file"
    NOTIFY = "notify"
    GRPC = "grpc"
    ALL = "all"  # of several
    ANY = "any"


class Command(Frozen):
    """What is executed: `argv` as it stands; `text` is that in one line.

    `masked` is the same without the secrets that variables have brought into it, "" where there are none.
    """

    argv: tuple[str, ...]
    text: str
    place: Place
    masked: str = ""

    @property
    def shown(self) -> str:
        """The text for messages, and for whatever others may read."""
        return self.masked or self.text


class Port(Frozen):
    """A number a service listens on.

    `key` is "" for the one called `port`, else the name under `ports`. `variable` is the name under which the
    number reaches the service: PORT for the main one, which is `port` or else the first of `ports`,
    PORT_METRICS for another one called `metrics`. `entry` and `range` are the manifest's names, "" for a
    plain number. `written` is the number in the file, where this checkout has another; else 0.
    """

    key: str
    number: int
    variable: str
    entry: str
    range: str
    place: Place
    written: int = 0


class PortClaim(NamedTuple):
    """A port as the stack file asks for it: by the name of an entry or, as an int, by number; see Port."""

    service: str
    external: bool
    key: str
    variable: str
    word: str | int
    place: Place


class Prepare(Frozen):
    """A step that runs before the first start, when an input changed or an output is missing."""

    command: Command
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


class Answer(Frozen):
    """What an answer over HTTP has to be.

    `statuses` are ranges with both their ends, of which it has to lie in one; `headers` are names and the values
    that it has to have for them; `body` is a regular expression that it has to match somewhere, "" for none.
    """

    statuses: tuple[tuple[int, int], ...] = ((200, 399),)
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""


class Ready(Frozen):
    """When a service counts as ready.

    `target` is the path (http), the port's number as text (tcp), the regular expression (log), the path of a file or
    whose health is asked (grpc); `command` is what exec runs. `port` is the number that tcp, http and grpc ask, 0
    for the other kinds.
    `answer` is what http has to get, `parts` are the conditions of which all, or any, have to be met.
    """

    kind: ProbeKind
    target: str = ""
    port: int = 0
    command: Command | None = None
    timeout: float = 60.0
    answer: Answer = Answer()
    parts: "tuple[Ready, ...]" = ()

    @property
    def conditions(self) -> "tuple[Ready, ...]":
        """What is asked: its parts, or itself where it has none."""
        return self.parts or (self,)


class Deed(StrEnum):
    """What is done on a save."""

    RESTART = "restart"
    IGNORE = "ignore"
    SIGNAL = "signal"
    RUN = "run"


class WatchRule(Frozen):
    """What is done on a save of certain files: `match` as `Watch.ignore`; with a signal, or a command."""

    match: tuple[str, ...]
    deed: Deed
    signal: int = 0
    command: Command | None = None


class Health(Frozen):
    """How a service that is ready is asked whether it is well, and when it is restarted for its answers.

    `ask` is a condition like those of readiness; of kind `notify` it is a watchdog, and the service has to say
    WATCHDOG=1 itself at least `every` seconds. `timeout` is how long one answer may take, `failures` how many bad
    ones in a row are too many.
    """

    ask: Ready
    every: float = 5.0
    timeout: float = 5.0
    failures: int = 3


class Watch(Frozen):
    """Whose saves restart a service: files, folders and patterns as written, from the service's folder.

    An `ignore` without a slash is the name of a file or folder at any depth, one with a slash starts from the
    folder. The first rule that fits a file says what its save does; without one, the service is restarted, once
    the `build` has succeeded, and with `dependents` what depends on it, too.
    """

    paths: tuple[str, ...] = (".",)
    ignore: tuple[str, ...] = ()
    gitignore: bool = True
    build: Command | None = None
    dependents: bool = False
    rules: tuple[WatchRule, ...] = ()


class Mode(StrEnum):
    """How a new run of a service follows the old one."""

    STOP_FIRST = "stop-first"
    HOLD = "hold"  # clients wait meanwhile: the listening sockets are ours
    OVERLAP = "overlap"  # the new one is ready before the old one is stopped


class Host(StrEnum):
    """From where the sockets that are held for a service can be reached."""

    LOOPBACK = "loopback"
    ANY = "any"


class By(StrEnum):
    """How a service is served by a socket that is held for it."""

    TRIED = "tried"  # it is found out which of the others will do
    SOCKET = "socket"  # it gets the socket itself
    FRONT = "front"  # a process of ours accepts, and hands on to a port of the run's own


class Handover(Frozen):
    """How a new run follows the old one, and how and from where its sockets are served where they are held.

    In an overlap the new one takes over when it has been ready for `settle` seconds.
    """

    mode: Mode = Mode.STOP_FIRST
    host: Host = Host.LOOPBACK
    by: By = By.TRIED
    settle: float = 0.0


class Restart(Frozen):
    """When and how fast a service is started again: `tries` in `window` seconds, None for never giving up."""

    policy: RestartPolicy = RestartPolicy.ON_FAILURE
    first: float = 0.0
    maximum: float = 30.0
    tries: int | None = 10
    window: float = 300.0


class EnvFile(Frozen):
    """A file of variables: its absolute path; whether it is a mistake that it is not there."""

    path: str
    required: bool
    place: Place


class Stop(Frozen):
    """How a service is asked to end: a signal to its group, then KILL after `grace` seconds."""

    signal: int = 15
    grace: float = 10.0
    command: Command | None = None


class Service(Frozen):
    """One service or task of the stack, resolved: nothing in it is a reference any more.

    `env_places` says where each of `env` stands. `profile_env` and `profile_files` come from the profiles that
    were chosen, and win over `env` and `env_files`. `base` is the name in the file, which the first replica
    bears, and `replica` counts from 1. `offered` is a number it may listen on and need not (a Procfile's PORT),
    0 for none. One with `tty` has a terminal of its own instead of pipes. The end of a `vital` one is the end of
    the stack. Of those in `depends_on`, a new run of one in `follows` is followed by one of this service. Codes of an
    end, as the shell counts them, that are successes besides 0 are `success_codes`. A `task`
    ends; with `inputs` or `outputs` it runs only when it is due. Where a front may stand before its runs, `behind` is
    the definition that they get (see `stack/behind`), and one that got it has its numbers in `moved`, by key.
    """

    name: str
    place: Place
    command: Command | None = None
    cwd: str = ""
    env: Mapping[str, str | None] = _NOTHING  # None: unset in the service's environment
    env_places: Mapping[str, Place] = _NOTHING
    env_files: tuple[EnvFile, ...] = ()
    profile_env: Mapping[str, str | None] = _NOTHING
    profile_files: tuple[EnvFile, ...] = ()
    ports: tuple[Port, ...] = ()
    prepare: tuple[Prepare, ...] = ()
    watch: Watch | None = None
    ready: Ready = Ready(ProbeKind.STARTED)
    health: Health | None = None
    depends_on: Mapping[str, Condition] = _NOTHING
    follows: tuple[str, ...] = ()
    restart: Restart = Restart()
    handover: Handover = Handover()
    stop: Stop = Stop()
    stdin_null: bool = False
    tty: bool = False
    external: bool = False
    required: bool = True
    hint: str = ""
    base: str = ""
    replica: int = 1
    offered: int = 0
    vital: bool = False
    success_codes: tuple[int, ...] = ()
    task: bool = False
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    behind: "Service | None" = None
    moved: Mapping[str, int] = _NOTHING

    @property
    def family(self) -> str:
        """The name in the file, which all replicas of a service have in common."""
        return self.base or self.name

    @property
    def port(self) -> int | None:
        """The number of the main port, if it has one."""
        return next((port.number for port in self.ports if port.variable == MAIN_PORT), None)

    @property
    def url(self) -> str | None:
        """The address a browser takes: `http://localhost:PORT`."""
        return None if self.port is None else address(self.port)


def address(port: int) -> str:
    """What a browser takes for a port of this machine; `localhost` finds listeners of both families."""
    return f"http://localhost:{port}"


class Requirement(Frozen):
    """A program that must be on PATH, with the versions that will do (`>=20.19`)."""

    program: str
    versions: str
    place: Place


class Stack(Frozen):
    """The whole definition, resolved.

    `services` stand in the order of the file, and behind them the tasks that one of them depends on; `tasks` are
    all tasks. `profiles` are services by names that they share.
    """

    name: str
    file: str
    directory: str
    services: tuple[Service, ...]
    requires: tuple[Requirement, ...] = ()
    env_files: tuple[EnvFile, ...] = ()
    tasks: tuple[Service, ...] = ()
    profiles: Mapping[str, tuple[str, ...]] = _NOTHING

    def service(self, name: str) -> Service:
        """The service of that name; KeyError if there is none."""
        for service in self.services:
            if service.name == name:
                return service
        raise KeyError(name)

    @property
    def own(self) -> tuple[Service, ...]:
        """The services that are ours to start and stop."""
        return tuple(service for service in self.services if not service.external)
