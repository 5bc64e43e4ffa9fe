"""How long the commands of every day take, beside a Python that does nothing: `benchmarks/commands.py [ROUNDS]`.

Brings up a stack of one service in a folder of its own, then runs each command in turn, round by round, so that
what the machine does besides hits all alike. Prints the median and the least of each, in milliseconds.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

PYTHON = sys.executable
AURA = [PYTHON, "-m", "aura_stack"]
COMMANDS = {
    "python -c pass": [PYTHON, "-c", "pass"],
    "python -c 'import click'": [PYTHON, "-c", "import click"],
    "status": [*AURA, "status"],
    "restart --no-wait": [*AURA, "restart", "--no-wait"],
    "status --json": [*AURA, "status", "--json"],
    "--help": [*AURA, "--help"],
}


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "XDG_STATE_HOME": folder, "HOME": folder}
        environment.pop("XDG_RUNTIME_DIR", None)
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        with open(os.path.join(folder, "stack.yaml"), "w", encoding="utf-8") as file:
            file.write("services: {sleeper: {command: [sleep, infinity]}}\n")

        def run(argv: list[str]) -> None:
            subprocess.run(argv, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True)

        run([*AURA, "up", "-d", "--wait"])
        try:
            times = measure(rounds, run)
        finally:
            run([*AURA, "down"])
    for name, taken in times.items():
        print(f"{name:26} median {statistics.median(taken):6.1f} ms   least {min(taken):6.1f} ms")


def measure(rounds: int, run: Callable[[list[str]], None]) -> dict[str, list[float]]:
    """Milliseconds of each command, round by round."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, argv in COMMANDS.items():
            began = time.perf_counter()
            run(argv)
            times[name].append((time.perf_counter() - began) * 1000)
    return times


if __name__ == "__main__":
    main()
