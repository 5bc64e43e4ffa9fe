r"""A command run in front of the user, as if the shell had started it.

- It is in our session and group and has our 0, 1 and 2: a terminal stays one, and what is typed there (Ctrl-C,
  Ctrl-\, Ctrl-Z) goes from the kernel to the whole group, so to the command too. We hold these signals back and
  wait for the command.
- What a process sends to us is for the command, and is passed on once. Linux says who sent a signal (sigaction(2),
  si_code, si_pid): what the kernel sent, the group has had, and so has what the command sends to its own group.
  Elsewhere the signals that can be typed count as typed. Nothing tells a signal to us alone from one that a
  process sent to the whole group: a command that handles that one hears it twice.
- When the command stops, by whatever signal, so do we, and not before: until then the terminal is its own. The
  shell sees it, and `fg` wakes the group. A group that no shell could wake does not stop (the kernel drops SIGTSTP
  in an orphaned one). A shell as the command leads a group of its own, which held the terminal when it stopped: we
  hand it the terminal again and wake it, since `fg` has given that to our group.
- We are a child subreaper: what the command leaves running, daemons that forked twice too, gets TERM when it has
  ended and KILL after 0.7 s. When we are killed the heir does that.
- Where there is no subreaper (macOS) a daemon that the command left goes to pid 1. The heir, which then runs after
  every end, finds it by its mark.
"""

import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from aura_stack.frozen import NamedTuple
from aura_stack.system import processes
from aura_stack.system.subreaper import subreaper

from .guardian import end_all_children
from .heir import MARK, appointed
from .process import judge, spawn_here

_TYPED = frozenset({signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP})
_PASSED_ON = _TYPED | {signal.SIGHUP, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2}
_STOPPING = frozenset({signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU})
_HELD = _PASSED_ON | _STOPPING | {signal.SIGCHLD, signal.SIGCONT}
_KEPT_IGNORED = _STOPPING | {signal.SIGINT, signal.SIGQUIT, signal.SIGHUP}
"""What a shell or nohup(1) ignored for us stays ignored; SIGPIPE and SIGXFSZ are ignored by Python, not for us."""


def run(argv: Sequence[str], environment: Mapping[str, str], cwd: str) -> int:
    """Run `argv` in front of the user, end whatever it leaves running, and answer the code a shell would see.

    It belongs into the main thread of a process without others, which has no other children: these would be ended
    too. Our own folder is / afterwards.

    Args:
        argv: the words as they stand; the first is looked up in the PATH of `environment`.
        environment: all of it, besides the heir's mark.
        cwd: an absolute path.

    Returns:
        0 to 255 as it exited, 128+N if signal N killed it (POSIX sh, 2.8.2 Exit Status for Commands).

    Raises:
        NotExecutable: with 127 for a command or folder that is not there, 126 for one that cannot be executed.
    """
    ignored = {signum for signum in _KEPT_IGNORED if signal.getsignal(signum) is signal.SIG_IGN}
    with _signals_held():
        heir = appointed()
        subreaper()
        pid = spawn_here(argv, {**environment, MARK: heir.mark}, cwd, ignored)
        heir.learns_of(pid)
        code = _accompany(pid)
        _drop(_TYPED | _STOPPING)
        end_all_children()
    return code


@contextmanager
def _signals_held() -> Iterator[None]:
    """Signals wait until they are asked for; one that asks us to end and came too late for the command is ours."""
    # some systems drop what is ignored, blocked or not
    handler = signal.signal(signal.SIGCHLD, lambda *_: None)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
    try:
        yield
    finally:
        signal.signal(signal.SIGCHLD, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _accompany(pid: int) -> int:
    """Pass signals on and stop with the command until it has ended; its code."""
    stopped = False
    while True:
        told = _next_signal()
        if told.signum == signal.SIGCHLD:
            for status in _news(pid):
                stopped = os.WIFSTOPPED(status)
                if stopped:
                    _stop_too(pid, os.WSTOPSIG(status))
                elif not os.WIFCONTINUED(status):
                    return judge(os.waitstatus_to_exitcode(status)).code
        elif _is_for_the_command(told) or (stopped and told.signum == signal.SIGCONT):
            os.kill(pid, told.signum)  # our child, not waited for yet: its number is its own


def _news(pid: int) -> Iterator[int]:
    """How the command stopped, went on or ended, as waitpid(2) gives it; orphans that ended are buried by the way."""
    while True:
        found, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED | os.WCONTINUED)
        if found == pid:
            yield status
        elif found == 0:
            return


def _drop(signums: frozenset[signal.Signals]) -> None:
    """Forget what was typed at the command and is told to us only after its end: SIGCHLD has the lower number."""
    while pending := signal.sigpending() & signums:
        signal.sigwait(pending)


def _stop_too(pid: int, signum: int) -> None:
    """Stop as the command did; this returns when we are continued, or at once where no shell could do that."""
    group = os.getpgid(pid)
    held = group != os.getpgrp() and _terminals_group() == group
    _stop(signum)
    if held and _terminals_group() == os.getpgrp():  # not after bg
        _hand_terminal_to(group)


def _stop(signum: int) -> None:
    signum = (
        signal.SIGTSTP if signum == signal.SIGSTOP else signum
    )  # not even an orphaned group is spared SIGSTOP
    os.kill(os.getpid(), signum)  # still blocked, so it is one with the typed one that may be waiting
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signum})
    signal.pthread_sigmask(signal.SIG_BLOCK, {signum})


def _terminals_group() -> int | None:
    """The group in the foreground of our terminal; None without one."""
    with suppress(OSError), open("/dev/tty", "rb", buffering=0) as terminal:
        return os.tcgetpgrp(terminal.fileno())
    return None


def _hand_terminal_to(group: int) -> None:
    with suppress(OSError), open("/dev/tty", "rb", buffering=0) as terminal:  # either may have gone meanwhile
        os.tcsetpgrp(terminal.fileno(), group)


_KERNEL = -1


class _Told(NamedTuple):
    """A signal that came; `sender` is a pid, 0 for one outside of our container, `_KERNEL`, or None if nobody says."""

    signum: int
    sender: int | None


if sys.platform == "linux":

    def _next_signal() -> _Told:
        info = signal.sigwaitinfo(_HELD)
        return _Told(
            info.si_signo, _KERNEL if info.si_code > 0 else info.si_pid
        )  # > 0: SI_KERNEL, CLD_EXITED, ...

else:

    def _next_signal() -> _Told:
        return _Told(signal.sigwait(_HELD), None)


def _is_for_the_command(told: _Told) -> bool:
    """Whether a signal is to be passed on: the command has not had it from whoever sent it to us."""
    if told.signum not in _PASSED_ON:
        return False
    if told.sender is None:
        return told.signum not in _TYPED
    if told.sender == _KERNEL:
        # a terminal that goes away tells the leader of its session alone, and the others when that has ended
        return told.signum == signal.SIGHUP and os.getsid(0) == os.getpid()
    return told.sender not in processes.descendants(os.getpid())
