"""What does a service's real work out of our sight, and its clients: `serve`, `run NAME`, `stop NAME`, `asked`, `jobs`.

The first word is a socket. `run` stays until its job is stopped, `stop` answers when it is; `asked` is all that was
asked so far, in order, and `jobs` what is being done.
"""

import socket
import socketserver
import sys
import threading

SHOWN = ("asked", "jobs")


class Daemon(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path):
        super().__init__(path, Order)
        self.asked = []
        self.jobs = {}
        self.lock = threading.Lock()


class Order(socketserver.StreamRequestHandler):
    def handle(self):
        verb, _, name = self.rfile.readline().decode().strip().partition(" ")
        with self.server.lock:
            if verb in SHOWN:
                self.answer("\n".join(getattr(self.server, verb)))
                return
            self.server.asked.append(f"{verb} {name}")
            done = self.server.jobs.setdefault(name, threading.Event()) if verb == "run" else None
            if verb == "stop" and name in self.server.jobs:
                self.server.jobs.pop(name).set()
        if done:
            self.answer(f"{name} runs")
            done.wait()
        self.answer(f"{name} {verb} done")

    def answer(self, text):
        self.wfile.write(f"{text}\n".encode())


def main(path, verb, name=""):
    if verb == "serve":
        with Daemon(path) as daemon:
            print("serving", flush=True)
            daemon.serve_forever()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.sendall(f"{verb} {name}\n".encode())
        for line in connection.makefile():
            print(line, end="", flush=True)


main(*sys.argv[1:])
