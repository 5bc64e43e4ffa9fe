"""Makes a service's command of a line: its words, the number they or its code listen on, what a save concerns."""

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from aura_stack.frozen import Frozen

from . import listening
from .findings import PORT, Hold, Listening, escaped
from .programs import Program, identify, is_python
from .project import PYTHON, SCRIPTS, Path, Project, base, folder_of, inside, is_below, joined, line_of
from .shell import PORT_MARK, Line
from .tools import reloads, serves

_VALUE = re.compile(r"(.*:)?(\d{2,5})")
_DOTENV = re.compile(
    r"^[ \t]*(?:export[ \t]+)?(\w+)[ \t]*=[ \t]*['\"]?(\d{2,5})['\"]?[ \t]*(?:#.*)?$", re.MULTILINE
)
_MOST_WATCHED = 6
_SERVE_CODE = ("uvicorn", "hypercorn", "gunicorn", "flask")
_NAMES_FIRST = ("server", "index", "main", "app")

_Key = TypeVar("_Key", int, str)
_Search = Callable[[str, str], dict[_Key, str]]


class Command(Frozen):
    """What runs and what it listens on.

    Attributes:
        words: text of the stack file; for a program that is not executed directly, what may be added to it.
        program: what it executes.
        listening: None for nothing that could be seen.
        env: text of the stack file too.
        watch: source files and folders of a program that does not look for saves itself.
        asks: the numbers on this machine that its code asks, with where that stands.
        urls: the variables it names for the addresses of others, likewise.
        health: a path that its code seems to answer for the asking whether it is well, with where that stands.
    """

    words: tuple[str, ...]
    program: Program
    listening: Listening | None
    env: Mapping[str, str]
    watch: tuple[str, ...]
    asks: Mapping[int, str]
    urls: Mapping[str, str]
    health: tuple[str, str] | None


def command(
    project: Project, folder: Path, line: Line, place: str, *, on_path: bool, alone: bool = True
) -> Command:
    """Understand a line.

    Args:
        project: where its files are looked up.
        folder: where it runs.
        line: the words.
        place: where they stand.
        on_path: as for `programs.identify`.
        alone: whether nothing else happens, so that the words may be executed directly.
    """
    program = identify(project, folder, line.words, on_path=on_path)
    program = program._replace(direct=program.direct and alone)
    env = dict(line.env)
    told = env.pop("PORT", "")
    words, found = _told(program, line, place)
    if told.isdigit() and found is None:
        found = Listening(int(told), place, Hold.INJECTED if program.direct else Hold.FIXED)
    elif told and not told.isdigit():
        env["PORT"] = told
    extra: tuple[str, ...] = ()
    if found is None:
        found, extra = _by_habit(project, folder, program)
    if found is None:
        found = _by_code(project, folder, program)
    env = (env if program.direct else {}) | (dict(program.tool.env) if program.tool else {})
    return Command(
        words=(*words, *extra) if program.direct else extra,
        program=program,
        listening=_with_dotenv(project, folder, found),
        env={name: _template(value) for name, value in env.items()},
        watch=_watch(project, folder, program),
        asks=_asked(project, folder, program, listening.asked),
        urls=_asked(project, folder, program, listening.urls),
        health=_health(project, folder, program),
    )


def _template(word: str) -> str:
    """A word as the stack file writes it."""
    return PORT.join(map(escaped, word.split(PORT_MARK)))


# --- the number ---


def _told(program: Program, line: Line, place: str) -> tuple[tuple[str, ...], Listening | None]:
    """The words with the port filled in, and the number that stood in its place."""
    words = list(program.words)
    if any(PORT_MARK in word for word in (*words, *dict(line.env).values())):
        return tuple(map(_template, words)), Listening(line.default, f"$PORT in {place}")
    flags = program.tool.flags if program.tool else ("--port",)
    for position, word in enumerate(words[1:], start=1):
        flag, sign, value = word.partition("=")
        before = words[position - 1]
        behind = sign and flag in flags and _VALUE.fullmatch(value)
        match = behind or (before in flags and _VALUE.fullmatch(word))
        if match:
            lead = f"{flag}=" if behind else ""
            filled = [*map(_template, words)]
            filled[position] = f"{_template(lead + (match[1] or ''))}{PORT}"
            hold = Hold.INJECTED if program.direct else Hold.FIXED
            return tuple(filled), Listening(int(match[2]), place, hold)
    return tuple(map(_template, words)), None


