"""What looking at ports costs: `benchmarks/ports.py [ROUNDS]`.

`ports check` of 300 entries beside the same command on a manifest of one, which is what its start costs; and the owner
of one port among 1,000 listeners on this machine. Prints the median and the least, in milliseconds.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack

from aura_stack.ports.owners import owners, shared

ENTRIES, LISTENERS = 300, 1000
FIRST = 20_000
AURA = [sys.executable, "-m", "aura_stack"]


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as folder:
        check(folder, rounds)
    owner(rounds)


def check(folder: str, rounds: int) -> None:
    """`ports check`, of one entry and of many, in turn."""
    environment = {**os.environ, "XDG_STATE_HOME": folder, "HOME": folder}
    environment.pop("XDG_RUNTIME_DIR", None)
    projects = {name: os.path.join(folder, name) for name in ("check, 1 entry", f"check, {ENTRIES} entries")}
    for project, count in zip(projects.values(), (1, ENTRIES), strict=True):
        write(project, count)
    taken: dict[str, list[float]] = {name: [] for name in projects}
    for _ in range(rounds + 1):
        for name, project in projects.items():
            line = [*AURA, "ports", "check"]
            taken[name].append(
                timed(
                    lambda line=line, project=project: subprocess.run(  # type: ignore[misc]
                        line, cwd=project, env=environment, stdout=subprocess.DEVNULL, check=True
                    )
                )
            )
    for name, times in taken.items():
        tell(name, times[1:])
    one, many = (statistics.median(times[1:]) for times in taken.values())
    print(f"{'beyond start-up':26} {many - one:6.1f} ms")


def write(project: str, count: int) -> None:
    """A stack of one service, and a manifest of so many entries."""
    os.mkdir(project)
    names = [f"entry-{number}" for number in range(count)]
    manifest = {
        "version": 1,
        "ranges": {"all": [f"{FIRST}-{FIRST + ENTRIES}"]},
        "ports": {name: {"port": FIRST + n, "range": "all", "owner": "me"} for n, name in enumerate(names)},
    }
    with open(os.path.join(project, "ports.json"), "w", encoding="utf-8") as file:
        json.dump(manifest, file, indent=2)
    with open(os.path.join(project, "stack.yaml"), "w", encoding="utf-8") as file:
        file.write("ports: ports.json\nservices: {one: {command: [sleep, infinity], port: entry-0}}\n")


def owner(rounds: int) -> None:
    """Who has one of many ports."""
    with ExitStack() as held:
        for _ in range(LISTENERS):
            held.enter_context(server := socket.create_server(("127.0.0.1", 0)))
        number = server.getsockname()[1]
        processes = sum(name.isdigit() for name in os.listdir("/proc")) if os.path.isdir("/proc") else 0
        print(f"{LISTENERS} listeners, {processes} processes")
        times = [timed(lambda: owners([number])) for _ in range(rounds)]
        assert [one.pid for one in owners([number])[number]] == [os.getpid()]
        tell("owner of one port", times)
        tell("several servers on it?", [timed(lambda: shared([number])) for _ in range(rounds)])


def timed(work: Callable[[], object]) -> float:
    """How long it takes, in milliseconds."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def tell(name: str, times: list[float]) -> None:
    """Print one line."""
    print(f"{name:26} median {statistics.median(times):6.1f} ms   least {min(times):6.1f} ms")


if __name__ == "__main__":
    main()
