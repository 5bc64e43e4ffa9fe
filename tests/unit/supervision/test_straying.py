"""A run that listens elsewhere than where it is asked is noticed after a while, and served in another way."""

import asyncio

import pytest
from imagined import service

from aura_stack.stack.model import Port
from aura_stack.supervision import probes
from aura_stack.supervision.probes import Means


def ask(monkeypatch, listening, *, patience, may_be_lost, moved=True):
    """What is answered for a run that is to listen at 14001, refuses there, and listens at these ports."""
    web = service("web")
    port = Port("", 14001, "PORT", "", "", web.place)
    web = web.but(ports=(port,), ready=web.ready.but(port=14001), moved={"": 14001} if moved else {})
    means = Means(
        None,
        None,
        lambda *_: "",
        None,
        may_be_lost=lambda: may_be_lost,
        listening=lambda: frozenset(listening),
    )
    monkeypatch.setattr(probes, "_STRAYS", patience)

    async def refused():
        return "connection refused"

    return asyncio.run(probes._by_us(web, means, refused)())


def test_one_that_listens_elsewhere_for_too_long_says_where(monkeypatch):
    words = "it listens at 5174, and behind the front it has to where PORT says, at 14001"
    assert ask(monkeypatch, {5174}, patience=0.0, may_be_lost=False) == words


def test_where_another_way_may_do_it_is_lost(monkeypatch):
    with pytest.raises(probes._LostError):
        ask(monkeypatch, {5174}, patience=0.0, may_be_lost=True)


@pytest.mark.parametrize(
    ("listening", "patience", "moved"),
    [({5174}, 60.0, True), ({5174, 14001}, 0.0, True), ((), 0.0, True), ({5174}, 0.0, False)],
    ids=["not long yet", "its own as well", "nowhere", "not behind the front"],
)
def test_nobody_else_is_taken_for_one(monkeypatch, listening, patience, moved):
    found = ask(monkeypatch, listening, patience=patience, may_be_lost=True, moved=moved)
    assert found == "connection refused"
