"""Never the same process for long: each forks the next, in a session of its own, and ends; bounded by the argument."""

import os
import signal
import sys
import time

signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
print("up", flush=True)
if os.fork() == 0:
    for _ in range(int(sys.argv[1])):
        time.sleep(0.02)
        if os.fork():
            os._exit(0)
        os.setsid()
while True:
    signal.pause()
