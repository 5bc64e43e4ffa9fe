"""Reads the scripts of a package.json: which of them serves, and what it comes to."""

import re

from aura_stack.frozen import NamedTuple

from . import shell
from .project import Path, Project, base
from .tools import RUNNERS, WATCHERS

SERVING = ("dev", "start:dev", "develop", "start", "serve")
"""The scripts that start a service, in the order in which they are taken."""

_MANAGERS = ("npm", "pnpm", "yarn", "bun")
_DEEPEST = 3  # scripts that run scripts
_BUILDERS = frozenset(
    ("tsc", "tsup", "rollup", "esbuild", "unbuild", "babel", "swc", "sass", "postcss", "tailwindcss")
)
_NO_SERVICES = frozenset(
    ("vitest", "jest", "mocha", "ava", "playwright", "cypress", "eslint", "prettier", "echo", "exit", "true")
)
_LINES = re.compile(r"&&|\|\||[;&|]")
_ELSEWHERE = re.compile(
    r"\bcd\s|&|\b(?:npm|pnpm|yarn|bun)\b.*\s(?:--(?:prefix|cwd|filter|workspaces?|recursive)\b|-[rwCF]\b)"
)


def script(project: Project, folder: Path, name: str) -> str:
    """The text of a script; "" if there is none of that name."""
    tree = project.tree(folder, "package.json")
    word = tree.table("scripts").scalar(name) if tree else None
    return word.text.strip() if word else ""


class Followed(NamedTuple):
    """The line of a script, or of the one that it runs; `alone` if nothing else happens before and after."""

    line: shell.Line
    alone: bool


def followed(project: Project, folder: Path, name: str) -> Followed | None:
    """What a script comes to; None if that is more than executing one command."""
    alone = True
    for _ in range(_DEEPEST):
        alone = alone and not any(script(project, folder, f"{hook}{name}") for hook in ("pre", "post"))
        line = shell.read(script(project, folder, name))
        other = alias(line.words) if line and not line.env else None
        if line is None or line.folder:
            return None
        if other is None or not script(project, folder, other):
            return Followed(line, alone)
        name = other
    return None


def alias(words: tuple[str, ...]) -> str | None:
    """The script that a command of a package manager runs: `npm run dev`, `npm start`, `yarn dev`."""
    manager, *rest = words
    if manager not in _MANAGERS:
        return None
    if rest[:1] == ["run"]:
        rest = rest[1:]
    elif manager in ("npm", "bun") and rest != ["start"]:
        return None
    return rest[0] if len(rest) == 1 and not rest[0].startswith("-") else None


def is_no_service(text: str) -> bool:
    """Whether a script certainly ends by itself, or is about tests."""
    words = _LINES.split(text)[-1].split()  # what comes last goes on
    name = base(words[0]) if words else ""
    builds = name in _BUILDERS or words[:2] in (["vite", "build"], ["next", "build"], ["nest", "build"])
    return name in _NO_SERVICES or (builds and not any(word in WATCHERS for word in words))


def starts_several(text: str) -> bool:
    """Whether a script is there to start several programs, or those of other folders."""
    words = {base(word) for word in text.split()}
    return bool(RUNNERS & words) or _ELSEWHERE.search(text) is not None
