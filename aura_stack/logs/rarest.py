"""Looking for a text by few of its characters, whose lines are then looked at: what is rare is found soon.

memchr(3), which is what Python looks for one byte with, compares 32 bytes at once: it finds one twenty times faster
than a row of them. It pays where the byte stands so seldom in what is searched that hardly any place has to be looked
at. Among colours two neighbours are looked for where no character is so rare: colours may stand between them, but an
ESC begins those, so one search finds both.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from aura_stack.frozen import NamedTuple

_NEWLINE, _ESC = b"\n", b"\x1b"
_TRIED = 4  # pairs of a text, of those whose first character is rarest


class Rarest(NamedTuple):
    """A character of a text.

    Attributes:
        cases: the character, or, where any case is meant, both of its cases.
        hits: how often it stands in a sample.
    """

    cases: tuple[bytes, ...]
    hits: int


class Pair(NamedTuple):
    """Two neighbours of a text.

    Attributes:
        pattern: what finds them.
        begun: how often the first stands in a sample.
        hits: how often both do.
    """

    pattern: re.Pattern[bytes]
    begun: int
    hits: int


def rarest(text: bytes, sample: bytes, *, folded: bool) -> Rarest:
    """The character of a text that is least often in a sample; an end of line is none.

    Args:
        text: what is looked for; in lower case, if folded.
        sample: some of what is searched, as it is.
        folded: whether in any case.
    """
    found = []
    for letter in _letters(text.strip(_NEWLINE)):
        cases = tuple(dict.fromkeys((letter, letter.upper()))) if folded else (letter,)
        found.append(Rarest(cases, sum(map(sample.count, cases))))
    return min(found, key=lambda one: (one.hits, len(one.cases)))


def rarest_pair(text: bytes, sample: bytes) -> Pair | None:
    """The neighbours in a text that are least often in a sample, also with colours between them; None for none.

    Args:
        text: what is looked for.
        sample: some of what is searched; in the same case.
    """
    letters = text.strip(_NEWLINE)
    begun = {letter: sample.count(letter) for letter in _letters(letters[:-1])}
    pairs = dict.fromkeys(pairwise(letters[at : at + 1] for at in range(len(letters))))
    hits = {
        (first, second): sample.count(first + second) + sample.count(first + _ESC)
        for first, second in sorted(pairs, key=lambda one: begun[one[0]])[:_TRIED]
    }
    if not hits:
        return None
    first, second = min(hits, key=lambda one: (hits[one], begun[one[0]]))
    pattern = re.compile(re.escape(first) + b"(?:%b|%b)" % (re.escape(second), _ESC))
    return Pair(pattern, begun[first], hits[first, second])


def places(by: Rarest, data: bytes | bytearray, begin: int, end: int) -> Iterator[int]:
    """Where that character stands between two places."""
    find, place = data.find, begin
    if len(by.cases) == 1:
        (letter,) = by.cases
        while (place := find(letter, place, end)) >= 0:
            yield place
            place += 1
        return
    low, high = by.cases
    first, second = find(low, place, end), find(high, place, end)
    while first >= 0 or second >= 0:
        if second < 0 or 0 <= first < second:
            yield first
            first = find(low, first + 1, end)
        else:
            yield second
            second = find(high, second + 1, end)


def _letters(text: bytes) -> dict[bytes, None]:
    return dict.fromkeys(text[at : at + 1] for at in range(len(text)))
