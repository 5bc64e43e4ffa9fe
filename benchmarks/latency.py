"""How long a line of a quiet service takes from its print to the terminal: idle, and while another floods.

`python benchmarks/latency.py [LINES]` brings up a stack in a pseudo-terminal that is read as fast as it comes, or, as
slow ones are, 20 MB a second; the quiet service prints the time it is, now and then, and the reader of the terminal
compares. Both clocks are the monotonic one of this machine.
"""

import json
import os
import pty
import re
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LINES = 200
SLOW = 20_000_000  # bytes a second that a slow terminal takes
QUIET = (
    "import sys, time\n"
    "time.sleep({pause})\n"
    "for _ in range({lines}):\n"
    "    time.sleep(0.03)\n"
    "    sys.stdout.write(f'at {{time.monotonic_ns()}}\\n'); sys.stdout.flush()\n"
    "time.sleep(1000)\n"
)
FLOOD = (
    "import os\n"
    "block = b''.join(b'line %d of a flood that never ends\\n' % n for n in range(1500))\n"
    "while True: os.write(1, block)\n"
)
IN_TERMINAL = (
    "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execvp(sys.argv[1], sys.argv[1:])"
)


def measured(floods: int, lines: int, speed: float) -> tuple[list[float], float]:
    """Milliseconds that each line took, and MB/s that the terminal was sent meanwhile."""
    python = sys.executable
    services = {"quiet": {"command": [python, "-c", QUIET.format(lines=lines, pause=2.0)]}}
    services |= {f"flood{n}": {"command": [python, "-c", FLOOD]} for n in range(floods)}
    with tempfile.TemporaryDirectory() as folder:
        stack = {"name": "latency", "services": services}
        Path(folder, "stack.yaml").write_text(json.dumps(stack), encoding="utf-8")
        env = {**os.environ, "XDG_STATE_HOME": f"{folder}/state", "TERM": "xterm-256color"}
        env.pop("XDG_RUNTIME_DIR", None)
        master, end = pty.openpty()
        argv = [python, "-c", IN_TERMINAL, python, "-m", "aura_stack", "up"]
        up = subprocess.Popen(argv, cwd=folder, env=env, stdin=end, stdout=end, stderr=end)
        os.close(end)
        try:
            return watched(master, lines, speed)
        finally:
            drain_until_it_ends(up, master)


def watched(master: int, lines: int, speed: float) -> tuple[list[float], float]:
    """Read the terminal until so many lines of the quiet service have come."""
    took: list[float] = []
    rest, total, first = b"", 0, 0.0
    deadline = time.monotonic() + 60
    while len(took) < lines and time.monotonic() < deadline:
        if not select.select([master], [], [], 1.0)[0]:
            continue
        data = os.read(master, 65536)
        now = time.monotonic_ns()
        total += len(data)
        *whole, rest = (rest + data).split(b"\n")
        for line in whole:
            if found := re.search(rb"at (\d{9,})\r?$", line):
                first = first or time.monotonic()
                took.append((now - int(found[1])) / 1e6)
        if speed:
            time.sleep(len(data) / speed)
    return took, total / 1e6 / max(time.monotonic() - (first or time.monotonic()) + 2, 0.1)


def drain_until_it_ends(up: "subprocess.Popen[bytes]", master: int) -> None:
    """Stop the stack, and read what it says meanwhile."""
    up.send_signal(signal.SIGINT)
    while up.poll() is None:
        if select.select([master], [], [], 0.1)[0]:
            try:
                os.read(master, 65536)
            except OSError:
                break
    up.wait(30)
    os.close(master)


def main() -> None:
    """Measure and print."""
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else LINES
    print(f"{'':34} {'median':>8} {'p95':>8} {'worst':>8}  ms   terminal MB/s")
    for name, floods, speed in (
        ("idle", 0, 0.0),
        ("one floods, terminal as fast as it is", 1, 0.0),
        ("one floods, terminal of 20 MB/s", 1, float(SLOW)),
        ("four flood, terminal of 20 MB/s", 4, float(SLOW)),
    ):
        took, rate = measured(floods, lines, speed)
        took.sort()
        late = took[int(len(took) * 0.95)] if took else float("nan")
        middle = statistics.median(took) if took else float("nan")
        worst = took[-1] if took else float("nan")
        print(f"{name:38} {middle:8.2f} {late:8.2f} {worst:8.2f} {rate:12.1f}   ({len(took)} lines)")


if __name__ == "__main__":
    main()
