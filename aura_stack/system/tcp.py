"""One TCP socket as data."""

from aura_stack.frozen import NamedTuple

LISTEN = "LISTEN"
TIME_WAIT = "TIME_WAIT"
BOUND = "BOUND"
"""It was given a number, and neither listens nor is connected."""


class Socket(NamedTuple):
    """One TCP socket.

    `family` is 4 or 6, `host` the address it is bound to, `remote` the other end of a connection. `pids` are the
    processes that have it, none where they are hidden from us, or gone. `uid` is the number of its user, where
    the system tells it of hidden ones. `left` is in how many seconds it goes away by itself, where that is known.
    """

    family: int
    host: str
    port: int
    state: str
    remote: str = ""
    pids: tuple[int, ...] = ()
    uid: int | None = None
    left: float | None = None


def address(host: str, port: int) -> str:
    """`10.0.0.1:443`, `[::1]:443`."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
