"""Reads files of variables, again whenever one has changed."""

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from aura_stack.errors import InvalidDefinition, Place, Problem
from aura_stack.frozen import Frozen
from aura_stack.reading.words import quoted
from aura_stack.stack.environment import Assignment, Layer
from aura_stack.stack.model import EnvFile

if TYPE_CHECKING:
    from aura_stack.reading.from_dotenv import DotenvRead

NO_DOTENV = "AURA_DISABLE_DOTENV"
"""The variable that keeps files of variables from being read."""

_EXAMPLES = (".example", ".sample", ".template", ".dist")


class _Known(Frozen):
    """What a file of this status said."""

    status: tuple[int, int, int]
    said: "DotenvRead"


class EnvFiles:
    """Files of variables by their paths.

    Args:
        directory: whose files are called by their relative paths in messages.
        ignored: read none of them, and say of none that it is missing.
    """

    def __init__(self, directory: str, *, ignored: bool = False) -> None:
        self._top = directory.rstrip(os.sep) + os.sep
        self._ignored = ignored
        self._known: dict[str, _Known] = {}

    def read(self, file: EnvFile, around: Mapping[str, str], override: bool) -> Layer:
        """What a file says now; see `environment.ReadFile`.

        Raises:
            InvalidDefinition: with all of its mistakes; it does not exist, and has to.
        """
        said = None if self._ignored else self._said(file)
        if said is None:
            return {}
        if said.problems:
            raise InvalidDefinition(said.problems)
        from aura_stack.reading import from_dotenv  # noqa: PLC0415 - as below

        found = from_dotenv.resolved(said.assignments, around, override=override)
        return {
            name: Assignment(one.value, str(one.place))
            for name, one in found.items()
            if one.value is not None
        }

    def _said(self, file: EnvFile) -> "DotenvRead | None":
        """None for one that is not there and need not be."""
        from aura_stack.reading import from_dotenv  # noqa: PLC0415 - most stacks name no such file

        try:
            found = os.stat(file.path)
            status = (found.st_mtime_ns, found.st_size, found.st_ino)
            known = self._known.get(file.path)
            if known is None or known.status != status:
                known = _Known(status, from_dotenv.read(file.path, file.path.removeprefix(self._top)))
                self._known[file.path] = known
        except FileNotFoundError:
            if file.required:
                raise InvalidDefinition([self._missing(file)]) from None
            return None
        except OSError as error:
            message = f"{file.path.removeprefix(self._top)} cannot be read: {error.strerror}"
            raise InvalidDefinition([Problem(file.place, message)]) from error
        return known.said

    def _missing(self, file: EnvFile) -> Problem:
        name = file.path.removeprefix(self._top)
        example = next((name + end for end in _EXAMPLES if os.path.isfile(file.path + end)), "")
        hint = f"cp {example} {name}" if example else "make it, or write {path: ..., required: false}"
        return Problem(file.place, f"there is no file {quoted(name)}", hint)


def named(files: Iterable[str], directory: str) -> tuple[EnvFile, ...]:
    """Files of variables that the command line names, relative to a directory."""
    place = Place("--env-file", 1, 1)
    return tuple(EnvFile(os.path.join(directory, file), required=True, place=place) for file in files)
