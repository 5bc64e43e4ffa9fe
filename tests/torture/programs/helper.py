"""Has a helper in a session of its own, forked twice, that keeps its streams; `leave`: and ends at once itself."""

import os
import signal
import sys

if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    print("up", flush=True)
    signal.pause()
os.wait()
if "leave" not in sys.argv:
    signal.pause()
