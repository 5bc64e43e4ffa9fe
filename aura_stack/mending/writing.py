"""Replaces files of a project: each in one step, only inside of it, and none that git says is changed."""

import os
import subprocess
from collections.abc import Iterable

from aura_stack.errors import AuraError
from aura_stack.reading.words import visible
from aura_stack.system.files import rewrite
from aura_stack.system.plain import opened

from .planning import Change

_TOLD = 5  # files in a line
_PATIENCE = 30  # seconds for git


def dirty(directory: str, paths: Iterable[str]) -> tuple[str, ...]:
    """Those of the files that differ from what git keeps, or that it does not keep at all.

    Without git, or outside of a repository, none is.
    """
    wanted = sorted(set(paths))
    if not wanted:
        return ()
    command = [
        "git",
        "--literal-pathspecs",
        "-c",
        "core.fsmonitor=",
        "status",
        "--porcelain=v1",
        "-z",
        "--untracked-files=all",
        "--",
        *wanted,
    ]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        asked = subprocess.run(
            command, cwd=directory, env=environment, capture_output=True, timeout=_PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    if asked.returncode:
        return ()
    prefix = _prefix(directory)
    entries = filter(None, asked.stdout.split(b"\0"))
    told = {os.fsdecode(entry[len(b"XY ") :]).removeprefix(prefix) for entry in entries}
    return tuple(path for path in wanted if path in told)


def _prefix(directory: str) -> str:
    """The way from the root of the repository to a folder, which git writes before every path."""
    asked = subprocess.run(
        ["git", "rev-parse", "--show-prefix"], cwd=directory, capture_output=True, check=False
    )
    return os.fsdecode(asked.stdout).rstrip("\n")


def require_clean(directory: str, changes: Iterable[Change]) -> None:
    """Return if every file that is to be replaced can be had back from git.

    Raises:
        AuraError: some cannot.
    """
    found = dirty(directory, (change.path for change in changes))
    if found:
        named = ", ".join(map(visible, found[:_TOLD])) + (
            f" and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
        )
        raise AuraError(
            f"not as git has them, so nothing was written: {named}",
            "commit or stash them, or use --force",
        )


def put(directory: str, changes: Iterable[Change]) -> None:
    """Write the new contents, each in one step, and none of them if it can be seen that one cannot be written.

    Raises:
        AuraError: a file is not what it was when the change was decided, lies outside of the project, or cannot be
            written. If it could not be seen before, the message names those that are written.
    """
    changes = tuple(changes)
    for change in changes:
        _require_same(directory, change)
    written: list[str] = []
    for change in changes:
        try:
            _require_same(directory, change)
            rewrite(os.path.join(directory, change.path), change.new)
        except (AuraError, OSError) as error:
            raise _stopped(change, error, written) from error
        written.append(visible(change.path))


def _stopped(change: Change, error: AuraError | OSError, written: list[str]) -> AuraError:
    if isinstance(error, AuraError):
        message, hint = error.message, error.hint
    else:
        message, hint = f"{visible(change.path)} cannot be written: {error.strerror}", ""
    return AuraError(
        message, "; ".join(filter(None, (f"written: {', '.join(written)}" if written else "", hint)))
    )


def _require_same(directory: str, change: Change) -> None:
    """Return if a file is still the one for which the change was decided, and may be written."""
    root, name = os.path.realpath(directory), visible(change.path)
    path = os.path.join(directory, change.path)
    if os.path.commonpath((os.path.realpath(path), root)) != root or os.path.islink(path):
        raise AuraError(f"{name} does not lie in the project, so it is not written")
    try:
        with opened(path) as stream:
            same = stream.read(len(change.old) + 1) == change.old
    except OSError as error:
        raise AuraError(f"{name} cannot be read any more: {error.strerror}") from error
    if not same:
        raise AuraError(f"{name} was changed meanwhile, so it is not written", "run the command again")
    if not os.access(path, os.W_OK) or not os.access(os.path.dirname(path), os.W_OK):
        raise AuraError(f"{name} cannot be written: it, or its folder, is read-only for this user")
