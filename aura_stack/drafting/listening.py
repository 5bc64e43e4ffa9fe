"""Finds the number that a program listens on in its text: what it calls, and where the number comes from.

Text is searched, nothing is executed: what cannot be read off is answered as "listens, number unknown", so that
nobody takes a guess for a fact. Every search is bounded, since texts are as long as their writers made them.
"""

import re
from collections.abc import Callable, Iterator
from itertools import islice

from aura_stack.frozen import NamedTuple

from .findings import Hold, Listening
from .project import line_of

_LONGEST_CALL, _LONGEST_BLOCK, _LONGEST_EXPRESSION = 400, 5000, 200
_MOST_CALLS = 20
_DEEPEST, _MOST_NAMES = 3, 3  # names that stand for names
_LAST_PORT = 65535

_NUMBER = re.compile(r"(?<![\w.])(\d{2,5})(?![\w.])")
_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_BASE_TEN = re.compile(r",\s*10\s*\)")
_ADDRESS = re.compile(r"\b(?:localhost|127\.0\.0\.1):(\d{2,5})\b")

_URL = re.compile(r"\b[A-Z][A-Z0-9_]*_URL\b")


class _Language(NamedTuple):
    """How a language writes what is looked for."""

    comment: str  # of one line
    variables: tuple[re.Pattern[str], ...]  # the value of a variable of the environment
    noise: frozenset[str]  # names that stand in expressions and name no number
    definitions: tuple[str, ...]  # NAME is given a value


_JS = _Language(
    r"(?:^|(?<=[\s;{}(,]))//[^\n]*",
    (
        re.compile(r"""\benv(?:\??\.|\[\s*['"])(\w*PORT\w*)(?:['"]\s*\])?"""),
        re.compile(r"""\bget(?:OrThrow)?(?:<[\w\s|]{1,40}>)?\(\s*['"](\w*PORT\w*)['"]\s*,?"""),
    ),
    frozenset(
        ("Number", "parseInt", "process", "env", "undefined", "String", "normalizePort", "await", "as")
    ),
    (r"\b(?:const|let|var)\s+NAME\s*(?::[\w|\s]{1,40})?=\s*([^;\n]+)",),
)
_PYTHON = _Language(
    r"(?:^|(?<=\s))#[^\n]*",
    (
        re.compile(r"""\benviron(?:\.get\(|\[)\s*['"](\w*PORT\w*)['"]\s*\]?"""),
        re.compile(r"""\bgetenv\(\s*['"](\w*PORT\w*)['"]"""),
    ),
    frozenset(("int", "str", "os", "or", "if", "else", "len", "sys", "argv", "None", "args")),
    (
        r"^[ \t]*NAME(?:[ \t]*:[ \t]*\w+)?[ \t]*=(?!=)[ \t]*([^\n]+)",
        r"add_argument\([^)]{0,200}--NAME[^)]{0,200}?\bdefault\s*=\s*([^,)\n]+)",
    ),
)
_TAKEN_APART = (
    r"\b(?:const|let|var)\s*\{[^}]{0,300}?\bNAME\b\s*(?:=\s*([^,}\n]+))?[^}]{0,300}\}\s*=\s*process\.env\b"
)

_JS_CALL = re.compile(r"(?:\.listen|\b(?:Bun|Deno)\.serve|\bserve)\s*\(")
_JS_FIELD = re.compile(r"\bport\s*:\s*([^,}\n]+)")
_JS_SHORT = re.compile(r"[{,]\s*(port)\s*[,}]")

_PY_CALL = re.compile(
    r"(?<!class )(?<![\w.])(?P<name>uvicorn\.run|web\.run_app|run_app|app\.run|waitress\.serve|serve|"
    r"(?:\w+\.){0,2}\w*(?:HTTP|TCP)Server|(?:\w+\.){0,2}make_server|(?:\w+\.){0,2}start_server|"
    r"(?:\w+\.){0,2}create_server|\w+\.bind|\w+\.listen)\s*\("
)
_PY_KEYWORD = re.compile(r"\bport\s*=\s*")
_PY_HABITS = {
    "uvicorn.run": 8000,
    "app.run": 5000,
    "web.run_app": 8080,
    "run_app": 8080,
    "waitress.serve": 8080,
}
_PY_POSITION = {"make_server": 1, "start_server": 2, "create_server": 2}


class _Value(NamedTuple):
    """Where a number comes from: what it is, which variable is asked for it, where it stands."""

    number: int | None
    variable: str
    offset: int


class _Argument(NamedTuple):
    """A piece of code, and where it begins."""

    text: str
    offset: int


