"""Clients that hammer a port with one connection after the other, and count what becomes of them."""

import socket
import threading
from collections import Counter
from contextlib import contextmanager

HOSTS = ("127.0.0.1", "::1")
LONGEST = 60.0  # seconds for one answer


class Clients:
    """So many threads, each with a connection for each request.

    `counts` says how often a request was answered (`ok`), refused, reset, left without an answer or answered badly;
    `bodies` what was answered.
    """

    def __init__(self, port, path="/", count=4, hosts=HOSTS):
        self.counts, self.bodies = Counter(), Counter()
        self._port, self._path = port, path
        self._over, self._lock = threading.Event(), threading.Lock()
        self._some = threading.Condition(self._lock)
        self._threads = [
            threading.Thread(target=self._ask_on, args=(hosts[number % len(hosts)],))
            for number in range(count)
        ]

    def start(self):
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def await_more(self, count, patience=60.0):
        """Wait until so many more requests have come to their end."""
        with self._some:
            wanted = self.counts.total() + count
            assert self._some.wait_for(lambda: self.counts.total() >= wanted, patience), self.counts

    def _ask_on(self, host):
        while not self._over.is_set():
            what, body = self.ask(host)
            with self._some:
                self.counts[what] += 1
                self.bodies[body] += 1
                self._some.notify_all()
            if what != "ok":
                self._over.wait(0.002)

    def ask(self, host=HOSTS[0]):
        """One request: what became of it, and the first line of what was answered."""
        asked = f"GET {self._path} HTTP/1.1\r\nHost: localhost:{self._port}\r\nConnection: close\r\n\r\n"
        data = b""
        try:
            with socket.create_connection((host, self._port), timeout=LONGEST) as client:
                client.sendall(asked.encode())
                while more := client.recv(1 << 16):
                    data += more
        except ConnectionRefusedError:
            return "refused", ""
        except ConnectionResetError:
            return "reset", ""
        except TimeoutError:
            return "hangs", ""
        head, _, body = data.partition(b"\r\n\r\n")
        if head.startswith(b"HTTP/1.1 200"):
            return "ok", body[:60].decode("utf-8", "replace")
        return ("bad" if data else "empty"), ""


@contextmanager
def hammering(port, *args, **options):
    """Clients that are at it within."""
    clients = Clients(port, *args, **options)
    clients.start()
    try:
        yield clients
    finally:
        clients.stop()
