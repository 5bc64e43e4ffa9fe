"""Reads files of variables (`.env`) in the dialect of python-dotenv, by that library, each word with its place.

What a line means is the library's to say. It only marks a line of which it can make nothing, and goes on with
the next one; what is wrong with such a line, and where, is found here.
"""

import io
import re
from collections.abc import Iterable, Mapping

from aura_stack.errors import Place, Problem
from aura_stack.frozen import NamedTuple

from . import text as texts
from .plant import Refused
from .words import quoted

_FORM = "write NAME=value"

# The library's own patterns, put together: they say how far it came with a line that it gave up.
_BEFORE_NAME = re.compile(r"\s*(?:export[^\S\r\n]+)?")
_NAME = re.compile(r"'[^']+'|[^=#\s'][^=#\s]*")
_EQUALS = re.compile(r"[^\S\r\n]*=[^\S\r\n]*")
_QUOTED = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\"""", re.DOTALL)
_BLANKS = re.compile(r"[^\S\r\n]*")
_REST = re.compile(r"[^\r\n]*")


class Assignment(NamedTuple):
    """One line: a name where it stands, and its value; None where the name stands alone."""

    name: str
    value: str | None
    place: Place


class DotenvRead(NamedTuple):
    """What a file says, in its order, and what is wrong with it."""

    assignments: tuple[Assignment, ...]
    problems: tuple[Problem, ...]


class _Mistake(NamedTuple):
    """What is wrong at an offset of a text, and what to write instead."""

    offset: int
    message: str
    hint: str = _FORM


def read(path: str, file: str) -> DotenvRead:
    """Read a file of at most 1 MiB.

    Args:
        path: which.
        file: what it is called in places.

    Raises:
        OSError: it cannot be read; a folder, and what is no text, are problems instead.
    """
    try:
        return parse(texts.read(path, file), file)
    except Refused as refused:
        return DotenvRead((), (refused.problem,))


def parse(text: str, file: str) -> DotenvRead:
    """The lines of a text, `${...}` in them left as it stands. It raises nothing.

    Source: the parser of python-dotenv, whose bindings follow each other without a gap.
    """
    from dotenv.parser import parse_stream  # noqa: PLC0415 - 15 ms, for those who have such a file

    bindings = tuple(parse_stream(io.StringIO(text, newline="")))
    # what they do not cover is a byte order mark, which the library took away
    text = text[len(text) - sum(len(binding.original.string) for binding in bindings) :]
    lines = texts.Lines(text, file)
    assignments: list[Assignment] = []
    problems: list[Problem] = []
    start = 0
    for binding in bindings:
        end = start + len(binding.original.string)
        mistake = _mistake(text, start) if binding.error else _unusable(text, start, end, binding.key)
        if mistake:
            problems.append(Problem(lines.place(mistake.offset), mistake.message, mistake.hint))
        elif binding.key is not None:
            place = lines.place(_end(_BEFORE_NAME, text, start))
            assignments.append(Assignment(binding.key, binding.value, place))
        start = end
    return DotenvRead(tuple(assignments), tuple(problems))


def resolved(
    assignments: Iterable[Assignment], environ: Mapping[str, str], *, override: bool
) -> dict[str, Assignment]:
    """The assignments by name, `${NAME}` and `${NAME:-default}` filled in; the last one of a name holds.

    Args:
        assignments: in the order of the file.
        environ: the variables around the file.
        override: whether what the file said before wins over those.

    Source: `resolve_variables` of python-dotenv, which looks at the variables of this process instead.
    """
    from dotenv.variables import parse_variables  # noqa: PLC0415 - see above

    found: dict[str, Assignment] = {}
    known: dict[str, str | None] = {**environ}
    for one in assignments:
        value = one.value
        if value is not None:
            value = "".join(atom.resolve(known) for atom in parse_variables(value))
        found[one.name] = one._replace(value=value)
        if override or one.name not in environ:
            known[one.name] = value
    return found


def _unusable(text: str, start: int, end: int, name: str | None) -> _Mistake | None:
    """What the library reads and no program can be given: see execve(2) and environ(7)."""
    nul = text.find("\0", start, end)
    if nul >= 0:
        return _Mistake(nul, "a NUL character, which no program can be given", "take it away")
    if name and "=" in name:
        offset = _end(_BEFORE_NAME, text, start)
        return _Mistake(offset, f'the name {quoted(name)} holds a "="', "write NAME='value'")
    return None


def _mistake(text: str, start: int) -> _Mistake:
    """What is wrong with the line that begins there, of which the library could make nothing."""
    begin = _end(_BEFORE_NAME, text, start)
    name = _NAME.match(text, begin)
    if name is None:
        return _nameless(text, begin)
    if "\n" in name[0] or "\r" in name[0]:
        return _Mistake(begin, "this quote is not closed on its line", "close it behind the name")
    equals = _EQUALS.match(text, name.end())
    if equals is None:
        hint = "write NAME=value, not NAME: value" if name[0].endswith(":") else _FORM
        return _Mistake(name.end(), f'a "=" is missing behind {quoted(name[0])}', hint)
    return _misquoted(text, equals.end())


def _nameless(text: str, begin: int) -> _Mistake:
    """Where a name should begin stands something else."""
    if text.startswith("''", begin):
        return _Mistake(begin, "this name is empty")
    if text.startswith("'", begin):
        return _Mistake(begin, "this quote is never closed", "close it behind the name")
    if text.startswith("=", begin):
        return _Mistake(begin, 'a name is missing before this "="')
    return _Mistake(begin, 'a name is missing behind "export"', "write export NAME=value")


def _misquoted(text: str, begin: int) -> _Mistake:
    """A value begins with a quote that is never closed, or has text behind the closing one."""
    quote = text[begin : begin + 1]
    value = _QUOTED.match(text, begin)
    if value is None:
        line = text[begin + 1 : _end(_REST, text, begin)].rstrip()
        hint = f"close it with {quote}"
        if line.endswith(f"\\{quote}"):
            hint = f"write \\\\{quote} where a backslash comes before the closing quote"
        return _Mistake(begin, "this quote is never closed", hint)
    behind = _end(_BLANKS, text, value.end())
    message = "text behind a closing quote"
    if "\n" in value[0] or "\r" in value[0]:
        message += ", which was opened on a line above"
    return _Mistake(behind, message, f"close the value at its end, and write \\{quote} for a {quote} inside")


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    """Where that ends which a pattern finds at an offset; the offset if it finds nothing there."""
    found = pattern.match(text, start)
    return found.end() if found else start
