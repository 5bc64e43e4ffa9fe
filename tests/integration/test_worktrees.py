"""Several checkouts of one stack, and other stacks, beside each other: real listeners, real deaths."""

import json
import os
import shutil
import signal
import socket
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
from stacks import Stack, child, wait_for

from aura_stack.ports.register import Register
from aura_stack.system import places as where

FIRST = 9800 + 40 * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 5)
LOOPS = int(os.environ.get("LOOPS", "4"))
MANIFEST = {
    "ranges": {"back": [f"{FIRST}-{FIRST + 19}"], "front": [f"{FIRST + 20}-{FIRST + 39}"]},
    "ports": {"api": {"port": FIRST, "range": "back"}, "page": {"port": FIRST + 20, "range": "front"}},
}
SERVICES = {
    "api": {"command": child("web"), "port": "api", "env": {"BODY": "api of ${port}"}},
    "page": {
        "command": child("web"),
        "port": "page",
        "env": {"BODY": "page of ${port}, asks ${services.api.url}"},
        "depends_on": ["api"],
    },
}


@pytest.fixture
def checkouts(stack, tmp_path):
    """Makes checkouts of one stack that are run by one user: the first is a main working tree."""
    made = []

    def make(name, services=SERVICES, *, linked=False, called="shop"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "ports.json").write_text(json.dumps(MANIFEST))
        if linked:
            own = tmp_path / "main/.git/worktrees" / name
            own.mkdir(parents=True)
            (own / "commondir").write_text("../..")
            (folder / ".git").write_text(f"gitdir: {own}")
        one = Stack(folder, services, ports="ports.json")
        one.name = called + one.name
        one.write(services, ports="ports.json", name=made[0].name if made and called == "shop" else one.name)
        if made and called == "shop":
            one.name = made[0].name
        one.env |= {"XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path)}
        made.append(one)
        return one

    yield make
    assert [pid for one in made for pid in one.close()] == []


def told(number):
    with urllib.request.urlopen(f"http://localhost:{number}/") as answer:
        return answer.read().decode()


def ports(one):
    code, output = one.run("status", "--json")
    assert code == 0
    return {view["service"]: view["ports"][0] for view in json.loads(output)}


def leases(one):
    return Register(where.leases(one.env)).living()


def test_worktrees_come_up_beside_the_main_one_and_each_page_asks_its_own_api(checkouts):
    main, feature = checkouts("main"), checkouts("feature", linked=True)
    main_up, feature_up = main.up(), feature.up()
    assert ports(main) == {"api": FIRST, "page": FIRST + 20}
    assert ports(feature) == {"api": FIRST + 1, "page": FIRST + 21}
    assert told(FIRST + 20) == f"page of {FIRST + 20}, asks http://localhost:{FIRST}"
    assert told(FIRST + 21) == f"page of {FIRST + 21}, asks http://localhost:{FIRST + 1}"
    assert (
        f"this is the worktree feature of ~/main, with ports of its own: api {FIRST + 1}" in feature_up.output
    )
    code, output = feature.run("status")
    assert (code, f"{FIRST + 1} (for {FIRST})" in output) == (0, True)
    code, output = main.run("list", "--json")
    assert {tuple(port["number"] for port in one["ports"]) for one in json.loads(output)} == {
        (FIRST, FIRST + 20),
        (FIRST + 1, FIRST + 21),
    }
    assert main.run("down", "--all")[0] == 0
    assert (main_up.finish(), feature_up.finish()) == (0, 0)
    assert leases(main) == []
    again = feature.up()
    assert ports(feature) == {"api": FIRST + 1, "page": FIRST + 21}
    again.signal(signal.SIGINT)
    again.finish()


def test_a_worktree_in_the_background_says_which_ports_it_has(checkouts):
    checkouts("main")
    feature = checkouts("feature", linked=True)
    code, output = feature.run("up", "-d")
    assert (code, f"api {FIRST + 1} (for {FIRST})" in output) == (0, True)
    code, output = feature.run("config", "show", "--json")
    assert f"note: api has port {FIRST + 1} in this checkout, for {FIRST}" in output
    assert f'"port": {FIRST + 1}' in output
    assert feature.run("exec", "page", "printenv", "AURA_PORT_API") == (0, f"{FIRST + 1}\n")
    assert feature.run("run", "--service", "page", "--", "printenv", "PORT") == (0, f"{FIRST + 21}\n")
    assert feature.run("down")[0] == 0


def test_a_clone_gives_way_to_one_that_runs_and_a_stranger_is_refused(checkouts):
    main, clone, other = checkouts("main"), checkouts("clone"), checkouts("other", called="other")
    up = main.up()
    clone_up = clone.up()
    assert ports(clone) == {"api": FIRST + 1, "page": FIRST + 21}
    assert "runs already in ~/main (pid " in clone_up.output
    code, output = other.run("up")
    assert code == 6
    assert f"api: port {FIRST} is taken by pid " in output
    assert f"api of the stack {main.name} in ~/main; next free in back: {FIRST + 2}" in output
    for one in (up, clone_up):
        one.signal(signal.SIGINT)
        one.finish()


def test_a_port_that_is_taken_is_exchanged_on_demand_and_refused_without(checkouts):
    main = checkouts("main")
    with socket.create_server(("127.0.0.1", FIRST)):
        assert main.run("up")[0] == 6
        assert leases(main) == []
        up = main.start("up", "--port-shift", start_new_session=True)
        up.expect("all ready")
        assert told(FIRST + 20) == f"page of {FIRST + 20}, asks http://localhost:{FIRST + 1}"
        up.signal(signal.SIGINT)
        up.finish()


def test_no_lease_outlives_its_stack_however_that_dies(checkouts):
    main, other = checkouts("main"), checkouts("other", called="other")
    up = main.up()
    engine, guardian = main.engine(), main.guardian()
    os.kill(guardian, signal.SIGKILL)
    os.kill(engine, signal.SIGKILL)
    up.finish()
    assert leases(main) == []
    for pid in main.members():
        os.kill(pid, signal.SIGKILL)
    assert main.wait_until_empty() == []
    other.up().signal(signal.SIGINT)


QUIET = {"api": {"command": ["sleep", "infinity"], "port": "api"}}
"""It never listens: who has the number, leases alone say."""


@pytest.mark.long
def test_of_twenty_that_start_at_once_one_has_each_port(checkouts):
    """Strangers that want one number: one wins, all others are refused and say by whom; each worktree has its own."""
    checkouts("main")
    strangers = [checkouts(f"s{number}", QUIET, called=f"other{number}-") for number in range(12)]
    worktrees = [checkouts(f"w{number}", QUIET, linked=True) for number in range(8)]
    ups = [one.start("up", "-d") for one in (*strangers, *worktrees)]
    codes = [up.finish() for up in ups]
    assert sorted(codes[:12]) == [0, *[6] * 11], [up.output for up in ups]
    assert codes[12:] == [0] * 8, [up.output for up in ups]
    refused = [up.output for up, code in zip(ups, codes, strict=True) if code == 6]
    assert all(f"port {FIRST} is taken by" in output and "of the stack other" in output for output in refused)
    winner = strangers[codes.index(0)]
    found = {lease.file: [one.number for one in lease.given] for lease in leases(winner)}
    assert found.pop(str(winner.file)) == [FIRST]
    assert sorted(found) == sorted(str(one.file) for one in worktrees)
    assert sorted(found.values()) == [[number] for number in range(FIRST + 1, FIRST + 9)]
    other = strangers[codes.index(6)]
    code, output = other.run("ports", "check", "--json")
    finding = next(row for row in json.loads(output) if row["rule"] == "taken")
    assert (code, finding["port"], finding["held_by"][0]["kind"]) == (6, FIRST, "lease")
    assert finding["cure"].startswith(f"aura-stack -C {winner.folder} stop api, or the next free one")
    code, output = other.run("ports", "free", str(FIRST), "-y")
    assert (code, f"{FIRST} belongs to api of the stack {winner.name} in" in output) == (1, True)
    for one in (winner, *worktrees[:4]):
        note = json.loads(Path(one.places.run).read_text())
        for each in (note["guardian"], note["engine"], *note["runs"]):
            with suppress(ProcessLookupError):  # the engine may have followed its guardian
                os.kill(each["pid"], signal.SIGKILL)
    wait_for(lambda: len(leases(winner)) == 4)  # nobody's lease outlives its stack
    assert worktrees[4].run("down", "--all")[0] == 0
    assert leases(winner) == []
    shutil.rmtree(worktrees[0].folder)
    assert other.run("up", "-d")[0] == 0
    register = Path(where.leases(other.env))
    assert not (register / (os.path.basename(worktrees[0].places.runtime) + ".json")).exists()
    assert other.run("down")[0] == 0


@pytest.mark.long
@pytest.mark.timeout(60 + 15 * LOOPS)
def test_ports_are_the_written_ones_at_every_start_and_free_after_every_stop(checkouts):
    main = checkouts("main")
    for _ in range(LOOPS):
        code, output = main.run("up", "-d", "--wait")
        assert code == 0, output
        ports = {view["service"]: view["ports"] for view in json.loads(main.run("status", "--json")[1])}
        assert ports == {"api": [FIRST], "page": [FIRST + 20]}
        assert main.run("down")[0] == 0
        code, output = main.run("ports", "check")
        assert code == 0, output
