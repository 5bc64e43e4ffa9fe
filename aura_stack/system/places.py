"""Where the things of one stack live: logs and such beside its file, lock and socket out of harm's way."""

import os
import stat
from collections.abc import Mapping
from contextlib import suppress

from aura_stack.errors import AuraError, ExitCode
from aura_stack.frozen import Frozen

from .digest import sha256
from .files import replace

SOCKET_LIMIT = 103
"""Bytes a socket's path may have: sun_path holds 104 on macOS (108 on Linux), one of them the final NUL."""

DATA = ".aura"
"""The folder beside a stack file in which its stacks keep what they record."""

STACK_FILES = ("stack.yaml", "stack.yml", "aura-stack.yaml")
"""How stack files are called that are found by themselves, the first one first."""

PROCFILE = "Procfile"
"""What takes their place where there is none."""

RUN_SOCKET = "n-"
"""How the names of sockets begin that belong to single runs; a path with ten more characters still fits."""

_PRIVATE = 0o700
_PUBLIC = 0o755
_LONGEST = 4096  # bytes of a path (PATH_MAX)
_NAME_LENGTH = 10  # hexadecimal digits of a stack's folder
_SOCKET_NAME = "control.sock"
_LOGINS = "/run/user"  # where systemd keeps the XDG_RUNTIME_DIR of each user who is logged in
_TEMPORARY = "/tmp"  # noqa: S108 - the folder in it is made 0700, and one that is not ours is refused


class Places(Frozen):
    """Absolute paths of one stack.

    `data` (`.aura` beside the stack file, or a folder in it) holds `logs`, `events` and `fingerprints`, and `writer`,
    which the engine that writes there has locked and in which it says where it is. `runtime` holds `lock` and `run`;
    `socket` stands there too, unless its path would be too long. Two stack files never share a runtime folder.
    """

    data: str
    logs: str
    events: str
    fingerprints: str
    writer: str
    runtime: str
    lock: str
    socket: str
    run: str


class Runtime(Frozen):
    """A folder in which one stack keeps, or kept, what only a running stack needs.

    `name` tells stacks apart, `sockets` are the paths at which there is one.
    """

    name: str
    directory: str
    sockets: tuple[str, ...]

    @property
    def lock(self) -> str:
        """Where its lock is."""
        return os.path.join(self.directory, "lock")

    @property
    def run(self) -> str:
        """Where it notes who runs it."""
        return os.path.join(self.directory, "run.json")


def places(stack_file: str, environ: Mapping[str, str], instance: str = "") -> Places:
    """Where the stack of that file keeps its things; nothing is made (see `create`).

    A symbolic link to a stack file is the file it points to, so every way to it leads to the same places.

    Args:
        stack_file: path of the stack file.
        environ: XDG_RUNTIME_DIR, XDG_STATE_HOME, HOME and TMPDIR count. As the XDG Base Directory
            Specification has it, a path that is not absolute is ignored.
        instance: which of several stacks of that file, as its profiles say; "" for the plain one.
    """
    file = os.path.realpath(stack_file)
    data = _data(file, instance)
    whole = os.fsencode(file) + (b"\0" + instance.encode() if instance else b"")
    name = sha256(whole).hexdigest()[:_NAME_LENGTH]
    runtime = os.path.join(_runtime_root(environ), name)
    return Places(
        data=data,
        logs=os.path.join(data, "logs"),
        events=os.path.join(data, "events.jsonl"),
        fingerprints=os.path.join(data, "fingerprints.json"),
        writer=os.path.join(data, "writer"),
        runtime=runtime,
        lock=os.path.join(runtime, "lock"),
        socket=_socket(runtime, name, environ),
        run=os.path.join(runtime, "run.json"),
    )


def _data(file: str, instance: str) -> str:
    """Where a stack records: files of other names than those that are found by themselves have a folder each."""
    folder, name = os.path.split(file)
    own = () if name in STACK_FILES or name == PROCFILE else ("files", name)
    return os.path.join(folder, DATA, *own, *(("profiles", instance) if instance else ()))


def elsewhere(places: Places) -> Places:
    """The same with the runtime folder of whoever writes the record now, where he is not found at the one expected.

    He was started under another environment (by cron, under `su`), or before the checkout was moved. A writer that
    has ended, one that does not let us in and one that cannot be reached (in a container that has the checkout, too)
    is none.
    """
    if os.path.lexists(places.socket):
        return places
    from .locks import is_held  # noqa: PLC0415 - a stack that runs is mostly where it is expected

    try:
        if not is_held(places.writer):
            return places
        with open(places.writer, encoding="utf-8", errors="surrogateescape") as file:
            _, runtime, socket = file.read(3 * _LONGEST).split("\n")[:3]
        if not (is_ours(runtime) and is_ours(os.path.dirname(socket)) and os.path.lexists(socket)):
            return places
    except (OSError, ValueError):
        return places
    lock, run = os.path.join(runtime, "lock"), os.path.join(runtime, "run.json")
    return places.but(runtime=runtime, lock=lock, socket=socket, run=run)


def leases(environ: Mapping[str, str]) -> str:
    """Where this user's stacks note which ports they have, wherever each was started from; it need not exist.

    Raises:
        AuraError: the user has no home directory.
    """
    return os.path.join(_state_root(environ), "leases")


def create(places: Places) -> None:
    """Make the directories, as closed as they must be; those that are there already are checked.

    Raises:
        AuraError: a directory is a symbolic link, no directory, another user's, or not writable (exit code 8
            where permission is what lacks).
    """
    top, *below = _down_to(places.data)
    _directory(top, _PUBLIC)
    _ignore_everything(top)
    for folder in (*below, places.logs):
        _directory(folder, _PUBLIC)
    create_runtime(places)


