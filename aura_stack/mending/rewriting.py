"""Writes what is wanted of a place in the language of its file, as edits."""

import re
from collections.abc import Iterator
from itertools import takewhile

from aura_stack.inventory.findings import SCRIPTS, Finding, Form, Language

from .edits import Edit
from .wanted import Digits, Left, Read

_BEFORE = re.compile(rb"(?:[(,=:\[?>{]|\breturn|\bawait|=>)\s*$")
_BEHIND = re.compile(rb"\s*(?:[),;\]}]|$|\r?\n)")
_DENO = re.compile(rb"\bDeno\.")
_IMPORTS_OS = re.compile(rb"^import[ \t]+(?:[\w., \t]+,[ \t]*)?os[ \t]*(?:,|$|#|;|\r)", re.MULTILINE)
_OTHER_OS = re.compile(
    rb"^[ \t]*(?:os[ \t]*=|def[ \t]+os\b|import[ \t]+\w+[ \t]+as[ \t]+os\b|for[ \t]+os\b)", re.MULTILINE
)


def rewrite(finding: Finding, how: Read | Digits, data: bytes) -> tuple[Edit, ...] | Left:
    """The edits that bring a place to what is wanted, or why there are none.

    Args:
        finding: the place.
        how: what is wanted.
        data: the file.
    """
    if isinstance(how, Digits):
        return (Edit(finding.start, finding.end, str(how.number).encode()),)
    if finding.form is Form.FLAG:
        return _flag(finding, how, data)
    if finding.language in SCRIPTS:
        return _script(finding, how, data)
    if finding.language is Language.PYTHON:
        return _python(finding, how, data)
    return Left("is read by nothing that could look into the environment")


def _digits(finding: Finding, number: int, data: bytes) -> str:
    """The number as it stands, or as it should."""
    return data[finding.start : finding.end].decode() if number == finding.number else str(number)


# --- command lines ---


def _flag(finding: Finding, how: Read, data: bytes) -> tuple[Edit, ...] | Left:
    begin = max(data.rfind(b"\n", 0, finding.start), finding.outer[0] - 1) + 1
    if data[begin : finding.start].count(b"'") % 2:
        return Left("stands in single quotes, where the shell puts nothing in")
    return (Edit(finding.start, finding.end, f"${{{how.variable}:-{how.number}}}".encode()),)


# --- JavaScript and TypeScript ---


def _script(finding: Finding, how: Read, data: bytes) -> tuple[Edit, ...] | Left:
    asked = f"Deno.env.get('{how.variable}')" if _DENO.search(data) else f"process.env.{how.variable}"
    begin, end = finding.outer
    number = _digits(finding, how.number, data)
    match finding.form:
        case Form.NUMBER:
            return (Edit(begin, end, f"Number({asked} ?? {number})".encode()),)
        case Form.TEXT:
            quote = data[begin : begin + 1].decode()
            return (
                Edit(begin, end, _set_off(f"{asked} ?? {quote}{number}{quote}", data, begin, end).encode()),
            )
        case Form.TEMPLATE:
            return (Edit(finding.start, finding.end, f"${{{asked} ?? {number}}}".encode()),)
        case Form.ADDRESS:
            return (Edit(begin, end, _script_address(finding, how, asked, data)),)
    return Left("is written in a form that is not known")


def _script_address(finding: Finding, how: Read, asked: str, data: bytes) -> bytes:
    """An address that is a text, as an expression: of its variable if there is one, else as a template."""
    begin, end = finding.outer
    before, behind = data[begin + 1 : finding.start], data[finding.end : end - 1]
    if how.address and before in {b"http://localhost:", b"http://127.0.0.1:"}:
        quote = data[begin : begin + 1].decode()
        whole = f"{asked.replace(how.variable, how.address)} ?? {quote}{before.decode()}{how.number}{quote}"
        if not behind:
            return _set_off(whole, data, begin, end).encode()
        return b"`${" + whole.encode() + b"}" + _for_template(behind) + b"`"
    inner = f"${{{asked} ?? {_digits(finding, how.number, data)}}}".encode()
    return b"`" + _for_template(before) + inner + _for_template(behind) + b"`"


def _for_template(text: bytes) -> bytes:
    return text.replace(b"`", b"\\`").replace(b"${", b"\\${")


def _set_off(expression: str, data: bytes, begin: int, end: int) -> str:
    """In parentheses, unless it stands by itself: `a ?? b` may not be mixed with other operators."""
    alone = _BEFORE.search(data[max(0, begin - 40) : begin]) and _BEHIND.match(data[end : end + 40])
    return expression if alone else f"({expression})"


