"""What looking at ports costs: `benchmarks/ports.py [ROUNDS]`.

`ports check` of 300 entries beside three starts: of a Python that does nothing; of aura-stack with its command line
parsed, which is what every command pays that does nothing (`ports check --help`); and of the same command on a manifest
of one entry. Then the owner of one port among 1,000 listeners on this machine. Prints milliseconds: median and least
of the time that passes, and of the processors' time, which is the surer one on a machine that does other things.
"""

import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import NamedTuple

from aura_stack.ports.owners import owners, shared

ENTRIES, LISTENERS = 300, 1000
FIRST = 20_000
AURA = [sys.executable, "-m", "aura_stack"]


class Cost(NamedTuple):
    """Milliseconds: that passed, and of the processors' time."""

    passed: float
    used: float


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as folder:
        check(folder, rounds)
    owner(rounds)


def check(folder: str, rounds: int) -> None:
    """`ports check`, of one entry and of many, in turn with what starts and does nothing."""
    environment = {**os.environ, "XDG_STATE_HOME": folder, "HOME": folder}
    environment.pop("XDG_RUNTIME_DIR", None)
    few, many = (os.path.join(folder, name) for name in ("few", "many"))
    write(few, 1)
    write(many, ENTRIES)
    looks = [*AURA, "ports", "check"]
    lines = {
        "python -c pass": ([sys.executable, "-c", "pass"], few),
        "ports check --help": ([*looks, "--help"], few),
        "ports check, 1 entry": (looks, few),
        f"ports check, {ENTRIES} entries": (looks, many),
        "ports": ([*AURA, "ports"], many),
        "ports who": ([*AURA, "ports", "who", str(FIRST)], many),
        "ports next": ([*AURA, "ports", "next"], many),
    }
    taken: dict[str, list[Cost]] = {name: [] for name in lines}
    for _ in range(rounds + 1):
        for name, (line, project) in lines.items():
            taken[name].append(cost(line, project, environment))
    medians = [tell(name, costs[1:]) for name, costs in taken.items()]
    of_python, of_start, of_one, whole, *_ = medians
    for name, start in (("one entry", of_one), ("the parsed line", of_start), ("Python", of_python)):
        beyond = Cost(*(each - less for each, less in zip(whole, start, strict=True)))
        print(
            f"{ENTRIES} entries beyond {name:17} {beyond.passed:6.1f} ms   processors {beyond.used:6.1f} ms"
        )


def cost(line: list[str], project: str, environment: dict[str, str]) -> Cost:
    """What a command costs that may fail: `who` of a free port answers 1."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    passed = timed(
        lambda: subprocess.run(line, cwd=project, env=environment, stdout=subprocess.DEVNULL, check=False)
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(passed, used * 1000)


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
        assert [one.pid for one in owners([number])[number]] == [os.getpid()]
        tell("owner of one port", [within(lambda: owners([number])) for _ in range(rounds)])
        tell("several servers on it?", [within(lambda: shared([number])) for _ in range(rounds)])


def within(work: Callable[[], object]) -> Cost:
    """What work in this process costs."""
    began = time.process_time()
    passed = timed(work)
    return Cost(passed, (time.process_time() - began) * 1000)


def timed(work: Callable[[], object]) -> float:
    """How long it takes, in milliseconds."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def tell(name: str, costs: list[Cost]) -> Cost:
    """Print one line; the answer is the median."""
    passed, used = (sorted(each) for each in zip(*costs, strict=True))
    median = Cost(statistics.median(passed), statistics.median(used))
    print(f"{name:26} median {median.passed:6.1f} ms   least {passed[0]:6.1f} ms   "
          f"processors {median.used:6.1f} ms   least {used[0]:6.1f} ms")  # fmt: skip
    return median


if __name__ == "__main__":
    main()