def in_script(text: str, path: str) -> Listening | None:
    """What a program for Node, Bun or Deno listens on; None if it listens nowhere that can be seen.

    Args:
        text: of the file.
        path: how the file is called.
    """
    code = _without_comments(text, _JS)
    return _first_known(_js_value(code, call) for call in _calls(_JS_CALL, code))(code, path)


def in_python(text: str, path: str) -> Listening | None:
    """What a Python program listens on; arguments as for `in_script`."""
    code = _without_comments(text, _PYTHON)
    return _first_known(_py_value(code, call) for call in _calls(_PY_CALL, code))(code, path)


def in_vite(text: str, path: str) -> Listening | None:
    """The number in `server: {port: ...}` of a vite.config; None if none is said there."""
    code = _without_comments(text, _JS)
    for server in islice(re.finditer(r"\bserver\s*:", code), _MOST_CALLS):
        block = _block(code, server.end())
        for field in _JS_FIELD.finditer(block.text):
            before = block.text[: field.start()]
            if before.count("{") - before.count("}") != 1:
                continue  # of hmr or of a proxy
            value = _evaluated(code, _Argument(field[1], block.offset + field.start(1)), _JS)
            if value is not None and value.number is not None:
                return _said(value, code, path)
    return None


def asked(text: str, path: str) -> dict[int, str]:
    """The numbers of this machine that a text asks for something, as `localhost:4010`, with where that stands."""
    code = _without_comments(text, _PYTHON if path.endswith(".py") else _JS)
    found: dict[int, str] = {}
    for match in islice(_ADDRESS.finditer(code), _MOST_CALLS):
        found.setdefault(int(match[1]), f"{path}:{line_of(code, match.start())}")
    return found


def urls(text: str, path: str) -> dict[str, str]:
    """The variables that a text names for the addresses of others, as `API_URL`, with where that stands."""
    code = _without_comments(text, _PYTHON if path.endswith(".py") else _JS)
    found: dict[str, str] = {}
    for match in islice(_URL.finditer(code), _MOST_CALLS):
        found.setdefault(match[0], f"{path}:{line_of(code, match.start())}")
    return found


def _calls(form: re.Pattern[str], code: str) -> Iterator[re.Match[str]]:
    return islice(form.finditer(code), _MOST_CALLS)


def _first_known(values: Iterator[_Value | None]) -> Callable[[str, str], Listening | None]:
    """The first value with a number, else the first of all."""
    best: _Value | None = None
    for value in values:
        best = best or value
        if value is not None and value.number is not None:
            best = value
            break
    return lambda code, path: _said(best, code, path) if best else None


def _said(value: _Value, code: str, path: str) -> Listening:
    hold = Hold.INJECTED if value.variable else Hold.FIXED
    return Listening(value.number, f"{path}:{line_of(code, value.offset)}", hold, value.variable or "PORT")


# --- what is called ---


def _js_value(code: str, call: re.Match[str]) -> _Value | None:
    """The number in a call that listens; None if it asks for any free one, or is no such call."""
    argument = _inside(code, call.end())
    if argument.text.lstrip().startswith("{"):
        if field := _JS_FIELD.search(argument.text):
            return _evaluated(code, _Argument(field[1], argument.offset + field.start(1)), _JS)
        short = _JS_SHORT.search(argument.text)
        return _evaluated(code, _Argument("port", argument.offset + short.start(1)), _JS) if short else None
    first = _arguments(argument)[0]
    # a socket's path, a function: no port is asked for
    if not first.text.strip() or first.text.strip()[0] in "'\"`(" or "=>" in first.text:
        return None
    return _evaluated(code, first, _JS) if call[0].startswith(".listen") else None


def _py_value(code: str, call: re.Match[str]) -> _Value | None:
    argument, name = _inside(code, call.end()), call["name"]
    if keyword := _PY_KEYWORD.search(argument.text):
        rest = _Argument(argument.text[keyword.end() :], argument.offset + keyword.end())
        return _evaluated(code, _arguments(rest)[0], _PYTHON)
    if name == "app.run" and "Flask(" not in code:
        return None  # anything can be called app
    if name in _PY_HABITS:
        return _Value(_PY_HABITS[name], "", call.start())
    kind = name.rpartition(".")[2]
    if (
        kind == "serve"
        or (kind == "listen" and "tornado" not in code)
        or (kind == "bind" and ".listen(" not in code)
    ):
        return None  # the listen() of a plain socket takes the length of its queue
    asked_for = _py_argument(_arguments(argument), kind)
    return _evaluated(code, asked_for, _PYTHON) if asked_for and asked_for.text.strip() else None


