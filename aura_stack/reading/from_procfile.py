"""Reads a Procfile as honcho does, by its pattern of a line, and tells of the lines that it passes over in silence."""

import re

from aura_stack.errors import Place, Problem
from aura_stack.frozen import NamedTuple

from . import text as texts
from .plant import Refused
from .tree import Form, Scalar
from .words import quoted

_FORM = "write NAME: COMMAND"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")  # what a stack file takes; honcho takes any length
_NAME_CHARACTERS = re.compile(r"[A-Za-z0-9_-]*")


class Process(NamedTuple):
    """One line: a name and a command, each where it stands."""

    name: Scalar
    command: Scalar


class ProcfileRead(NamedTuple):
    """The processes in their order, what is wrong, and what is odd and was left out, as honcho leaves it out."""

    processes: tuple[Process, ...]
    problems: tuple[Problem, ...]
    notices: tuple[Problem, ...]


def read(path: str, file: str) -> ProcfileRead:
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
        return ProcfileRead((), (refused.problem,), ())


def parse(text: str, file: str) -> ProcfileRead:
    """The processes of a text: those of honcho's `parse_procfile`, where nothing is wrong. It raises nothing."""
    from honcho.environ import PROCFILE_LINE  # noqa: PLC0415 - 9 ms, for those who have a Procfile

    lines = texts.Lines(text, file)
    first: dict[str, Place] = {}
    processes: list[Process] = []
    problems: list[Problem] = []
    notices: list[Problem] = []
    start = 0
    for line, whole in zip(text.splitlines(), text.splitlines(keepends=True), strict=True):
        if match := PROCFILE_LINE.match(line):
            process = Process(*(_word(lines, start + match.start(n), match[n]) for n in (1, 2)))
            name, place = process.name.text, process.name.place
            if problem := _wrong(process, first.setdefault(name, place)):
                problems.append(problem)
            else:
                processes.append(process)
        elif line.strip() and not line.lstrip().startswith("#"):
            place = lines.place(start + len(line) - len(line.lstrip()))
            well_begun = PROCFILE_LINE.match(line.lstrip()) is not None
            notices.append(_left_out(line.strip(), place, well_begun=well_begun))
        start += len(whole)
    if not first:  # then what was left out is why
        nothing = Problem(Place(file, 1, 1), "there is no process in this Procfile", _FORM)
        return ProcfileRead((), (nothing, *notices), ())
    return ProcfileRead(tuple(processes), tuple(problems), tuple(notices))


def _word(lines: texts.Lines, offset: int, text: str) -> Scalar:
    return Scalar(lines.place(offset), text, Form.QUOTED)


def _wrong(process: Process, first: Place) -> Problem | None:
    """What keeps a process from being run that honcho can read; `first` is where its name stood first."""
    name, command = process
    if first != name.place:
        message = f"the name {quoted(name.text)} stands twice, first on line {first.line}"
        return Problem(name.place, message, "give one of them another name")
    if not _NAME.fullmatch(name.text):
        message = f"{quoted(name.text)} should be a name that begins with a letter or digit (at most 63)"
        return Problem(name.place, message, "give it another name")
    if not command.text.strip():
        return Problem(command.place, f"{quoted(name.text)} has no command", _FORM)
    if (nul := command.text.find("\0")) >= 0:
        place = command.place._replace(column=command.place.column + nul)
        return Problem(place, "a NUL character, which no program can be given", "take it away")
    return None


def _left_out(text: str, place: Place, *, well_begun: bool) -> Problem:
    """What to say of a line that is no process; `well_begun` is whether blanks before it are all that is odd."""
    odd, hint = _oddity(text, well_begun=well_begun)
    return Problem(place, f"{quoted(text)} is left out: {odd}", hint)


def _oddity(text: str, *, well_begun: bool) -> tuple[str, str]:
    """Why a line is no process, and what to do."""
    if well_begun:
        return "a line has to begin with its name", "take away the blanks before it"
    name = _NAME_CHARACTERS.match(text)
    end = name.end() if name else 0
    behind = text[end:]
    if behind.startswith(":"):
        return f"it has no {'command' if end else 'name'}", _FORM
    if behind.lstrip().startswith(":"):
        return 'a blank stands before its ":"', "take it away"
    if ":" not in text.split(maxsplit=1)[0]:
        return 'it lacks the ":" behind a name', _FORM
    return f"a name cannot have {quoted(behind[0])} in it", "a name is made of letters, digits, - and _"
