"""Did you mean: the known word that is nearest to one that nobody knows."""

from collections.abc import Iterable

from .words import quoted

_MOST_CANDIDATES = 1000  # every one of them is compared; beyond that a guess is not worth the wait


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint such as `did you mean "restart"?`, or "" when nothing known is near."""
    found = nearest(word, known)
    return f"did you mean {quoted(found)}?" if found else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word most like this one, whatever its case; "" when none is near."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

    folded = {candidate.casefold(): candidate for candidate in known}
    if len(folded) > _MOST_CANDIDATES:
        return ""
    matches = get_close_matches(word.casefold(), folded, n=1)
    return folded[matches[0]] if matches else ""
