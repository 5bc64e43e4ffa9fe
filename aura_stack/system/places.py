"""Where the things of one stack live: logs and such beside its file, lock and socket out of harm's way."""

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from aura_stack.errors import AuraError, ExitCode

from .digest import sha256
from .files import replace

SOCKET_LIMIT = 103
"""Bytes a socket's path may have: sun_path holds 104 on macOS (108 on Linux), one of them the final NUL."""

_PRIVATE = 0o700
_PUBLIC = 0o755


@dataclass(frozen=True, slots=True)
class Places:
    """Absolute paths of one stack.

    `data` (`.aura` beside the stack file) holds `logs`, `events` and `fingerprints`. `runtime` holds `lock`
    and `run`; `socket` stands there too, unless its path would be too long. Two stack files never share one.
    """

    data: str
    logs: str
    events: str
    fingerprints: str
    runtime: str
    lock: str
    socket: str
    run: str


def places(stack_file: str, environ: Mapping[str, str]) -> Places:
    """Where the stack of that file keeps its things; nothing is made (see `create`).

    A symbolic link to a stack file is the file it points to, so every way to it leads to the same places.

    Args:
        stack_file: path of the stack file.
        environ: XDG_RUNTIME_DIR, XDG_STATE_HOME, HOME and TMPDIR count. As the XDG Base Directory
            Specification has it, a path that is not absolute is ignored.
    """
    file = os.path.realpath(stack_file)
    data = os.path.join(os.path.dirname(file), ".aura")
    name = sha256(os.fsencode(file)).hexdigest()[:10]
    runtime = os.path.join(_runtime_root(environ), name)
    return Places(
        data=data,
        logs=os.path.join(data, "logs"),
        events=os.path.join(data, "events.jsonl"),
        fingerprints=os.path.join(data, "fingerprints.json"),
        runtime=runtime,
        lock=os.path.join(runtime, "lock"),
        socket=_socket(runtime, name, environ),
        run=os.path.join(runtime, "run.json"),
    )


def create(places: Places) -> None:
    """Make the directories, as closed as they must be; those that are there already are checked.

    Raises:
        AuraError: a directory is a symbolic link, no directory, another user's, or not writable (exit code 8
            where permission is what lacks).
    """
    _directory(places.data, _PUBLIC)
    _ignore_everything(places.data)
    _directory(places.logs, _PUBLIC)
    _private(places.runtime)
    if os.path.dirname(places.socket) != places.runtime:
        _private(os.path.dirname(places.socket))


def clear(places: Places) -> None:
    """Take away what only a running stack needs: the socket, the note of the run, a folder made for the socket."""
    for path in (places.socket, places.run):
        with suppress(FileNotFoundError):
            os.unlink(path)
    if os.path.dirname(places.socket) != places.runtime:
        with suppress(OSError):  # somebody else has put something there, or taken it away
            os.rmdir(os.path.dirname(places.socket))


def _runtime_root(environ: Mapping[str, str]) -> str:
    login = environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(login) and _usable(login):
        return os.path.join(login, "aura-stack")
    state = environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(state):
        state = os.path.join(_home(environ), ".local", "state")
    return os.path.join(state, "aura-stack", "run")


def _usable(directory: str) -> bool:
    """Whether it is ours and writable; after `su` or `sudo -E` the variable names somebody else's."""
    try:
        owner = os.stat(directory).st_uid
    except OSError:
        return False
    return owner == os.geteuid() and os.path.isdir(directory) and os.access(directory, os.W_OK | os.X_OK)


def _home(environ: Mapping[str, str]) -> str:
    home = environ.get("HOME", "")
    if os.path.isabs(home):
        return home
    import pwd  # noqa: PLC0415 - needed by those without HOME alone

    try:
        return pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        raise AuraError(
            f"user {os.geteuid()} has no home directory, and HOME is not set",
            "set HOME or XDG_STATE_HOME to a directory of your own",
        ) from None


def _socket(runtime: str, name: str, environ: Mapping[str, str]) -> str:
    beside = os.path.join(runtime, "control.sock")
    if _fits(beside):
        return beside
    temporary = environ.get("TMPDIR", "")
    private = os.path.join(f"aura-stack-{os.geteuid()}", name, "control.sock")
    inside = os.path.join(temporary, private)
    return inside if os.path.isabs(temporary) and _fits(inside) else os.path.join("/tmp", private)  # noqa: S108 - `create` makes it 0700 and refuses one that is not ours


def _fits(path: str) -> bool:
    return len(os.fsencode(path)) <= SOCKET_LIMIT


def _private(directory: str) -> None:
    """Make it 0700, and all above it up to the first that is ours: `aura-stack` or `aura-stack-UID`."""
    above, name = os.path.split(directory)
    if not name or name.startswith("aura-stack"):
        _ancestors(above)
    else:
        _private(above)
    _directory(directory, _PRIVATE)


def _ancestors(directory: str) -> None:
    try:
        os.makedirs(directory, _PRIVATE, exist_ok=True)
    except OSError as error:
        raise _refusal(f"cannot make {directory}: {error.strerror}", directory) from error


def _directory(path: str, mode: int) -> None:
    try:
        os.mkdir(path, mode)
    except FileExistsError:
        pass
    except OSError as error:
        raise _refusal(f"cannot make {path}: {error.strerror}", os.path.dirname(path)) from error
    _check(path, mode)


def _check(path: str, mode: int) -> None:
    """Refuse what somebody else could have planted; close what of ours stands open."""
    found = os.lstat(path)  # not stat: a link leads where its owner wants
    if stat.S_ISLNK(found.st_mode):
        raise AuraError(f"{path} is a symbolic link, and a directory is needed", f"remove it: rm {path}")
    if not stat.S_ISDIR(found.st_mode):
        raise AuraError(f"{path} is no directory", f"remove it: rm {path}")
    if found.st_uid != os.geteuid():
        raise _refusal(f"{path} belongs to another user (uid {found.st_uid})", path)
    if mode == _PRIVATE and found.st_mode & 0o777 != _PRIVATE:
        os.chmod(path, _PRIVATE)
    if not os.access(path, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        raise _refusal(f"{path} is not writable", path)


def _refusal(message: str, directory: str) -> AuraError:
    hint = f"make {directory} writable for yourself, or run as the user it belongs to"
    return AuraError(message, hint, ExitCode.NOT_PERMITTED)


def _ignore_everything(data: str) -> None:
    """Keep git from ever seeing the directory, without a line in the project's own .gitignore."""
    path = os.path.join(data, ".gitignore")
    if os.path.lexists(path):
        return
    try:
        replace(path, b"*\n")
    except OSError as error:
        raise AuraError(f"cannot write {path}: {error.strerror}") from error
