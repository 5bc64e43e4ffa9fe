"""Version numbers as programs print them, and constraints on them as a stack file writes them.

A constraint is a list of bounds that must all hold, set off by commas or spaces; `||` stands between lists of
which one must hold, so the `engines` of a package.json can be copied as they are. A bound is compared at the
precision at which it was written: `<=20` lets 20.19 in, `>20` begins at 21, `20` and `20.x` are any 20.

    *   >=20.19   >=3.11,<3.14   ^20.19 || >=22.12   ~20.19   ~=3.11   20.x   !=20.3   =20.19.1
"""

import re
from collections.abc import Iterator

from aura_stack.errors import InvalidDefinition, Place, Problem
from aura_stack.frozen import Frozen

# Compiled by the `re` module when they are first of use: the start of every stack imports this.
_DOTTED = r"(?<![\w.-])(?:[vV]|go)?(\d+(?:\.\d+)+)(-?[A-Za-z][\w.-]*)?"
_WHOLE = r"(?<![\w.-])[vV]?(\d+)\b(?!-)"
_PRE_RELEASE = r"-?(?:a|b|c|rc|alpha|beta|dev|pre|preview|canary|nightly|next)[\w.-]*"
_BOUND = r"(>=|<=|==|!=|~=|>|<|=|\^|~)?[vV]?(\d+(?:\.\d+)*)(\.[xX*])*"
_SIGNS = {">=", "<=", "==", "!=", "~=", ">", "<", "=", "^", "~"}


class Version(Frozen):
    """Numbers and the suffix of one that is not out yet (`rc1`); it comes before the one without a suffix."""

    numbers: tuple[int, ...]
    pre_release: str = ""

    def __str__(self) -> str:
        return ".".join(map(str, self.numbers)) + self.pre_release

    def at(self, precision: int) -> tuple[int, ...]:
        """The first so many numbers, zeros standing for what is not said."""
        return (*self.numbers, *(0,) * precision)[:precision]


class Bound(Frozen):
    """One comparison: `sign` is one of `>= > <= < = !=`."""

    sign: str
    numbers: tuple[int, ...]

    def allows(self, version: Version) -> bool:
        """Whether the version lies on the right side."""
        mine, asked = version.at(len(self.numbers)), self.numbers
        if self.sign == ">=" and mine == asked and version.pre_release:
            # 20.19.0-rc.1 comes before 20.19.0, 20.19.1-rc.1 does not
            return any(version.numbers[len(asked) :])
        return {
            ">=": mine >= asked,
            ">": mine > asked,
            "<=": mine <= asked,
            "<": mine < asked,
            "=": mine == asked,
            "!=": mine != asked,
        }[self.sign]


class Constraint(Frozen):
    """What was asked for, as `text`: all bounds of one of the `alternatives` must hold."""

    text: str
    alternatives: tuple[tuple[Bound, ...], ...]

    def allows(self, version: Version) -> bool:
        """Whether that version will do."""
        return any(all(bound.allows(version) for bound in bounds) for bounds in self.alternatives)

    @property
    def lowest(self) -> str:
        """Where the first alternative begins, for telling what to install; "" if it has no lower end."""
        bounds = self.alternatives[0]
        numbers = next((bound.numbers for bound in bounds if bound.sign in {">=", ">", "="}), ())
        return ".".join(map(str, numbers))

    @property
    def anything(self) -> bool:
        """Whether every version will do, even one that nobody could read."""
        return () in self.alternatives


def parse_version(printed: str) -> Version | None:
    """The version in what a program printed for `--version`: its first dotted number, else its first number.

    None if there is none.
    """
    if dotted := re.search(_DOTTED, printed):
        suffix = dotted[2] or ""
        return Version(_numbers(dotted[1]), suffix if re.fullmatch(_PRE_RELEASE, suffix) else "")
    whole = re.search(_WHOLE, printed)
    return Version(_numbers(whole[1])) if whole else None


def parse_constraint(text: str, place: Place) -> Constraint:
    """Read a constraint.

    Args:
        text: what stands in the file, such as `>=3.11,<3.14`.
        place: where it stands.

    Raises:
        InvalidDefinition: with one problem for each part that cannot be read.
    """
    problems: list[Problem] = []
    alternatives = tuple(_alternative(part, place, problems) for part in text.split("||"))
    if problems:
        raise InvalidDefinition(problems)
    return Constraint(text.strip(), alternatives)


def _alternative(text: str, place: Place, problems: list[Problem]) -> tuple[Bound, ...]:
    """The bounds of one list, each bad one told in `problems`."""
    bounds: list[Bound] = []
    for part in _parts(text):
        found = _bounds(part)
        if found is None:
            message = f"{part!r} is no version constraint" if part else "a version constraint is missing"
            problems.append(
                Problem(place, message, "write one such as >=20.19, ^20, 20.x, >=3.11,<3.14 or *")
            )
        else:
            bounds += found
    return tuple(bounds)


def _parts(text: str) -> Iterator[str]:
    """What commas and spaces set off, "" where nothing is; a space after a sign sets nothing off."""
    for listed in text.split(","):
        sign = ""
        words = listed.split()
        for word in words:
            if sign == "" and word in _SIGNS:
                sign = word
            else:
                yield sign + word
                sign = ""
        if sign or not words:
            yield sign


def _bounds(part: str) -> tuple[Bound, ...] | None:
    """What one part asks for; None if it cannot be read."""
    if part in {"*", "x", "X"}:
        return ()
    match = re.fullmatch(_BOUND, part)
    if match is None:
        return None
    sign, numbers, open_end = match[1] or "=", _numbers(match[2]), match[3]
    if open_end and sign not in {"=", "==", "!="}:
        return None  # `>=20.x` says nothing that `>=20` does not
    if sign == "~=" and len(numbers) == 1:
        return None  # Python's packaging rules leave it without a meaning
    return _spelled_out(sign, numbers)


def _spelled_out(sign: str, numbers: tuple[int, ...]) -> tuple[Bound, ...]:
    """The bounds a sign stands for: `^`, `~` and `~=` ask for at least this, with the first numbers kept."""
    kept = {"^": _caret(numbers), "~": min(2, len(numbers)), "~=": len(numbers) - 1}.get(sign)
    if kept is None:
        return (Bound("=" if sign == "==" else sign, numbers),)
    return (Bound(">=", numbers), Bound("=", numbers[:kept]))


def _caret(numbers: tuple[int, ...]) -> int:
    """How many numbers stay the same: up to the first that is not 0 (semver.org, items 4 and 8)."""
    return next((place for place, number in enumerate(numbers, 1) if number), len(numbers))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split("."))
