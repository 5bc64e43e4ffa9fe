"""Reads a Procfile: every line a service, with the numbers that foreman would hand out."""

import re

from aura_stack.reading.words import quoted

from . import packages, scripts, shell
from .commands import command
from .findings import Found, Hold, Listening, escaped
from .project import Path, Project
from .services import service

FILES = ("Procfile.dev", "Procfile")
"""In the order in which they are taken: the first is what people run on their own machines."""

_LINE = re.compile(r"([A-Za-z0-9_-]+)\s*:\s*(\S[^\0]*)")
_BASE, _STEP = 5000, 100  # foreman: 5000 for the first process, 5100 for the second
_PORT = re.compile(r"\$(?:\{)?PORT\b")
_DOTENV_PORT = re.compile(r"^[ \t]*(?:export[ \t]+)?PORT[ \t]*=[ \t]*['\"]?(\d{2,5})", re.MULTILINE)
_RUN_ONCE = "release"
_LAST_PORT = 65535


def find(project: Project) -> tuple[list[Found], list[str]]:
    """The services of the Procfile, and what is to be told of lines that are none."""
    file = next((name for name in FILES if name in project.texts), "")
    found: list[Found] = []
    notes: list[str] = []
    base = _base(project)
    # its PORT is where foreman begins to count, and nobody's own
    project = project.but(texts={path: text for path, text in project.texts.items() if path != ".env"})
    for number, text in enumerate(project.texts.get(file, "").split("\n"), start=1):
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(text.strip())
        if match:
            found.append(_service(project, match, f"{file}:{number}", base + _STEP * len(found)))
        else:
            notes.append(f"{file}:{number} is no line of the form NAME: COMMAND: {quoted(text.strip())}")
    return found, notes


def _base(project: Project) -> int:
    match = _DOTENV_PORT.search(project.text("", ".env"))
    return int(match[1]) if match else _BASE


def _service(project: Project, match: re.Match[str], place: str, number: int) -> Found:
    name, text = match[1], match[2].strip()
    why = f"{place}: {text}"
    line = shell.read(text)
    folder = _folder(project, line)
    if line is None or folder is None:
        found = Found(name=name, why=why, command=escaped(text))
        if _PORT.search(text):
            found = found.but(listening=Listening(None, f"$PORT in {place}"))
    else:
        found = _understood(project, folder, line, place).but(name=name, why=why)
    return _once(_numbered(found, number, place))


def _folder(project: Project, line: shell.Line | None) -> Path | None:
    """The folder in which a line runs; None for one that was not seen."""
    if line is None:
        return None
    folder = line.folder.removeprefix("./").rstrip("/")
    return folder if folder in project.present or not folder else None


def _understood(project: Project, folder: Path, line: shell.Line, place: str) -> Found:
    name = None if line.env else scripts.alias(line.words)
    by_script = packages.of_script(project, folder, name) if name else None
    if by_script:
        return by_script
    return service("", "", folder, command(project, folder, line, place, on_path=True))


def _numbered(found: Found, number: int, place: str) -> Found:
    """Whoever takes PORT and says no number gets foreman's; so does `web`, which is there to be asked."""
    listening = found.listening
    if number > _LAST_PORT:
        return found
    if listening is None and found.name == "web":
        return found.but(listening=Listening(number, f"{place}, as foreman counts"))
    if listening is None:
        hint = f"foreman gives it PORT={number}: if it listens there, name that in the manifest, and say port: here"
        return found if found.name == _RUN_ONCE else found.but(hints=(*found.hints, hint))
    if listening.number is not None or listening.hold is Hold.FIXED:
        return found
    return found.but(listening=listening.but(number=number))


def _once(found: Found) -> Found:
    if found.name != _RUN_ONCE:
        return found
    return found.but(once=True, remark="others wait for its end with depends_on: {release: completed}")