def _by_habit(project: Project, folder: Path, program: Program) -> tuple[Listening | None, tuple[str, ...]]:
    """What a known program listens on by itself, and the words that tell it another number."""
    tool = program.tool
    if tool is None or tool.number is None or not serves(tool, program.rest):
        return None, ()
    found = None
    if program.name == "vite":
        configs = _configs(project, folder)
        found = next((listening.in_vite(project.texts[path], path) for path in configs), None)
    number, said = (found.number, found.said) if found else (tool.number, f"{program.name}'s default")
    return Listening(number, said), tool.tell


def _by_code(project: Project, folder: Path, program: Program) -> Listening | None:
    """What the code of a program listens on: the file it begins with, else the others of its folder."""
    if program.tool and not serves(program.tool, program.rest):
        return None
    runs_code = program.entry or program.name in ("nest", "node", "bun", "deno", "tsx", "ts-node", "nodemon")
    if not runs_code:
        return None
    if program.entry and program.entry.endswith(PYTHON):
        return scan(project, program.entry)  # in a folder of Python programs the next file is another one
    return _first_in(project, _code(project, folder, program))


def in_folder(project: Project, folder: Path, endings: tuple[str, ...]) -> Listening | None:
    """What some program in a folder listens on."""
    return _first_in(project, sorted(project.sources(folder, endings), key=_nearest))


def _first_in(project: Project, paths: list[Path]) -> Listening | None:
    best: Listening | None = None
    for path in paths:
        found = scan(project, path)
        if found and found.number is not None:
            return found
        best = best or found
    return best


def scan(project: Project, path: Path) -> Listening | None:
    """What one file of a project listens on."""
    search = listening.in_python if path.endswith(PYTHON) else listening.in_script
    return search(project.texts[path], path)


def _code(project: Project, folder: Path, program: Program) -> list[Path]:
    """The files of a program, the one it begins with first."""
    endings = PYTHON if is_python(program.name) or program.name in _SERVE_CODE else SCRIPTS
    others = sorted(project.sources(folder, endings), key=_nearest)
    entry = [program.entry] if program.entry else []
    return entry + [path for path in others if path != program.entry]


def _nearest(path: Path) -> tuple[int, int, str]:
    """Sorts the files that a program probably begins with to the front."""
    stem = base(path).partition(".")[0]
    rank = _NAMES_FIRST.index(stem) if stem in _NAMES_FIRST else len(_NAMES_FIRST)
    return path.count("/"), rank, path


def _with_dotenv(project: Project, folder: Path, found: Listening | None) -> Listening | None:
    """A number that a file `.env` says, which a program that reads the variable would take."""
    if found is None or found.hold is Hold.FIXED:
        return found
    text = project.text(folder, ".env")
    for match in _DOTENV.finditer(text):
        if match[1] == found.variable and not found.said.endswith("'s default"):
            return found.but(
                number=int(match[2]), said=f"{joined(folder, '.env')}:{line_of(text, match.start(1))}"
            )
    return found


# --- the code ---


def _watch(project: Project, folder: Path, program: Program) -> tuple[str, ...]:
    """Source files at the top of a folder and the folders that hold more of them; data files are left out."""
    if program.tool and reloads(program.tool, program.rest):
        return ()
    if program.entry is None and program.name not in _SERVE_CODE:
        return ()
    if program.entry is not None and not is_below(program.entry, folder):
        return ()
    return code_paths(project, folder, PYTHON if (program.entry or ".py").endswith(PYTHON) else SCRIPTS)


def code_paths(project: Project, folder: Path, endings: tuple[str, ...]) -> tuple[str, ...]:
    """What to watch so that a save of source code is met and one of data is not."""
    tops = dict.fromkeys(inside(path, folder).partition("/")[0] for path in project.sources(folder, endings))
    return tuple(sorted(tops)) if len(tops) <= _MOST_WATCHED else (".",)


def _asked(project: Project, folder: Path, program: Program, search: _Search[_Key]) -> dict[_Key, str]:
    """What its code, or the proxy of its vite.config, asks, with where that stands."""
    found: dict[_Key, str] = {}
    for path in (*_configs(project, folder), *_code(project, folder, program)):
        found = search(project.texts[path], path) | found
    return found


def _configs(project: Project, folder: Path) -> list[Path]:
    return [
        path for path in project.texts if folder_of(path) == folder and base(path).startswith("vite.config.")
    ]


_HEALTH = re.compile(r"""['"](/(?:api/)?(?:health|healthz|healthcheck|ping|ready|readyz))/?['"]""")


def _health(project: Project, folder: Path, program: Program) -> tuple[str, str] | None:
    for path in _code(project, folder, program):
        if match := _HEALTH.search(project.texts[path]):
            return match[1], f"{path}:{line_of(project.texts[path], match.start())}"
    return None
