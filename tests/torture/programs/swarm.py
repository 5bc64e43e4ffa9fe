"""Is two hundred processes in as many sessions."""

import os
import signal

for _ in range(200):
    if os.fork() == 0:
        os.setsid()
        signal.pause()
print("up", flush=True)
signal.pause()
