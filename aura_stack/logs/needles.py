"""What stands in every text that a pattern matches: bytes that are found a hundred times faster than patterns are.

They are read off the tree that Python's own parser makes of the pattern. That tree is no public interface, so whatever
is not as expected means that nothing is known of a pattern, which costs time and no line.
"""

import re
from collections.abc import Iterable
from importlib import import_module
from itertools import product
from typing import Any

from aura_stack.frozen import NamedTuple

MOST = 8  # alternatives that are looked for one after the other
FEW = 4  # characters of a class that are alternatives
REPEATED = 4  # times that something is written out
_NEWLINE = b"\n"
_LOWER = bytes(range(256)).lower()
_IN, _OUT = b"\x01", b"\x00"  # what a table makes of the characters of a class, and of all others
_CATEGORIES = {
    "CATEGORY_DIGIT": b"0123456789",
    "CATEGORY_SPACE": b" \t\r\f\v",
    "CATEGORY_WORD": b"0123456789_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
}


class Needles(NamedTuple):
    """Texts of which one stands in every line that a pattern matches, with the line ends around it.

    Attributes:
        texts: the alternatives; a line end in front stands for the beginning of a line, one behind for its end.
        folded: whether they are in lower case, and so the lines have to be.
        exact: whether every line that has one matches.
        table: how the lines are to be translated before (bytes.translate), where the texts are classes of characters.
    """

    texts: tuple[bytes, ...]
    folded: bool
    exact: bool
    table: bytes | None = None

    def prepared(self, lines: bytes | bytearray) -> bytes | bytearray:
        """Lines as the texts are looked for in them."""
        if self.table:
            return lines.translate(self.table)
        if not self.folded:
            return lines
        # a table is half as much again as quick where there are few letters to change, and never slower
        return lines.translate(_LOWER) if isinstance(lines, bytearray) else lines.lower()


def needles(pattern: re.Pattern[bytes]) -> list[Needles]:
    """What is known of a pattern of lines, any of it for itself; nothing where nothing is plain to see."""
    if pattern.flags & re.LOCALE:
        return []
    try:
        parser = import_module("re._parser")
        tree = parser.parse(pattern.pattern, pattern.flags)
        reading = _Reading()
        seen = reading.sequence(tree, folded=bool(tree.state.flags & re.IGNORECASE))
    except (ImportError, AttributeError, TypeError, ValueError, RecursionError):
        return []
    exact = not reading.vague and reading.folds <= reading.folds_all
    known = [(texts, False) for texts in seen.held if texts != seen.exact]
    known += [(seen.exact, exact and reading.fits(seen.exact))] if seen.exact else []
    found = [
        Needles(_as_lines(texts, folded=reading.folds), reading.folds, fits)
        for texts, fits in known
        if all(text.strip(_NEWLINE) for text in texts)
    ]
    found += [Needles((_IN * least,), False, _is_a_row(tree), table) for table, least in seen.classes]
    return list(dict.fromkeys(found))


def _as_lines(texts: tuple[bytes, ...], *, folded: bool) -> tuple[bytes, ...]:
    """Texts as they stand among lines: the beginning of a line twice is the beginning of a line."""
    found = (re.sub(rb"\n+", _NEWLINE, text) for text in texts)
    return tuple(dict.fromkeys(text.lower() if folded else text for text in found))


class _Seen(NamedTuple):
    """Of a part of a pattern: all that it matches, if that is a few texts, and what it always holds.

    That are texts, and rows of characters of a class: a table that says which these are, and how many at least.
    """

    exact: tuple[bytes, ...] | None
    held: list[tuple[bytes, ...]]
    classes: list[tuple[bytes, int]]


_NOTHING = _Seen(None, [], [])


