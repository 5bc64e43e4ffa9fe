"""Reads the parameters of a call: each is what it has to be, or the call is refused with a sentence."""

from collections.abc import Mapping
from typing import Any

from aura_stack.errors import AuraError, ExitCode

Params = Mapping[str, Any]


def names(params: Params, key: str = "services") -> tuple[str, ...]:
    """A list of texts, empty where it is not given."""
    value = params.get(key, [])
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise _refusal(key, "a list of names")
    return tuple(value)


def flag(params: Params, key: str, *, otherwise: bool) -> bool:
    """True or false."""
    value = params.get(key, otherwise)
    if not isinstance(value, bool):
        raise _refusal(key, "true or false")
    return value


def number(params: Params, key: str) -> float | None:
    """A number that is finite and not below zero; None where it is not given."""
    value = params.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < LARGEST:
        raise _refusal(key, "a number from 0 on")
    return float(value)


def position(params: Params, key: str) -> int:
    """A whole number from 0 on, 0 where it is not given."""
    value = params.get(key, 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < LARGEST:
        raise _refusal(key, "a whole number from 0 on")
    return value


def text(params: Params, key: str, otherwise: str) -> str:
    """A text of at most 200 characters, whatever moves a cursor taken out."""
    value = params.get(key, otherwise)
    if not isinstance(value, str):
        raise _refusal(key, "a text")
    return "".join(character for character in value if character.isprintable())[:200]


def counts(params: Params, key: str) -> dict[str, int]:
    """Whole numbers from 0 on by names, one at least."""
    value = params.get(key)
    if not isinstance(value, dict) or not value:
        raise _refusal(key, "numbers by names")
    for number in value.values():
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < LARGEST:
            raise _refusal(key, "numbers by names")
    return value


LARGEST = 2**63
"""What numbers have to be smaller than: no clock and no file comes near."""


def _refusal(key: str, what: str) -> AuraError:
    return AuraError(f"{key} must be {what}", exit_code=ExitCode.USAGE)
