"""Prints 256 KiB, four times what a pipe holds, at every SIGUSR1."""

import os
import signal

LINES = (b"0123456789" * 10 + b"\n") * 2600


def burst(*_):
    data = LINES
    while data:
        data = data[os.write(1, data) :]


signal.signal(signal.SIGUSR1, burst)
print("up", flush=True)
while True:
    signal.pause()
