"""Speaks by sd_notify: sends its arguments, `@` for a pause until a file `go` is there, and stays."""

import os
import signal
import socket
import sys
import time

speaker = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
speaker.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
speaker.connect(os.environ["NOTIFY_SOCKET"])
print(f"at {os.environ['NOTIFY_SOCKET']}", flush=True)
for word in sys.argv[1:]:
    if word == "@":
        while not os.path.exists("go"):
            time.sleep(0.01)
    elif word == "descriptor":
        with open(os.devnull) as null:
            socket.send_fds(speaker, [b"FDSTORE=1"], [null.fileno()] * 50)
    elif word == "noise":
        speaker.send(b"\xff\0=\xfe\nSTATUS=\xff\n\n=\nREADY")
        speaker.send(b"READY=1\n" + b"x" * 100_000)
    else:
        speaker.send(word.encode())
print("all said", flush=True)
signal.pause()
