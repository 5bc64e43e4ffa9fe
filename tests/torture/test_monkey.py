"""A monkey at real processes: kills, stops, floods, saves and orders at random, and every so often a look at the truth.

`SEED` and `ACTIONS` in the environment make another walk, or a longer one (`make soak`).
"""

import contextlib
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from stacks import PATIENCE, Stack, child

from aura_stack.control.client import connect
from aura_stack.errors import AuraError
from aura_stack.system import processes

pytestmark = pytest.mark.long

SEED = int(os.environ.get("SEED", "20261121"))
ACTIONS = int(os.environ.get("ACTIONS", "400"))
PAUSE = 20  # actions between two looks
CLIENTS = 4
BURST = Path(__file__).parent / "programs" / "burst.py"
TRIES = {"restart": "always", "give_up": "never", "backoff": {"max": "200ms"}, "stop": {"grace": "300ms"}}
READY = {"log": "up|hello|^main"}

SERVICES = {
    "web": {
        "command": child("talker"),
        "cwd": "web",
        "ready": READY,
        "watch": {"paths": ["."]},
        **TRIES,
    },
    "family": {
        "command": child("family"),
        "ready": READY,
        "health": {"exec": "test $(($$$$ % 7)) -ne 0", "every": "150ms", "failures": 2},
        **TRIES,
    },
    "burst": {"command": [sys.executable, str(BURST)], "ready": READY, **TRIES},
    "front": {
        "command": child("talker"),
        "ready": READY,
        "depends_on": {"web": {"restart": True}, "family": "ready"},
        **TRIES,
    },
}


