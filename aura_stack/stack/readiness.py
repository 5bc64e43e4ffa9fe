"""What makes a service ready, from the `ready:` of its definition or, without one, from its ports."""

import posixpath
import re
import warnings
from collections.abc import Callable

from aura_stack.reading.tree import Node, Scalar, Table
from aura_stack.reading.words import quoted

from .filled import Filled
from .model import ProbeKind, Ready
from .units import seconds

_PATH = r"/[!-~]*"
_LOCAL = rf"http://(?:localhost|127\.0\.0\.1|\[::1\])(?::([0-9]{{1,5}}))?({_PATH})?"
_HTTP_PORT = 80  # of an address that names none
_HIGHEST_PORT = 65535


def readiness(table: Table, filled: Filled, main_port: int | None, cwd: str) -> Ready:
    """Read what stands under `ready:`.

    Args:
        table: that, or an empty one.
        filled: the words of the service.
        main_port: its number, if it has one.
        cwd: the folder of the service, which the path of a file is relative to.
    """
    probe = _default(main_port)
    for key, read in _READERS.items():
        node = table.get(key)
        if node is not None:
            probe = read(node, filled, cwd)
    limit = table.scalar("timeout")
    return probe if limit is None else probe.but(timeout=seconds(limit.text))


def _default(main_port: int | None) -> Ready:
    """A declared port must accept; a service without one is ready once it runs."""
    return Ready(ProbeKind.STARTED) if main_port is None else _tcp_at(main_port)


def _tcp_at(port: int) -> Ready:
    return Ready(ProbeKind.TCP, target=str(port), port=port)


def _http(node: Node, filled: Filled, _cwd: str) -> Ready:
    """A path on the main port, or a whole address on this machine."""
    if not isinstance(node, Scalar):
        return Ready(ProbeKind.HTTP)
    text = filled.text(node)
    if re.fullmatch(_PATH, text):
        return Ready(ProbeKind.HTTP, target=text, port=filled.port(node.place, '"http"'))
    local = re.fullmatch(_LOCAL, text)
    port = int(local[1] or _HTTP_PORT) if local else 0
    if text and not 0 < port <= _HIGHEST_PORT:
        message = f'"http" should be a path such as /health or an address on localhost, not {quoted(text)}'
        filled.report(node.place, message)
    return Ready(ProbeKind.HTTP, target=(local and local[2]) or "/", port=port)


def _tcp(node: Node, filled: Filled, _cwd: str) -> Ready:
    """A number, or the name of one of the service's own ports."""
    if not isinstance(node, Scalar):
        return Ready(ProbeKind.TCP)
    text = filled.text(node)
    if not text.isdecimal():
        return _tcp_at(filled.port(node.place, '"tcp"', text))
    port = int(text[:6])
    if not 0 < port <= _HIGHEST_PORT:
        filled.report(node.place, f'"tcp" should be a number from 1 to {_HIGHEST_PORT}, not {text}')
    return _tcp_at(port)


def _log(node: Node, filled: Filled, _cwd: str) -> Ready:
    text = filled.text(node) if isinstance(node, Scalar) else ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # what a later Python may read otherwise is no concern of the user's
            re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        filled.report(node.place, f"{quoted(text)} is no regular expression: {error}")
    return Ready(ProbeKind.LOG, target=text)


def _exec(node: Node, filled: Filled, _cwd: str) -> Ready:
    return Ready(ProbeKind.EXEC, command=filled.command(node))


def _file(node: Node, filled: Filled, cwd: str) -> Ready:
    text = filled.text(node) if isinstance(node, Scalar) else ""
    return Ready(ProbeKind.FILE, target=posixpath.join(cwd, text))


_READERS: dict[str, Callable[[Node, Filled, str], Ready]] = {
    "http": _http,
    "tcp": _tcp,
    "log": _log,
    "exec": _exec,
    "file": _file,
}
