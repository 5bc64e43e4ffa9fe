"""Finds the ports in files of settings: JSON and YAML, among them package.json and compose files."""

import re
from collections.abc import Iterator

from . import commandlines
from .addresses import addresses
from .findings import SCRIPT, Confidence, Finding, Form, Language, is_port
from .leaves import Leaf, in_json, in_yaml
from .names import means_port, telling, words
from .source import Source

_COMPOSE = re.compile(r"(?:^|/)(?:docker-)?compose[\w.-]*\.ya?ml$")
_HINTS = re.compile(rb"(?i)port|localhost|127\.0\.0\.1|://|listen|expose|command")
_MAPPING = re.compile(
    r"(?:(?P<ip>[\d.]+|\[[\da-f:]+\]):)?(?P<host>[1-9]\d{1,4}):(?P<inner>\d{1,5})(?:/(?:tcp|udp))?"
)
_PUBLISHED_DEFAULT = re.compile(
    r"(?:[\d.]+:)?\$\{(?P<name>\w+):?-(?P<host>[1-9]\d{1,4})\}:(?P<inner>\d{1,5})(?:/(?:tcp|udp))?"
)
_DIGITS = re.compile(r"[1-9]\d{1,4}")
_INSIDE = frozenset(
    (
        "containerPort",
        "targetPort",
        "hostPort",
        "nodePort",
        "container_port",
        "target_port",
        "internal_port",
        "target",
        "published_in",
    )
)
_OWN = frozenset(
    (("port",), ("server", "port"), ("http", "port"), ("app", "port"), ("listen", "port"), ("web", "port"))
)
_COMMANDS = frozenset(
    ("command", "cmd", "run", "entrypoint", "args", "script", "start", "exec", "postCreateCommand")
)
_CONNECTS = frozenset(("host", "hostname", "user", "username", "password", "database", "db"))


def find(source: Source) -> Iterator[Finding]:
    """Every port in a file of settings."""
    if not _HINTS.search(source.data):
        return
    name = source.path.rsplit("/", 1)[-1]
    leaves = list(in_json(source.text) if source.language is Language.JSON else in_yaml(source.text))
    reader = _Reader(source, leaves)
    if name == "package.json":
        yield from reader.scripts()
    elif _COMPOSE.search(source.path):
        yield from reader.compose()
    else:
        yield from reader.plain()


