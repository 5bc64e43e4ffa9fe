"""A client that nobody took, behind a socket that was closed meanwhile."""

import _socket
import os

from aura_stack.front.process import Front, Listener


class Taken:
    """A connection that turns out to be taken by nobody."""

    deadline = 0.0
    was_reset = False

    def reset(self):
        self.was_reset = True


def test_whoever_is_in_flight_when_a_socket_is_closed_is_sent_away():
    ours, its = _socket.socketpair()
    door = _socket.socket()
    door.bind(("127.0.0.1", 0))
    door.listen()
    front, listener, client = Front(its), Listener(os.dup(door.fileno())), Taken()
    front._listeners["1"] = listener
    front._close(front._listeners.pop("1"))
    front._keep(listener, client)
    assert (client.was_reset, listener.waiting) == (True, [])
    for each in (ours, its, door):
        each.close()
