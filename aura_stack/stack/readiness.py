"""What makes a service ready, from the `ready:` of its definition or, without one, from its ports."""

import posixpath
import re
import warnings
from collections.abc import Callable, Iterator

from aura_stack.reading.tree import Items, Node, Scalar, Table
from aura_stack.reading.words import listed, quoted

from .filled import Filled
from .model import Answer, ProbeKind, Ready
from .units import seconds

_PATH = r"/[!-~]*"
_LOCAL = rf"http://(?:localhost|127\.0\.0\.1|\[::1\])(?::([0-9]{{1,5}}))?({_PATH})?"
_HTTP_PORT = 80  # of an address that names none
_HIGHEST_PORT = 65535
_STARTED = Ready(ProbeKind.STARTED)


def readiness(table: Table, filled: Filled, main_port: int | None, cwd: str) -> Ready:
    """Read what stands under `ready:`.

    Args:
        table: that, or an empty one.
        filled: the words of the service.
        main_port: its number, if it has one.
        cwd: the folder of the service, which the path of a file is relative to.
    """
    if not table.entries:
        return _default(main_port)
    probe = _several(table, filled, cwd) or condition(table, filled, cwd) or _default(main_port)
    limit = table.scalar("timeout")
    return probe if limit is None else probe.but(timeout=seconds(limit.text))


def _default(main_port: int | None) -> Ready:
    """A declared port must accept; a service without one is ready once it runs."""
    return _STARTED if main_port is None else accepting(main_port)


def _several(table: Table, filled: Filled, cwd: str) -> Ready | None:
    """All or any of a list, if that is asked for."""
    for kind in (ProbeKind.ALL, ProbeKind.ANY):
        node = table.get(kind)
        if isinstance(node, Items):
            return Ready(kind, parts=tuple(_parts(node, filled, cwd)))
    return None


def _parts(node: Items, filled: Filled, cwd: str) -> Iterator[Ready]:
    for each in node.nodes:
        found = condition(each, filled, cwd) if isinstance(each, Table) else None
        if found:
            yield found
        elif not _is_wrong_already(each):
            filled.report(each.place, "this item names no condition", f"write {listed(list(_READERS))}")


def _is_wrong_already(node: Node) -> bool:
    return not isinstance(node, (Table, Scalar)) or (
        isinstance(node, Table) and any(node.is_void(key) for key in node.entries)
    )


def condition(table: Table, filled: Filled, cwd: str) -> Ready | None:
    """The one condition that stands there, if any does."""
    found = None
    for key, read in _READERS.items():
        node = table.get(key)
        if node is not None:
            found = read(node, filled, cwd)
    return found


def accepting(port: int) -> Ready:
    """A port accepts a connection."""
    return Ready(ProbeKind.TCP, target=str(port), port=port)


def _http(node: Node, filled: Filled, _cwd: str) -> Ready:
    """A path or an address, by itself or as the `path` of a mapping that says what the answer has to be."""
    if not isinstance(node, Table):
        return _http_at(node, filled)
    path = node.scalar("path")
    found = _http_at(path, filled) if path else Ready(ProbeKind.HTTP)
    body = node.scalar("body")
    return found.but(
        answer=Answer(
            statuses=tuple(_statuses(node, filled)) or Answer().statuses,
            headers=tuple(_headers(node.table("header"), filled)),
            body=_expression(body, filled) if body else "",
        )
    )


def _http_at(node: Node, filled: Filled) -> Ready:
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


def _statuses(table: Table, filled: Filled) -> Iterator[tuple[int, int]]:
    """Single ones are ranges of one."""
    for node in table.items("status"):
        if isinstance(node, Scalar):
            low, _, high = str(node.value).partition("-")
            first, last = int(low), int(high or low)
            if first > last:
                hint = f"write {last}-{first}"
                filled.report(node.place, f"{quoted(node.text)} begins behind its end", hint)
            yield first, last


def _headers(table: Table, filled: Filled) -> Iterator[tuple[str, str]]:
    for key, node in table.entries.values():
        if isinstance(node, Scalar):
            yield key.text, filled.text(node).strip()


def _tcp(node: Node, filled: Filled, _cwd: str) -> Ready:
    """A number, or the name of one of the service's own ports."""
    if not isinstance(node, Scalar):
        return Ready(ProbeKind.TCP)
    text = filled.text(node)
    if not text.isdecimal():
        return accepting(filled.port(node.place, '"tcp"', text))
    port = int(text[:6])
    if not 0 < port <= _HIGHEST_PORT:
        filled.report(node.place, f'"tcp" should be a number from 1 to {_HIGHEST_PORT}, not {text}')
    return accepting(port)


def _log(node: Node, filled: Filled, _cwd: str) -> Ready:
    return Ready(ProbeKind.LOG, target=_expression(node, filled) if isinstance(node, Scalar) else "")


def _expression(word: Scalar, filled: Filled) -> str:
    """A regular expression, with a problem where it is none."""
    text = filled.text(word)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # what a later Python may read otherwise is no concern of the user's
            re.compile(text.encode())
    except (re.error, RecursionError, OverflowError) as error:
        filled.report(word.place, f"{quoted(text)} is no regular expression: {error}")
    return text


def _exec(node: Node, filled: Filled, _cwd: str) -> Ready:
    return Ready(ProbeKind.EXEC, command=filled.command(node))


def _file(node: Node, filled: Filled, cwd: str) -> Ready:
    text = filled.text(node) if isinstance(node, Scalar) else ""
    return Ready(ProbeKind.FILE, target=posixpath.join(cwd, text))


def _notify(node: Node, _filled: Filled, _cwd: str) -> Ready | None:
    """`false` is as good as nothing."""
    return Ready(ProbeKind.NOTIFY) if isinstance(node, Scalar) and node.value is True else None


def _grpc(node: Node, filled: Filled, _cwd: str) -> Ready | None:
    """`true`, the name of a service of theirs, or a mapping with one and a port; `false` is as good as nothing."""
    if isinstance(node, Table):
        service, port = node.scalar("service"), node.scalar("port")
        asked = _tcp(port, filled, "").port if port else filled.port(node.place, '"grpc"')
        return Ready(ProbeKind.GRPC, target=filled.text(service) if service else "", port=asked)
    if not isinstance(node, Scalar) or node.value is False:
        return None
    target = "" if node.value is True else filled.text(node)
    return Ready(ProbeKind.GRPC, target=target, port=filled.port(node.place, '"grpc"'))


_READERS: dict[str, Callable[[Node, Filled, str], Ready | None]] = {
    "http": _http,
    "tcp": _tcp,
    "log": _log,
    "exec": _exec,
    "file": _file,
    "notify": _notify,
    "grpc": _grpc,
}
