"""What `up` waits for before it loads what it shows things with."""

import signal
import socket
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from aura_stack.cli import bringup
from aura_stack.control import protocol
from aura_stack.control.client import Client
from aura_stack.control.protocol import Request
from aura_stack.supervision.guardian import ORDERS


@pytest.fixture
def engine(monkeypatch):
    """An engine's end of the link, and the face's; the test is told when the face begins to hold orders back."""
    here, there = socket.socketpair()
    held = threading.Event()
    monkeypatch.setattr(
        bringup.signal,
        "pthread_sigmask",
        lambda how, signals: held.set() if (how, signals) == (signal.SIG_BLOCK, ORDERS) else None,
    )
    yield SimpleNamespace(socket=here, held=held, client=Client(there))
    here.close()
    there.close()


def said(engine, *methods):
    engine.socket.sendall(b"".join(protocol.encode(Request(method, {})) for method in methods))


def heard(client):
    return [message.method for message in client.kept]


@pytest.mark.parametrize("words", [("hello", "begun"), ("hello", "begun", "bye")])
def test_who_hears_all_at_once_waits_for_nothing_more(engine, monkeypatch, words):
    monkeypatch.setattr(bringup, "_PATIENCE", None)
    said(engine, *words)
    bringup._leave_the_processor_to_it(engine.client)
    assert (heard(engine.client), engine.held.is_set()) == ([*words], True)


def test_after_hello_the_first_services_come_first_and_orders_are_held(engine, monkeypatch):
    monkeypatch.setattr(bringup, "_PATIENCE", None)  # for ever
    said(engine, "hello")
    waiting = threading.Thread(target=bringup._leave_the_processor_to_it, args=(engine.client,))
    waiting.start()
    assert engine.held.wait(60)
    said(engine, "begun")
    waiting.join(60)
    assert not waiting.is_alive()
    assert heard(engine.client) == ["hello", "begun"]


def test_nobody_waits_long(engine, monkeypatch):
    monkeypatch.setattr(bringup, "_PATIENCE", 1)
    said(engine, "hello")
    bringup._leave_the_processor_to_it(engine.client)
    assert heard(engine.client) == ["hello"]


@pytest.mark.parametrize("words", [(), ("refused",), ("hello",)])
def test_an_engine_that_ends_is_waited_for_no_more(engine, monkeypatch, words):
    monkeypatch.setattr(bringup, "_PATIENCE", None)
    said(engine, *words)
    engine.socket.shutdown(socket.SHUT_WR)
    bringup._leave_the_processor_to_it(engine.client)
    assert (heard(engine.client), engine.held.is_set()) == ([*words], bool(words))


def test_the_face_loads_nothing_that_it_hardly_ever_uses():
    code = "import sys; import aura_stack.cli.face, aura_stack.cli.screen; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True,
                            env={"PYTHONPATH": ":".join(sys.path)}).stdout.split()  # fmt: skip
    assert {"subprocess", "shutil", "threading", "locale", "asyncio", "click", "yaml"}.isdisjoint(loaded)
