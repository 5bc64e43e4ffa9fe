"""Finds the ports in files that are read line by line: .env, shell, Makefile, Procfile, Dockerfile and nginx."""

import re
from collections.abc import Iterator

from . import commandlines
from .addresses import addresses
from .findings import Confidence, Finding, Form, Language, is_port
from .names import means_port, telling
from .source import Source

_LINE = re.compile(r"[^\r\n]+")
_COMMENT = re.compile(r"\s*#")
_ENV = re.compile(
    r"""\s*(?:export\s+)?(?P<name>[A-Za-z_][\w.-]*)\s*=\s*(?P<quote>["']?)(?P<value>[^"'#\n]*)"""
)
_DIGITS = re.compile(r"[1-9]\d{1,4}")
_EXPOSE = re.compile(r"(?i)\s*EXPOSE\s+(?P<ports>[\d\s/a-z]+)")
_DOCKER_ENV = re.compile(r"(?i)\s*(?:ENV|ARG)\s+")
_LISTEN = re.compile(r"\blisten\s+(?P<host>(?:[\w.*-]+|\[[\da-f:]+\]):)?(?P<port>[1-9]\d{0,4})(?=[\s;])")
_SERVER = re.compile(r"\bserver\s+(?P<host>[\w.-]+):(?P<port>[1-9]\d{1,4})(?=[\s;])")
_PASS = re.compile(
    r"\b(?:proxy|grpc|fastcgi|uwsgi|scgi)_pass\s+(?:\w+://)?(?P<host>[\w.-]+):(?P<port>[1-9]\d{1,4})(?=[\s;/])"
)
_UPSTREAM = re.compile(r"\bupstream\s+(?P<name>[\w.-]+)\s*\{")
_PROCESS = re.compile(r"(?P<name>[\w-]+):\s*(?=\S)")


def find(source: Source) -> Iterator[Finding]:
    """Every port in a file of such a kind."""
    readers = {
        Language.DOTENV: _dotenv,
        Language.DOCKERFILE: _dockerfile,
        Language.NGINX: _nginx,
        Language.PROCFILE: _procfile,
    }
    yield from readers.get(source.language, _shell)(source)


def _dotenv(source: Source) -> Iterator[Finding]:
    for line in _LINE.finditer(source.text):
        match = _ENV.match(line[0].removeprefix("\ufeff"))
        if match is None or _COMMENT.match(line[0]):
            continue
        start = line.start() + (line[0][:1] == "\ufeff")
        name, value = match["name"], match["value"].rstrip()
        if means_port(name) and _DIGITS.fullmatch(value) and is_port(int(value)):
            at = start + match.start("value")
            own = name.upper() == "PORT"
            yield _at(
                source,
                int(value),
                Confidence.MENTION,
                at,
                at + len(value),
                what=f"{name}=",
                names=telling(name),
                variable=name,
                own=own,
            )
        yield from _addresses(source, value, start + match.start("value"), telling(name))


def _shell(source: Source) -> Iterator[Finding]:
    for line in _LINE.finditer(source.text):
        if _COMMENT.match(line[0]):
            continue
        yield from _command(source, line[0], line.start())


def _procfile(source: Source) -> Iterator[Finding]:
    for line in _LINE.finditer(source.text):
        match = _PROCESS.match(line[0])
        if match:
            names = telling(match["name"])
            for found in _command(source, line[0][match.end() :], line.start() + match.end(), flag=True):
                yield found._replace(names=found.names or names, own=False) if names else found


def _command(source: Source, line: str, start: int, *, flag: bool = False) -> Iterator[Finding]:
    for word in commandlines.words(line):
        form = Form.DEFAULT if word.is_default else Form.FLAG if flag else Form.WORD
        yield _at(
            source, word.number, word.confidence, start + word.start, start + word.end, what=word.what,
            names=word.names, variable=word.variable, own=word.own and flag, form=form, aside=word.aside,
        )  # fmt: skip
    yield from _addresses(source, line, start, _named_before(line))


def _named_before(line: str) -> tuple[str, ...]:
    match = re.match(r"\s*(?:export\s+)?(\w+)\s*[:?]?=", line)
    return telling(match[1]) if match else ()


def _dockerfile(source: Source) -> Iterator[Finding]:
    """The inside of a container is another machine: nothing in it is right or wrong for this one."""
    for line in _LINE.finditer(source.text):
        if _COMMENT.match(line[0]):
            continue
        if exposed := _EXPOSE.fullmatch(line[0]):
            for match in _DIGITS.finditer(exposed["ports"]):
                start = line.start() + exposed.start("ports")
                yield _at(
                    source,
                    int(match[0]),
                    Confidence.MENTION,
                    start + match.start(),
                    start + match.end(),
                    what="EXPOSE",
                    aside="container",
                )
            continue
        text = (
            re.sub(r"(?i)^(\s*(?:ENV|ARG)\s+\w+)\s+(?=\S)", r"\1=", line[0])
            if _DOCKER_ENV.match(line[0])
            else line[0]
        )
        listed = re.sub(r'",\s*"', lambda found: " " * len(found[0]), text)  # CMD ["serve", "-l", "3000"]
        for found in _command(source, listed, line.start()):
            yield found._replace(aside=found.aside or "container")


def _nginx(source: Source) -> Iterator[Finding]:
    upstream: tuple[str, ...] = ()
    for line in _LINE.finditer(source.text):
        text = re.sub(r"#.*", "", line[0])
        if found := _UPSTREAM.search(text):
            upstream = telling(found["name"])
        for match in _LISTEN.finditer(text):
            yield _of(source, match, line.start(), Confidence.LISTENER, "listen", ("nginx",))
        for match in _SERVER.finditer(text):
            yield _of(
                source, match, line.start(), Confidence.CLIENT, "upstream", (*upstream, *_neighbour(match))
            )
        for match in _PASS.finditer(text):
            yield _of(source, match, line.start(), Confidence.CLIENT, "proxy_pass", _neighbour(match))
        if "}" in text:
            upstream = ()


def _neighbour(match: re.Match[str]) -> tuple[str, ...]:
    host = match["host"]
    return () if host == "localhost" or host[0].isdigit() or "." in host else telling(host)


def _of(
    source: Source,
    match: re.Match[str],
    start: int,
    confidence: Confidence,
    what: str,
    names: tuple[str, ...],
) -> Finding:
    begin, end = match.span("port")
    return _at(source, int(match["port"]), confidence, start + begin, start + end, what=what, names=names)


def _addresses(source: Source, text: str, start: int, names: tuple[str, ...]) -> Iterator[Finding]:
    for address in addresses(text.encode("utf-8", "surrogateescape")):
        begin = len(
            text.encode("utf-8", "surrogateescape")[: address.start].decode("utf-8", "surrogateescape")
        )
        end = begin + address.end - address.start
        yield _at(
            source,
            address.number,
            Confidence.CLIENT,
            start + begin,
            start + end,
            what="address",
            names=(*names, *address.names),
        )


def _at(
    source: Source,
    number: int,
    confidence: Confidence,
    start: int,
    end: int,
    *,
    what: str,
    names: tuple[str, ...] = (),
    variable: str = "",
    own: bool = False,
    form: Form = Form.WORD,
    aside: str = "",
) -> Finding:
    span = source.offset(start), source.offset(end)
    return source.finding(
        number, confidence, form, span, what=what, names=names, variable=variable, own=own, aside=aside
    )
