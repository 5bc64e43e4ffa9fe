"""A service with every kind of descendant: a child, one that ignores TERM, and a daemon that forked twice.

Each says its pid. `--polite` leaves out the one that ignores TERM; `--bare` empties the daemon's environment.
"""

import os
import signal
import sys


def say(what):
    os.write(1, f"{what} {os.getpid()}\n".encode())


def stay():
    while True:
        signal.pause()


def fork(what, act):
    if os.fork() == 0:
        act()
        say(what)
        stay()


def deaf():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def main():
    fork("child", lambda: None)
    if "--polite" not in sys.argv:
        fork("deaf", deaf)
    middle = os.fork()
    if middle == 0:
        os.setsid()
        fork("daemon", lambda: None)
        os._exit(0)
    os.waitpid(middle, 0)
    say("main")
    stay()


main()
