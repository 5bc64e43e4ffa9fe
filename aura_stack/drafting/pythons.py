"""Finds services in folders of Python programs: Django, ASGI and WSGI applications, scripts that listen."""

import re
import tomllib
from collections.abc import Iterator

from . import shell
from .commands import Command, command, scan
from .findings import Found, Step
from .project import PYTHON, Path, Project, base, depth, folder_of, inside, joined
from .services import service

_DEEPEST = 2
_STEMS = ("main", "app", "server", "asgi", "wsgi", "api", "__init__")
_MARKERS = ("manage.py", "pyproject.toml", "requirements.txt")
_APPLICATION = re.compile(
    r"^(\w+)(?:\s*:\s*[\w.]+)?\s*=\s*(?:\w+\.)?(FastAPI|Starlette|Litestar|Quart|Flask)\(", re.MULTILINE
)
_FACTORY = re.compile(r"^def (create_app|make_app)\(", re.MULTILINE)
_OWN_RELOAD = re.compile(r"\b(?:debug|reload|use_reloader)\s*=\s*True\b")
_LOWEST = re.compile(r">=\s*\d+(?:\.\d+)*")
_INSTALLERS = (
    ("uv.lock", "uv sync --frozen", ("pyproject.toml", "uv.lock")),
    ("poetry.lock", "POETRY_VIRTUALENVS_IN_PROJECT=1 poetry install", ("pyproject.toml", "poetry.lock")),
    (
        "requirements.txt",
        "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt",
        ("requirements.txt",),
    ),
)


def find(project: Project) -> list[Found]:
    """The services of all folders."""
    found: list[Found] = []
    for folder in _folders(project):
        one = _django(project, folder) or _application(project, folder)
        found += [one] if one else _scripts(project, folder)
    return found


def _folders(project: Project) -> list[Path]:
    """Folders that say they hold a Python program, and those where one lies, which are no part of another one."""
    marked = [folder for name in _MARKERS for folder in project.folders_with(name, _DEEPEST)]
    bare = [
        folder_of(path) for path in project.texts if path.endswith(PYTHON) and depth(folder_of(path)) <= 1
    ]
    plain = [folder for folder in bare if not marked or folder in marked]
    return sorted(dict.fromkeys([*marked, *plain]))


def _django(project: Project, folder: Path) -> Found | None:
    if "django" not in project.text(folder, "manage.py").lower():
        return None
    line = shell.Line((_python(project, folder), "manage.py", "runserver"))
    path = joined(folder, "manage.py")
    made = command(project, folder, line, path, on_path=True)
    return _found(project, folder, f"{path}: Django", made)


def _application(project: Project, folder: Path) -> Found | None:
    """An object that a server of ours is told to serve, or the program that serves it itself."""
    for path in sorted(project.sources(folder, PYTHON), key=lambda path: _rank(path, folder)):
        text = project.texts[path]
        match = _APPLICATION.search(text)
        factory = _FACTORY.search(text) if "Flask(" in text else None
        if depth(inside(path, folder)) > _DEEPEST + 1 or not (match or factory):
            continue
        if scan(project, path) and folder_of(path) == folder:
            return _script(project, folder, path).but(name=_name(folder), why=f"{path}: serves itself")
        kind, name = (match[2], match[1]) if match else ("Flask", factory[1] if factory else "")
        line = _served(project, folder, _module(path, folder), name, kind)
        made = command(project, folder, line, path, on_path=True)
        return _found(project, folder, f"{path}: {kind}", made)
    return None


def _rank(path: Path, folder: Path) -> tuple[int, int, str]:
    stem = base(path).removesuffix(".py")
    return depth(inside(path, folder)), _STEMS.index(stem) if stem in _STEMS else len(_STEMS), path


def _module(path: Path, folder: Path) -> str:
    """How a file is imported from the folder; `src` is where packages lie, and no package."""
    return inside(path, folder).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _served(project: Project, folder: Path, module: str, name: str, kind: str) -> shell.Line:
    python = _python(project, folder)
    if kind == "Flask":
        application = (
            module if name in ("app", "application", "create_app", "make_app") else f"{module}:{name}"
        )
        return shell.Line((python, "-m", "flask", "--app", application, "run"))
    if module.startswith("src."):
        return shell.Line((python, "-m", "uvicorn", "--app-dir", "src", f"{module[4:]}:{name}"))
    return shell.Line((python, "-m", "uvicorn", f"{module}:{name}"))


def _scripts(project: Project, folder: Path) -> list[Found]:
    """Every program at the top of a folder that listens; one that is alone is called after its folder."""
    paths = [
        path
        for path in sorted(project.sources(folder, PYTHON))
        if folder_of(path) == folder and scan(project, path)
    ]
    found = [_script(project, folder, path) for path in paths]
    return [found[0].but(name=_name(folder))] if folder and len(found) == 1 else found


def _script(project: Project, folder: Path, path: Path) -> Found:
    line = shell.Line((_python(project, folder), base(path)))
    made = command(project, folder, line, path, on_path=True)
    found = _found(project, folder, f"{path} listens", made)
    own_reload = _OWN_RELOAD.search(project.texts[path]) is not None
    return found.but(name=base(path).removesuffix(".py"), watch=() if own_reload else found.watch)


def _found(project: Project, folder: Path, why: str, made: Command) -> Found:
    return service(_name(folder), why, folder, made, tuple(_install(project, folder)))


def _name(folder: Path) -> str:
    return base(folder) or "app"


def _python(project: Project, folder: Path) -> str:
    """The Python of the folder's own environment, else the one on PATH."""
    own = (f"{name}/bin/python" for name in (".venv", "venv"))
    return next((path for path in own if project.has(folder, path)), "python3")


def _install(project: Project, folder: Path) -> Iterator[Step]:
    """What would install what it depends on: a suggestion, since there are many ways."""
    for file, line, inputs in _INSTALLERS:
        if project.has(folder, file):
            own = project.has(folder, ".venv/bin/python")
            remark = "" if own else "then the command begins with .venv/bin/python"
            yield Step(line, inputs, (".venv",), sure=False, remark=remark)
            return


def required(project: Project, folder: Path) -> str:
    """The versions of Python that a pyproject.toml asks for, in so far as they are a lower bound; "" if none."""
    try:
        word = (
            tomllib.loads(project.text(folder, "pyproject.toml"))
            .get("project", {})
            .get("requires-python", "")
        )
    except (tomllib.TOMLDecodeError, AttributeError, RecursionError):  # not TOML, or not of this form
        return ""
    match = _LOWEST.search(word) if isinstance(word, str) else None
    return match[0] if match else ""
