"""Addresses of this machine, and of services that are neighbours, in any text."""

import re
from collections.abc import Iterator

from aura_stack.frozen import NamedTuple

from .findings import is_port

_LOCAL = r"localhost|127(?:\.\d{1,3}){3}|0\.0\.0\.0|\[::1?\]|host\.docker\.internal"
# SCHEME://[USER@]HOST:PORT; a host without a dot is a neighbour, in a compose network for example
_ADDRESS = re.compile(
    rb"(?:\b(?P<scheme>[a-z][a-z0-9+]{1,20})://(?:[^\s/@'\"`<>]{0,80}@)?)?"
    rb"(?P<host>(?<![\w.-])(?:" + _LOCAL.encode() + rb")|(?<=[/@])[a-z][a-z0-9_-]{0,62})"
    rb":(?P<port>[1-9]\d{1,4})(?![\w.:]|-\d)"
)
NUMBERED = re.compile(rb":[1-9]\d{1,4}(?!\w)")
"""What every address has that is found here."""
LOCAL = re.compile(_LOCAL)


class Address(NamedTuple):
    """An address: its number, where that stands in bytes, and what it was written with."""

    number: int
    start: int
    end: int
    scheme: str
    host: str
    begin: int

    @property
    def names(self) -> tuple[str, ...]:
        """What the address says about whom it is of."""
        neighbour = () if LOCAL.fullmatch(self.host) else (self.host.replace("-", " ").replace("_", " "),)
        scheme = self.scheme.split("+")[0]
        return neighbour + ((scheme,) if scheme not in _COMMON else ())


_COMMON = frozenset(("http", "https", "ws", "wss", "tcp", "udp", ""))


def addresses(data: bytes) -> Iterator[Address]:
    """All of them, in the order of the text."""
    if not NUMBERED.search(data):
        return
    for match in _ADDRESS.finditer(data):
        host, scheme = match["host"].decode(), (match["scheme"] or b"").decode()
        if not scheme and not LOCAL.fullmatch(host):
            continue
        if is_port(number := int(match["port"])):
            yield Address(number, *match.span("port"), scheme, host, match.start())
