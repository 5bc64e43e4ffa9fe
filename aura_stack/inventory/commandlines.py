"""Finds the ports in command lines, as they stand in scripts, package.json, Dockerfiles and Procfiles."""

import re
from collections.abc import Iterator
from itertools import chain, islice

from aura_stack.frozen import NamedTuple

from .findings import MOST, Confidence, is_port
from .names import means_port, telling

_SERVERS = (
    r"next|vite|nuxt|nuxi|astro|remix|webpack|webpack-dev-server|http-server|serve|json-server|ng|vue-cli-service|react-scripts"
    r"|uvicorn|gunicorn|hypercorn|daphne|flask|fastapi|runserver|http\.server|waitress-serve|granian|sanic|php|rails|puma|"
    r"storybook|start-storybook|live-server|browser-sync|parcel|wrangler|mkdocs|jekyll|hugo|streamlit|jupyter|gradio|"
    r"node|nodemon|tsx|ts-node|deno|bun|python3?|ruby|java|go"
)
# next dev -p 3000, vite --port=5173, serve -l 3000, gunicorn -b 0.0.0.0:8000, rails s -p 3000
_FLAG = re.compile(
    r"(?<![\w-])(?P<flag>--?[a-zA-Z][\w-]*)(?P<sign>[= ]\s*)(?P<before>[\w.*\[\]:]*:)?(?P<port>[1-9]\d{1,4})(?![\w.:-])"
)
_NEAR = 300  # characters before a flag in which its program stands
_SHORT = frozenset(("-p", "-P", "-l", "-b", "-a", "-H"))
_TAKING = {"-l": "serve http-server", "-b": "gunicorn hypercorn mkdocs rails", "-a": "mkdocs"}
_BINDS = frozenset(
    (
        "--bind",
        "--listen",
        "--addr",
        "--address",
        "--http",
        "--http-address",
        "--server-port",
        "--server.port",
        "-b",
        "-l",
        "-a",
    )
)
_RUNSERVER = re.compile(r"\brunserver\s+(?:[\w.\[\]:]*:)?(?P<port>[1-9]\d{1,4})(?![\w.])")
_HTTP_SERVER = re.compile(r"-m\s+http\.server\s+(?P<port>[1-9]\d{1,4})(?![\w.])")
_PHP = re.compile(r"\bphp\s+-S\s+[\w.\[\]:]*:(?P<port>[1-9]\d{1,4})(?![\w.])")
_ASSIGNED = re.compile(
    r"(?:^|(?<=[\s;&|(\"']))(?:export\s+|set\s+)?(?P<name>[A-Za-z_]\w*)\s?:?\??=\s?(?P<quote>[\"']?)(?P<port>[1-9]\d{1,4})(?P=quote)(?![\w.:])"
)
_INSPECTED = re.compile(r"--inspect(?:-brk|-wait)?=(?:[\w.]+:)?(?P<port>[1-9]\d{1,4})(?![\w.])")
_FALL_BACK = re.compile(r"\$\{(?P<name>\w+):?[-=](?P<port>[1-9]\d{1,4})\}")
_PUBLISHED = re.compile(
    r"(?<![\w-])(?:-p|--publish)[ =]?[\"']?(?:[\d.]+:)?(?P<port>[1-9]\d{1,4}):(?P<inner>\d{1,5})(?![\w.])"
)
_ASKED = re.compile(
    r"\b(?:nc\s+(?:-\w+\s+)*[\w.]+\s+|lsof\s+(?:-\w+\s+)*-?i?\s?(?:tcp|TCP)?:|fuser\s+(?:-\w+\s+)*|kill-port\s+|wait-on\s+(?:-\w+\s+\S+\s+)*tcp:|tcp:|"
    r"psql\b[^\n;|&]*?\s-p\s*|redis-cli\b[^\n;|&]*?\s-p\s*|pg_isready\b[^\n;|&]*?\s-p\s*|npx\s+kill-port\s+)(?P<port>[1-9]\d{1,4})(?![\w.])"
)
_PSQL = re.compile(
    r"\b(?:psql|redis-cli|pg_isready|mysql|mongosh?|createdb|dropdb|pg_dump|ssh|scp|mkdir|cp|netstat|docker|podman|git|install|tar|ps|xargs|parallel|pytest|make)\b[^\n;|&]*$"
)