# --- Python ---


def _python(finding: Finding, how: Read, data: bytes) -> tuple[Edit, ...] | Left:
    if _OTHER_OS.search(data):
        return Left("the name os means something else in this file")
    made = _python_place(finding, how, data)
    if isinstance(made, Left):
        return made
    return (*_import(data), made)


def _python_place(finding: Finding, how: Read, data: bytes) -> Edit | Left:
    begin, end = finding.outer
    number = _digits(finding, how.number, data) if finding.form is not Form.ABSENT else str(how.number)
    plain = number.replace("_", "")
    match finding.form:
        case Form.NUMBER:
            return Edit(begin, end, f'int(os.environ.get("{how.variable}", "{plain}"))'.encode())
        case Form.TEXT:
            quote = data[begin : begin + 1].decode()
            return Edit(
                begin, end, f"os.environ.get({quote}{how.variable}{quote}, {quote}{plain}{quote})".encode()
            )
        case Form.ABSENT:
            comma = "" if data[:begin].rstrip().endswith(b"(") else ", "
            return Edit(begin, end, f'{comma}port=int(os.environ.get("{how.variable}", "{plain}"))'.encode())
    return _python_text(finding, how, data, plain)


def _python_text(finding: Finding, how: Read, data: bytes, number: str) -> Edit | Left:
    """An address in a text, which becomes an f-string; in one that is, the number alone is replaced."""
    begin, end = finding.outer
    literal = re.match(rb"""(?P<prefix>[A-Za-z]*)(?P<quote>'''|\"\"\"|'|\")""", data[begin:end])
    if literal is None:
        return Left("is a text of a form that is not known")
    quote = literal["quote"]
    other = b"'" if quote[:1] == b'"' else b'"'
    inner = b"{os.environ.get(%b%b%b, %b%b%b)}" % (
        other,
        how.variable.encode(),
        other,
        other,
        number.encode(),
        other,
    )
    if finding.form is Form.TEMPLATE:
        return Edit(finding.start, finding.end, inner)
    if literal["prefix"].lower() not in {b"", b"r"}:
        return Left("is a text with a prefix that an f-string cannot have")
    opening = begin + literal.end()
    before, behind = data[opening : finding.start], data[finding.end : end - len(quote)]
    if how.address and not behind and before in {b"http://localhost:", b"http://127.0.0.1:"}:
        fallback = quote + before + str(how.number).encode() + quote
        return Edit(
            begin, end, b"os.environ.get(%b%b%b, %b)" % (quote, how.address.encode(), quote, fallback)
        )
    start = b"f" + literal["prefix"] + quote
    return Edit(begin, end, start + _for_format(before) + inner + _for_format(behind) + quote)


def _for_format(text: bytes) -> bytes:
    return text.replace(b"{", b"{{").replace(b"}", b"}}")


def _import(data: bytes) -> Iterator[Edit]:
    """`import os`, where it is missing: before the first import that is none from the future."""
    if _IMPORTS_OS.search(data):
        return
    ending = b"\r\n" if b"\r\n" in data else b"\n"
    place, follows_import = _place_of_import(data)
    gap = b"" if follows_import else ending
    yield Edit(place, place, b"import os" + ending + gap)


def _place_of_import(data: bytes) -> tuple[int, bool]:
    """Where an import may be written, and whether one stands there: behind comments, docstring and `__future__`."""
    from aura_stack.inventory import syntax  # noqa: PLC0415 - for programs in Python alone

    statements = [one for one in syntax.parse(data, Language.PYTHON).named_children if one.type != "comment"]
    if (
        statements
        and statements[0].type == "expression_statement"
        and statements[0].named_children[0].type == "string"
    ):
        statements = statements[1:]
    while statements and statements[0].type == "future_import_statement":
        statements = statements[1:]
    imports = list(
        takewhile(lambda one: one.type in {"import_statement", "import_from_statement"}, statements)
    )
    plain = list(takewhile(lambda one: one.type == "import_statement", imports))
    later = next((one for one in plain if syntax.text(one).split()[1] > "os"), None)
    if later is not None or (imports and not plain):
        return (later or imports[0]).start_byte, True
    if plain:
        return _next_line(data, plain[-1].end_byte), True
    return (statements[0].start_byte if statements else len(data)), False


def _next_line(data: bytes, offset: int) -> int:
    """Where the line behind an offset begins."""
    end = data.find(b"\n", offset)
    return len(data) if end < 0 else end + 1
