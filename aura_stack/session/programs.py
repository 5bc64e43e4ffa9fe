"""Finds programs on PATH and knows what they print for their version, without asking each time.

To ask costs a process (60 ms for node), so an answer is kept for as long as the file that gave it is the
same one. That holds for a program that is one file. It does not for a script, whose version lies in other
files, nor for the shim of a version manager, which answers by where and how it is called: these are asked
each time.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress

from aura_stack.frozen import Frozen
from aura_stack.system.files import replace

from .asking import Reply, ask

_FORMAT = 1
_NATIVE = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")  # ELF, Mach-O, Mach-O for several processors
_SHIMS = {"shims", ".cargo", ".volta"}  # directories where a native file answers for many programs
_ASKED_OTHERWISE = {
    "ffmpeg": "-version",
    "go": "version",
    "java": "-version",  # before Java 9 there was no other way
    "lua": "-v",
    "openssl": "version",
}

_Status = tuple[int, int, int]
"""mtime in ns, size and inode of a file."""


class _Known(Frozen):
    """What a file of this status printed."""

    status: _Status
    printed: str


def find(program: str, path: str) -> str | None:
    """The file that is run for a name (execvp(3)): the first on the path that may be executed."""
    directories = [""] if "/" in program else path.split(os.pathsep)
    candidates = (os.path.join(directory, program) for directory in directories)
    return next((file for file in candidates if os.path.isfile(file) and os.access(file, os.X_OK)), None)


def versions(files: Mapping[str, str], path: str, cache: str, directory: str) -> dict[str, Reply]:
    """What each program prints for its version.

    Args:
        files: where each program was found.
        path: the PATH they are run with.
        cache: the file that keeps answers, which need not be there; "" for none.
        directory: where they are run; "" for the current one.
    """
    kept = _load(cache)
    status = {name: _status(name, file) for name, file in files.items()}
    replies: dict[str, Reply] = {}
    for name, file in files.items():
        known = kept.get(_key(name, file))
        if known is not None and known.status == status[name]:
            replies[name] = Reply(known.printed)
    commands = {name: (file, _flag(name)) for name, file in files.items() if name not in replies}
    if commands:
        replies |= ask(commands, {**os.environ, "PATH": path}, directory)
        _save(cache, files, status, replies)
    return replies


def _flag(program: str) -> str:
    return _ASKED_OTHERWISE.get(os.path.basename(program), "--version")


def _key(name: str, file: str) -> str:
    # The name too: one file can be several programs, and answers as it is called.
    return f"{name} {os.path.realpath(file)}"


def _status(name: str, file: str) -> _Status | None:
    """What tells one state of the program from another; None where no status of a file can."""
    real = os.path.realpath(file)
    directory, base = os.path.split(real)
    if not base.startswith(os.path.basename(name)) or not _SHIMS.isdisjoint(directory.split("/")):
        return None
    try:
        with open(real, "rb") as program:
            if program.read(4) not in _NATIVE:
                return None
            found = os.fstat(program.fileno())
    except OSError:  # it may be executed and not read
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _load(cache: str) -> dict[str, _Known]:
    """The answers that were kept; none where the file is missing, damaged or not ours in form."""
    if not cache:
        return {}
    try:
        with open(cache, "rb") as file:
            content = json.loads(file.read())
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(content, dict) or content.get("version") != _FORMAT:
        return {}
    programs = content.get("programs")
    read = {key: _known(value) for key, value in programs.items()} if isinstance(programs, dict) else {}
    return {key: known for key, known in read.items() if known is not None}


def _known(value: object) -> _Known | None:
    match value:
        case [int(mtime), int(size), int(inode), str(printed)]:
            return _Known((mtime, size, inode), printed)
        case _:
            return None


def _save(
    cache: str, files: Mapping[str, str], status: Mapping[str, _Status | None], replies: Mapping[str, Reply]
) -> None:
    programs = {
        _key(name, files[name]): [*seen, reply.printed]
        for name, reply in replies.items()
        if (seen := status[name]) is not None and not reply.fault
    }
    if cache and programs:
        with suppress(
            OSError
        ):  # a place that cannot be written costs the next start 60 ms, and this one nothing
            replace(cache, json.dumps({"version": _FORMAT, "programs": programs}).encode())