class Word(NamedTuple):
    """A number in a command line: offsets of its digits in characters, and what makes it a port."""

    number: int
    start: int
    end: int
    confidence: Confidence
    what: str
    names: tuple[str, ...] = ()
    variable: str = ""
    own: bool = False
    is_default: bool = False
    aside: str = ""


def words(line: str) -> Iterator[Word]:
    """The ports of a command line, but for those in addresses."""
    taken: set[int] = set()
    for word in chain(_debuggers(line), _flags(line), _positions(line), _variables(line), _asked(line)):
        if word.start not in taken and is_port(word.number):
            taken.add(word.start)
            yield word


def _flags(line: str) -> Iterator[Word]:
    for match in _PUBLISHED.finditer(line):
        yield _word(match, Confidence.LISTENER, "docker run -p")
        yield Word(
            int(match["inner"]), *match.span("inner"), Confidence.MENTION, "docker run -p", aside="container"
        )
    for match in islice(_FLAG.finditer(line), MOST):
        flag, before = match["flag"], line[max(0, match.start() - _NEAR) : match.start()]
        if _PSQL.search(before) and not re.search(r"\b(?:next|vite|npm|rails|puma)\b", before):
            continue
        bare = flag.lstrip("-")
        if flag in _BINDS and (match["before"] or bare.endswith("port") or flag == "-l"):
            if flag in _TAKING and not any(
                re.search(rf"\b{each}\b", before) for each in _TAKING[flag].split()
            ):
                continue
            yield _word(match, Confidence.LISTENER, flag, own=True)
        elif flag in {"-p", "-P"}:
            if re.search(rf"(?:^|[\s/\"'&;|=])(?:{_SERVERS})\b", before):
                yield _word(match, Confidence.LISTENER, flag, own=True)
        elif means_port(bare) and not match["before"]:
            names = telling(bare)
            yield _word(match, Confidence.LISTENER, flag, own=not names, names=names)


def _positions(line: str) -> Iterator[Word]:
    for pattern, what in ((_RUNSERVER, "runserver"), (_HTTP_SERVER, "http.server"), (_PHP, "php -S")):
        for match in pattern.finditer(line):
            yield _word(match, Confidence.LISTENER, what, own=True)


def _variables(line: str) -> Iterator[Word]:
    for match in _FALL_BACK.finditer(line):
        name, own = match["name"], match["name"] == "PORT"
        if means_port(name):
            confidence = Confidence.LISTENER if own else Confidence.MENTION
            yield _word(
                match, confidence, f"${name}", own=own, default=True, names=telling(name), variable=name
            )
    for match in _ASSIGNED.finditer(line):
        name, own = match["name"], match["name"].upper() == "PORT"
        if means_port(name):
            confidence = Confidence.LISTENER if own else Confidence.MENTION
            yield _word(match, confidence, f"{name}=", own=own, names=telling(name), variable=name)


def _debuggers(line: str) -> Iterator[Word]:
    for match in _INSPECTED.finditer(line):
        yield _word(match, Confidence.MENTION, "--inspect")._replace(aside="debugger")


def _asked(line: str) -> Iterator[Word]:
    for match in _ASKED.finditer(line):
        tool = match[0].split()[0]
        scheme = {"psql": ("postgres",), "pg_isready": ("postgres",), "redis-cli": ("redis",)}.get(tool, ())
        yield _word(match, Confidence.CLIENT, tool, names=scheme)


def _word(
    match: re.Match[str], confidence: Confidence, what: str, *, own: bool = False, default: bool = False,
    names: tuple[str, ...] = (), variable: str = "",
) -> Word:  # fmt: skip
    return Word(int(match["port"]), *match.span("port"), confidence, what, names, variable, own, default)
