"""Executing a command, and learning of its end.

- A run gets its own session, and so its own group: a signal to the group reaches a shell and what it runs,
  and no terminal signal of ours reaches it (setsid(2)). Only a command that runs in front of the user stays in ours.
- posix_spawn(3) is used instead of fork: its cost does not grow with our memory. It has no working directory
  of its own, so ours is changed around the call; this process has one thread that spawns, and uses absolute
  paths for itself.
- Ignored signals survive an exec. Python ignores SIGPIPE and SIGXFSZ, so every signal is put back to its default.
- A child stays in the table of processes until it is waited for, so as long as it has not been reported here
  its pid is its own and may be signalled. All waiting happens in `Children.reap`, also for processes that
  were orphaned and became ours (PR_SET_CHILD_SUBREAPER).
"""

import errno
import os
import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from aura_stack.frozen import NamedTuple
from aura_stack.system.limits import as_given

from .verdict import NotExecutable, Verdict

_NOT_FOUND, _NOT_EXECUTABLE = 127, 126  # POSIX sh, 2.8.2 Exit Status for Commands
_Action = tuple[int, int, int] | tuple[int, int, str, int, int]  # what posix_spawn does to a descriptor


class Gift(NamedTuple):
    """Descriptors, none of them below 64, that become 3, 4 and so on, and what becomes the command in the end."""

    descriptors: tuple[int, ...] = ()
    through: tuple[str, ...] = ()


NOTHING = Gift()
_DEFAULTED = frozenset(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})


def spawn(
    argv: Sequence[str],
    environment: Mapping[str, str],
    cwd: str,
    stdio: tuple[int, int, int],
    gift: Gift = NOTHING,
) -> int:
    """Execute `argv` in a session of its own and answer its pid.

    Args:
        argv: the words as they stand; the first is looked up in the PATH of `environment`.
        environment: all of it.
        cwd: an absolute path.
        stdio: descriptors that become 0, 1 and 2; they stay open here.
        gift: further descriptors.

    Raises:
        NotExecutable: with 127 for a command or folder that is not there, 126 for one that cannot be executed.
    """
    actions = [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate((*stdio, *gift.descriptors))]
    return _execute(argv, environment, cwd, actions, gift.through, apart=True, defaulted=_DEFAULTED)


def spawn_in_terminal(
    argv: Sequence[str], environment: Mapping[str, str], cwd: str, terminal: int, gift: Gift = NOTHING
) -> int:
    """Execute `argv` in a session of its own with a terminal as its 0, 1 and 2, and answer its pid.

    Args:
        argv: as for `spawn`.
        environment: all of it.
        cwd: an absolute path.
        terminal: one that controls no session yet; it stays open here.
        gift: further descriptors.

    Raises:
        NotExecutable: as from `spawn`, and with 126 for a terminal that cannot be opened by its name.
    """
    try:
        name = os.ttyname(terminal)
    except OSError as error:
        raise _not_executable(_NOT_EXECUTABLE, f"its terminal has no name: {_lower(error)}") from error
    # whoever leads a session and has no terminal gets the first one that it opens (tty_ioctl(4), TIOCSCTTY)
    actions: list[_Action] = [(os.POSIX_SPAWN_OPEN, 0, name, os.O_RDWR, 0)]
    actions += [(os.POSIX_SPAWN_DUP2, 0, number) for number in (1, 2)]
    actions += [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(gift.descriptors, start=3)]
    return _execute(argv, environment, cwd, actions, gift.through, apart=True, defaulted=_DEFAULTED)


def spawn_here(
    argv: Sequence[str], environment: Mapping[str, str], cwd: str, ignored: AbstractSet[signal.Signals]
) -> int:
    """Execute `argv` in our own session, group and terminal, with our 0, 1 and 2, and answer its pid.

    Args:
        argv: as for `spawn`.
        environment: all of it.
        cwd: an absolute path.
        ignored: signals that, when we ignore them, stay ignored.

    Raises:
        NotExecutable: as from `spawn`.
    """
    return _execute(argv, environment, cwd, [], (), apart=False, defaulted=_DEFAULTED - ignored)


