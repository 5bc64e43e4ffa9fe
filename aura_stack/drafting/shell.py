"""Reads a line that was written for a shell, as far as it does what a list of words would do."""

import re
import shlex

from aura_stack.frozen import NamedTuple

_FOLDER = re.compile(r"""\s*cd\s+(?P<folder>[\w@./-]+)\s*&&\s*(?P<rest>.+)""", re.DOTALL)
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_PORT = re.compile(r"\$(?:PORT\b|\{PORT(?::?-(\d{1,5}))?\})")
_SHELLS_OWN = re.compile(r"[|&;<>()$`*?\[\]{}~#!\n\r\0]")
_NO_PROGRAMS = frozenset(
    ("alias", "break", "builtin", "case", "cd", "command", "eval", "exec", "exit", "export", "for", "function", "if",
     "read", "return", "set", "shift", "source", "time", "trap", "ulimit", "umask", "unset", "until", "wait", "while",
     ".", ":")
)  # fmt: skip
PORT_MARK = "\ue000"
"""Stands for the port in words that were taken apart; a character of private use."""


class Line(NamedTuple):
    """What a line does: with these variables, in this folder, these words, with PORT_MARK for the port."""

    words: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    folder: str = ""
    default: int | None = None  # of ${PORT:-5000}


def read(text: str) -> Line | None:
    """The words of a line; None if only a shell knows what it does."""
    folder = _FOLDER.fullmatch(text)
    rest = folder["rest"] if folder else text
    default = next((int(match[1]) for match in _PORT.finditer(rest) if match[1]), None)
    if "'" not in rest:  # which would keep $PORT from being filled in
        rest = _PORT.sub(PORT_MARK, rest.replace(PORT_MARK, ""))
    if _SHELLS_OWN.search(rest):
        return None
    try:
        words = shlex.split(rest)
    except ValueError:  # a quote is never closed
        return None
    env, words = _assignments(words)
    while words[:1] in (["exec"], ["cross-env"], ["env"]):
        more, words = _assignments(words[1:])
        env += more
    if not words or not words[0].strip() or words[0].startswith("-") or words[0] in _NO_PROGRAMS:
        return None
    return Line(tuple(words), tuple(env), folder["folder"] if folder else "", default)


def _assignments(words: list[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """The assignments at the front, and the rest."""
    found = []
    for word in words:
        match = _ASSIGNMENT.fullmatch(word)
        if not match:
            break
        found.append((match[1], match[2]))
    return found, words[len(found) :]
