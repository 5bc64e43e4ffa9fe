"""Says who it is and each signal it gets, and ends with 5 when a line is typed."""

import os
import signal
import sys

HEARD = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1")


def say(words):
    os.write(1, f"{words}\n".encode())


for name in HEARD:
    signal.signal(getattr(signal, name), lambda signum, _: say(f"heard {signal.Signals(signum).name}"))
say(f"listener {os.getpid()}")
sys.stdin.readline()
say("bye")
sys.exit(5)