class _Reader:
    """One file."""

    def __init__(self, source: Source, leaves: list[Leaf]) -> None:
        self.source = source
        self.leaves = leaves
        self.beside: dict[tuple[str, ...], set[str]] = {}
        for leaf in leaves:
            self.beside.setdefault(leaf.path[:-1], set()).add(leaf.path[-1] if leaf.path else "")
        self.connecting = {
            path for path, keys in self.beside.items() if _CONNECTS & {key.lower() for key in keys}
        }
        self.named = {leaf.path[:-1]: leaf.text for leaf in leaves if leaf.path[-1:] == ("name",)}
        data = source.data
        self.cluster = b"apiVersion:" in data and b"kind:" in data
        self.workflow = ".github/" in source.path or "gitlab-ci" in source.path

    def scripts(self) -> Iterator[Finding]:
        """The scripts of package.json, and addresses elsewhere in it (a proxy)."""
        for leaf in self.leaves:
            if len(leaf.path) == 2 and leaf.path[0] == "scripts":  # noqa: PLR2004 - scripts and a name
                yield from self._command(leaf, Form.FLAG)
            elif leaf.path[:1] == ("proxy",) or leaf.path[:1] == ("config",):
                yield from self._leaf(leaf)

    def compose(self) -> Iterator[Finding]:
        """What a compose file publishes, sets and runs; the inside of a container is another machine."""
        for leaf in self.leaves:
            path = leaf.path
            if path[:1] != ("services",) or len(path) < 3:  # noqa: PLR2004 - services, a name, a key
                continue
            names = (" ".join(words(path[1])),)
            if path[2] == "ports":
                yield from self._published(leaf, names)
            elif path[2] == "expose" and _DIGITS.fullmatch(leaf.text):
                yield self._finding(
                    leaf, int(leaf.text), Confidence.MENTION, "expose", names=names, aside="container"
                )
            elif path[2] in {"environment", "command", "entrypoint", "healthcheck", "labels", "build"}:
                yield from self._contained(leaf, names)

    def plain(self) -> Iterator[Finding]:
        """Any other file."""
        for leaf in self.leaves:
            yield from self._leaf(leaf)

    def _leaf(self, leaf: Leaf) -> Iterator[Finding]:
        keys = [key for key in leaf.path if not key.isdigit()]
        last = keys[-1] if keys else ""
        if last in _COMMANDS and not self.workflow and self.source.language is Language.YAML:
            yield from self._command(leaf, Form.WORD)
            return
        if found := list(self._addresses(leaf)):
            yield from found
            return
        if self.workflow and "ports" in keys and (match := _MAPPING.fullmatch(leaf.text)):
            for side in ("host", "inner"):
                at, number = match.span(side), int(match[side])
                yield self._finding(leaf, number, Confidence.MENTION, "ports", at=at, aside="container")
            return
        if not _DIGITS.fullmatch(leaf.text) or not is_port(int(leaf.text)):
            return
        number = int(leaf.text)
        if last == "value" and means_port(self.named.get(leaf.path[:-1], "")):
            yield self._finding(
                leaf, number, Confidence.MENTION, "env", aside="container" if self.cluster else ""
            )
        elif last == "forwardPorts":
            yield self._finding(leaf, number, Confidence.MENTION, last)
        elif means_port(last) or (last == "ports" and not self.cluster):
            if (
                self.cluster
                or last in _INSIDE
                or ("name" in self.beside[leaf.path[:-1]] and "value" in self.beside[leaf.path[:-1]])
            ):
                yield self._finding(leaf, number, Confidence.MENTION, last, aside="container")
                return
            yield self._named(leaf, number, keys)

    def _named(self, leaf: Leaf, number: int, keys: list[str]) -> Finding:
        """A number whose key says that it is a port."""
        lower = tuple(key.lower() for key in keys)
        names = tuple(phrase for key in reversed(keys) for phrase in telling(key))
        connects = leaf.path[:-1] in self.connecting and lower not in _OWN
        named_file = "launch.json" in self.source.path or "tasks.json" in self.source.path
        return self._finding(
            leaf,
            number,
            Confidence.CLIENT if connects else Confidence.MENTION,
            ".".join(keys[-2:]),
            names=names,
            own=lower in _OWN,
            aside="debugger" if named_file else "",
        )

    def _published(self, leaf: Leaf, names: tuple[str, ...]) -> Iterator[Finding]:
        if leaf.path[-1] == "published" and _DIGITS.fullmatch(leaf.text):
            yield self._finding(leaf, int(leaf.text), Confidence.LISTENER, "ports", names=names)
        elif leaf.path[-1] == "target" and _DIGITS.fullmatch(leaf.text):
            yield self._finding(
                leaf, int(leaf.text), Confidence.MENTION, "ports", names=names, aside="container"
            )
        elif match := _MAPPING.fullmatch(leaf.text) or _PUBLISHED_DEFAULT.fullmatch(leaf.text):
            variable = match["name"] if "name" in match.re.groupindex else ""
            yield self._finding(
                leaf,
                int(match["host"]),
                Confidence.LISTENER,
                "ports",
                at=match.span("host"),
                names=names,
                variable=variable,
            )
            yield self._finding(
                leaf,
                int(match["inner"]),
                Confidence.MENTION,
                "ports",
                at=match.span("inner"),
                names=names,
                aside="container",
            )
        elif _DIGITS.fullmatch(leaf.text):
            yield self._finding(
                leaf, int(leaf.text), Confidence.MENTION, "ports", names=names, aside="container"
            )

    def _contained(self, leaf: Leaf, names: tuple[str, ...]) -> Iterator[Finding]:
        """What is set for the inside of a container."""
        for address in addresses(leaf.text.encode("utf-8", "surrogateescape")):
            at = (address.start, address.end)
            yield self._finding(
                leaf, address.number, Confidence.CLIENT, "address", at=at, names=names, aside="container"
            )
        name, equals, value = leaf.text.partition("=")
        key, value = (name, value) if equals and leaf.path[-1].isdigit() else (leaf.path[-1], leaf.text)
        if means_port(key) and _DIGITS.fullmatch(value):
            start = len(leaf.text) - len(value)
            yield self._finding(
                leaf,
                int(value),
                Confidence.MENTION,
                key,
                at=(start, start + len(value)),
                names=names,
                aside="container",
            )

    def _command(self, leaf: Leaf, form: Form) -> Iterator[Finding]:
        """A command line; numbers in it are those of the file where nothing was escaped."""
        if self.source.text[leaf.start : leaf.end] != leaf.text:
            return self._escaped(leaf)
        return self._spoken(leaf, form)

    def _spoken(self, leaf: Leaf, form: Form) -> Iterator[Finding]:
        for word in commandlines.words(leaf.text):
            yield self._finding(
                leaf, word.number, word.confidence, _what(leaf, word), at=(word.start, word.end), names=word.names,
                variable=word.variable, own=word.own, form=Form.DEFAULT if word.is_default else form,
                aside=word.aside or ("test" if leaf.path[:1] == ("scripts",) and "test" in words(leaf.path[1]) else ""),
            )  # fmt: skip
        yield from self._addresses(leaf, form)

    def _escaped(self, leaf: Leaf) -> Iterator[Finding]:
        """The same where quotes are written with a backslash: the text of the file is searched as it stands."""
        raw = self.source.text[leaf.start : leaf.end]
        return self._spoken(leaf._replace(text=raw), Form.FLAG if "scripts" in leaf.path[:1] else Form.WORD)

    def _addresses(self, leaf: Leaf, form: Form = Form.WORD) -> Iterator[Finding]:
        raw = self.source.text[leaf.start : leaf.end]
        keys = tuple(phrase for key in reversed(leaf.path) if not key.isdigit() for phrase in telling(key))
        for address in addresses(raw.encode("utf-8", "surrogateescape")) if raw.isascii() else ():
            names = (*(keys if form is Form.WORD else ()), *address.names)
            yield self._finding(
                leaf,
                address.number,
                Confidence.CLIENT,
                "address",
                at=(address.start, address.end),
                names=names,
                form=form,
            )

    def _finding(
        self,
        leaf: Leaf,
        number: int,
        confidence: Confidence,
        what: str,
        *,
        at: tuple[int, int] | None = None,
        names: tuple[str, ...] = (),
        variable: str = "",
        own: bool = False,
        form: Form = Form.WORD,
        aside: str = "",
    ) -> Finding:
        begin, end = (leaf.start + at[0], leaf.start + at[1]) if at else (leaf.start, leaf.end)
        source = self.source
        outer = source.offset(leaf.start), source.offset(leaf.end)
        return source.finding(
            number,
            confidence,
            form,
            (source.offset(begin), source.offset(end)),
            outer=outer,
            shown=outer if leaf.path[:1] == ("scripts",) else None,
            what=what,
            names=names,
            variable=variable,
            own=own,
            aside=aside,
        )


def _what(leaf: Leaf, word: commandlines.Word) -> str:
    """What makes a word of a command line a port: of package.json, the script in which it stands."""
    return f"{SCRIPT}{leaf.path[1]}" if leaf.path[:1] == ("scripts",) and word.own else word.what
