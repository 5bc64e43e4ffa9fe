"""Prints what went wrong, on standard error: a sentence and what to do, and for files the very line."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

import click

from aura_stack.errors import AuraError, InvalidDefinition, Place, Problem
from aura_stack.reading.load import LARGEST
from aura_stack.reading.words import visible
from aura_stack.system.plain import opened

_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_LEFT, _RIGHT = 60, 60  # characters shown on either side of a mistake; a manifest may be one long line


def show(error: AuraError, *, as_json: bool = False) -> None:
    """Print an error: all problems of a definition, or the message and the hint of any other; JSON for programs."""
    if as_json:
        from json import dumps  # noqa: PLC0415 - only programs need it

        click.echo(dumps(for_programs(error)), err=True)
        return
    if isinstance(error, InvalidDefinition):
        show_problems(error.problems)
        return
    click.echo(f"{click.style('error:', fg='red', bold=True)} {error.message}", err=True)
    if error.hint:
        click.echo(f"{click.style('hint:', fg='cyan', bold=True)} {error.hint}", err=True)


def for_programs(error: AuraError) -> dict[str, Any]:
    """An error as programs read it."""
    problems = error.problems if isinstance(error, InvalidDefinition) else ()
    return {
        "error": error.message,
        "hint": error.hint or None,
        "exit_code": error.exit_code,
        "problems": [
            {**one.place._asdict(), "message": one.message, "hint": one.hint or None} for one in problems
        ],
    }


def show_problems(problems: Iterable[Problem]) -> None:
    """Print each problem as compilers do: its place, what it is, the line, and a caret below."""
    lines: dict[str, list[str]] = {}
    for problem in problems:
        place = click.style(f"{problem.place}:", bold=True)
        click.echo(f"{place} {str(problem).removeprefix(f'{problem.place}: ')}", err=True)
        file = problem.place.file
        if not file.endswith(_SHOWN) and "Procfile" not in file:
            continue  # lines of other files, of variables, may hold what nobody should see
        if file not in lines:
            lines[file] = _lines(file)
        if problem.place.line <= len(lines[file]):
            _excerpt(lines[file][problem.place.line - 1], problem.place)


_SHOWN = (".yaml", ".yml", ".json", ".procfile")
"""How files end whose lines are shown."""


def show_notices(notices: Iterable[Problem | str]) -> None:
    """Print what is worth knowing and stops nothing."""
    for notice in notices:
        click.echo(f"{click.style('note:', fg='yellow', bold=True)} {notice}", err=True)


def _lines(file: str) -> list[str]:
    """The lines of a file as they are now; none if it cannot be read again."""
    try:
        with opened(file) as stream:
            text = stream.read(LARGEST).decode("utf-8", "replace")
    except OSError:
        return []
    return _LINE_BREAK.split(text.removeprefix("\ufeff"))


def _excerpt(line: str, place: Place) -> None:
    if not line.strip():
        return
    before, behind = _spread(line[: place.column - 1]), _spread(line[place.column - 1 :])
    if len(before) > _LEFT:
        before = "…" + before[1 - _LEFT :]
    if len(behind) > _RIGHT:
        behind = behind[: _RIGHT - 1] + "…"
    number = f"{place.line:5}"
    click.echo(f"{number} | {before}{behind}", err=True)
    caret = click.style("^", fg="red", bold=True)
    click.echo(f"{' ' * len(number)} | {' ' * _width(before)}{caret}", err=True)


def _spread(text: str) -> str:
    """The text without tabs and without anything that moves a cursor."""
    return visible(text.replace("\t", "    "))


def _width(text: str) -> int:
    """How many columns of a terminal the text takes."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) != 0 for character in text)
