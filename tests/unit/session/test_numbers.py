"""Which numbers a stack has in its checkout, and what of that stands in the register."""

import fcntl
import json
import os
import socket
from contextlib import ExitStack

import pytest

from aura_stack.errors import AuraError
from aura_stack.ports.register import Register
from aura_stack.session import numbers
from aura_stack.session.definition import source
from aura_stack.session.numbers import as_it_is, settle
from aura_stack.stack.variant import Variant
from aura_stack.system import network
from aura_stack.system import places as where

MANIFEST = {
    "ranges": {"back": ["20300-20310"], "front": ["20320-20323"]},
    "ports": {"api": {"port": 20300, "range": "back"}, "page": {"port": 20320, "range": "front"}},
}
STACK = {
    "name": "shop",
    "ports": "ports.json",
    "services": {
        "api": {"command": "x", "port": "api"},
        "page": {"command": "x", "port": "page", "env": {"API": "${services.api.url}"}},
    },
}


class Place:
    """A checkout with a stack; `up` settles its numbers while its lock is held."""

    def __init__(self, folder, environ, stack=STACK, linked=""):
        folder.mkdir()
        self.environ = environ
        self.file = str(folder / "stack.yaml")
        (folder / "stack.yaml").write_text(json.dumps(stack))
        (folder / "ports.json").write_text(json.dumps(MANIFEST))
        if linked:
            own = folder.parent / "main/.git/worktrees" / linked
            own.mkdir(parents=True)
            (own / "commondir").write_text("../..")
            (folder / ".git").write_text(f"gitdir: {own}")
        self.places = where.places(self.file, environ)
        self.locks = []

    def up(self, *meant, shift=False, scale=()):
        where.create_runtime(self.places)
        self.locks.append(os.open(self.places.lock, os.O_RDWR | os.O_CREAT))
        fcntl.flock(self.locks[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
        files = source(self.file, {})
        definition = files.definition(Variant(scale=dict(scale)))
        meant = meant or [service.name for service in definition.stack.services]
        self.settled = settle(files, definition, meant, self.places, self.environ, shift=shift)
        return ports(self.settled.definition)

    def drop(self):
        """What the kernel does when the last holder is killed."""
        while self.locks:
            os.close(self.locks.pop())

    def down(self):
        self.settled.claim.let_go()
        self.drop()

    def shown(self):
        return ports(as_it_is(source(self.file, {}), Variant(), self.places, self.environ))


def ports(definition):
    return {service.name: service.port for service in definition.stack.own}


@pytest.fixture
def environ(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    return {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}


@pytest.fixture
def place(tmp_path, environ):
    made = []

    def make(name, **facts):
        made.append(Place(tmp_path / name, environ, **facts))
        return made[-1]

    yield make
    for one in made:
        one.drop()


@pytest.fixture
def leases(environ):
    return lambda: Register(where.leases(environ)).leases()


WRITTEN = {"api": 20300, "page": 20320}
OTHERS = {"api": 20301, "page": 20321}


def test_a_stack_has_what_is_written_and_notes_it(place, leases):
    one = place("main")
    assert one.up() == WRITTEN
    (lease,) = leases()
    assert (lease.stack, lease.file, lease.pid) == ("shop", one.file, os.getpid())
    assert {each.number for each in lease.given} == set(WRITTEN.values())
    assert one.settled.notices == ()
    one.down()
    assert leases() == []


def test_a_linked_worktree_has_others_and_every_reference_follows(place):
    one = place("feature", linked="feature")
    assert one.up() == OTHERS
    page = one.settled.definition.stack.service("page")
    assert page.env == {"API": "http://localhost:20301"}
    (notice,) = one.settled.notices
    assert notice == (
        "this is the worktree feature of ~/main, with ports of its own: api 20301 (for 20300), page 20321 (for 20320)"
    )


def test_what_runs_in_another_network_takes_nothing_here(place, leases, monkeypatch):
    one, again, other = place("main"), place("again"), place("other", stack={**STACK, "name": "other"})
    monkeypatch.setattr(network, "here", lambda: "1-boot")
    assert one.up() == WRITTEN
    assert [lease.network for lease in leases()] == ["1-boot"]
    assert again.shown() == OTHERS, "here it runs already"
    for elsewhere in ("2-boot", "1-boot of another machine"):
        monkeypatch.setattr(network, "here", lambda: elsewhere)  # noqa: B023 - called while it is that
        assert again.shown() == WRITTEN
        assert other.up() == WRITTEN
        assert other.settled.claim.others() == []
        assert other.settled.claim.taken(other.settled.definition.stack.own) == {}
        other.down()


def test_of_a_lease_without_a_network_nobody_knows_that_it_is_elsewhere(place, monkeypatch):
    one, again = place("main"), place("again")
    monkeypatch.setattr(network, "here", lambda: "")
    assert one.up() == WRITTEN
    monkeypatch.setattr(network, "here", lambda: "2-boot")
    assert again.up() == OTHERS


def test_it_has_them_again_also_after_a_crash_and_when_others_run(place):
    one, two = place("one", linked="one"), place("two", linked="two")
    assert one.up()["api"] == 20301
    one.drop()
    assert two.up()["api"] == 20302, "what another checkout had is spared"
    assert one.up()["api"] == 20301
    two.down()
    assert two.up()["api"] == 20302


def test_what_is_shown_is_what_runs_or_would_run(place):
    one, two = place("one", linked="one"), place("main2")
    assert one.shown() == OTHERS
    assert two.shown() == WRITTEN
    one.up()
    assert one.shown() == ports(one.settled.definition)


def test_a_second_clone_gives_way_to_one_that_runs_and_says_so(place, environ):
    one, two = place("main"), place("clone")
    one.up()
    assert two.up() == OTHERS
    (notice,) = two.settled.notices
    assert notice.startswith(
        f"shop runs already in ~/main (pid {os.getpid()}), so here: api 20301 (for 20300), "
    )
    one.drop()
    two.down()
    assert two.up() == WRITTEN, "nobody runs any more"


def test_what_another_stack_has_is_refused_only_to_whom_it_matters(place):
    one, two = place("main"), place("other", stack={**STACK, "name": "other"})
    one.up()
    two.up("nothing")
    assert two.settled.claim.lease.given == ()
    held = two.settled.claim.taken(two.settled.definition.stack.services)
    assert {number: lease.stack for number, lease in held.items()} == {20300: "shop", 20320: "shop"}
    one.down()
    assert two.settled.claim.taken(two.settled.definition.stack.services) == {}
    assert {one.number for one in two.settled.claim.lease.given} == {20300, 20320}


def test_busy_numbers_are_exchanged_where_that_is_asked_for(place):
    with socket.create_server(("127.0.0.1", 20300)):
        one = place("main")
        assert one.up() == WRITTEN, "that is refused later, with the name of who has it"
        one.down()
        assert one.up(shift=True) == {"api": 20301, "page": 20320}
    assert one.settled.notices == ("ports that are taken were exchanged: api 20301 (for 20300)",)


def test_replicas_keep_off_what_others_have(place, leases):
    one, two = place("one", linked="one"), place("main3")
    one.up()
    two.up(scale={"api": 2}.items())
    found = ports(two.settled.definition)
    assert found == {"api": 20300, "api-2": 20302, "page": 20320}
    assert 20302 in {each.number for lease in leases() for each in lease.given}


def test_where_nothing_can_be_noted_the_stack_starts_and_that_is_told(place, environ, tmp_path):
    one = place("main")
    where.create_runtime(one.places)
    (tmp_path / "state/aura-stack/leases").touch()
    assert one.up() == WRITTEN
    (notice,) = one.settled.notices
    assert "cannot be told which ports this one has" in notice
    one.settled.claim.let_go()


def test_a_full_range_is_refused_with_the_way_to_see_who_has_it(place):
    one = place("one", linked="one")
    with ExitStack() as held:
        for number in (20321, 20322, 20323):
            held.enter_context(socket.create_server(("127.0.0.1", number)))
        with pytest.raises(AuraError) as caught:
            one.up()
    assert caught.value.message == "page: no number is left in the place of 20320 in front"
    assert caught.value.exit_code == 6


def test_the_manifest_of_a_worktree_that_takes_the_written_numbers_counts(place, environ):
    one = place("one", linked="one")
    one.up()
    register = Register(where.leases(environ))
    register.write(one.settled.claim.lease.but(takes=True))
    one.drop()
    assert one.up() == WRITTEN
    assert numbers._Stand(source(one.file, {}), one.settled.definition, one.places, environ).own.takes


def test_a_port_that_comes_to_a_worktree_that_runs_gets_a_number_of_its_own_too(place):
    one = place("one", linked="one")
    one.up()
    more = {**STACK["services"], "more": {"command": "x", "port": "more"}}
    manifest = {**MANIFEST, "ports": {**MANIFEST["ports"], "more": {"port": 20305, "range": "back"}}}
    for name, content in (("stack.yaml", {**STACK, "services": more}), ("ports.json", manifest)):
        with open(os.path.join(os.path.dirname(one.file), name), "w") as file:
            json.dump(content, file)
    again = source(one.file, {})
    running = one.settled.definition
    found = one.settled.claim.extended(again, again.definition(running.variant))
    assert ports(found) == {**ports(running), "more": 20306}
    assert one.settled.claim.extended(again, found) is found


def test_numbers_that_are_taken_while_a_worktree_runs_are_its_own_from_its_next_start_on(place, environ):
    place("main")
    one = place("topic", linked="topic")
    moved = one.up()
    numbers.take(one.file, Variant(), one.places, environ)
    assert one.shown() == moved, "what runs keeps its numbers"
    one.settled.claim.note()
    one.down()
    assert one.up() == {"api": 20300, "page": 20320} != moved
