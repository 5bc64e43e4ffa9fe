"""Answers "has the content changed?" for files, directories and patterns, reading only what was touched.

What counts is content, not time: a file that was saved unchanged, or checked out and back, is the same. A
file is read when its status (size, times, inode) is not the one that was seen when it was last read. One trap
is in that: two writes can fall within one tick of a file system's clock (10 ms, and up to 2 s on some), and
the second would leave the status as it is. So a file that was written a moment before it was read is
remembered without its status, and read again the next time.
"""

import json
import os
import stat
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType

from aura_stack.errors import AuraError
from aura_stack.frozen import NamedTuple

from .digest import blake2b
from .files import replace
from .globs import NEVER_ENTERED, expand

_FORMAT = 1
_TICK = 3_000_000_000  # ns: more than the coarsest clock of a file system (2 s, FAT)
_CHUNK = 1 << 20

Status = tuple[int, int, int, int]
"""Size, mtime in ns, inode, ctime in ns."""


class Entry(NamedTuple):
    """What one path held; `status` is None where it says nothing about the content."""

    content: str
    status: Status | None = None


_MISSING = Entry("missing")
_EMPTY = Entry("empty")
_UNREADABLE = Entry("unreadable")
_SPECIAL = Entry("special")  # a pipe, a socket, a device: reading one could wait for ever


class Fingerprint(NamedTuple):
    """The content of all inputs, by path relative to their root.

    Two are equal when also what was noted for a quicker next time is the same, so `old != new` says whether
    it is worth saving; whether content changed is for `changed` to say.
    """

    entries: Mapping[str, Entry] = MappingProxyType({})


def take(
    root: str, inputs: Sequence[str], previous: Fingerprint | None = None, ignore: Sequence[str] = ()
) -> Fingerprint:
    """Look at all inputs as they are now.

    A directory stands for all files in it, except those in node_modules, .git, .aura and __pycache__. A
    symbolic link counts by where it points; one that is an input itself and leads to a place below the root
    also by what is there. What is missing is part of the fingerprint, so its coming is a change.

    Args:
        root: the directory that relative inputs start from.
        inputs: files, directories and patterns (see `globs`).
        previous: an earlier fingerprint, whose files are not read again where their status is the same.
        ignore: paths and patterns that count for nothing, such as what is made from the inputs.
    """
    known = previous.entries if previous else {}
    settled = time.time_ns() - _TICK
    skip = frozenset(path for pattern in ignore for path in expand(root, pattern))
    entries: dict[str, Entry] = {}
    for name in inputs:
        paths = _paths(root, name, skip)
        for path in paths:
            if path not in entries:
                entries[path] = _entry(os.path.join(root, path), known.get(path), settled)
        if not paths:
            entries[os.path.normpath(name)] = _nothing(os.path.join(root, name))
    return Fingerprint(dict(sorted(entries.items())))


def changed(old: Fingerprint | None, new: Fingerprint) -> tuple[str, ...]:
    """The paths that came, went or have other content, sorted; all of them where there is no old one."""
    before = old.entries if old else {}
    paths = sorted(before.keys() | new.entries.keys())
    return tuple(path for path in paths if _content(before, path) != _content(new.entries, path))


def content(path: str) -> str:
    """What one path holds, in a word that is the same exactly when the content is; a link holds where it points."""
    return _entry(path, None, 0).content


def missing(root: str, outputs: Sequence[str]) -> tuple[str, ...]:
    """Those of the outputs (paths or patterns) that name nothing that exists; a broken link does not."""
    return tuple(
        output
        for output in outputs
        if not any(os.path.exists(os.path.join(root, path)) for path in expand(root, output))
    )


class Record(NamedTuple):
    """Fingerprints by a name of the caller's choice, kept in a file."""

    fingerprints: Mapping[str, Fingerprint] = MappingProxyType({})

    def get(self, key: str) -> Fingerprint | None:
        """The one under that name, if there is one."""
        return self.fingerprints.get(key)

    def put(self, key: str, fingerprint: Fingerprint) -> "Record":
        """The same record with that one in it."""
        return Record({**self.fingerprints, key: fingerprint})


def load(path: str) -> Record:
    """Read a record; a file that is missing, damaged or not ours in form is an empty one.

    To know nothing costs one run of a step that was not needed; to trust rubbish could leave one out.
    """
    try:
        with open(path, "rb") as file:
            found = json.loads(file.read())
    except (OSError, ValueError, RecursionError):
        return Record()
    if not isinstance(found, dict) or found.get("version") != _FORMAT:
        return Record()
    records = found.get("records")
    if not isinstance(records, dict):
        return Record()
    read = {key: _read(value) for key, value in records.items()}
    return Record({key: fingerprint for key, fingerprint in read.items() if fingerprint is not None})


