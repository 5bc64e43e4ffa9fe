"""A stack as its engine leaves it at some moment: files, lock and socket, made by a test."""

import fcntl
import json
import os
import socket
import threading
from contextlib import contextmanager

from aura_stack.control import protocol
from aura_stack.control.protocol import Answer, Request
from aura_stack.system import processes
from aura_stack.system.places import create, places


class Seat:
    """One stack's folders as its engine leaves them at some moment: nothing runs there but what a test says."""

    def __init__(self, folder, environ):
        folder.mkdir()
        self.file = folder / "stack.yaml"
        self.file.write_text("services: {a: {command: x}}\n")
        self.places = places(str(self.file), environ)
        create(self.places)
        self._open = []

    def note(self, **changes):
        """Leave a run.json of this very process as the engine."""
        own = processes.identify(os.getpid())
        content = {
            "stack": "shop",
            "file": str(self.file),
            "boot": processes.boot(),
            "began": 1.5,
            "engine": {"pid": own.pid, "start": own.start},
            **changes,
        }
        self._write(self.places.run, json.dumps(content))
        return self

    def dead_note(self, **changes):
        """Leave one of an engine that is no more."""
        return self.note(engine={"pid": gone(), "start": 1}, **changes)

    def lock(self, holder=""):
        """Hold the lock, until the test is over."""
        self._write(self.places.lock, holder)
        file = open(self.places.lock, "r+")  # noqa: SIM115 - closed at the end of the test
        fcntl.flock(file, fcntl.LOCK_EX)
        self._open.append(file)
        return self

    def listen(self):
        """Have a socket that nobody serves."""
        door = socket.socket(socket.AF_UNIX)
        door.bind(self.places.socket)
        door.listen(1)
        self._open.append(door)
        return door

    def desert(self):
        """Have a socket at which nobody listens."""
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(self.places.socket)
        return self

    @contextmanager
    def serve(self, *messages, hello=None):
        """Answer the first client with messages; the last of them, an Answer, once it has asked."""
        door = self.listen()
        greeting = Request("hello", hello or {"version": protocol.VERSION, "stack": "shop"})

        def talk():
            link, _ = door.accept()
            with link, link.makefile("rb") as lines:
                link.sendall(protocol.encode(greeting))
                call = protocol.decode(lines.readline())
                for message in messages:
                    data = message(call) if callable(message) else message
                    link.sendall(data)
                lines.read()  # until the client has gone

        thread = threading.Thread(target=talk)
        thread.start()
        yield
        thread.join(60)
        assert not thread.is_alive()

    def close(self):
        for one in self._open:
            one.close()

    @staticmethod
    def _write(path, text):
        with open(path, "w") as file:
            file.write(text)


def statuses(*states):
    """Answers a call of `status` with services in these states."""
    views = [{"service": f"s{number}", "state": state} for number, state in enumerate(states)]
    return lambda call: protocol.encode(Answer(call.id, views))


def gone():
    """The number of a process that has ended."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return pid
