"""Finds the ports in documents and pages: said in words, in tables, in addresses."""

import re
from collections.abc import Iterator
from itertools import islice

from aura_stack.frozen import NamedTuple

from . import commandlines
from .addresses import addresses
from .findings import MOST, Confidence, Finding, Form, is_port
from .names import means_port
from .source import Source

_HINTS = re.compile(rb"(?<![\w.])[1-9]\d{1,4}(?!\w)")
_LINE = re.compile(r"[^\r\n]+")
_NUMBER = re.compile(
    r"(?<![\w.,/#$€£+-])(?<!\d[\u2013\u2014])[1-9]\d{1,4}(?![\w%€£]|[.,:]\d|[\u2013\u2014]\d|-\d)"
)
_SAID = re.compile(
    r"(?i)\bports?\b[\s:=*_`|→>#\"'(-]{0,8}(?:(?:is|to|on|number|no\.?|est|sur|of|at)\s{1,2}[`*\"']{0,3})?$"
)
_SAID_BEHIND = re.compile(r"(?i)[\s`*_)]{0,4}\(?port\b")
_FURTHER = re.compile(
    r"(?i)\bports?\b[\s:=*_`(]{0,6}(?:\d{2,5}[`*)]{0,3}(?:\s?(?:,|&|/|->|\b(?:and|or|et|ou|to|then)\b)){1,4}\s?[`*(]{0,3}){1,6}$"
)
_COLON = re.compile(r"(?:^|(?<=[\s(`\"'|:]))(?<!\d):$")
_BRACKETED = re.compile(r"[\w.*`)\]]\s?\(\s?`?$")
_CLOSED = re.compile(r"`?\s?[),;]")
_LABELLED = re.compile(r"[\w*`)\]]\s*[:=→|]\s*[*`]{0,3}$")
_HEADS = re.compile(r"^\W*[*`]{0,3}$")
_LABELS = re.compile(r"[*`]{0,3}\s?[:=\u2013\u2014-]\s")
_ANYTHING = re.compile("")
_MAYBE = (
    ("colon", _COLON, _ANYTHING),
    ("brackets?", _BRACKETED, _CLOSED),
    ("label?", _LABELLED, _ANYTHING),
    ("head?", _HEADS, _LABELS),
)
_SENTENCE = re.compile(r"[.;!?]\s+(?=[^a-z])")
_LONGEST_ROW = 2000  # characters of a row of a table
_WINDOW = 200  # characters around a number that are looked at
_NEAR = 6  # words before a number that may say whose it is
_YEARS = range(1900, 2100)
_TABLE = re.compile(r"^\s*\|.*\|\s*$")
_RULE = re.compile(r"^[\s|:-]+$")
_MOST = 2000


class _Line(NamedTuple):
    text: str
    start: int
    column: int  # of a table, that holds ports; -1 for none
    table: bool


def find(source: Source) -> Iterator[Finding]:
    """Every number in a document that is said to be a port, or may be one."""
    if not _HINTS.search(source.data):
        return
    count = 0
    for line in _lines(source.text):
        for finding in _in_line(source, line):
            yield finding
            count += 1
            if count > _MOST:
                return


def in_page(source: Source) -> Iterator[Finding]:
    """The addresses in a page, and in what contains one (Vue, Svelte)."""
    for address in addresses(source.data):
        yield source.finding(
            address.number,
            Confidence.CLIENT,
            Form.WORD,
            (address.start, address.end),
            what="address",
            names=address.names,
            barrier="is a page, which a browser reads without any environment",
        )


def _lines(text: str) -> Iterator[_Line]:
    """The lines, those of a table with the column that its head says holds ports."""
    column, in_table = -1, False
    for match in _LINE.finditer(text):
        if len(match[0]) < _LONGEST_ROW and _TABLE.match(match[0]):
            cells = match[0].strip().strip("|").split("|")
            if not in_table:
                column = next(
                    (place for place, cell in enumerate(cells) if re.search(r"(?i)\bports?\b", cell)), -1
                )
            in_table = True
        else:
            column, in_table = -1, False
        yield _Line(match[0], match.start(), column, in_table)


