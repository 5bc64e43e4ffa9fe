"""Finds the stack file: the one that is named, else the nearest one above, as git finds its repository.

Where there is no stack file, the nearest Procfile takes its place.
"""

import os
from collections.abc import Iterator, Mapping

from aura_stack.errors import AuraError, ExitCode
from aura_stack.reading.words import listed
from aura_stack.system.places import PROCFILE, STACK_FILES

VARIABLE = "AURA_FILE"


def stack_file(named: str | None, directory: str, environ: Mapping[str, str]) -> str:
    """The absolute path of the stack file.

    Args:
        named: what `-f` says, relative to the directory; it wins, and is trusted whoever owns the file.
        directory: the current one, absolute; the search goes up from it.
        environ: AURA_FILE names a file too; the search ends at HOME.

    Raises:
        AuraError: there is none (exit code 5), or it belongs to somebody else (exit code 8).
    """
    if named:
        return _existing(named, directory, "-f")
    given = environ.get(VARIABLE)
    found = _existing(given, directory, VARIABLE) if given else _above(directory, environ.get("HOME", ""))
    _refuse_strangers(found)
    return found


def is_procfile(path: str) -> bool:
    """Whether a file is a Procfile by its name: `Procfile`, `Procfile.dev`, `dev.procfile`."""
    name = os.path.basename(path)
    return name.startswith(PROCFILE) or name.casefold().endswith(".procfile")


def candidates(named: str | None, directory: str, environ: Mapping[str, str]) -> Iterator[str]:
    """The absolute paths at which `stack_file` looks, whether or not there is anything, nearest first."""
    given = named or environ.get(VARIABLE)
    if given:
        yield os.path.normpath(os.path.join(directory, given))
        return
    places = list(_upwards(directory, environ.get("HOME", "")))
    for place in places:
        for name in STACK_FILES:
            yield os.path.join(place, name)
    for place in places:
        yield os.path.join(place, PROCFILE)


def _existing(path: str, directory: str, said_by: str) -> str:
    absolute = os.path.join(directory, path)
    if os.path.isdir(absolute) or not os.path.exists(absolute):
        what = "is a folder" if os.path.isdir(absolute) else "does not exist"
        raise AuraError(f"the stack file {path}, named by {said_by}, {what}", exit_code=ExitCode.INVALID)
    return os.path.normpath(absolute)


def _above(directory: str, home: str) -> str:
    looked: list[str] = []
    for place in _upwards(directory, home):
        looked.append(place)
        for name in STACK_FILES:
            path = os.path.join(place, name)
            if os.path.isfile(path):
                return path
    for place in looked:
        path = os.path.join(place, PROCFILE)
        if os.path.isfile(path):
            return path
    message = f"there is no {listed((*STACK_FILES, PROCFILE))} in {listed(looked)}"
    raise AuraError(message, "name one with -f FILE, or go to the folder of a stack", ExitCode.INVALID)


def _upwards(directory: str, home: str) -> Iterator[str]:
    """The directory and those above it, up to and with the home directory, or the top."""
    end = os.path.realpath(home) if home else ""
    while True:
        yield directory
        above = os.path.dirname(directory)
        if above == directory or os.path.realpath(directory) == end:
            return
        directory = above


def _refuse_strangers(path: str) -> None:
    """A stack file says what to execute, so one that somebody else left in our way is not read unasked."""
    owner = os.stat(path).st_uid
    if owner not in {os.geteuid(), 0}:
        message = f"{path} belongs to somebody else (user {owner})"
        raise AuraError(message, f"if you trust it, name it: -f {path}", ExitCode.NOT_PERMITTED)
