"""Says in plain words what is wrong with YAML that a parser refused, and where one has to look."""

import re

from aura_stack.errors import Place, Problem
from aura_stack.frozen import NamedTuple

from .words import quoted


class Fault(NamedTuple):
    """What the parser said; lines and columns count from 0, `began` is where the part began that it read."""

    problem: str
    line: int
    column: int
    began: tuple[int, int] | None


class _Wording(NamedTuple):
    fragment: str  # of the parser's own words; libyaml's and PyYAML's differ a little
    message: str
    hint: str = ""
    at_beginning: bool = False  # the mistake is where the part began, not where the parser gave up


_WORDINGS = (
    _Wording("mapping values are not allowed", 'a second ": " on this line', "put the value in quotes"),
    _Wording("expected ',' or ']'", 'this list lacks a "," or its "]"', at_beginning=True),
    _Wording(
        "expected ',' or '}'", 'this mapping lacks a "," or its "}"', "put text with braces in quotes", True
    ),
    _Wording("found unexpected end of stream", "this quote is never closed", at_beginning=True),
    _Wording("found unexpected document ", "this quote is never closed", at_beginning=True),
    _Wording("could not find expected ':'", 'this line lacks a ":" after its key', at_beginning=True),
    _Wording(
        "unknown escape character", "an unknown escape", "write \\\\ for a backslash, or use single quotes"
    ),
    _Wording("alphabetic or numeric character", "* and & begin a name here", "put the text in quotes"),
    _Wording("comment or line break", "only a comment may follow on the line of | or >"),
    _Wording("a comment or a line break", "only a comment may follow on the line of | or >"),
    _Wording("undefined tag handle", "an unknown tag"),
    _Wording("incompatible YAML document", "a version of YAML that does not exist"),
    _Wording("'-' indicator", 'expected another "- " below the ones before it'),
    _Wording("found '?'", 'expected another "- " below the ones before it'),
    _Wording("sequence entries are not allowed", "a list cannot begin here", "begin it on a line of its own"),
    _Wording("node content", "expected a value here"),
)
_INDENTATION = re.compile("expected key|<block end>|violates indentation")
_NOT_PRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # what YAML 1.1 counts as one


def explain(fault: Fault, text: str, file: str) -> Problem:
    """The parser's complaint about that text, as a problem that needs no knowledge of parsers."""
    lines = _LINE_BREAK.split(text)
    line = lines[fault.line] if fault.line < len(lines) else ""
    before, at = line[: fault.column], line[fault.column : fault.column + 1]
    place = Place(file, fault.line + 1, fault.column + 1)
    indentation = line[: len(line) - len(line.lstrip())]
    if "\t" in indentation and (fault.column <= len(indentation) or "mapping values" in fault.problem):
        column = indentation.index("\t") + 1
        return Problem(Place(file, place.line, column), "a tab cannot indent YAML", "use spaces")
    if "cannot start any token" in fault.problem:
        return Problem(place, f"a value cannot begin with {quoted(at)}", "put it in quotes")
    if _INDENTATION.search(fault.problem) and "found '?'" not in fault.problem:
        return Problem(place, _out_of_line(before))
    return _worded(fault, place)


def _out_of_line(before: str) -> str:
    """A key was expected: either the line is indented like no other, or something stands behind a value."""
    if before.strip(" -"):
        return "text behind the end of a value"
    return "this indentation fits none of the lines above"


def _worded(fault: Fault, place: Place) -> Problem:
    for wording in _WORDINGS:
        if wording.fragment in fault.problem:
            if wording.at_beginning and fault.began:
                place = Place(place.file, fault.began[0] + 1, fault.began[1] + 1)
            return Problem(place, wording.message, wording.hint)
    return Problem(place, f"not valid YAML: {fault.problem}")


def control_character(text: str, file: str) -> Problem:
    """Where the first character stands that YAML does not allow, such as the bell or an escape."""
    found = _NOT_PRINTABLE.search(text)
    at = found.start() if found else 0
    before = _LINE_BREAK.split(text[:at])
    message = f"a control character (U+{ord(text[at]):04X}), which YAML does not allow"
    return Problem(Place(file, len(before), len(before[-1]) + 1), message)
