"""Takes half a second to end, and has last words; says `overlap` if another of its kind still lives."""

import os
import pathlib
import signal
import time

HELD = pathlib.Path("held")


def end(*_):
    print("ending", flush=True)
    time.sleep(0.5)
    HELD.unlink()
    print("last words", flush=True)
    os._exit(0)


try:
    HELD.touch(exist_ok=False)
except FileExistsError:
    print("overlap", flush=True)
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGINT, end)
print("run", os.getpid(), flush=True)
while True:
    signal.pause()
