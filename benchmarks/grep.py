"""How long `logs -g` takes over 250 MB of stored logs, beside GNU grep on the same files, in turns.

`python benchmarks/grep.py [ROUNDS] [WORD]` writes a record of three services as the store keeps it, which then is in
the page cache, and lets both look for the same thing, their output in a file; WORD chooses the rows that hold it. grep
runs with LC_ALL=C, and again with LC_ALL=C.UTF-8, where it knows characters; ours takes bytes for what they are, as the
first does. "A line each" is a record in which every line came by itself.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from aura_stack.logs.store import Store
from aura_stack.system.places import Places, places

SIZE = 250_000_000
ROUNDS = 5
COLOURED = (
    ("coloured logs, rare", "refused by peer"),
    ("coloured logs, of any case", "(?i)error"),
    ("coloured logs, one in a hundred", "timeout"),
    ("coloured logs, one in two", "GET"),
)
SINGLE = (("a line each, rare", "refused by peer"), ("a line each, one in a hundred", "timeout"))
CASES = (
    ("a literal that is rare", "refused by peer"),
    ("a literal that is nowhere", "out of memory"),
    ("a short literal", "EPIPE"),
    ("one line in a hundred", "timeout"),
    ("one line in two", "GET"),
    ("with a literal part", "took [0-9]{4,} ms"),
    ("several", "timeout|refused|EPIPE"),
    ("of any case, rare", "(?i)Refused By Peer"),
    ("of any case, nowhere", "(?i)out of MEMORY"),
    ("of any case, one in a hundred", "(?i)TIMEOUT"),
    ("of any case, several", "(?i)refused|epipe"),
    ("at the beginning", "^ERROR"),
    ("at the end", "given up$"),
    ("classes alone", "[0-9]{6}"),
    ("a word", r"\bEPIPE\b"),
)


def lines(service: str, seed: int) -> Iterator[bytes]:
    """What a web service prints, for ever."""
    draw = random.Random(seed)
    users = [f"{draw.getrandbits(32):08x}-{draw.getrandbits(16):04x}" for _ in range(1000)]
    second = 0
    while True:
        second += 1
        for _ in range(20):
            user, ms, dice = draw.choice(users), draw.randrange(1, 900), draw.random()
            path = f"/api/v1/{draw.choice(('users', 'orders', 'items', 'search'))}/{draw.randrange(99999)}"
            stamp = f"2026-11-28T{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}.{ms:03}Z"
            if dice < 0.00002:
                text = f"ERROR {service} connection refused by peer 10.0.0.{ms % 250}: EPIPE, given up"
            elif dice < 0.01:
                text = f"{stamp} warn {service} timeout of upstream, took {ms + 500} ms, tried again"
            elif dice < 0.1:
                message = f"request completed {path}"
                text = json.dumps({"level": 30, "time": stamp, "req": user, "msg": message, "ms": ms})
            else:
                method = "GET" if dice < 0.6 else "POST"
                text = f"{stamp} info {service} {method} {path} 200 {ms}ms user={user} agent=Mozilla/5.0"
            yield text.encode() + b"\n"


def written(where: Places, *, coloured: bool, at_once: int) -> list[str]:
    """A record of that size, so many lines coming at once; the answer is its files."""
    store = Store(where.logs, where.events, lambda: None, lambda: os.makedirs(where.logs, exist_ok=True))
    sources = []
    for number, service in enumerate(("gateway", "backend", "frontend")):
        sources.append((store.stream(f"{service}.out.log"), lines(service, number)))
    size = 0
    while size < SIZE:
        for stream, source in sources:
            chunk = b"".join(next(source) for _ in range(at_once))
            if coloured:
                chunk = chunk.replace(b" info ", b" \x1b[32minfo\x1b[0m ")
            store.append(stream, 1, chunk)
            size += len(chunk)
    store.close()
    folder = Path(where.logs)
    return sorted(str(one) for one in folder.iterdir() if ".out.log" in one.name)


def seconds(argv: list[str], out: Path, env: dict[str, str]) -> tuple[float, int]:
    """How long a command takes, and how many lines it prints."""
    with out.open("wb") as file:
        began = time.perf_counter()
        subprocess.run(argv, stdout=file, env=env, cwd=out.parent, check=False)
        took = time.perf_counter() - began
    return took, out.read_bytes().count(b"\n")


def measured(pattern: str, files: list[str], folder: Path, rounds: int) -> tuple[list[float], list[int]]:
    """Medians of ours, of grep in C and of grep in UTF-8; and how many lines each found."""
    word = pattern.removeprefix("(?i)")
    grep = ["grep", "-hE", *(["-i"] if word != pattern else []), "-e", word, *files]
    command = str(Path(sys.executable).with_name("aura-stack"))
    ours = [command, "logs", "--no-prefix", "-g", pattern]
    plain, characters = {**os.environ, "LC_ALL": "C"}, {**os.environ, "LC_ALL": "C.UTF-8"}
    took: list[list[float]] = [[], [], []]
    found = [0, 0, 0]
    for _ in range(rounds):
        for one, (argv, env) in enumerate(((ours, plain), (grep, plain), (grep, characters))):
            duration, found[one] = seconds(argv, folder / "found", env)
            took[one].append(duration)
    return [statistics.median(one) for one in took], found


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    word = sys.argv[2] if len(sys.argv) > 2 else ""
    print(f"{'':32} {'ours':>7} {'grep C':>7} {'UTF-8':>7}  ms {'ratio C':>8} {'UTF-8':>6}   lines")
    for known, coloured, at_once in ((CASES, False, 400), (COLOURED, True, 400), (SINGLE, False, 1)):
        if cases := [one for one in known if word in one[0]]:
            compared(cases, rounds, coloured=coloured, at_once=at_once)


def compared(cases: list[tuple[str, str]], rounds: int, *, coloured: bool, at_once: int) -> None:
    """Write a record, and print a row for each case."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        os.environ["XDG_STATE_HOME"] = f"{folder}/state"
        os.environ.pop("XDG_RUNTIME_DIR", None)
        file = folder / "stack.yaml"
        file.write_text('{"services": {"gateway": {"command": "true"}}}', encoding="utf-8")
        files = written(places(str(file), os.environ), coloured=coloured, at_once=at_once)
        for what, pattern in cases:
            (ours, plain, utf8), found = measured(pattern, files, folder, rounds)
            times = f"{ours * 1000:7.0f} {plain * 1000:7.0f} {utf8 * 1000:7.0f}"
            row = f"{times}     {ours / plain:8.2f} {ours / utf8:6.2f}"
            print(
                f"{what:32} {row}   {found[0]}"
                + ("" if len({*found}) == 1 else f", grep {found[1]}, {found[2]}")
            )


if __name__ == "__main__":
    main()