class _Reading:
    """Goes through the tree of a pattern."""

    def __init__(self) -> None:
        self.folds = False  # some of it is for any case
        self.folds_all = True  # and all of it
        self.places: set[bool] = set()  # it asks for the beginning of a line, or for the end
        self.vague = False  # something in it asks for more than texts say

    def fits(self, texts: tuple[bytes, ...]) -> bool:
        """Whether line ends stand where they do in lines: in front for a beginning, behind for an end."""
        return not any(
            _NEWLINE in text.strip(_NEWLINE)
            or (text.startswith(_NEWLINE) and False in self.places)
            or (text.endswith(_NEWLINE) and True in self.places)
            for text in texts
        )

    def sequence(self, items: Iterable[tuple[Any, Any]], *, folded: bool) -> _Seen:
        """One thing after the other."""
        held: list[tuple[bytes, ...]] = []
        classes: list[tuple[bytes, int]] = []
        run: tuple[bytes, ...] = (b"",)
        whole = True
        for kind, value in items:
            seen = self._one(str(kind), value, folded=folded)
            held += seen.held
            classes += seen.classes
            if seen.exact is None or len(run) * len(seen.exact) > MOST:
                held.append(run)
                run, whole = seen.exact or (b"",), False
            else:
                run = tuple(map(b"".join, product(run, seen.exact)))
        held.append(run)
        return _Seen(run if whole else None, [texts for texts in held if all(texts)], classes)

    def _one(  # noqa: PLR0911 - a row for each kind
        self, kind: str, value: Any, *, folded: bool
    ) -> _Seen:
        match kind:
            case "LITERAL":
                return self._characters([value], folded=folded)
            case "IN":
                return self._characters(_few(value), folded=folded)
            case "AT":
                return self._place(str(value))
            case "SUBPATTERN":
                _, more, less, inside = value
                return self.sequence(
                    inside, folded=bool((folded or more & re.IGNORECASE) and not less & re.IGNORECASE)
                )
            case "ATOMIC_GROUP":
                self.vague = True
                return self.sequence(value, folded=folded)
            case "BRANCH":
                return _either([self.sequence(one, folded=folded) for one in value[1]])
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                return self._repeated(*value, folded=folded)
        self.vague = True
        return _NOTHING

    def _characters(self, found: list[int], *, folded: bool) -> _Seen:
        if not found or ord(_NEWLINE) in found:
            self.vague = True
            return _NOTHING
        self.folds = self.folds or folded
        self.folds_all = self.folds_all and folded
        return _Seen(tuple(bytes([one]) for one in found), [], [])

    def _place(self, where: str) -> _Seen:
        if where in ("AT_BEGINNING", "AT_BEGINNING_STRING", "AT_END", "AT_END_STRING"):
            self.places.add(where.startswith("AT_BEGINNING"))
            return _Seen((_NEWLINE,), [], [])
        self.vague = True  # the end of a word, or none: what stands on both sides is one text still
        return _Seen((b"",), [], [])

    def _repeated(self, least: int, most: Any, inside: Any, *, folded: bool) -> _Seen:
        seen = self.sequence(inside, folded=folded)
        if least == 0:
            self.vague = True
            return _NOTHING
        if seen.exact and least == most and len(seen.exact) ** least <= MOST and least <= REPEATED:
            return _Seen(tuple(map(b"".join, product(seen.exact, repeat=least))), [], [])
        self.vague = True
        return _Seen(None, seen.held, seen.classes or _row(inside, least, folded=folded))


def _few(items: Iterable[tuple[Any, Any]]) -> list[int]:
    """The characters of a class, where it is one of a few."""
    found: list[int] = []
    for kind, value in items:
        if str(kind) == "LITERAL":
            found.append(value)
        elif str(kind) == "RANGE" and value[1] - value[0] < FEW:
            found += range(value[0], value[1] + 1)
        else:
            return []
    return found if len(found) <= FEW else []


def _row(inside: Any, least: int, *, folded: bool) -> list[tuple[bytes, int]]:
    """A class of characters that is repeated, and nothing else, as a table."""
    if least < 2 or len(inside) != 1 or str(inside[0][0]) != "IN":  # noqa: PLR2004 - one would be found everywhere
        return []
    members = _members(inside[0][1])
    if folded:
        members |= {*bytes(members).lower(), *bytes(members).upper()}
    members.discard(ord(_NEWLINE))
    if not members:
        return []
    table = bytearray(_OUT * 256)
    for one in members:
        table[one] = _IN[0]
    table[ord(_NEWLINE)] = ord(_NEWLINE)  # lines stay lines
    return [(bytes(table), least)]


def _is_a_row(tree: Any) -> bool:
    """Whether a pattern is nothing but a class of characters that is repeated."""
    if len(tree) != 1 or not str(tree[0][0]).endswith("_REPEAT"):
        return False
    inside = tree[0][1][2]
    return len(inside) == 1 and str(inside[0][0]) == "IN"


def _members(items: Iterable[tuple[Any, Any]]) -> set[int]:
    """The characters of a class; none where it is of another kind."""
    found: set[int] = set()
    for kind, value in items:
        match str(kind):
            case "LITERAL":
                found.add(value)
            case "RANGE":
                found.update(range(value[0], value[1] + 1))
            case "CATEGORY" if str(value) in _CATEGORIES:
                found.update(_CATEGORIES[str(value)])
            case _:
                return set()
    return found


def _either(branches: list[_Seen]) -> _Seen:
    """One of several."""
    exact = [one.exact for one in branches]
    texts = tuple(dict.fromkeys(text for one in exact if one for text in one))
    if all(exact) and len(texts) <= MOST:
        return _Seen(texts, [], [])
    best = [max(one.held + ([one.exact] if one.exact else []), key=_length, default=()) for one in branches]
    texts = tuple(dict.fromkeys(text for one in best for text in one))
    return _Seen(None, [texts] if all(best) and len(texts) <= MOST else [], [])


def _length(texts: tuple[bytes, ...]) -> int:
    return min(map(len, texts))
