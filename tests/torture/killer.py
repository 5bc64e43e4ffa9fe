"""Run a stack and kill its guardian or its engine (SIGKILL) at its k-th stop around a system call; see ptrace(2).

    killer.py guardian|engine K REPORT COMMAND...

K 0 kills nobody. REPORT gets a line with the number of stops at every SIGUSR1, and at the end. The face is the first
process, the guardian the first that it forks, the engine the first that the guardian forks; whoever else is forked is
not traced.
"""

import ctypes
import os
import signal
import subprocess
import sys

CONT, SYSCALL, DETACH, SETOPTIONS, GETEVENTMSG, SEIZE = 7, 24, 17, 0x4200, 0x4201, 0x4206
FORKED = 1  # PTRACE_EVENT_FORK
TELL_SYSCALLS, FOLLOW_FORKS = 1, 2
ALL_KINDS = 0x40000000  # __WALL
SYSCALL_STOP = signal.SIGTRAP | 0x80
FIRST_CHILD = {"face": "guardian", "guardian": "engine"}

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


def ptrace(request, pid, data=0):
    """The call; one who was killed meanwhile is none of our business."""
    if _libc.ptrace(request, pid, None, data) < 0 and ctypes.get_errno() != 3:  # ESRCH
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Killer:
    """Traces three processes and counts the stops of one."""

    def __init__(self, target, at, report):
        self.target = target
        self.at = at
        self.report = report
        self.roles = {}
        self.unknown = {}  # who stopped before the stop of its parent told who it is
        self.services_apart = False  # whether the engine's children are left alone
        self.count = 0

    def run(self, argv):
        """Trace until the face has ended; its exit code."""
        waiting = ["sh", "-c", 'read -r _; exec "$@" </dev/null', "sh", *argv]
        face = subprocess.Popen(waiting, stdin=subprocess.PIPE)
        ptrace(SEIZE, face.pid, TELL_SYSCALLS | FOLLOW_FORKS)
        self.roles[face.pid] = "face"
        face.stdin.write(b"\n")
        face.stdin.close()
        while True:
            pid, status = os.waitpid(-1, ALL_KINDS)
            if os.WIFSTOPPED(status):
                self.stopped(pid, status)
            elif pid == face.pid:
                return os.waitstatus_to_exitcode(status)

    def stopped(self, pid, status):
        """Let it go on, unless it is the one and the moment has come."""
        if pid not in self.roles:
            self.unknown[pid] = status
            return None
        role, event, signum = self.roles[pid], status >> 16, os.WSTOPSIG(status)
        if role is None:
            return ptrace(DETACH, pid)
        if event == FORKED:
            self.forked(pid)
        if role == "engine" and not self.services_apart:
            self.services_apart = True
            ptrace(SETOPTIONS, pid, TELL_SYSCALLS)
        if role == self.target:
            self.count += signum == SYSCALL_STOP
            if self.count == self.at and signum == SYSCALL_STOP:
                return os.kill(pid, signal.SIGKILL)
        passed = 0 if event or signum == SYSCALL_STOP else signum
        return ptrace(SYSCALL if role == self.target else CONT, pid, passed)

    def forked(self, parent):
        """Who its new child is."""
        child = ctypes.c_ulong()
        ptrace(GETEVENTMSG, parent, ctypes.addressof(child))
        role = FIRST_CHILD.get(self.roles[parent])
        self.roles[child.value] = None if role in self.roles.values() else role
        if child.value in self.unknown:
            self.stopped(child.value, self.unknown.pop(child.value))

    def tell(self, *_):
        """The number of stops so far."""
        with open(self.report, "a", encoding="ascii") as file:
            file.write(f"{self.count}\n")


def main(target, at, report, *argv):
    """See the top."""
    killer = Killer(target, int(at), report)
    signal.signal(signal.SIGUSR1, killer.tell)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    code = killer.run(argv)
    killer.tell()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