def _py_argument(arguments: list[_Argument], kind: str) -> _Argument | None:
    """The argument that holds the port: of a pair in parentheses the second part, else by its position."""
    first = arguments[0]
    if first.text.lstrip().startswith("("):
        opening = first.text.index("(") + 1
        pair = _arguments(_Argument(_balanced(first.text[opening:]), first.offset + opening))
        return pair[1] if len(pair) > 1 else None
    position = _PY_POSITION.get(kind, 0)
    return arguments[position] if len(arguments) > position else None


# --- what an expression comes to ---


def _evaluated(code: str, expression: _Argument, language: _Language, depth: int = 0) -> _Value | None:
    """What an expression comes to; None for one that is certainly no port, such as 0."""
    text = _BASE_TEN.sub(")", expression.text[:_LONGEST_EXPRESSION])
    for form in language.variables:
        if match := form.search(text):
            return _Value(_default(code, text[match.end() :], language), match[1], expression.offset)
    if number := _number(text):
        return _Value(number, "", expression.offset)
    if text.strip() == "0":
        return None
    for name in _names(text, language) if depth < _DEEPEST else ():
        if (value := _defined(code, name, language, depth)) is not None:
            return value
    return _Value(None, "", expression.offset)


def _default(code: str, rest: str, language: _Language) -> int | None:
    """The number behind a variable: `|| 4010`, `?? '4010'`, `, 4010)`, `or PORT`."""
    if number := _number(rest):
        return number
    for name in _names(rest, language):
        value = _defined(code, name, language, _DEEPEST)
        if value is not None and value.number is not None:
            return value.number
    return None


def _defined(code: str, name: str, language: _Language, depth: int) -> _Value | None:
    """What a name was set to in the same text."""
    called = re.escape(name)
    if language is _JS and (taken := re.search(_TAKEN_APART.replace("NAME", called), code)):
        return _Value(_default(code, taken[1] or "", language), name, taken.start())
    for form in language.definitions:
        match = re.search(form.replace("NAME", called), code, re.MULTILINE)
        if match and match[1].strip() != name:
            return _evaluated(code, _Argument(match[1], match.start(1)), language, depth + 1)
    return None


def _names(text: str, language: _Language) -> list[str]:
    """The last names in an expression: of `config.port` it is `port` that was given a number somewhere."""
    names = [name for name in _WORD.findall(text[:_LONGEST_EXPRESSION]) if name not in language.noise]
    return names[::-1][:_MOST_NAMES]


def _number(text: str) -> int | None:
    match = _NUMBER.search(text[:_LONGEST_EXPRESSION])
    return int(match[1]) if match and 1 <= int(match[1]) <= _LAST_PORT else None


# --- pieces of code ---


def _without_comments(text: str, language: _Language) -> str:
    """The text with blanks in the place of comments, so that every character keeps its place."""
    code = re.sub(language.comment, _blank, text, flags=re.MULTILINE)
    return _without_blocks(code) if language is _JS else code


def _without_blocks(code: str) -> str:
    parts, position = [], 0
    for opening in re.finditer(r"(?:^|(?<=[\s;{}(,]))/\*", code, re.MULTILINE):
        closing = code.find("*/", opening.end())
        if closing < 0:
            break
        if opening.start() >= position:
            parts += [
                code[position : opening.start()],
                re.sub(r"[^\n]", " ", code[opening.start() : closing + 2]),
            ]
            position = closing + 2
    return "".join((*parts, code[position:]))


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _inside(code: str, start: int) -> _Argument:
    """What stands between the parenthesis before `start` and the one that closes it."""
    return _Argument(_balanced(code[start : start + _LONGEST_CALL]), start)


def _block(code: str, start: int) -> _Argument:
    """The first block in braces behind `start`, with its opening brace."""
    opening = code.find("{", start, start + _LONGEST_CALL)
    if opening < 0:
        return _Argument("", start)
    return _Argument("{" + _balanced(code[opening + 1 : opening + _LONGEST_BLOCK]), opening)


def _balanced(text: str) -> str:
    """The text up to the first bracket that closes more than was opened."""
    depth = 0
    for position, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth < 0:
            return text[:position]
    return text


def _arguments(argument: _Argument) -> list[_Argument]:
    """What is set off by commas, brackets kept whole; at least one."""
    found, depth, start = [], 0, 0
    for position, character in enumerate(argument.text):
        depth += (character in "([{") - (character in ")]}")
        if character == "," and not depth:
            found.append(_Argument(argument.text[start:position], argument.offset + start))
            start = position + 1
    return [*found, _Argument(argument.text[start:], argument.offset + start)]