def create_runtime(places: Places) -> None:
    """Make only the folders for the lock and the socket; AuraError as `create` raises it."""
    _private(places.runtime)
    if os.path.dirname(places.socket) != places.runtime:
        _private(os.path.dirname(places.socket))


def clear(places: Places) -> None:
    """Take away what only a running stack needs: its sockets, the note of the run, a folder made for the sockets."""
    for path in (places.run, *_sockets_of_runs(places)):
        with suppress(FileNotFoundError):
            os.unlink(path)
    clear_socket(places)


def clear_socket(places: Places) -> None:
    """Take away the socket, and the folder that was made for it alone."""
    with suppress(FileNotFoundError):
        os.unlink(places.socket)
    if os.path.dirname(places.socket) != places.runtime:
        with suppress(OSError):  # somebody else has put something there, or taken it away
            os.rmdir(os.path.dirname(places.socket))


def _sockets_of_runs(places: Places) -> list[str]:
    """What an engine that was killed has left of `supervision/notify`; a run that ends leaves nothing."""
    folder = os.path.dirname(places.socket)
    with suppress(OSError):
        return [os.path.join(folder, name) for name in os.listdir(folder) if name.startswith(RUN_SOCKET)]
    return []


def _down_to(data: str) -> list[str]:
    """The folder that all stacks of one checkout have in common, and those that lead to that of one of them."""
    way = [data]
    while os.path.basename(way[0]) != DATA:
        way.insert(0, os.path.dirname(way[0]))
    return way


def every(environ: Mapping[str, str]) -> list[Runtime]:
    """The folders of all stacks of this user, wherever one of them may have been started from.

    A stack that was started under another environment (by cron, under `su`) has its folder below another root, so
    all of them are looked through. What somebody else owns, or could exchange for something else, is passed over.
    """
    roots = [root for root in _runtime_roots(environ) if is_ours(root)]
    apart = _sockets_apart(environ)
    found = []
    for directory in (os.path.join(root, name) for root in roots for name in _names_in(root)):
        name, beside = os.path.basename(directory), os.path.join(directory, _SOCKET_NAME)
        sockets = [beside] if _fits(beside) else [path for path in apart if _name_of(path) == name]
        found.append(Runtime(name, directory, tuple(filter(os.path.lexists, sockets))))
    return found


def strays(environ: Mapping[str, str]) -> list[str]:
    """Sockets of this user in a temporary folder, whose stacks are not among `every`.

    Their folders were deleted, or stand below a home or state directory that `environ` does not name.
    """
    known = {path for runtime in every(environ) for path in runtime.sockets}
    return [path for path in _sockets_apart(environ) if path not in known]


def is_ours(directory: str) -> bool:
    """Whether it is a folder of this user, and no link to one."""
    try:
        found = os.lstat(directory)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def _runtime_roots(environ: Mapping[str, str]) -> list[str]:
    """Where the folders of stacks may be, each once."""
    login, state = environ.get("XDG_RUNTIME_DIR", ""), environ.get("XDG_STATE_HOME", "")
    if not (os.path.isabs(login) and _usable(login)):
        login = f"{_LOGINS}/{os.geteuid()}"  # we are under `su` or cron, and a login of the same user is not
    roots = [os.path.join(login, "aura-stack")]
    roots += [os.path.join(one, "aura-stack", "run") for one in (state, _own_state(environ))]
    # a root may have several names: /var/run is often a link to /run
    return list({os.path.realpath(root): root for root in reversed(roots) if os.path.isabs(root)}.values())[
        ::-1
    ]


def _sockets_apart(environ: Mapping[str, str]) -> list[str]:
    """The sockets whose paths would have been too long beside their locks."""
    tops = dict.fromkeys((environ.get("TMPDIR", ""), _TEMPORARY))
    roots = [_socket_root(top) for top in tops if os.path.isabs(top)]
    paths = [
        os.path.join(root, name, _SOCKET_NAME) for root in roots if is_ours(root) for name in _names_in(root)
    ]
    return [path for path in paths if os.path.lexists(path)]


def _names_in(root: str) -> list[str]:
    try:
        names = sorted(os.listdir(root))
    except OSError:
        return []
    return [name for name in names if _is_name(name) and is_ours(os.path.join(root, name))]


def _is_name(name: str) -> bool:
    return len(name) == _NAME_LENGTH and not name.strip("0123456789abcdef")


def _name_of(socket: str) -> str:
    return os.path.basename(os.path.dirname(socket))


def _runtime_root(environ: Mapping[str, str]) -> str:
    login = environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(login) and _usable(login):
        return os.path.join(login, "aura-stack")
    return os.path.join(_state_root(environ), "run")


def _state_root(environ: Mapping[str, str]) -> str:
    state = environ.get("XDG_STATE_HOME", "")
    return os.path.join(state if os.path.isabs(state) else _own_state(environ), "aura-stack")


def _own_state(environ: Mapping[str, str]) -> str:
    return os.path.join(_home(environ), ".local", "state")


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
    beside = os.path.join(runtime, _SOCKET_NAME)
    if _fits(beside):
        return beside
    temporary = environ.get("TMPDIR", "")
    inside = os.path.join(_socket_root(temporary), name, _SOCKET_NAME)
    if os.path.isabs(temporary) and _fits(inside):
        return inside
    return os.path.join(_socket_root(_TEMPORARY), name, _SOCKET_NAME)


def _socket_root(temporary: str) -> str:
    return os.path.join(temporary, f"aura-stack-{os.geteuid()}")


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
