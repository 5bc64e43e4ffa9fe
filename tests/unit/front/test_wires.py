"""One connection that is handed on: what flows, what waits, and how each side learns of the other's end."""

import socket

import pytest

from aura_stack.front.wires import CHUNK, READ, WRITE, Wire


class Watched:
    """What a wire awaits, and how it ended; `turn` is what a poll would tell it."""

    def __init__(self):
        self.awaited = {}
        self.gone = 0
        self.refused = 0
        self.client, inner_client = pair()
        self.server, inner_server = pair()
        self._inner = {inner_client.fileno(): inner_client, inner_server.fileno(): inner_server}
        self.to_client, self.to_server = inner_client.fileno(), inner_server.fileno()
        self.wire = Wire(inner_client, self.watch, self.was_refused, self.has_gone)
        self.wire.join(inner_server, connected=True)

    def watch(self, _wire, descriptor, what):
        self.awaited[descriptor] = what

    def was_refused(self, _wire):
        self.refused += 1

    def has_gone(self, wire):
        self.gone += wire is self.wire

    def turn(self, times=1):
        for _ in range(times):
            for descriptor, what in tuple(self.awaited.items()):
                if self.awaited[descriptor] and not self.gone:
                    self.wire.happened(descriptor, what)

    def close(self):
        self.client.close()
        self.server.close()
        if not self.gone:
            self.wire.reset()


def pair():
    """Both ends of a TCP connection, the second one not blocking."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        outer = socket.create_connection(listener.getsockname(), timeout=60)
        inner, _ = listener.accept()
    inner.setblocking(False)
    return outer, inner


@pytest.fixture
def made():
    watched = Watched()
    yield watched
    watched.close()


def test_what_one_side_says_the_other_hears(made):
    made.client.sendall(b"asked")
    made.turn()
    assert made.server.recv(100) == b"asked"
    made.server.sendall(b"answered")
    made.turn()
    assert made.client.recv(100) == b"answered"


def test_who_has_said_all_may_still_be_answered(made):
    made.client.sendall(b"asked")
    made.client.shutdown(socket.SHUT_WR)
    made.turn(2)
    assert made.server.recv(100) == b"asked"
    assert made.server.recv(100) == b""
    assert not made.awaited[made.to_client] & READ
    made.server.sendall(b"answered")
    made.server.shutdown(socket.SHUT_WR)
    made.turn(2)
    assert made.client.recv(100) == b"answered"
    assert made.client.recv(100) == b""
    assert made.gone == 1
    assert set(made.awaited.values()) == {0}


def test_no_more_is_read_for_one_who_does_not_read(made):
    sent = 0
    made.server.setblocking(False)
    for _ in range(1000):
        try:
            sent += made.server.send(bytes(CHUNK))
        except BlockingIOError:
            if not made.awaited[made.to_server] & READ:
                break
        made.turn()
    assert made.awaited == {made.to_client: READ | WRITE, made.to_server: 0}
    got = 0
    while got < sent:
        got += len(made.client.recv(CHUNK))
        made.turn()
    assert made.awaited == {made.to_client: READ, made.to_server: READ}


def test_a_reset_is_passed_on(made):
    made.server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, (1).to_bytes(4, "little") + bytes(4))
    made.server.close()
    made.turn()
    assert made.gone == 1
    with pytest.raises(ConnectionResetError):
        made.client.recv(100)


def test_one_that_is_not_taken_is_told_and_loses_nothing(made):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        refusing = nobody.getsockname()
    outer, inner = pair()
    wire = Wire(inner, made.watch, made.was_refused, made.has_gone)
    outer.sendall(b"asked")
    server = socket.socket()
    server.setblocking(False)
    server.connect_ex(refusing)
    wire.join(server, connected=False)
    wire.happened(server.fileno(), WRITE)
    assert made.refused == 1
    taker, end = pair()
    wire.join(end, connected=True)
    wire.happened(inner.fileno(), READ)
    assert taker.recv(100) == b"asked"
    wire.reset()
    outer.close()
    taker.close()