def _execute(
    argv: Sequence[str],
    environment: Mapping[str, str],
    cwd: str,
    actions: Sequence[_Action],
    through: Sequence[str],
    *,
    apart: bool,
    defaulted: frozenset[signal.Signals],
) -> int:
    try:
        os.chdir(cwd)
    except OSError as error:
        raise _not_executable(_NOT_FOUND, f"its folder {cwd}: {_lower(error)}") from error
    try:
        path = argv[0]
        if through or "/" not in path:  # a path is executed, and looked into if that fails
            path = _find(path, environment.get("PATH", os.defpath))
        with as_given():
            return os.posix_spawn(
                through[0] if through else path,
                [*through, *argv],
                environment,
                file_actions=actions,
                setsid=apart,
                setsigmask=(),
                setsigdef=defaulted,
            )
    except OSError as error:
        raise _translated(argv[0], error) from error
    finally:
        os.chdir("/")


def judge(status: int) -> Verdict:
    """The verdict on how a process ended, as `os.waitstatus_to_exitcode` gives it: below 0 a signal."""
    if status >= 0:
        return Verdict(ok=status == 0, words=f"exited {status}", code=status)
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return Verdict(ok=False, words=f"killed by {name}", code=128 - status)


class Children:
    """The children that somebody here waits for; orphans that became ours are only buried."""

    def __init__(self) -> None:
        self._waiting: dict[int, Callable[[int], None]] = {}

    def adopt(self, pid: int, ended: Callable[[int], None]) -> None:
        """Call `ended` with the exit code (below 0: a signal) once `pid`, just spawned, has ended."""
        self._waiting[pid] = ended

    def __contains__(self, pid: object) -> bool:
        return pid in self._waiting

    def orphans(self, pids: Iterable[int]) -> list[int]:
        """Those of these children that nobody waits for: they were left to us."""
        return [pid for pid in pids if pid not in self._waiting]

    def reap(self) -> None:
        """Wait for every child that has ended; call it whenever SIGCHLD came."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self.buried(pid, status)

    def buried(self, pid: int, status: int) -> None:
        """A child was waited for, here or elsewhere: from now on its number may be another's."""
        ended = self._waiting.pop(pid, None)
        if ended:
            ended(os.waitstatus_to_exitcode(status))


def _find(program: str, path: str) -> str:
    """What a shell would execute for `program`; PATH's empty and relative parts count from the run's folder."""
    candidates = [program] if "/" in program else [os.path.join(part, program) for part in path.split(":")]
    for candidate in candidates:
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
    if present := [candidate for candidate in candidates if os.path.isfile(candidate)]:
        raise PermissionError(errno.EACCES, "not executable", present[0])
    if "/" in program and os.path.isdir(program):
        raise PermissionError(errno.EACCES, "is a folder", program)
    raise FileNotFoundError(errno.ENOENT, "command not found", program)


def _looked_into(program: str, error: OSError) -> OSError:
    """Why a program could not be executed: of a path posix_spawn(3) does not tell what is wrong with it."""
    if "/" in program:
        try:
            _find(program, "")
        except OSError as found:
            return found
    return error


def _translated(program: str, error: OSError) -> NotExecutable:
    error = _looked_into(program, error)
    match error.errno:
        case errno.ENOENT if error.strerror == "command not found":
            where = "" if "/" in program else " on PATH"
            return _not_executable(_NOT_FOUND, f"command not found{where}: {program}")
        case errno.ENOENT:
            words = f"{program}: the interpreter its first line names is not there"
            return _not_executable(_NOT_FOUND, words)
        case errno.EACCES:
            return _not_executable(_NOT_EXECUTABLE, f"not executable: {error.filename or program}")
        case errno.ENOEXEC:
            return _not_executable(_NOT_EXECUTABLE, f"{program} is no program, and has no #! line")
        case _:
            return _not_executable(_NOT_EXECUTABLE, f"{program}: {_lower(error)}")


def _not_executable(code: int, words: str) -> NotExecutable:
    return NotExecutable(Verdict(ok=False, words=words, code=code, retry=False))


def _lower(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
