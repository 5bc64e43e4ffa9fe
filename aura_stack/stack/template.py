"""The language of `${...}`: variables of the environment, ports and addresses of services, `$$` for a `$`.

    ${NAME}              a variable; that it is not set is a mistake
    ${NAME:-default}     the same, with what holds when it is unset or empty; it may hold further ${...}
    ${port}              the main port of the service in whose definition it stands
    ${services.NAME.port}   ${services.NAME.url}   ${services.NAME.ports.KEY}
    $$                   a single $

A `$` before anything else stays as it is, so `$HOME` in a command that /bin/sh runs is the shell's. `${HOME}`
is ours there too; `$${HOME}` leaves it to the shell.

Text is filled in twice: first with variables, when nothing is known yet but the environment, then with ports.
In between it is still text of this language, so what a variable brought in is escaped and never read as a
reference.
"""

import re
from collections.abc import Callable, Iterator

from aura_stack.frozen import NamedTuple
from aura_stack.reading.words import quoted

_MARK = re.compile(r"\$\$|\$\{")
_DOLLARS = r"\$\$?"
_EDGE = re.compile(r"\$\$|\$\{|\}")
_VARIABLE = r"([A-Za-z_][A-Za-z0-9_]*)(?::-([\s\S]*))?"
_REFERENCE = r"port|services\.([A-Za-z0-9_-]+)\.(port|url|ports\.([A-Za-z0-9_-]+))"
_DEEPEST = 8  # defaults inside of defaults

ESCAPED = "$$"


class BadTemplate(Exception):  # noqa: N818 - it reads as what it is: a bad template
    """Text in which a `${...}` cannot be read or filled in; `hint` says what to write."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Reference(NamedTuple):
    """A port or an address: `service` is "" for the one that is being defined, `key` for its main port."""

    service: str
    what: str  # port or url
    key: str = ""

    def __str__(self) -> str:
        if not self.service:
            return "${port}"
        return f"${{services.{self.service}.{f'ports.{self.key}' if self.key else self.what}}}"


def fill_variables(text: str, value: Callable[[str], str | None]) -> str:
    """The text with its variables filled in; references and `$$` stay.

    Args:
        text: of this language.
        value: what a variable holds, None when it is not set.

    Raises:
        BadTemplate: it cannot be read, or a variable without a default is not set.
    """

    def fill(inside: str, depth: int) -> str:
        variable = re.fullmatch(_VARIABLE, inside)
        if variable is None or variable[1] == "port":
            return str(_reference(inside))
        name, default = variable.groups()
        found = value(name)
        if found or (found is not None and default is None):
            return found.replace("$", ESCAPED)
        if default is None:
            hint = f"set it, write ${{{name}:-value}} for a default, or $${{{name}}} for the text"
            raise BadTemplate(f"the variable {name} is not set", hint)
        return _filled(default, fill, depth + 1)

    return _filled(text, fill)


def fill_references(text: str, value: Callable[[Reference], str]) -> str:
    """The text with its references filled in and `$$` made `$`: what the user meant.

    Args:
        text: of this language, its variables already filled in.
        value: what a reference stands for; it may raise BadTemplate.

    Raises:
        BadTemplate: what `value` raised.
    """
    return _filled(text, lambda inside, _depth: value(_reference(inside)), unescape=True)


def references(text: str) -> tuple[Reference, ...]:
    """All references in a text whose variables have been filled in."""
    found: list[Reference] = []

    def note(reference: Reference) -> str:
        found.append(reference)
        return ""

    fill_references(text, note)
    return tuple(found)


def _reference(inside: str) -> Reference:
    match = re.fullmatch(_REFERENCE, inside)
    if match is None:
        hint = f"it takes NAME, NAME:-default, port or services.NAME.port; $${{{inside}}} is left as text"
        raise BadTemplate(f"{quoted(f'${{{inside}}}')} means nothing here", hint)
    if match[0] == "port":
        return Reference("", "port")
    return Reference(match[1], "url" if match[2] == "url" else "port", match[3] or "")


def _filled(text: str, fill: Callable[[str, int], str], depth: int = 0, *, unescape: bool = False) -> str:
    """The text with `fill(inside, depth)` in the place of every `${inside}`."""
    if "$" not in text:
        return text
    if depth > _DEEPEST:
        raise BadTemplate(f"defaults stand more than {_DEEPEST} deep inside of each other")
    parts: list[str] = []
    for literal, inside in _parts(text):
        if unescape:
            parts.append(literal.replace(ESCAPED, "$"))
        else:  # a default may end in a $, which must not meet a brace behind it
            parts.append(re.sub(_DOLLARS, ESCAPED, literal) if depth else literal)
        if inside is not None:
            parts.append(fill(inside, depth))
    return "".join(parts)


def _parts(text: str) -> Iterator[tuple[str, str | None]]:
    """Every stretch of text with what stands between the braces behind it; None behind the last."""
    start = 0
    position = 0
    while match := _MARK.search(text, position):
        position = match.end()
        if match[0] == ESCAPED:
            continue
        end = _closing(text, position)
        yield text[start : match.start()], text[position:end]
        start = position = end + 1
    yield text[start:], None


def _closing(text: str, position: int) -> int:
    """Where the brace stands that closes the one before `position`."""
    depth = 1
    for edge in _EDGE.finditer(text, position):
        depth += (edge[0] == "${") - (edge[0] == "}")
        if depth == 0:
            return edge.start()
    raise BadTemplate('"${" is never closed', "write $${ for the text")
