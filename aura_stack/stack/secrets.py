"""Masks what should not stand on a screen that others may see: keys, tokens, secrets, passwords."""

import re
from collections.abc import Iterable, Mapping

MASK = "***"
_SHORTEST = 4  # characters; a shorter value is found in too much that has nothing to do with it
_SECRET = re.compile("key|token|secret|password", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"""([\w-]*(?:key|token|secret|password)[\w-]*=)("[^"]*"|'[^']*'|[^\s"'&;]+)""", re.IGNORECASE
)
_PASSWORD = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*://[^\s/@:?#]*:)[^\s/@?#]+@")
_LONE = re.compile(r"(https?://)[^\s/@:?#]+@")


def is_secret(name: str) -> bool:
    """Whether what goes by this name should not be shown."""
    return _SECRET.search(name) is not None


def secret_values(variables: Mapping[str, str]) -> tuple[str, ...]:
    """What is to be masked wherever it turns up: the values of variables with secret names, longest first."""
    found = {value for name, value in variables.items() if is_secret(name) and len(value) >= _SHORTEST}
    return tuple(sorted(found, key=len, reverse=True))


def masked(data: object, values: Iterable[str] = (), name: str = "") -> object:
    """The same data with every secret in its text masked.

    Args:
        data: dicts, lists and plain values.
        values: text that is secret wherever it stands.
        name: of the data itself; text with a secret name is masked as a whole.
    """
    if isinstance(data, Mapping):
        return {key: masked(value, values, key) for key, value in data.items()}
    if isinstance(data, list):
        return [masked(item, values) for item in data]
    if not isinstance(data, str):
        return data
    return MASK if data and is_secret(name) else _masked_text(data, values)


def _masked_text(text: str, values: Iterable[str]) -> str:
    for value in values:
        text = text.replace(value, MASK)
    text = _ASSIGNED.sub(rf"\g<1>{MASK}", text)
    text = _PASSWORD.sub(rf"\g<1>{MASK}@", text)
    return _LONE.sub(rf"\g<1>{MASK}@", text)
