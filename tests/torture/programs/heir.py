"""When it is asked to end, forks a daemon, which ignores TERM and HUP, and ends."""

import os
import signal


def bequeath(*_):
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            signal.pause()
    os._exit(0)


signal.signal(signal.SIGTERM, bequeath)
signal.signal(signal.SIGINT, bequeath)
print("up", flush=True)
while True:
    signal.pause()
