"""What a check found: how bad it is, in words, and what to do about it."""

from enum import StrEnum

from aura_stack.frozen import Frozen


class Level(StrEnum):
    """How bad it is. Only trouble makes `doctor` fail."""

    OK = "ok"
    NOTE = "note"  # works, and could be better or may surprise
    TROUBLE = "trouble"  # something does not work


class Finding(Frozen):
    """One answer of one check; `cure` is what to do, "" where there is nothing to do."""

    check: str
    level: Level
    found: str
    cure: str = ""


def ok(check: str, found: str) -> Finding:
    """All is well."""
    return Finding(check, Level.OK, found)


def note(check: str, found: str, cure: str = "") -> Finding:
    """It works, but."""
    return Finding(check, Level.NOTE, found, cure)


def trouble(check: str, found: str, cure: str = "") -> Finding:
    """It does not work."""
    return Finding(check, Level.TROUBLE, found, cure)