class Monkey:
    """Does what chance says to one running stack."""

    def __init__(self, stack, chance):
        self.stack = stack
        self.chance = chance
        self.engine = stack.engine()
        self.clients = [connect(stack.places.socket, "stack.yaml") for _ in range(CLIENTS)]
        self.orders = [[] for _ in range(CLIENTS)]
        self.done = []
        self.saves = 0

    def act(self):
        """One thing at random, which is noted."""
        weights = {self.kill: 5, self.order: 5, self.pause: 3, self.save: 3, self.burst: 3, self.freeze: 1}
        (action,) = self.chance.choices([*weights], weights.values())
        self.done.append(f"{action.__name__} {action()}")

    def a_process(self):
        """Any process of any run: its main one, a child, a daemon; None: there is none now."""
        members = sorted(self.stack.members())
        return processes.identify(self.chance.choice(members)) if members else None

    def kill(self):
        identity = self.a_process()
        return identity and processes.signal(identity, signal.SIGKILL)

    def pause(self):
        identity = self.a_process()
        which = self.chance.choice((signal.SIGSTOP, signal.SIGCONT))
        return identity and processes.signal(identity, which)

    def save(self):
        self.saves += 1
        (self.stack.folder / "web" / "word.txt").write_text(f"{self.saves}\n")
        return self.saves

    def burst(self):
        """More than a pipe holds, from as many processes as there are."""
        return tuple(self.clients[0].call("signal", services=["burst"], signal="USR1", main_only=True))

    def freeze(self):
        """The engine stands still while the services go on: pipes fill, children end, files are saved."""
        identity = processes.identify(self.engine)
        processes.signal(identity, signal.SIGSTOP)
        try:
            for _ in range(3):
                self.done.append(f"frozen: {self.chance.choice((self.kill, self.save))()}")
        finally:
            processes.signal(identity, signal.SIGCONT)

    def order(self):
        """For one of the clients; they give theirs at the same time."""
        method = self.chance.choice(("start", "stop", "restart", "restart", "pause", "resume"))
        services = self.chance.sample([*SERVICES], self.chance.randrange(1, 4))
        self.orders[self.chance.randrange(CLIENTS)].append((method, services))
        if sum(map(len, self.orders)) >= CLIENTS:
            self.give()
        return method, services

    def give(self):
        """All the orders that are waiting, without waiting for what comes of them."""
        orders, self.orders = self.orders, [[] for _ in range(CLIENTS)]
        givers = [
            threading.Thread(target=self._give, args=pair) for pair in zip(self.clients, orders, strict=True)
        ]
        for giver in givers:
            giver.start()
        for giver in givers:
            giver.join(PATIENCE)
            assert not giver.is_alive(), "an order was not taken"

    def _give(self, client, orders):
        for method, services in orders:
            client.call(method, services=services, wait=False, patience=PATIENCE)

    def settle(self, before=None):
        """Everything goes on, everything is wanted up, and comes up; then what was seen there, "" if all is true."""
        self.give()
        deadline = time.monotonic() + PATIENCE
        while True:
            for pid in self.stack.members():
                if identity := processes.identify(pid):
                    processes.signal(identity, signal.SIGCONT)
            self.clients[0].call("resume", services=[*SERVICES])
            answers = self.clients[0].call("start", patience=PATIENCE)
            wrong = [f"{one['service']}: {one['words']}" for one in answers if not one["ok"]] or self.wrong()
            if before and not wrong and self.descriptors() != before:
                wrong = [f"descriptors: {self.descriptors()}, at first {before}"]
            if not wrong or time.monotonic() > deadline:
                return wrong
            self.wait_for_news()

    def wait_for_news(self):
        """Until the record has grown, or a moment has passed: some of what is looked at is in no record."""
        at = self.clients[1].call("follow", position=0, record=0)
        with contextlib.suppress(AuraError):
            self.clients[1].call("follow", patience=0.2, **at)

    def wrong(self):
        """What does not agree: the status, the kernel, what runs should have left."""
        found = []
        views = self.clients[0].call("status", patience=PATIENCE)
        found += [f"{view['service']} is {view['state']}" for view in views if view["state"] != "ready"]
        below = processes.descendants(self.engine)
        marks = {view["service"]: self.mark(view["pid"]) for view in views if view["pid"]}
        found += [f"{name}: pid is not alive" for name, mark in marks.items() if mark is None]
        zombies = [pid for pid in processes.children(self.engine) if processes.is_zombie(pid)]
        found += [
            f"zombie {pid} of the engine" for pid in zombies
        ]  # what a service does not wait for is its own
        for pid in self.stack.members():
            variables = processes.environment(pid) or {}
            name = variables.get("AURA_SERVICE")
            if name and variables.get("AURA_RUN") != marks.get(name):
                found.append(f"{name}: pid {pid} is of an ended run")
            elif name and pid not in below:
                found.append(f"{name}: pid {pid} is not below the engine")
        return found

    @staticmethod
    def mark(pid):
        """Of the run that a process belongs to; None: it has gone."""
        return None if processes.is_zombie(pid) else (processes.environment(pid) or {}).get("AURA_RUN")

    def account(self):
        """What the engine says of its services, and the kernel of its processes."""
        client = connect(self.stack.places.socket, "stack.yaml")
        said = [f"{view['service']}: {view}" for view in client.call("status", patience=PATIENCE)]
        client.close()
        seen = [f"{pid}: {self.stat(pid)}" for pid in processes.descendants(self.engine)]
        return "\n".join(said + seen)

    @staticmethod
    def stat(pid):
        variables = processes.environment(pid) or {}
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            state = file.read().rpartition(")")[2].split()[0]
        return f"{state} {processes.command_line(pid)} {variables.get('AURA_SERVICE')} {variables.get('AURA_RUN')}"

    def descriptors(self):
        """The engine's, by what they are; files of the record are opened when they are first needed, and once."""
        folder = f"/proc/{self.engine}/fd"
        kinds = Counter()
        for number in os.listdir(folder):
            try:
                target = os.readlink(f"{folder}/{number}")
            except FileNotFoundError:
                continue
            kinds[target if target.startswith("/") else target.partition(":")[0]] += 1
        return {kind: count for kind, count in kinds.items() if count > 1 or not kind.startswith("/")}

    def close(self):
        for client in self.clients:
            client.close()


@pytest.fixture
def monkey(tmp_path):
    (tmp_path / "web").mkdir()
    stack = Stack(tmp_path, SERVICES)
    up = stack.start("up", "-d")
    assert up.finish() == 0, up.output
    made = Monkey(stack, random.Random(SEED))
    yield made
    made.close()
    code, output = stack.run("down")
    leaked = stack.close()
    assert leaked == []
    assert code == 0, output


@pytest.mark.timeout(max(120, ACTIONS))
def test_whatever_happens_the_stack_comes_to_rest_and_says_what_is_true(monkey):
    try:
        assert monkey.settle() == []
        before = monkey.descriptors()
        for number in range(1, ACTIONS + 1):
            monkey.act()
            if number % PAUSE == 0:
                assert monkey.settle(before) == []
    except (AssertionError, AuraError) as error:
        error.add_note(f"SEED={SEED}; the last actions were:\n" + "\n".join(monkey.done[-2 * PAUSE :]))
        error.add_note(monkey.account())
        raise
