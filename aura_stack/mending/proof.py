"""Whether a file that was changed is still what it was: a program, a document of data, a configuration."""

import ast
import json

from aura_stack.inventory import syntax
from aura_stack.inventory.findings import SCRIPTS, Language


def broken(language: Language, path: str, old: bytes, new: bytes) -> str:
    """Why the new content may not be written; "" if it may.

    A file that was no program before cannot be shown to be one, so nothing is written there either.
    """
    if not _reads(language, path, old):
        return f"is no {language} that can be read, so no change of it can be checked"
    return "" if _reads(language, path, new) else f"would be no {language} any more"


def _reads(language: Language, path: str, data: bytes) -> bool:
    if language in SCRIPTS:
        return not syntax.parse(data, language).has_error
    if language is Language.PYTHON:
        return not syntax.parse(data, language).has_error and _compiles(data)
    if language is Language.JSON:
        return _is_json(data) or not path.endswith("package.json")
    if language is Language.YAML:
        return _is_yaml(data)
    if language is Language.NGINX:
        return data.count(b"{") == data.count(b"}")
    return True


def _compiles(data: bytes) -> bool:
    """Whether this Python can read it; one that is written for a later one counts by the grammar alone."""
    try:
        ast.parse(data)
    except (SyntaxError, ValueError):
        return not syntax.parse(data, Language.PYTHON).has_error
    return True


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data.decode("utf-8-sig"))
    except ValueError:
        return False
    return True


def _is_yaml(data: bytes) -> bool:
    import yaml  # noqa: PLC0415 - for files of its kind

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for _ in yaml.parse(data.decode("utf-8-sig"), Loader=loader):
            pass
    except (yaml.YAMLError, UnicodeDecodeError):
        return False
    return True
