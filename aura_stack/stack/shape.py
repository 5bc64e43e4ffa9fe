"""The shape of the stack file, declared once: every key with its kind, its default and what it is for.

The check of a file, the JSON Schema that editors use and the table in the documentation all come from here.
"""

from .kinds import Choice, Either, Flag, Key, ListOf, MapOf, Nothing, Record, Text, Whole
from .units import DURATION, RATE, SIGNAL

NAME = Text("a name of letters, digits, - and _ (at most 63)", r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", loose=True)
TASK_NAME = Text("a name of letters, digits, -, _, : and .", r"[A-Za-z0-9][A-Za-z0-9_:.-]{0,62}", loose=True)
VARIABLE = Text("the name of a variable", r"[^=\s]+", loose=True)
PATH = Text("a path")
WORD = Text("text", r"[\s\S]*", loose=True, references=True)
LINE = Text("text", references=True)
SPAN = Text("a duration such as 250ms, 30s, 5m or 2h", DURATION, unit="s")
SPAN_ABOVE_ZERO = SPAN.but(what="a duration above zero such as 30s", pattern=f"(?=.*[1-9]){DURATION}")
PORT = Either((Text("the name of a port entry"), Whole(1, 65535)))

CODE = Either((Whole(0, 255), Text("the name of a signal", SIGNAL)))

COMMAND = Either((Text("text", references=True), ListOf(WORD, least=1)))
PATHS = Either((PATH, ListOf(PATH)))
NAMES = ListOf(NAME)
NEEDED = ListOf(TASK_NAME)  # services and tasks
ENVIRONMENT = MapOf(VARIABLE, Either((WORD, Nothing())))
ENV_FILE = Record(
    "a file of variables",
    {
        "path": Key(PATH, "Where it is, from the folder of this file.", required=True),
        "required": Key(Flag(), "Whether it is a mistake that it does not exist.", default=True),
    },
)
ENV_FILES = Either((PATH, ListOf(Either((PATH, ENV_FILE)))))

PREPARE = Record(
    "a prepare step",
    {
        "command": Key(COMMAND, "What the step runs.", required=True, also=("run", "cmd")),
        "inputs": Key(PATHS, "Files and folders; the step runs when one of them changed.", default=[]),
        "outputs": Key(PATHS, "Files and folders; the step runs when one of them is missing.", default=[]),
    },
)

GRPC_SERVICE = Either((Text("the name of a gRPC service", references=True),))
OWN_PORT = Either((Whole(1, 65535), Text("the name of a port of this service", references=True)))
GRPC = Record(
    "grpc",
    {
        "service": Key(GRPC_SERVICE, "Whose health is asked for; without this, the server's."),
        "port": Key(OWN_PORT, "The port that is asked; without this, the main one."),
    },
)

_CONDITIONS = {
    "http": Key(Text("a path such as /health", references=True), "A GET of this path answers 200 to 399."),
    "tcp": Key(OWN_PORT, "This port accepts a connection."),
    "log": Key(LINE, "A printed line matches this regular expression."),
    "exec": Key(COMMAND, "This command ends with 0."),
    "file": Key(LINE, "This file exists."),
    "notify": Key(Flag(), "The service says so itself, by the protocol of sd_notify."),
    "grpc": Key(Either((Flag(), *GRPC_SERVICE.kinds, GRPC)), "The health service of gRPC says SERVING."),
}

_STATUS = Either(
    (Whole(100, 599), Text("a status such as 204 or 200-299", r"[1-5][0-9]{2}(-[1-5][0-9]{2})?"))
)
_HTTP = Record(
    "http",
    {
        "path": Key(
            _CONDITIONS["http"].kind, "The path, or an address on localhost, that is asked.", required=True
        ),
        "status": Key(Either((*_STATUS.kinds, ListOf(_STATUS, least=1))), "What is answered.", "200-399"),
        "header": Key(
            MapOf(Text("the name of a header", r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", loose=True), WORD),
            "Headers that the answer has.",
            {},
            also=("headers",),
        ),
        "body": Key(LINE, "What is answered matches this regular expression."),
    },
)
_ASKED = {
    **_CONDITIONS,
    "http": _CONDITIONS["http"].but(kind=Either((_CONDITIONS["http"].kind, _HTTP))),
}
_PART = Record("a condition", {**_ASKED}, exclusive=tuple(_ASKED))
_ASKED |= {
    "all": Key(ListOf(_PART, least=1), "Each of these conditions has been met."),
    "any": Key(ListOf(_PART, least=1), "One of these conditions has been met."),
}

READY = Record(
    "ready",
    {
        **_ASKED,
        "timeout": Key(SPAN_ABOVE_ZERO, "How long it may take until the service counts as failed.", "60s"),
    },
    exclusive=tuple(_ASKED),
)

HEALTH = Record(
    "health",
    {
        "http": _ASKED["http"],
        "tcp": _CONDITIONS["tcp"],
        "exec": _CONDITIONS["exec"],
        "grpc": _CONDITIONS["grpc"],
        "watchdog": Key(
            SPAN_ABOVE_ZERO,
            "The service says WATCHDOG=1 itself at least so often, by the protocol of sd_notify.",
            also=("WatchdogSec",),
        ),
        "every": Key(SPAN_ABOVE_ZERO, "How often it is asked.", "5s", also=("interval",)),
        "timeout": Key(SPAN_ABOVE_ZERO, "How long one answer may take.", "5s"),
        "failures": Key(
            Whole(1, 1000), "So many bad answers in a row, and it is restarted.", 3, also=("retries",)
        ),
    },
    exclusive=("http", "tcp", "exec", "grpc", "watchdog"),
)

_DEEDS = {
    "restart": Key(Flag(), "The service is restarted, as without any rule."),
    "signal": Key(Text("the name of a signal", SIGNAL), "Its process group gets this signal, and runs on."),
    "run": Key(COMMAND, "This command runs, and the service runs on."),
    "ignore": Key(Flag(), "Nothing happens."),
}
DEEDS = tuple(_DEEDS)
WATCH_RULE = Record(
    "a rule",
    {
        "match": Key(PATHS, "Patterns of files, as in ignore.", required=True, also=("paths", "files")),
        **_DEEDS,
    },
    exclusive=DEEDS,
)
WATCH = Record(
    "watch",
    {
        "paths": Key(PATHS, "Files, folders and patterns; a save in them restarts the service.", "."),
        "ignore": Key(PATHS, "Patterns of what counts for nothing.", []),
        "gitignore": Key(Flag(), "Whether what git leaves out counts for nothing.", default=True),
        "build": Key(COMMAND, "What runs first; if it fails, the old run stays."),
        "dependents": Key(Flag(), "Whether what depends on it is restarted as well.", default=False),
        "rules": Key(ListOf(WATCH_RULE), "What else is done on a save of certain files.", []),
    },
)

MODE = Choice(("stop-first", "hold", "overlap"))
HANDOVER = Record(
    "handover",
    {
        "mode": Key(MODE, "How a new run follows the old one.", required=True),
        "host": Key(
            Choice(("loopback", "any")),
            "From where its sockets can be reached while we hold them.",
            "loopback",
        ),
        "by": Key(
            Choice(("socket", "front")),
            "Who accepts: the service, on the socket that is held for it, or a front before a port of its own.",
        ),
        "settle": Key(SPAN, "How long the new run has to stay ready before the old one is stopped.", "0s"),
    },
)

BACKOFF = Record(
    "backoff",
    {
        "first": Key(
            SPAN, "The delay before the first restart; it doubles from 0.2 s with each further one.", "0s"
        ),
        "max": Key(SPAN, "The longest delay.", "30s"),
    },
)

STOP = Record(
    "stop",
    {
        "signal": Key(Text("the name of a signal", SIGNAL), "What the process group is sent first.", "TERM"),
        "grace": Key(SPAN, "How long it has before it is killed.", "10s", also=("timeout", "grace_period")),
        "command": Key(COMMAND, "What is run to end it, in the place of the signal."),
    },
)

HOW_FAR = Choice(("started", "ready", "completed"))
DEPENDENCY = Record(
    "a dependency",
    {
        "condition": Key(HOW_FAR, "How far it must have come.", "ready"),
        "restart": Key(
            Flag(), "Whether a new run of it is followed by a new run of this one.", default=False
        ),
    },
)

_FILES = "there are no containers: programs see the files of this machine"
_NETWORK = "there are no containers: all programs are on localhost, and ${services.NAME.port} says where"
_ALONE = "there are no containers: it runs as you, on this machine"

OF_CONTAINERS = {
    "image": "there are no images: command says what runs, or external: true; aura-stack init reads a compose file",
    "build": "prepare says what builds it; aura-stack init takes a compose file over",
    **dict.fromkeys(("volumes", "tmpfs", "configs", "secrets", "read_only"), _FILES),
    **dict.fromkeys(
        ("networks", "network_mode", "links", "expose", "hostname", "extra_hosts", "dns"), _NETWORK
    ),
    **dict.fromkeys(
        ("user", "privileged", "cap_add", "cap_drop", "platform", "container_name", "init"), _ALONE
    ),
    "deploy": "replicas stands in the service itself",
    "scale": "replicas says how many",
    "profiles": "profiles stand at the top of the file, each with its services",
    "extends": "anchors and aliases of YAML join what services have in common",
    "logging": "aura-stack logs has what it prints",
    "stop_signal": "stop: {signal: TERM}",
    "stop_grace_period": "stop: {grace: 10s}",
    "readiness_probe": "ready says when it is up",
    "liveness_probe": "health says whether it still is",
    "availability": "restart says when it starts again, backoff after how long",
}
"""Keys of a service in compose files and in process-compose, with what to do instead."""

SERVICE = Record(
    "a service",
    {
        "command": Key(
            COMMAND,
            "What runs: a list is executed as it stands, text is run by /bin/sh.",
            only="own",
            also=("cmd", "run", "exec", "start", "entrypoint"),
        ),
        "cwd": Key(
            LINE, "Where it runs, from the folder of this file.", ".", only="own", also=("working_dir", "dir")
        ),
        "port": Key(PORT, "The port it listens on, by its entry in the manifest; injected as PORT."),
        "ports": Key(
            MapOf(NAME, PORT),
            "Several ports by names; without `port` the first is PORT, another one PORT_NAME.",
            {},
        ),
        "env": Key(
            ENVIRONMENT, "Variables it gets; null takes one away.", {}, only="own", also=("environment",)
        ),
        "env_file": Key(ENV_FILES, "Files of variables for it; a later one wins.", [], only="own"),
        "prepare": Key(
            ListOf(PREPARE), "Steps before its first start.", [], only="own", also=("before", "setup")
        ),
        "ready": Key(
            READY, "When it counts as ready: without this, when its port accepts.", also=("readiness",)
        ),
        "depends_on": Key(
            Either((NEEDED, MapOf(TASK_NAME, Either((HOW_FAR, DEPENDENCY))))),
            "What comes before it, and how far that must be; a list means ready, of a task completed.",
            [],
            only="own",
            also=("needs", "after"),
        ),
        "watch": Key(
            Either((Flag(), WATCH)),
            "What restarts it on a save; true means all in its folder.",
            default=False,
            only="own",
        ),
        "handover": Key(
            Either((MODE, HANDOVER)), "How a new run follows the old one.", "stop-first", only="own"
        ),
        "stateful": Key(
            Flag(),
            "Whether it keeps what two runs at once would destroy; it is always stopped first.",
            default=False,
            only="own",
        ),
        "restart": Key(
            Choice(("no", "on-failure", "always")),
            "Whether it starts again when it ended.",
            "on-failure",
            only="own",
        ),
        "success_codes": Key(
            ListOf(CODE),
            "Codes and signals that are a success besides 0.",
            [],
            only="own",
            also=("SuccessExitStatus", "success_exit_status", "exit_codes"),
        ),
        "backoff": Key(BACKOFF, "How long to wait before a restart.", only="own"),
        "give_up": Key(
            Either((Choice(("never",)), Text("a rate such as 10 in 5m", RATE))),
            "So many restarts in so much time, and it is left alone.",
            "10 in 5m",
            only="own",
        ),
        "stop": Key(STOP, "How it is asked to end.", only="own"),
        "health": Key(
            HEALTH, "Whether it is well once it is ready.", only="own", also=("healthcheck", "liveness")
        ),
        "replicas": Key(
            Whole(0, 100), "How many of it run, each with a name and ports of its own.", 1, only="own"
        ),
        "stdin": Key(
            Either((Choice(("pipe",)), Nothing())),
            "A pipe that stays open and empty, or null for /dev/null.",
            "pipe",
            only="own",
        ),
        "tty": Key(
            Flag(),
            "A terminal for it (a pseudo-terminal of its own) in the place of pipes.",
            default=False,
            only="own",
        ),
        "external": Key(
            Flag(), "Not ours: its port is checked, and it is never started or stopped.", default=False
        ),
        "required": Key(Flag(), "Whether `up` refuses to begin without it.", default=True, only="external"),
        "hint": Key(LINE, "How to start it, for the message that it does not run.", "", only="external"),
    },
    elsewhere=OF_CONTAINERS,
)

TASK = Record(
    "a task",
    {
        "command": Key(COMMAND, "What it runs.", required=True, also=("cmd", "run")),
        "service": Key(NAME, "Whose folder and variables it uses."),
        "cwd": Key(
            LINE,
            "Where it runs, from the folder of this file; without it, the folder of its service.",
            also=("working_dir", "dir"),
        ),
        "env": Key(ENVIRONMENT, "Variables it gets; null takes one away.", {}, also=("environment",)),
        "env_file": Key(ENV_FILES, "Files of variables for it; a later one wins.", []),
        "needs": Key(
            NEEDED,
            "Services that must be ready before it, and tasks that must be completed.",
            [],
            also=("depends_on",),
        ),
        "inputs": Key(PATHS, "Files and folders; with these it runs only when one of them changed.", []),
        "outputs": Key(PATHS, "Files and folders; it also runs when one of them is missing.", []),
    },
)

PROFILE = Record(
    "a profile",
    {
        "services": Key(NAMES, "Which services go by its name; without it, all."),
        "env": Key(ENVIRONMENT, "Variables that every service gets; they win.", {}, also=("environment",)),
        "env_file": Key(ENV_FILES, "Files of variables for every service.", []),
        "range": Key(
            Either((Whole(1, 65535), Text("a range"), ListOf(Either((Whole(1, 65535), Text("a range")))))),
            "Where the ports of its services are: a range of the manifest, or numbers.",
        ),
    },
)

STACK = Record(
    "the stack file",
    {
        "name": Key(
            Text("a name of letters, digits, -, _ and .", r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}"),
            "What the stack is called: without this, as its folder.",
            also=("project",),
        ),
        "ports": Key(PATH, "The port manifest; without one, services use plain numbers."),
        "env_file": Key(ENV_FILES, "Files of variables for all services, and for ${NAME} in this file.", []),
        "requires": Key(
            MapOf(Text("the name of a program"), Text("a version such as >=20.19", loose=True)),
            "Programs that must be there, with the versions that will do.",
            {},
        ),
        "services": Key(MapOf(NAME, SERVICE, least=1), "What runs.", required=True),
        "tasks": Key(MapOf(TASK_NAME, TASK), "What runs once and ends.", {}),
        "profiles": Key(
            MapOf(NAME, Either((NAMES, PROFILE))), "Services that go by one name, and how they run then.", {}
        ),
    },
    elsewhere={
        "version": "the format has no version: leave it out",
        "processes": 'did you mean "services"?',
        **dict.fromkeys(
            ("volumes", "networks", "configs", "secrets"), "there are no containers: leave it out"
        ),
    },
)
