"""Many saves of a running stack: none is missed, none restarts too much, and nothing grows.

    make setup && .venv/bin/python benchmarks/saves.py [saves] [--calm | --random]

A service prints what a file holds when it starts. The file is saved again and again, plainly, by a file beside it,
and cut off first, as editors do; each save is waited for until what it wrote has been printed. With --random the
next one comes at any moment instead, mostly in the middle of a restart; then the last one has to be printed in the
end. With --calm each comes after a pause, so that it is a first change. Prints how long a save took until SIGTERM and
until the new run, and what our processes hold before and afterwards.
"""

import contextlib
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PATIENCE = 10.0
PAUSE = 0.001
CALM = 0.6  # seconds: a save after that much quiet acts at once
SETTLED = 20  # saves before anything is compared


class Stack:
    """One service that prints a word at its start, in a folder of its own."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.word = self.folder / "web" / "word.txt"
        self.word.parent.mkdir()
        self.word.write_text("word 0\n")
        (self.folder / "web" / ".gitignore").write_text("*.log\n")
        service = {
            "command": ["/bin/sh", "-c", "cat word.txt; exec sleep 100000"],
            "cwd": "web",
            "ready": {"log": "word"},
            "watch": True,
        }
        (self.folder / "stack.yaml").write_text(json.dumps({"name": "saves", "services": {"web": service}}))
        state = {"XDG_STATE_HOME": str(self.folder / "state"), "XDG_RUNTIME_DIR": ""}
        self.env = {**os.environ, **state}
        self.up = subprocess.Popen(
            self.words("up"), cwd=self.folder, env=self.env, stdout=subprocess.DEVNULL, start_new_session=True
        )
        self.printed = self.folder / ".aura/logs"
        self.wait_for("word 0")

    @staticmethod
    def words(*words: str) -> list[str]:
        """A command line of ours."""
        return [sys.executable, "-m", "aura_stack", *words]

    def run(self, *words: str) -> str:
        """Run a command on it."""
        return subprocess.run(
            self.words(*words), cwd=self.folder, env=self.env, capture_output=True, text=True, check=True
        ).stdout

    def has_printed(self, word: str) -> bool:
        """Whether a run has printed a line."""
        files = self.printed.glob("web.out*")
        return any(f"{word}\n".encode() in file.read_bytes()[-4096:] for file in files)

    def wait_for(self, word: str) -> bool:
        """Wait until it has; False if it does not come."""
        end = time.monotonic() + PATIENCE
        while not self.has_printed(word):
            if time.monotonic() > end:
                return False
            time.sleep(PAUSE)
        return True

    def events(self) -> list[dict[str, object]]:
        """What has happened."""
        return [json.loads(line) for line in self.run("events", "--json", "-n", "1000000").splitlines()]

    def held(self) -> dict[str, int]:
        """What our processes hold: KiB of memory (PSS), descriptors, and how many there are."""
        ours = [self.up.pid]
        for pid in ours:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            ours += [int(child) for child in children]
        with_services = len(ours)
        ours = [pid for pid in ours if b"aura_stack" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        memory = 0
        for pid in ours:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            memory += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        descriptors = sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in ours)
        return {"KiB": memory, "descriptors": descriptors, "processes": with_services}

    def down(self) -> None:
        """Stop it."""
        self.up.send_signal(signal.SIGINT)
        self.up.wait(timeout=30)


def plainly(path: Path, text: str) -> None:
    """Open, cut off, write, close."""
    path.write_text(text)


def beside(path: Path, text: str) -> None:
    """A file beside it takes its place."""
    new = path.with_name(f"{path.name}.tmp.17")
    new.write_text(text)
    new.rename(path)


def in_place(path: Path, text: str) -> None:
    """Open as it is, cut off, write, sync."""
    with open(path, "r+b", buffering=0) as file:
        file.truncate(0)
        file.write(text.encode())
        os.fsync(file.fileno())


def measure(saves: int, *, at_random: bool, pause: float) -> int:
    """Print what came of so many saves; the answer is 0 if none was missed and none restarted too much."""
    folder = tempfile.mkdtemp(prefix="saves-")
    stack, before, missed, moments = Stack(folder), {}, 0, []
    chance = random.Random(saves)
    try:
        for number in range(1, saves + 1):
            time.sleep(pause)
            moments.append(time.time())
            chance.choice((plainly, beside, in_place))(stack.word, f"word {number}\n")
            if at_random:
                time.sleep(chance.uniform(0, 0.05))
            else:
                missed += not stack.wait_for(f"word {number}")
            if number == min(SETTLED, saves):
                before = stack.held()
        if at_random:
            missed += not stack.wait_for(f"word {saves}")
            stack.run("wait", "--for", "reloaded")
        after, events = stack.held(), stack.events()
    finally:
        stack.down()
        with contextlib.suppress(OSError):
            shutil.rmtree(folder)
    started = sum(event["kind"] == "started" for event in events) - 1
    print(f"{saves} saves, {started} restarts, {missed} missed")
    print(f"after {SETTLED} saves: {before}\nat the end:     {after}")
    if at_random:
        return int(missed > 0 or started > saves)
    for what in ("stopping", "started"):
        times = [float(str(event["time"])) for event in events if event["kind"] == what][-saves:]
        pauses = [1000 * (then - save) for save, then in zip(moments, times, strict=False)]
        print(f"save → {what}: median {statistics.median(pauses):.1f} ms, longest {max(pauses):.1f} ms")
    return int(missed > 0 or started != saves)


if __name__ == "__main__":
    given = [word for word in sys.argv[1:] if word.isdigit()]
    calm = CALM if "--calm" in sys.argv else 0.0
    sys.exit(measure(int(given[0]) if given else 1000, at_random="--random" in sys.argv, pause=calm))