def _in_line(source: Source, line: _Line) -> Iterator[Finding]:
    text = line.text
    taken: set[int] = set()
    raw = text.encode("utf-8", "surrogateescape")
    for address in addresses(raw):
        begin = len(raw[: address.start].decode("utf-8", "surrogateescape"))
        end = begin + address.end - address.start
        taken.add(begin)
        yield _finding(source, line, address.number, begin, end, "address", address.names)
    for word in commandlines.words(text):
        if word.start not in taken and word.what != "-p":
            taken.add(word.start)
            found = _finding(source, line, word.number, word.start, word.end, word.what, word.names)
            yield found._replace(aside=word.aside)
    for match in islice(_NUMBER.finditer(text), MOST):
        before = text[max(0, match.start() - 80) : match.start()]
        what = (
            ""
            if match.start() in taken
            else _why(before, text[match.end() : match.end() + 40], int(match[0]), line, match.start())
        )
        if what and is_port(int(match[0])):
            found = _finding(source, line, int(match[0]), *match.span(), what.rstrip("?"), ())
            yield found._replace(weak=what.endswith("?"))


def _why(before: str, behind: str, number: int, line: _Line, start: int) -> str:
    """What makes a number a port; with a question mark, what may; "" for nothing."""
    if line.column >= 0 and line.text.strip().strip("|") and not _RULE.match(line.text):
        cell = line.text[:start].lstrip().removeprefix("|").count("|")
        return "table" if cell == line.column else ""
    if _SAID.search(before) or _SAID_BEHIND.match(behind) or _FURTHER.search(before):
        return "" if re.search(r"(?i)\b(?:im|ex|sup|re|trans)ports?\W*$", before) else "port"
    if number < 1000 or (number in _YEARS and not _COLON.search(before)):  # noqa: PLR2004 - three digits say nothing
        return ""
    return next(
        (what for what, earlier, later in _MAYBE if earlier.search(before) and later.match(behind)), ""
    )


def _finding(
    source: Source, line: _Line, number: int, begin: int, end: int, what: str, names: tuple[str, ...]
) -> Finding:
    span = source.offset(line.start + begin), source.offset(line.start + end)
    near = (*names, *_phrases(line, begin, end))
    return source.finding(number, Confidence.MENTION, Form.WORD, span, what=what, names=near)


def _phrases(line: _Line, begin: int, end: int) -> tuple[str, ...]:
    """What is said before the number, from the number before it on, or if that is nothing, behind it.

    In lower-case words; of a table, the first cell counts for the whole row.
    """
    if line.column >= 0 or line.table:
        cells = line.text.strip().strip("|").split("|")
        return (_phrase(cells[0]),) if _phrase(cells[0]) else ()
    earlier = [found.end() for found in _NUMBER.finditer(line.text, max(0, begin - _WINDOW), begin)]
    said = _SENTENCE.split(line.text[(earlier[-1] if earlier else max(0, begin - _WINDOW)) : begin])[-1]
    before = " ".join(_phrase(said).split()[-_NEAR:])
    later = _NUMBER.search(line.text, end, end + _WINDOW)
    behind = line.text[end : later.start() if later else end + _WINDOW][:60]
    behind = re.split(r"[,;│|]|\s[\u2013\u2014]\s(?=.*\()", behind, maxsplit=1)[0] if not before else ""
    return tuple(phrase for phrase in (before, _phrase(behind)) if phrase)


def _phrase(text: str) -> str:
    found = re.findall(r"[A-Za-z]+", re.sub(r"https?://\S*|localhost", " ", text))
    return " ".join(part.lower() for part in found if not means_port(part))