def save(path: str, record: Record) -> None:
    """Write a record in one step; its directory must be there.

    Raises:
        AuraError: it cannot be written.
    """
    records = {key: fingerprint.entries for key, fingerprint in record.fingerprints.items()}
    text = json.dumps({"version": _FORMAT, "records": records}, separators=(",", ":"))
    try:
        replace(path, text.encode("ascii"))  # names that are not UTF-8 stand in it as escaped surrogates
    except OSError as error:
        raise AuraError(f"cannot write {path}: {error.strerror}") from error


def _content(entries: Mapping[str, Entry], path: str) -> str | None:
    entry = entries.get(path)
    return entry.content if entry else None


def _nothing(path: str) -> Entry:
    if not os.path.isdir(path):
        return _MISSING
    return _EMPTY if os.access(path, os.R_OK | os.X_OK) else _UNREADABLE


def _paths(root: str, name: str, skip: Collection[str]) -> list[str]:
    """Every file and link that an input stands for, relative to the root."""
    return [path for found in expand(root, name, skip) for path in _below(root, found, skip)]


def _below(root: str, path: str, skip: Collection[str]) -> Iterator[str]:
    full = os.path.join(root, path)
    if os.path.islink(full):
        yield path
        target = _inside(root, full)
        if target is not None:
            yield from _walk(root, target, skip)
    else:
        yield from _walk(root, path, skip)


def _inside(root: str, link: str) -> str | None:
    """Where the link leads, relative to the root; None if that is outside or nowhere."""
    top, target = os.path.realpath(root), os.path.realpath(link)
    if not os.path.exists(target) or not target.startswith(os.path.join(top, "")):
        return None
    return target[len(os.path.join(top, "")) :]


def _walk(root: str, path: str, skip: Collection[str]) -> Iterator[str]:
    """The path itself if it is no directory, else all that is in it and is none."""
    if not os.path.isdir(os.path.join(root, path)):
        yield path
        return
    waiting = ["" if path == "." else path]
    while waiting:
        directory = waiting.pop()
        with suppress(OSError), os.scandir(os.path.join(root, directory)) as found:
            for entry in found:
                name = os.path.join(directory, entry.name)
                if name in skip:
                    continue
                if not entry.is_dir(follow_symlinks=False):
                    yield name
                elif entry.name not in NEVER_ENTERED:
                    waiting.append(name)


def _entry(path: str, known: Entry | None, settled: int) -> Entry:
    try:
        found = os.lstat(path)
        if stat.S_ISLNK(found.st_mode):
            return Entry(f"link {os.readlink(path)}")
        if not stat.S_ISREG(found.st_mode):
            return _SPECIAL
        if known is not None and known.status == _status(found):
            return known
        return _read_file(path, settled)
    except (FileNotFoundError, NotADirectoryError):  # it went away while we looked
        return _MISSING
    except OSError:
        return _UNREADABLE


def _read_file(path: str, settled: int) -> Entry:
    # The status is taken before the content: a write that falls in between shows as a change the next time.
    # O_NONBLOCK: should the name have become a pipe since it was looked at, opening it must not wait.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return _SPECIAL
        digest = blake2b(digest_size=16)
        while chunk := os.read(descriptor, _CHUNK):
            digest.update(chunk)
    finally:
        os.close(descriptor)
    return Entry(digest.hexdigest(), _status(found) if found.st_ctime_ns < settled else None)


def _status(found: os.stat_result) -> Status:
    return found.st_size, found.st_mtime_ns, found.st_ino, found.st_ctime_ns


def _read(value: object) -> Fingerprint | None:
    """The fingerprint that a JSON value stands for; None if it stands for none."""
    if not isinstance(value, dict):
        return None
    entries = {path: _read_entry(entry) for path, entry in value.items()}
    read = {path: entry for path, entry in entries.items() if entry is not None}
    return Fingerprint(read) if len(read) == len(entries) else None


def _read_entry(value: object) -> Entry | None:
    match value:
        case [str(content), None]:
            return Entry(content)
        case [str(content), [int(size), int(mtime), int(inode), int(ctime)]]:
            return Entry(content, (size, mtime, inode, ctime))
        case _:
            return None
