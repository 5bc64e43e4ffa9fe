"""What a bare word means (YAML 1.2 core schema), and how words of a user's are shown in messages."""

import re

Value = str | int | float | bool | None

_NAMED = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_NAMED |= dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)
_DECIMAL = r"[-+]?[0-9]+"
_OTHER_BASE = r"0o[0-7]+|0x[0-9a-fA-F]+"
_FLOAT = r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
_FIRST_OF_NUMBERS = frozenset("+-.0123456789")
_LONGEST_NUMBER = 64
_LONGEST_SHOWN = 60


def meaning(word: str) -> Value:
    """What a word without quotes stands for.

    Only `true`, `false`, `null`, numbers and nothing at all are more than text: `no`, `on`, `22:22` and dates
    are text. So is what would be a number of more than 64 characters.

    Source: YAML 1.2.2, section 10.3 (core schema).
    """
    if word in _NAMED:
        return _NAMED[word]
    if word[0] not in _FIRST_OF_NUMBERS or len(word) > _LONGEST_NUMBER:
        return word
    if re.fullmatch(_DECIMAL, word):
        return int(word)
    if re.fullmatch(_OTHER_BASE, word):
        return int(word, 0)
    if re.fullmatch(_FLOAT, word):
        return float(word.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return word


def quoted(text: str) -> str:
    """The text in double quotes, on one line, shortened, with nothing in it that moves a cursor."""
    shown = text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
    return f'"{visible(shown)}"'


def visible(text: str) -> str:
    """The text with every character that does not print written as its escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def listed(words: tuple[str, ...] | list[str], last: str = "or") -> str:
    """`a`, `a or b`, `a, b or c`."""
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), words[-1])))
