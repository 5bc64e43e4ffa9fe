"""What `up` adds to the services' own time: the AURA stack by hand, link by link, against `aura-stack up`.

    make setup && .venv/bin/python benchmarks/chain.py [rounds]

The chain is gateway, backend, frontend, each of which waits for the one before. By hand each is executed as soon
as the one before answers, and asked every 2 ms; what that takes in all is what the services take by themselves.
Both ways run in turns in one process, since machines are noisy; the difference of the medians is what counts.
Needs everything installed (one `make up` before) and the example's ports.
"""

import http.client
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
AURA = ROOT / "examples" / "aura"
LINKS = (
    ("gateway", ["node", "dist/main.js"], 4001, "/health", {}),
    ("backend", ["node", "mvp-server.js"], 4010, "/api/health", {"GATEWAY_URL": "http://localhost:4001"}),
    (
        "frontend",
        ["node", "node_modules/vite/bin/vite.js"],
        54112,
        "/",
        {"BACKEND_URL": "http://localhost:4010"},
    ),
)
PAUSE = 0.002


def by_hand() -> float:
    """Seconds from the first execution to the last answer."""
    began, running = time.monotonic(), []
    try:
        for name, command, port, path, variables in LINKS:
            environment = {**os.environ, **variables, "PORT": str(port)}
            running.append(
                subprocess.Popen(
                    command,
                    cwd=AURA / name,
                    env=environment,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
            while not answers(port, path):
                time.sleep(PAUSE)
        return time.monotonic() - began
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait()


def answers(port: int, path: str) -> bool:
    """Whether a GET is answered with a status below 400."""
    for host in ("127.0.0.1", "::1"):
        connection = http.client.HTTPConnection(host, port, timeout=5)
        try:
            connection.request("GET", path, headers={"Host": f"localhost:{port}"})
            return connection.getresponse().status < 400
        except OSError:
            continue
        finally:
            connection.close()
    return False


def by_us() -> float:
    """Seconds from the execution of `aura-stack up` to its table of what is ready."""
    began = time.monotonic()
    up = subprocess.Popen(
        [sys.executable, "-m", "aura_stack", "up"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert up.stdout is not None
    output = b""
    while not re.search(rb"all ready", output):
        data = os.read(up.stdout.fileno(), 65536)
        if not data:
            raise SystemExit(output.decode())
        output += data
    took = time.monotonic() - began
    up.send_signal(signal.SIGINT)
    up.communicate()
    return took


def main() -> None:
    """Measure in turns, print medians."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    pairs = [(by_hand(), by_us()) for _ in range(rounds)]
    hand, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"{rounds} rounds, medians: by hand {hand:.3f} s, aura-stack up {ours:.3f} s")
    print(f"up adds {ours - hand:.3f} s ({ours / hand:.2f} times)")
    print("each round:", ", ".join(f"{a:.2f}/{b:.2f}" for a, b in pairs))


main()
