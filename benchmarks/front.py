"""What the front costs: time for a connection and MB/s through it, beside the same server asked directly; its memory.

    .venv/bin/python benchmarks/front.py

Only the ratios say something: the client, the server and the front share the processors.
"""

import _socket
import os
import select
import socket
import sys
import threading
import time
from pathlib import Path

from aura_stack.front.process import CHANNEL

CONNECTIONS, MEGABYTES, CHUNK = 2000, 512, 1 << 18
FRONT = Path(__file__).parents[1] / "aura_stack" / "front" / "__main__.py"


def serve(listener: socket.socket) -> None:
    """A server that answers each connection's first byte with as many MB as it says."""
    while True:
        try:
            taken, _ = listener.accept()
        except OSError:
            return
        count = taken.recv(1)[0]
        for _ in range(count * (1 << 20) // CHUNK):
            taken.sendall(bytes(CHUNK))
        if not count:
            taken.sendall(b"x")
        taken.close()


def start_front(public: socket.socket, port: int) -> tuple[int, socket.socket]:
    """The front before a server, as the engine starts it: its pid and our end of the channel."""
    ours, its = socket.socketpair()
    given = os.dup(its.fileno())
    argv = [sys.executable, "-I", "-S", str(FRONT)]
    actions = [(os.POSIX_SPAWN_DUP2, given, CHANNEL)]
    pid = os.posix_spawn(sys.executable, argv, {}, file_actions=actions)
    its.close()
    os.close(given)
    rights = public.fileno().to_bytes(4, sys.byteorder)
    ours.sendmsg([b"listen 1\n"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)])
    ours.sendall(b"to 1 %d\n" % port)
    while not ours.recv(64).endswith(b"2\n"):
        select.select([ours], [], [])
    return pid, ours


def ask(port: int, megabytes: int) -> int:
    """How many bytes one connection brings."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(bytes([megabytes]))
        got = 0
        while data := client.recv(CHUNK):
            got += len(data)
        return got


def seconds(pid: int) -> float:
    """What a process has had of a processor."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(name: str, port: int, pid: int) -> None:
    """Ask often for nothing, then for much."""
    before = seconds(pid)
    began = time.perf_counter()
    for _ in range(CONNECTIONS):
        ask(port, 0)
    each = (time.perf_counter() - began) / CONNECTIONS * 1e3
    used = (seconds(pid) - before) / CONNECTIONS * 1e3
    began = time.perf_counter()
    for _ in range(MEGABYTES // 64):
        assert ask(port, 64) == 64 << 20
    rate = MEGABYTES / (time.perf_counter() - began)
    print(
        f"{name:<10} {each:.3f} ms a connection, of which {used:.3f} ms of the front's processor; {rate:.0f} MB/s"
    )


def main() -> None:
    """Measure both, the front twice."""
    server, public = socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, args=(server,), daemon=True).start()
    pid, channel = start_front(public, server.getsockname()[1])
    measure("directly", server.getsockname()[1], pid)
    measure("front", public.getsockname()[1], pid)
    measure("directly", server.getsockname()[1], pid)
    memory = Path(f"/proc/{pid}/smaps_rollup").read_text()
    print("front", *(line for line in memory.splitlines() if line.startswith(("Pss:", "Rss:"))))
    channel.close()
    os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
