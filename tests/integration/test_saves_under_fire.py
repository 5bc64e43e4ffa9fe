"""Saves at random moments, good and broken ones, while clients hammer: nobody is refused or served what is broken.

`SAVES` says how many (200 in `make soak`), `SEED` which.
"""

import json
import os
import random

import pytest
from clients import hammering
from stacks import child

pytestmark = pytest.mark.long

SAVES = int(os.environ.get("SAVES", "8"))
SEED = int(os.environ.get("SEED", "1"))
MOST = 500  # requests between two saves: from the middle of a hand-over to long after it


def save(path, words, draw):
    """As some editors do, in place, or as others do, by putting a new file in the place of the old one."""
    if draw.random() < 0.5:
        path.write_text(words)
    else:
        new = path.with_suffix(".new")
        new.write_text(words)
        new.replace(path)


def states(made):
    return json.loads(made.run("status", "--json", "web")[1])[0]


@pytest.mark.parametrize("by", ["socket", "front"])
@pytest.mark.timeout(60 + 5 * SAVES)
def test_nobody_is_refused_and_what_is_broken_meets_no_client(stack, port, tmp_path, by):
    draw = random.Random(SEED)
    path = tmp_path / "version"
    path.write_text("first")
    web = {
        "command": child("versions"),
        "port": port,
        "ready": {"http": "/"},
        "handover": {"mode": "overlap", "by": by},
        "watch": {"paths": ["version"]},
        "give_up": "never",
    }
    made = stack({"web": web})
    made.up()
    good = {"first", "last"}
    with hammering(port) as clients:
        for number in range(SAVES):
            clients.await_more(draw.randint(1, MOST))
            broken = draw.random() < 0.5
            save(path, f"{number}{' crash' if broken else ''}", draw)
            good |= set() if broken else {str(number)}
        clients.await_more(1)
        save(path, "last", draw)
        code, output = made.run("wait", "web", "--for", "reloaded")
        clients.await_more(MOST)
    runs = states(made)["run"]
    print(f"{by}: {SAVES} saves, {runs} runs, {clients.counts.total()} requests")
    assert (code, set(clients.counts)) == (0, {"ok"}), (SEED, clients.counts, output)
    assert {body.split()[0] for body in clients.bodies} <= good
    assert clients.ask()[1].startswith("last ")
    # not one for each, since some come while one begins; and never more
    assert 1 + SAVES // 10 < runs <= 1 + SAVES + 1
    assert states(made)["stale"] is None
