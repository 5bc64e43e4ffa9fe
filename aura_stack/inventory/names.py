"""Names in programs and documents: their words, whether they mean a port, and what is left to tell whose."""

import re

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_GLUED = {
    f"{word}port": (word, "port")
    for word in ("pg", "db", "ssh", "web", "api", "http", "https", "redis", "mysql", "ws", "grpc")
}
_NOT_A_PORT = frozenset(
    ("timeout", "timeouts", "count", "counts", "range", "min", "max", "limit", "retries", "retry", "size", "width",
     "height", "offset", "delay", "interval", "length", "len", "ms", "seconds", "step", "attempts", "forwarding",
     "security", "folio", "id", "ids", "channel", "speed", "baud", "fee", "fees", "cost", "rate")
)  # fmt: skip
_NOT_BEFORE = frozenset(("max", "min", "maximum", "minimum", "highest", "lowest", "last", "num", "view", "air", "sea",
                         "invalid", "serial", "usb", "com", "midi", "unused", "random"))  # fmt: skip
_NOISE = frozenset(
    ("port", "ports", "url", "urls", "uri", "host", "hosts", "addr", "address", "base", "endpoint", "origin", "origins",
     "default", "local", "localhost", "dev", "development", "number", "no", "num", "public", "vite", "next", "react",
     "nuxt", "expo", "app", "my", "the", "http", "https", "ws", "target", "server", "servers", "upstream",
     "href", "link",
     "proxy", "const", "env", "process", "config", "settings", "options", "service", "destination", "dsn",
     "connection", "string",
     "listen", "baseurl", "root", "value", "name", "cmd", "args", "run", "main", "start", "test", "src", "to")
)  # fmt: skip


def words(name: str) -> tuple[str, ...]:
    """The words of a name in any style, in lower case: `webReactPort`, `WEB_REACT_PORT`, `web-react`."""
    return tuple(word for part in _PART.findall(name) for word in _GLUED.get(part.lower(), (part.lower(),)))


def means_port(name: str) -> bool:
    """Whether a name says that what it names is one port: `PORT`, `serverPort`, `PORT_METRICS`; not `portTimeout`."""
    parts = words(name)
    if "port" not in parts:
        return False
    at = parts.index("port")
    return not _NOT_A_PORT.intersection(parts[at + 1 :]) and not _NOT_BEFORE.intersection(parts[:at])


def telling(name: str) -> tuple[str, ...]:
    """What a name says about whose number it is, as one phrase; nothing where it says nothing."""
    kept = [part for part in words(name) if part not in _NOISE and not part.isdigit()]
    return (" ".join(kept),) if kept else ()
