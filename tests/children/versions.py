"""An HTTP server on a socket that it is handed, or else on its PORT, as the file `version` says when it starts.

The file holds a name, which is what every request is answered, and then words: `crash` ends it at once, `deaf` never
accepts, `ill` answers 500, `slow` needs a moment before it listens, `brief` ends soon after that.
"""

import os
import select
import signal
import socket
import sys
import time


def said():
    with open(os.environ.get("VERSION", "version"), encoding="utf-8") as file:
        name, *words = file.read().split()
    return name, set(words)


def listener():
    if len(sys.argv) > 1:  # --fd N
        return socket.socket(fileno=int(sys.argv[2]))
    if os.environ.get("LISTEN_PID") == str(os.getpid()):  # sd_listen_fds(3)
        return socket.socket(fileno=3)
    return socket.create_server(("127.0.0.1", int(os.environ["PORT"])))


def answer(connection):
    with connection:
        connection.settimeout(5)
        try:
            asked = b""
            while b"\r\n\r\n" not in asked and (data := connection.recv(4096)):
                asked += data
            if b"\r\n\r\n" in asked:
                status = "500 No" if "ill" in WORDS else "200 OK"
                body = f"{NAME} {os.getpid()}"
                head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                connection.sendall((head + body).encode())
        except OSError:
            return  # a client that went


NAME, WORDS = said()
print(f"version {NAME}", flush=True)
if "crash" in WORDS:
    sys.exit(3)
ENDING, WAKING = os.pipe()
os.set_blocking(WAKING, False)
signal.signal(signal.SIGTERM, lambda *_: os.write(WAKING, b"x"))
if "slow" in WORDS:
    time.sleep(0.3)
server = listener()
server.setblocking(False)
print(f"listens {NAME}", flush=True)
END = time.monotonic() + 0.4 if "brief" in WORDS else None
while True:
    waits = [ENDING] if "deaf" in WORDS else [ENDING, server]
    ready, _, _ = select.select(waits, [], [], max(END - time.monotonic(), 0) if END else None)
    if END and time.monotonic() > END:
        sys.exit(4)
    if ENDING in ready:
        break
    try:
        taken, _ = server.accept()
    except BlockingIOError:
        continue  # the other run was quicker
    answer(taken)
